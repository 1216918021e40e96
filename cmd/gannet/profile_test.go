package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/bus/redis"
	"github.com/gannet-ws/gannet/core"
	"github.com/gannet-ws/gannet/profiles"
)

// parse returns what a command line makes of the flags of a command.
func parse(t *testing.T, args ...string) (*cli, map[string]any) {
	t.Helper()
	c, flags, err := tryParse(t, args...)
	require.NoError(t, err)
	return c, flags
}

func tryParse(t *testing.T, args ...string) (*cli, map[string]any, error) {
	t.Helper()
	var c cli
	parser, err := newParser(context.Background(), &c, io.Discard)
	require.NoError(t, err)
	parser.Stdout, parser.Stderr = io.Discard, io.Discard
	command, err := parser.Parse(args)
	if err != nil {
		return nil, nil, err
	}
	flags := map[string]any{}
	for _, flag := range command.Flags() {
		flags[flag.Name] = flag.Target.Interface()
	}
	return &c, flags, nil
}

// serveFlags are the flags of gannet serve, by name.
func serveFlags(t *testing.T) map[string]*kong.Flag {
	t.Helper()
	parser, err := newParser(context.Background(), &cli{}, io.Discard)
	require.NoError(t, err)
	flags := map[string]*kong.Flag{}
	for _, command := range parser.Model.Children {
		if command.Name == "serve" {
			for _, flag := range command.Flags {
				flags[flag.Name] = flag
			}
		}
	}
	return flags
}

// preset returns the settings of a profile.
func preset(t *testing.T, name string) map[string]any {
	t.Helper()
	text, err := profiles.Read(name)
	require.NoError(t, err)
	settings := map[string]any{}
	require.NoError(t, yaml.Unmarshal(text, &settings))
	require.NotEmpty(t, settings)
	return settings
}

// configuration writes a configuration file.
func configuration(t *testing.T, text string) (flag string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gannet.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return "--config=" + path
}

func TestProfiles_ChangeFlagsOfServe(t *testing.T) {
	_, byDefault := parse(t, "serve")
	known := serveFlags(t)
	for _, name := range profiles.Names() {
		t.Run(name, func(t *testing.T) {
			c, flags := parse(t, "serve", "--profile="+name)
			settings := preset(t, name)
			for setting := range settings {
				require.Contains(t, known, setting, "it is a flag of gannet serve")
				assert.NotEqual(t, byDefault[setting], flags[setting], "%s has a value that is not the default", setting)
			}
			for flag, value := range flags {
				if _, set := settings[flag]; !set && flag != "profile" {
					assert.Equal(t, byDefault[flag], value, "%s is left alone", flag)
				}
			}
			_, err := core.New(c.Serve.Server)
			require.NoError(t, err)
			c.Serve.Redis.URL = []string{"redis://127.0.0.1:1"}
			_, err = redis.New(c.Serve.Redis.Options)
			require.NoError(t, err)
		})
	}
}

// Whatever a profile sets can be set back to its default.
func TestProfiles_StandBeneathAllElse(t *testing.T) {
	_, byDefault := parse(t, "serve")
	known := serveFlags(t)
	for _, name := range profiles.Names() {
		for setting := range preset(t, name) {
			flag := known[setting]
			value := flag.Default
			if flag.IsBool() {
				value = "false"
			}
			t.Run(name+"/"+setting, func(t *testing.T) {
				_, flags := parse(t, "serve", "--profile="+name, "--"+setting+"="+value)
				assert.Equal(t, byDefault[setting], flags[setting], "by the command line")

				file := configuration(t, setting+": "+value)
				_, flags = parse(t, file, "serve", "--profile="+name)
				assert.Equal(t, byDefault[setting], flags[setting], "by the configuration file")

				t.Setenv(flag.Envs[0], value)
				_, flags = parse(t, "serve", "--profile="+name)
				assert.Equal(t, byDefault[setting], flags[setting], "by the environment")
			})
		}
	}
}

func TestProfiles_EachLineHasItsReason(t *testing.T) {
	for _, name := range profiles.Names() {
		text, err := profiles.Read(name)
		require.NoError(t, err)
		lines := strings.Split(string(text), "\n")
		summary, err := profiles.Summary(name)
		require.NoError(t, err)
		assert.Equal(t, "# "+summary, lines[0])
		assert.True(t, strings.HasSuffix(summary, "."), "the first line of %s is a sentence: %s", name, summary)
		for i, line := range lines[1:] {
			if line != "" && !strings.HasPrefix(line, "#") {
				assert.True(t, strings.HasPrefix(lines[i], "# "), "%s: %s has a comment over it", name, line)
			}
		}
	}
}

func TestProfile_IsChosenAsFlagsAre(t *testing.T) {
	const fanout, massive, none = 400, 10, 0
	tests := map[string]struct {
		args        []string
		environment []string
		file        string
		want        int // the GC percent
	}{
		"nowhere":                             {want: none},
		"by the command line":                 {args: []string{"--profile=fanout"}, want: fanout},
		"by the environment":                  {environment: []string{"fanout"}, want: fanout},
		"by the file":                         {file: "profile: fanout", want: fanout},
		"command line before environment":     {args: []string{"--profile=fanout"}, environment: []string{"massive"}, want: fanout},
		"command line before file":            {args: []string{"--profile=fanout"}, file: "profile: massive", want: fanout},
		"environment before file":             {environment: []string{"massive"}, file: "profile: fanout", want: massive},
		"command line takes it back":          {args: []string{"--profile="}, file: "profile: massive", want: none},
		"environment takes it back":           {environment: []string{""}, file: "profile: massive", want: none},
		"beneath the file that names it":      {file: "gc-percent: 33\nprofile: massive", want: 33},
		"beneath a file, by the command line": {args: []string{"--profile=fanout"}, file: "gc-percent: 33", want: 33},
		"beneath a file, by the environment":  {environment: []string{"fanout"}, file: "gc-percent: 33", want: 33},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"serve"}, test.args...)
			for _, value := range test.environment {
				t.Setenv("GANNET_PROFILE", value)
			}
			if test.file != "" {
				args = append([]string{configuration(t, test.file)}, args...)
			}
			c, _ := parse(t, args...)
			assert.Equal(t, test.want, c.Serve.Runtime.GCPercent)
		})
	}
}

