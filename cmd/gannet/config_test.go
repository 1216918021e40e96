package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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

// check runs gannet config check on a file. What it returns beside the mistakes is what
// is printed and warned of.
func check(t *testing.T, text string) (out string, mistakes []string) {
	t.Helper()
	path := newFiles(t).write("gannet.yaml", text)
	out, warned, err := toolWarning(t, "config", "check", "--config="+path)
	out = strings.ReplaceAll(out+warned, path, "gannet.yaml")
	if err == nil {
		return out, nil
	}
	return out, strings.Split(strings.ReplaceAll(err.Error(), path, "gannet.yaml"), "\n")
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

// A mistake is told once, with its line, and nothing that only follows from it.
func TestConfigCheck_TellsWhatDoesNotFollow(t *testing.T) {
	f := newFiles(t)
	pair := newIdentity(t)
	pair.write(t, 1, time.Now().Add(time.Hour))
	cert, key, none, short := pair.certFile, pair.keyFile, f.path("none"), f.write("short", "short")
	for text, want := range map[string][]string{
		"tls-addr: :3443\ntls-cert: " + none + "\ntls-key: " + key + "\n":                        {":2: cannot read tls-cert: open " + none},
		"tls-addr: :3443\ntls-cert: " + none + "\ntls-key: " + none + "\n":                       {":2: cannot read tls-cert", ":3: cannot read tls-key"},
		"tls-addr: :x\ntls-cert: " + none + "\ntls-key: " + key + "\n":                           {`:1: tls-addr is ":x": a port is`, ":2: cannot read tls-cert"},
		"tls-addr: :3443\ntls-cert: " + key + "\ntls-key: " + key + "\n":                         {":2: cannot use tls-cert " + key},
		"tls-cert: " + cert + "\ntls-key: " + key + "\n":                                         {":1: a certificate is of no use without"},
		"tls-addr: :3443\ntls-key: " + key + "\n":                                                {":2: tls-cert and tls-key go together"},
		"jwt-secret-file: " + none + "\napi-keys-file: " + none + "\n":                           {":1: cannot read jwt-secret-file", ":2: cannot read api-keys-file"},
		"api-keys-file: " + f.write("keys", "- name: a\n  key: x\n- name: b\n") + "\n":           {":1: api-keys-file", ":1: api-keys-file"},
		"require-auth: true\nauto-join: true\njwt-secret-file: " + none + "\nmax-strikes: 300\n": {":3: cannot read jwt-secret-file", ":4: max-strikes is 300"},
		"jwt-secret-file: " + short + "\njwt-secret: a\n":                                        {":2: jwt-secret and jwt-secret-file are both set"},
		"jwt-secret-file: " + short + "\njwt-secret-encoding: base64url\njwt-leeway: -1s\n":      {":1: jwt-secret is not base64url", ":3: jwt-leeway is -1s"},
		"workers: 2\nredis-url: http://x\nredis-required: true\n":                                {":2: redis-url begins with"},
		"drain-timeout: 600h\ndrain-period: 30s\n":                                               {":1: drain-timeout is 600h"},
		"profile: masive\ndrain-period: 30s\n":                                                   {`:1: there is no profile "masive": they are`},
		"path: x\necho-path: /ws\n":                                                              {`:1: path "x" must begin`},
		"proxy-protocol: accept\ntrusted-proxies: nobody\n":                                      {`:2: trusted-proxies has "nobody"`},
	} {
		out, mistakes := check(t, text)
		require.Len(t, mistakes, len(want)+1, "%s%s", text, mistakes)
		for i, says := range want {
			require.Contains(t, mistakes[i+1], "gannet.yaml"+says, text)
		}
		require.NotContains(t, out, "proxy-protocol is", "what it would warn of only follows, too")
	}
}

func TestConfigCheck_Addresses(t *testing.T) {
	_, mistakes := check(t, `addr: 3000
admin-addr: "localhost:99999"
tls-addr: localhost
unix-socket: /run/gannet/
redis-url: redis://localhost:99999
admin-hosts: [ops:3001]
`)
	for i, want := range []string{
		`addr is "3000": it is HOST:PORT`,
		`admin-addr is "localhost:99999": a port is 0 to 65535`,
		`tls-addr is "localhost": it is HOST:PORT`,
		`unix-socket is "/run/gannet/": it is the path of a file`,
		`redis-url is "localhost:99999": a port is 0 to 65535`,
		`admin-hosts has "ops:3001": it takes names`,
	} {
		require.Contains(t, mistakes[i+1], fmt.Sprintf("gannet.yaml:%d: %s", i+1, want))
	}
	require.Len(t, mistakes, 7)
	_, mistakes = check(t, "workers: 10\nredis-url: redis://localhost\nadmin-addr: :65530\n")
	require.Equal(t, []string{`gannet.yaml:3: admin-addr is ":65530": the last of 10 workers would listen on port 65539, and a port is at most 65535`}, mistakes[1:])
}

// What is said of a value is what the setting takes.
func TestConfigCheck_SaysWhatIsTaken(t *testing.T) {
	for text, want := range map[string]string{
		"compression: on":           "",
		"compression: off":          "",
		"compression: true":         "compression is true: it is one of off, on",
		"max-rooms: true":           "max-rooms is true: it is a number",
		"max-backlog: false":        "max-backlog is false: it is a size",
		"ping-interval: false":      "ping-interval is false: it is a time",
		"trusted-proxies: true":     "trusted-proxies is true: it is a list",
		"jwt-issuer: true":          "jwt-issuer is true, which is no text in YAML unless it is in quotes",
		"loops: -1":                 "loops is -1: it must be above zero, or 0 for one for each CPU",
		"loops: 0":                  "",
		"ping-interval: 0":          "ping-interval cannot be 0: it is above zero, or negative (never)",
		"ping-interval: -1s":        "",
		"max-message-rate: 0":       "max-message-rate cannot be 0: it is above zero, or negative (no limit)",
		"max-idempotency-keys: 0":   "max-idempotency-keys must be above zero",
		"max-idempotency-keys: -1":  "max-idempotency-keys must be above zero",
		"idempotency-ttl: -1s":      "idempotency-ttl must be above zero",
		"addr: ''":                  "addr cannot be empty",
		"serve: 1":                  "serve: no such setting",
		"pr: 1":                     "pr: no such setting",
		"MAX-BACKLOG: 1MiB":         `MAX-BACKLOG: no such setting; did you mean "max-backlog"?`,
		"max_backlog: 1MiB":         `max_backlog: no such setting; did you mean "max-backlog"?`,
		"ping-timeout: 600h":        "ping-timeout is 600h0m0s, which is too long",
		"max-watchers: -1":          "",
		"idempotency-ttl: forever?": `idempotency-ttl: expected duration but got "forever?"`,
	} {
		_, mistakes := check(t, text)
		if want == "" {
			require.Empty(t, mistakes, text)
			continue
		}
		require.Len(t, mistakes, 2, text)
		require.True(t, strings.HasPrefix(mistakes[1], "gannet.yaml:1: "+want), mistakes[1])
		if !strings.Contains(want, "did you mean") {
			require.NotContains(t, mistakes[1], "did you mean")
		}
	}
}

// Where help says what a negative value means there can be one, and elsewhere not.
func TestNegativeOf(t *testing.T) {
	for name, flag := range serveFlags(t) {
		value := "-1"
		if unitOf(flag) == "time" {
			value = "-1s"
		}
		if !slices.Contains([]string{"time", "number"}, unitOf(flag)) {
			require.Empty(t, negativeOf(flag), name)
			continue
		}
		_, mistakes := check(t, name+": "+value+"\nredis-url: redis://localhost\njwt-secret: hush\n")
		require.Equal(t, negativeOf(flag) != "", len(mistakes) == 0, "%s: %s", name, mistakes)
	}
}

func TestConfigPrint_SaysWhatIsRefused(t *testing.T) {
	t.Setenv("GANNET_LOOPS", "-1")
	out, warned, err := toolWarning(t, "config", "print", "--gc-percent=-5", "--jwt-secret-file="+newFiles(t).path("none"))
	require.NoError(t, err)
	require.Equal(t, "-1", yamlOf(t, out)["loops"])
	const start = "warning: with these settings gannet serve would not start: "
	lines := strings.Split(strings.TrimSpace(warned), "\n")
	require.Len(t, lines, 2)
	require.True(t, strings.HasPrefix(lines[0], start+"gc-percent is -5"), warned)
	require.True(t, strings.HasPrefix(lines[1], start+"cannot read jwt-secret-file"), warned)
	_, warned, err = toolWarning(t, "config", "print")
	require.NoError(t, err)
	require.Equal(t, start+"loops is -1: it must be above zero, or 0 for one for each CPU\n", warned)
	_, warned, err = toolWarning(t, "config", "print", "--defaults")
	require.NoError(t, err)
	require.Empty(t, warned)
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
		require.Empty(t, file.examine(t.Context(), parser.Model).mistakes)
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
	for _, same := range []string{"MAX-ROOMS", "max_rooms", "Max_Rooms", "maxRooms", "GANNET_MAX_ROOMS", "--max-rooms"} {
		assert.Equal(t, `; did you mean "max-rooms"?`, suggest(same, known), same)
	}
	assert.Equal(t, `; did you mean "GANNET_LOOPS"?`, suggest("GANNET_loop", []string{"GANNET_DEMO", "GANNET_LOOPS"}))
	for _, far := range []string{"pr", "addressee", "ad", "GANNET_PR"} {
		assert.Empty(t, suggest(far, append(known, "url", "GANNET_URL")), far)
	}
}
