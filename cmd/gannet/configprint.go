package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// configPrint is gannet config print.
type configPrint struct {
	Serve serveCommand `embed:""`

	Defaults bool `help:"Print the defaults, whatever is set."`
}

// Run prints every setting of gannet serve in the form of a configuration file, with
// what it means and where its value comes from. Secrets are left out. With settings that
// gannet serve would refuse it says so on standard error, and succeeds.
func (p *configPrint) Run(c *cli, command *kong.Context, out io.Writer) error {
	flags := command.Selected().Flags
	secrets := secretNames(flags)
	var page strings.Builder
	page.WriteString("# Settings of gannet serve, for --config FILE.\n")
	for _, group := range groupFlags(flags) {
		fmt.Fprintf(&page, "\n#\n# %s\n#\n", group.title)
		for _, flag := range group.flags {
			if flag.Name == "defaults" {
				continue
			}
			s, err := p.setting(c, command, flag)
			if err != nil {
				return err
			}
			s.secret = s.secret || slices.Contains(secrets, flag.Name)
			s.write(&page)
		}
	}
	if _, err := io.WriteString(out, page.String()); err != nil || p.Defaults {
		return err
	}
	return p.warn(command.Stderr)
}

// warn writes what gannet serve would refuse of the settings, a line each.
func (p *configPrint) warn(out io.Writer) error {
	refused := p.Serve.check()
	if refused == nil {
		return nil
	}
	for _, one := range separate(refused) {
		if _, err := fmt.Fprintln(out, "warning: with these settings gannet serve would not start:", one); err != nil {
			return err
		}
	}
	return nil
}

// printedSetting is one setting, as it is printed.
type printedSetting struct {
	flag   *kong.Flag
	value  reflect.Value
	source string
	secret bool
}

// setting returns a setting with its value, or its default.
func (p *configPrint) setting(c *cli, command *kong.Context, flag *kong.Flag) (printedSetting, error) {
	if !p.Defaults {
		return printedSetting{flag, flag.Target, c.source(command, flag), holdsSecret(flag.Target)}, nil
	}
	value := reflect.New(flag.Target.Type()).Elem()
	if flag.HasDefault {
		if err := parseValue(flag, flag.Default, value); err != nil {
			return printedSetting{}, err
		}
	}
	return printedSetting{flag, value, sourceDefault, false}, nil
}

// write writes the setting: what it means, where it comes from, and its line, as a
// comment where there is no value, or none to be shown.
func (s printedSetting) write(page *strings.Builder) {
	page.WriteByte('\n')
	for _, line := range wrap(s.flag.Help, 78) {
		page.WriteString("# " + line + "\n")
	}
	fmt.Fprintf(page, "# Unit: %s. From: %s.\n", unitOf(s.flag), s.source)
	switch {
	case s.value.IsZero() && s.source == sourceDefault && unset(s.value):
		fmt.Fprintf(page, "# %s:\n", s.flag.Name)
	case s.secret && !s.value.IsZero():
		fmt.Fprintf(page, "# It is secret, and left out.\n# %s:\n", s.flag.Name)
	default:
		fmt.Fprintf(page, "%s: %s\n", s.flag.Name, yamlValue(s.value))
	}
}

// unset reports whether a zero value says nothing.
func unset(v reflect.Value) bool { return v.Kind() == reflect.String || v.Kind() == reflect.Slice }

// secretNames returns the settings that are secret: those that can come from a file
// of their own, too, to stand in no process list.
func secretNames(flags []*kong.Flag) (secret []string) {
	var names []string
	for _, flag := range flags {
		names = append(names, flag.Name)
	}
	for _, name := range names {
		if slices.Contains(names, name+"-file") {
			secret = append(secret, name)
		}
	}
	return secret
}

// holdsSecret reports whether there is a URL in a value with a user, or with a query
// of HTTP, either of which may be a key.
func holdsSecret(v reflect.Value) bool {
	texts, ok := v.Interface().([]string)
	if !ok && v.Kind() == reflect.String {
		texts = []string{v.String()}
	}
	return slices.ContainsFunc(texts, func(text string) bool {
		at, err := url.Parse(text)
		return err == nil && (at.User != nil || strings.HasPrefix(at.Scheme, "http") && at.RawQuery != "")
	})
}

// yamlValue is a value as a configuration file has it.
func yamlValue(v reflect.Value) string {
	switch value := v.Interface().(type) {
	case []string:
		quotedAll := make([]string, len(value))
		for i, text := range value {
			quotedAll[i] = yamlText(text)
		}
		return "[" + strings.Join(quotedAll, ", ") + "]"
	case time.Duration:
		return durationText(value)
	}
	if v.Kind() == reflect.String {
		return yamlText(v.String())
	}
	return fmt.Sprint(v.Interface())
}

var (
	plainText = regexp.MustCompile(`^[A-Za-z/][A-Za-z0-9._/-]*$`)
	yamlWords = []string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
)

// yamlText is a text in YAML: in quotes, as JSON has them, unless it can only be a
// text without.
func yamlText(text string) string {
	if plainText.MatchString(text) && !slices.Contains(yamlWords, strings.ToLower(text)) {
		return text
	}
	var quoted bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string cannot fail
	return strings.TrimSuffix(quoted.String(), "\n")
}

// durationText is a time without zeros at its end: 1h, not 1h0m0s.
func durationText(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// wrap breaks a text into lines of at most so many letters, where there are spaces.
func wrap(text string, width int) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
