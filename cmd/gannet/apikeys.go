package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/gannet-ws/gannet/core/admin"
)

// apiKeyFields are those of an entry of a file of API keys.
var apiKeyFields = []string{"name", "key", "sha256", "scopes"}

// readAPIKeys sets the keys from a file, a list of entries with a name, the key or its
// SHA-256, and scopes. The error says all that is wrong with it, by line, and nothing
// of the keys. Without a path there are no keys.
func readAPIKeys(keys *[]admin.Key, path string) error {
	if path == "" {
		return nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("cannot read api-keys-file: %w", err)
	}
	file, err := parser.ParseBytes(raw, 0)
	if err != nil { // its own words quote the line
		return fmt.Errorf("api-keys-file %s%s is not YAML", path, lineOfMistake(err))
	}
	var entries *ast.SequenceNode
	if len(file.Docs) == 1 {
		entries, _ = file.Docs[0].Body.(*ast.SequenceNode)
	}
	if entries == nil || len(entries.Values) == 0 {
		return fmt.Errorf("api-keys-file %s has to be a list of keys, and not empty", path)
	}
	*keys, err = readEntries(path, entries.Values)
	return err
}

// lineOfMistake returns the line of a mistake in YAML as compilers write it, if it is
// known.
func lineOfMistake(err error) string {
	var mistake yaml.Error
	if errors.As(err, &mistake) && mistake.GetToken() != nil {
		return fmt.Sprintf(":%d", mistake.GetToken().Position.Line)
	}
	return ""
}

// apiKeyEntry is an entry of the file while it is read.
type apiKeyEntry struct {
	path     string
	line     int
	key      admin.Key
	has      map[string]bool // the fields that it has
	mistakes []error
}

func readEntries(path string, nodes []ast.Node) (keys []admin.Key, err error) {
	var mistakes []error
	for _, node := range nodes {
		e := apiKeyEntry{path: path, line: lineOfNode(node), has: map[string]bool{}}
		e.read(node)
		for _, other := range keys {
			if len(e.mistakes) == 0 && other.Sum == e.key.Sum {
				e.wrong(e.line, "the key of %q is that of %q", e.key.Name, other.Name)
			}
		}
		mistakes, keys = append(mistakes, e.mistakes...), append(keys, e.key)
	}
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	return keys, nil
}

// wrong notes a mistake.
func (e *apiKeyEntry) wrong(line int, format string, args ...any) {
	e.mistakes = append(e.mistakes, fmt.Errorf("api-keys-file %s:%d: %w", e.path, line, fmt.Errorf(format, args...)))
}

func (e *apiKeyEntry) read(node ast.Node) {
	mapping, ok := node.(*ast.MappingNode)
	if !ok {
		e.wrong(e.line, "a key needs name, key or sha256, and scopes")
		return
	}
	for _, pair := range mapping.Values {
		e.readField(pair.Key.GetToken().Value, pair.Value, pair.Key.GetToken().Position.Line)
	}
	switch {
	case len(e.mistakes) > 0:
	case !e.has["name"] || !e.has["scopes"]:
		e.wrong(e.line, "a key needs a name and scopes")
	case e.has["key"] == e.has["sha256"]:
		e.wrong(e.line, "the key %q needs either key or sha256", e.key.Name)
	}
}

// readField reads a field. What it should hold is said without what it holds.
func (e *apiKeyEntry) readField(name string, value ast.Node, line int) {
	if name == "scopes" {
		e.has[name] = true
		e.readScopes(value, line)
		return
	}
	if !slices.Contains(apiKeyFields, name) {
		e.wrong(line, "%s: a key has no such field%s", name, suggest(name, apiKeyFields))
		return
	}
	text, ok := scalarText(value)
	if !ok || text == "" {
		e.wrong(line, "%s needs a text", name)
		return
	}
	e.has[name] = true
	switch name {
	case "name":
		e.key.Name = text
	case "key":
		if len(text) < minAPIKey {
			e.wrong(line, "key is shorter than %d bytes", minAPIKey)
		}
		e.key.Sum = sha256.Sum256([]byte(text))
	case "sha256":
		if e.key.Sum, ok = readSum(text); !ok {
			e.wrong(line, "sha256 needs the 64 hex digits of the key's SHA-256")
		}
	}
}

func (e *apiKeyEntry) readScopes(value ast.Node, line int) {
	sequence, ok := value.(*ast.SequenceNode)
	if !ok || len(sequence.Values) == 0 {
		e.wrong(line, "scopes needs a list: %v", admin.Scopes())
		return
	}
	var known []string
	for _, scope := range admin.Scopes() {
		known = append(known, string(scope))
	}
	for _, node := range sequence.Values {
		scope, ok := scalarText(node)
		if !ok || !slices.Contains(known, scope) {
			e.wrong(lineOfNode(node), "there is no such scope%s", suggest(scope, known))
			continue
		}
		e.key.Scopes = append(e.key.Scopes, admin.Scope(scope))
	}
}

// readSum reads the hex digits of a SHA-256.
func readSum(text string) (sum [sha256.Size]byte, ok bool) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(sum) {
		return sum, false
	}
	return [sha256.Size]byte(raw), true
}

// scalarText returns the text of a node as it is written, if it is a single one.
func scalarText(node ast.Node) (text string, ok bool) {
	switch node := node.(type) {
	case *ast.StringNode:
		return node.Value, true
	case *ast.IntegerNode, *ast.FloatNode:
		return node.GetToken().Value, true
	}
	return "", false
}

func lineOfNode(node ast.Node) int { return node.GetToken().Position.Line }

// apiKeySettings are the settings that apiKeysReloader takes.
var apiKeySettings = []string{"api-key", "api-key-file", "api-keys-file"}

// apiKeysReloader returns a step that has an admin listener take its keys.
func (s *serveCommand) apiKeysReloader(operator *admin.Admin) func(*serveCommand) (string, error) {
	key, keys := s.Admin.APIKey, s.Admin.APIKeys
	return func(next *serveCommand) (changed string, err error) {
		warn(s.Server.Log, next.shortKey())
		if next.Admin.APIKey == key && reflect.DeepEqual(next.Admin.APIKeys, keys) {
			return "", nil
		}
		if err := operator.SetKeys(next.Admin.APIKey, next.Admin.APIKeys); err != nil {
			return "", err
		}
		key, keys = next.Admin.APIKey, next.Admin.APIKeys
		return "keys of the API", nil
	}
}
