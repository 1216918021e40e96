package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/profiles"
)

// serveSettings are the settings that gannet serve has by a command line.
func serveSettings(t *testing.T, args ...string) map[string]any {
	t.Helper()
	_, flags := parse(t, append([]string{"serve"}, args...)...)
	delete(flags, "config")
	return flags
}

// What is printed is read back as it was, whatever it is.
func TestConfigPrint_IsReadBack(t *testing.T) {
	for name, args := range map[string][]string{
		"defaults": {},
		"texts": {
			"--path=/a b", "--jwt-issuer=true", `--join=claim`, "--redis-prefix=é\"\\\u2028:#", "--pxl-prefix=123", "--redis-username= x ",
			"--jwt-audience=a,b", "--jwt-audience=null", `--jwt-audience=c\,d`, "--forward=custom=room:[x]", "--forward=a=all",
		},
		"numbers": {"--max-rooms=1234567890", "--slow-handler=-1s", "--ping-interval=1h1m1s", "--drain-timeout=90m", "--max-backlog=1000", "--max-inbox=3GiB", "--gc-percent=10"},
		"bools":   {"--require-auth", "--demo", "--print-routes"},
		"profile": {"--profile=massive", "--max-rooms=5"},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := tool(t, append([]string{"config", "print"}, args...)...)
			require.NoError(t, err)
			want, got := serveSettings(t, args...), serveSettings(t, configuration(t, text))
			require.Equal(t, want, got)
		})
	}
}

// printed returns the lines of a setting and the comment above it.
func printed(t *testing.T, text, setting string) string {
	t.Helper()
	for part := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		last := part[strings.LastIndex(part, "\n")+1:]
		if strings.HasPrefix(strings.TrimPrefix(last, "# "), setting+":") {
			return part
		}
	}
	t.Fatalf("%s is not printed", setting)
	return ""
}

func TestConfigPrint_SaysWhereValuesComeFrom(t *testing.T) {
	file := newFiles(t).write("gannet.yaml", "profile: massive\n\nmax-rooms: 7\nping-timeout: 30s\npath: /file\n")
	t.Setenv("GANNET_PATH", "/environment")
	text, err := tool(t, "--config="+file, "config", "print", "--ping-timeout=40s", "--jwt-audience=a", "--jwt-audience=b")
	require.NoError(t, err)
	for setting, want := range map[string]string{
		"max-rooms":     "# Rooms that one client may be in.\n# Unit: number. From: file " + file + ":3.\nmax-rooms: 7",
		"path":          "# Unit: text. From: environment GANNET_PATH.\npath: /environment",
		"ping-timeout":  "# Unit: time. From: flag.\nping-timeout: 40s",
		"ping-interval": "# Unit: time. From: profile massive.\nping-interval: 50s",
		"max-inbox":     "# Unit: size. From: default.\nmax-inbox: 64MiB",
		"profile":       "# Unit: text. From: file " + file + ":1.\nprofile: massive",
		"jwt-audience":  "# Unit: list. From: flag.\njwt-audience: [a, b]",
		"jwt-issuer":    "# Unit: text. From: default.\n# jwt-issuer:",
		"demo":          "# Unit: true or false. From: default.\ndemo: false",
		"slow-consumer": "# Unit: one of close, skip, latest. From: default.\nslow-consumer: close",
		"addr":          "# Unit: text. From: default.\naddr: \":3000\"",
	} {
		assert.True(t, strings.HasSuffix(printed(t, text, setting), want), "%s\n%s", setting, printed(t, text, setting))
	}
	for name, flag := range serveFlags(t) {
		if !flag.Hidden {
			printed(t, text, name)
		}
	}
}

func TestConfigPrint_Defaults(t *testing.T) {
	clean, err := tool(t, "config", "print")
	require.NoError(t, err)
	t.Setenv("GANNET_MAX_ROOMS", "5")
	t.Setenv("GANNET_JWT_SECRET", "hidden")
	text, err := tool(t, "config", "print", "--defaults", "--profile=small", "--max-backlog=1KiB", "--jwt-audience=a")
	require.NoError(t, err)
	require.Equal(t, clean, text)
	require.Equal(t, serveFlags(t)["max-rooms"].Default, yamlOf(t, text)["max-rooms"])
}

// yamlOf returns the settings of a file, as text.
func yamlOf(t *testing.T, text string) map[string]string {
	t.Helper()
	settings := map[string]string{}
	require.NoError(t, yaml.Unmarshal([]byte(text), &settings))
	return settings
}