// Of four places that set a flag, each stands before those behind it.
func TestSettings_Order(t *testing.T) {
	profile := parsedRooms(t, "serve", "--profile=massive")
	require.NotContains(t, []int{7, 8, 9, 100}, profile)
	file := configuration(t, "max-rooms: 7\nprofile: massive")
	assert.Equal(t, 7, parsedRooms(t, file, "serve"))
	t.Setenv("GANNET_MAX_ROOMS", "8")
	assert.Equal(t, 8, parsedRooms(t, file, "serve"))
	assert.Equal(t, 8, parsedRooms(t, "serve", "--profile=massive"))
	assert.Equal(t, 9, parsedRooms(t, file, "serve", "--max-rooms=9"))
	assert.Equal(t, 9, parsedRooms(t, "serve", "--max-rooms=9", "--profile=massive"))

	t.Setenv("GANNET_MAX_ROOMS", "many")
	_, _, err := tryParse(t, file, "serve")
	require.ErrorContains(t, err, "GANNET_MAX_ROOMS", "a wrong value is not passed over for the file's")
}

func parsedRooms(t *testing.T, args ...string) int {
	t.Helper()
	c, _ := parse(t, args...)
	return c.Serve.Server.MaxRooms
}

// runBriefly carries out a command line that should fail at once.
func runBriefly(args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return run(ctx, args)
}

func TestProfile_UnknownIsRefused(t *testing.T) {
	known := strings.Join(profiles.Names(), ", ")
	for _, args := range [][]string{
		{"serve", "--profile=fan-out"},
		{configuration(t, "profile: fan-out"), "serve"},
		{"profiles", "fan-out"},
	} {
		err := runBriefly(args...)
		require.ErrorContains(t, err, `there is no profile "fan-out": they are `+known+`; did you mean "fanout"?`, "%q", args)
	}
	for _, name := range []string{"../profiles/small", "small.yaml", "Small", " small", "."} {
		err := runBriefly("serve", "--profile="+name)
		require.ErrorContains(t, err, "there is no profile", name)
	}
	err := runBriefly(configuration(t, "profile: {a: 1}"), "serve")
	require.ErrorContains(t, err, "profile must be a single value")
}

// Other commands take settings from the same file and environment, and have no
// profile.
func TestProfile_IsForServe(t *testing.T) {
	t.Setenv("GANNET_PROFILE", "small")
	_, with := parse(t, configuration(t, "profile: nonsense"), "publish", "--room=r", "{}")
	t.Setenv("GANNET_PROFILE", "nonsense")
	_, without := parse(t, "publish", "--room=r", "{}")
	delete(with, "config")
	delete(without, "config")
	assert.Equal(t, without["redis-max-queue"], with["redis-max-queue"])
	assert.NotContains(t, with, "profile")
}

func TestProfiles_AreListedAndShown(t *testing.T) {
	show := func(args ...string) string {
		var out bytes.Buffer
		parser, err := newParser(context.Background(), &cli{}, &out)
		require.NoError(t, err)
		command, err := parser.Parse(append([]string{"profiles"}, args...))
		require.NoError(t, err)
		require.NoError(t, command.Run())
		return out.String()
	}
	list := strings.Split(strings.TrimSpace(show()), "\n")
	require.Equal(t, []string{"chat", "fanout", "massive", "small"}, profiles.Names())
	require.Len(t, list, 4)
	for i, name := range profiles.Names() {
		text, err := profiles.Read(name)
		require.NoError(t, err)
		require.Equal(t, string(text), show(name))
		first, _, _ := strings.Cut(string(text), "\n")
		require.Equal(t, name, strings.Fields(list[i])[0])
		require.True(t, strings.HasSuffix(list[i], "  "+strings.TrimPrefix(first, "# ")), list[i])
	}
}

// Each preset serves the load that it is for, and every message arrives.
func TestProfiles_Serve(t *testing.T) {
	for name, load := range map[string][]string{
		"fanout":  {"fanout", "--conns=500", "--rate=50", "--duration=500ms"},
		"massive": {"fanout", "--conns=500", "--rooms=50", "--rate=50", "--duration=500ms"},
		"small":   {"merged", "--conns=200", "--rounds=2", "--pause=10ms"},
		"chat":    {"rooms", "--conns=200", "--rooms=20", "--every=200ms", "--duration=500ms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("GANNET_TEST_AS_COMMAND", "1") // for the servers that it starts
			args := append([]string{"bench"}, load...)
			report := filepath.Join(t.TempDir(), "report.json")
			require.NoError(t, run(context.Background(), append(args, "--spawn", "--no-floor", "--server-flag=--profile="+name, "--json="+report)))
		})
	}
}