func TestConfigPrint_LeavesSecretsOut(t *testing.T) {
	text, err := tool(
		t, "config", "print", "--jwt-secret=hush1", "--redis-password=hush2", "--redis-sentinel-password=hush3",
		"--redis-url=redis://user:hush4@localhost:6379", "--jwt-jwks-url=https://localhost/keys?key=hush5", "--api-key=hush6",
	)
	require.NoError(t, err)
	require.NotContains(t, text, "hush")
	for _, setting := range []string{"jwt-secret", "redis-password", "redis-sentinel-password", "redis-url", "jwt-jwks-url", "api-key"} {
		require.Contains(t, printed(t, text, setting), "\n# It is secret, and left out.\n# "+setting+":")
	}
	text, err = tool(t, "config", "print", "--redis-url=redis://localhost?cluster=true", "--jwt-secret-file=/run/secret", "--jwt-jwks-url=https://localhost/keys")
	require.NoError(t, err)
	require.NotContains(t, text, "It is secret")

	flags := serveFlags(t)
	for name, flag := range flags {
		if slices.Contains([]string{"SECRET", "PASSWORD", "KEY"}, flag.PlaceHolder) {
			require.Contains(t, flags, name+"-file", "a secret can come from a file, by which it is known as one")
		}
	}
}

// check runs gannet config check on a file.
func check(t *testing.T, text string) (out string, mistakes []string) {
	t.Helper()
	path := newFiles(t).write("gannet.yaml", text)
	out, err := tool(t, "config", "check", "--config="+path)
	if err == nil {
		return strings.ReplaceAll(out, path, "gannet.yaml"), nil
	}
	lines := strings.Split(strings.ReplaceAll(err.Error(), path, "gannet.yaml"), "\n")
	return strings.ReplaceAll(out, path, "gannet.yaml"), lines
}

func TestConfigCheck_SaysAllAtOnce(t *testing.T) {
	_, mistakes := check(t, `# a comment
max-backlogs: 1MiB
max-rooms: many
ping-interval: 30
slow-consumer: wait
max-strikes: 300
max-inbox: 0
path: ws
require-auth: true
redis-url: [http://localhost]
loops: [1, 2]
max-metadata:
something-else: 1
profile: fan-out
max-message-size: 1MB
`)
	require.Equal(t, "mistakes in gannet.yaml: 14", mistakes[0])
	for i, want := range []string{
		`:2: max-backlogs: no such setting; did you mean "max-backlog"?`,
		`:3: max-rooms: expected a valid 64 bit int but got "many"`,
		`:4: ping-interval: expected duration but got "30"`,
		`:5: slow-consumer is "wait": it is one of close, skip`,
		`:6: max-strikes is 300: it is 1 to 255`,
		`:7: max-inbox must be above zero`,
		`:8: path "ws" must begin with a slash`,
		`:9: require-auth needs a key`,
		`:10: redis-url begins with redis`,
		`:11: loops must be a single value`,
		`:12: max-metadata must be a single value`,
		`:13: something-else: no such setting`,
		`:14: there is no profile "fan-out"`,
		`:15: max-message-size: "1MB" is not a size`,
	} {
		require.Contains(t, mistakes[i+1], "gannet.yaml"+want)
	}
	require.Len(t, mistakes, 15)
}

func TestConfigCheck_NothingWrong(t *testing.T) {
	secret := newFiles(t).write("secret", "a secret\n")
	for name, text := range map[string]string{
		"nothing": "# nothing\n",
		"some":    "max-rooms: 7\njwt-secret-file: " + secret + "\nrequire-auth: true\nprofile: small\n",
	} {
		out, mistakes := check(t, text)
		require.Empty(t, mistakes, name)
		require.Contains(t, out, "nothing is wrong with them")
	}
	parser, err := newParser(t.Context(), &cli{}, io.Discard)
	require.NoError(t, err)
	for _, name := range profiles.Names() {
		text, err := profiles.Read(name)
		require.NoError(t, err)
		file, err := newFileResolver(name, text)
		require.NoError(t, err)
		require.Empty(t, file.mistakes(t.Context(), parser.Model))
	}
}

func TestConfigCheck_ReadsFilesThatAreNamed(t *testing.T) {
	f := newFiles(t)
	_, mistakes := check(t, "jwt-secret-file: "+f.path("none")+"\nredis-url: redis://localhost\nredis-password-file: "+f.write("empty", "")+"\n"+
		"jwt-public-key-file: "+f.write("public.pem", "broken")+"\n")
	all := strings.Join(mistakes, "\n")
	require.Contains(t, all, "gannet.yaml:1: cannot read jwt-secret-file")
	require.Contains(t, all, "gannet.yaml:3: redis-password-file")
	require.Contains(t, all, "gannet.yaml:4: jwt-public-key-file holds no PEM block")
}

func TestConfigCheck_TheEnvironmentCounts(t *testing.T) {
	t.Setenv("GANNET_JWT_SECRET", "a secret")
	t.Setenv("GANNET_MAX_ROOM", "5")
	out, mistakes := check(t, "require-auth: true\nroom: general\n")
	require.Empty(t, mistakes)
	require.Contains(t, out, "warning: gannet.yaml:2: room is not for gannet serve\n")
	require.Contains(t, out, `warning: the environment variable GANNET_MAX_ROOM is no setting; did you mean "GANNET_MAX_ROOMS"?`)

	t.Setenv("GANNET_MAX_ROOMS", "many")
	_, mistakes = check(t, "max-rooms: 5\nloops: 1\n")
	require.Len(t, mistakes, 2)
	require.Contains(t, mistakes[1], "GANNET_MAX_ROOMS")
	require.NotContains(t, mistakes[1], "gannet.yaml:", "the file is right")
}

func TestConfigCheck_WhatIsNoFile(t *testing.T) {
	_, err := tool(t, "config", "check")
	require.ErrorContains(t, err, "say --config FILE")
	_, err = tool(t, "config", "check", "--config="+filepath.Join(t.TempDir(), "none"))
	require.ErrorContains(t, err, "cannot read the configuration")
	for _, bad := range []string{"a: [", "max-rooms: 1\nmax-rooms: 2\n", "- a\n", "text"} {
		_, err := newFileResolver("gannet.yaml", []byte(bad))
		require.ErrorContains(t, err, "gannet.yaml is not YAML", bad)
	}
}

func TestConfig_Program(t *testing.T) {
	f := newFiles(t)
	wrong, right := f.write("wrong.yaml", "max-room: 5\npath: ws\n"), f.write("right.yaml", "max-rooms: 5\n")
	checked := program(t, "", nil, "config", "check", "--config="+wrong)
	require.Equal(t, 1, checked.status)
	require.Equal(t, "gannet: mistakes in "+wrong+": 2\n"+
		wrong+":1: max-room: no such setting; did you mean \"max-rooms\"?\n"+
		wrong+":2: path \"ws\" must begin with a slash and have no query\n", checked.stderr)
	checked = program(t, "", []string{"GANNET_CONFIG=" + right}, "config", "check")
	require.Equal(t, 0, checked.status, checked.stderr)
	shown := program(t, "", nil, "config", "print", "--config="+right)
	require.Equal(t, 0, shown.status, shown.stderr)
	require.Equal(t, "5", yamlOf(t, shown.stdout)["max-rooms"])
}

// A variable that is mistyped would be passed over without a word.
func TestServe_WarnsOfUnknownVariables(t *testing.T) {
	shown := program(t, "", []string{"GANNET_MAX_BACKLOGS=1"}, "serve", "--path=ws", "--log-format=json")
	require.Equal(t, 1, shown.status)
	require.Contains(t, shown.stderr, `"level":"WARN","msg":"the environment variable GANNET_MAX_BACKLOGS is no setting; did you mean \"GANNET_MAX_BACKLOG\"?"`)
}

func TestUnknownVariables(t *testing.T) {
	parser, err := newParser(t.Context(), &cli{}, os.Stdout)
	require.NoError(t, err)
	before := unknownVariables(parser.Model)
	for name, value := range map[string]string{
		"GANNET_SERVICE_HOST": "10.0.0.1", "GANNET_SERVICE_PORT": "3000", "GANNET_SERVICE_PORT_WS": "3000", "GANNET_PORT": "tcp://10.0.0.1:3000",
		"GANNET_PORT_3000_TCP": "tcp://10.0.0.1:3000", "GANNET_PORT_3000_TCP_ADDR": "10.0.0.1", "GANNET_ADMIN_SERVICE_PORT": "1",
		"GANNET_ADMIN_PORT": "tcp://10.0.0.1:3001", "GANNET_MAX_ROOMS": "5", "GANNETS": "1", "_GANNET_X": "1", "GANNET_ROOM": "for publish",
	} {
		t.Setenv(name, value)
	}
	require.Equal(t, before, unknownVariables(parser.Model))
	t.Setenv("GANNET_PORT", "3000")
	t.Setenv("GANNET_LOOP", "3")
	after := unknownVariables(parser.Model)
	require.Len(t, after, len(before)+2)
	require.Contains(t, after, `the environment variable GANNET_LOOP is no setting; did you mean "GANNET_LOOPS"?`)
}

func TestSuggest(t *testing.T) {
	known := []string{"addr", "max-rooms", "ping-interval"}
	assert.Equal(t, `; did you mean "ping-interval"?`, suggest("ping-intervall", known))
	assert.Equal(t, `; did you mean "addr"?`, suggest("adr", known))
	assert.Empty(t, suggest("something-else", known))
}
