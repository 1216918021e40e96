package codec

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	agreed    = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	malformed = "malformed"
)

// answerTo is the answer to an offer, or malformed.
func answerTo(offered []byte) string {
	deflate, err := AcceptDeflate(offered)
	if err != nil {
		return malformed
	}
	return deflate.Answer()
}

// offers are named by the section of RFC 7692, or of RFC 6455 where they say so.
var offers = []struct{ name, line, answer string }{
	{"RFC 6455 9.1 nothing", "", malformed},
	{"RFC 6455 9.1 nothing but commas", " , ,", malformed},
	{"RFC 6455 9.1 nothing but semicolons", ";;;", malformed},
	{"5 another extension", "x-webkit-deflate-frame; no_context_takeover", ""},
	{"5 behind another extension", `foo; bar="baz"; qux, permessage-deflate`, agreed},
	{"5 no parameters", "permessage-deflate", agreed},
	{"5 what Chromium and Firefox offer", "permessage-deflate; client_max_window_bits", agreed},
	{"5.1 the first that is acceptable", "permessage-deflate; server_max_window_bits=9, permessage-deflate", agreed + "; server_max_window_bits=9"},
	{"5.1 the second if the first is not", "permessage-deflate; unknown, permessage-deflate; server_max_window_bits=12", agreed + "; server_max_window_bits=12"},
	{"5.2 the same offer twice", "permessage-deflate, permessage-deflate", agreed},
	{"7 unknown parameter", "permessage-deflate; unknown", ""},
	{"7 unknown parameter with a value", "permessage-deflate; client_no_context_takeover; unknown=1", ""},
	{"7 the same parameter twice", "permessage-deflate; server_no_context_takeover; server_no_context_takeover", ""},
	{"7 the same window twice", "permessage-deflate; server_max_window_bits=15; server_max_window_bits=15", ""},
	{"7 all parameters", "permessage-deflate; client_max_window_bits=15; server_max_window_bits=15; client_no_context_takeover; server_no_context_takeover", agreed + "; server_max_window_bits=15"},
	{"7.1.1.1 server_no_context_takeover", "permessage-deflate; server_no_context_takeover", agreed},
	{"7.1.1.1 with a value", "permessage-deflate; server_no_context_takeover=1", ""},
	{"7.1.1.2 client_no_context_takeover", "permessage-deflate; client_no_context_takeover", agreed},
	{"7.1.1.2 with a value", `permessage-deflate; client_no_context_takeover="true"`, ""},
	{"7.1.2.1 16 bits", "permessage-deflate; server_max_window_bits=16", ""},
	{"7.1.2.1 15 bits", "permessage-deflate; server_max_window_bits=15", agreed + "; server_max_window_bits=15"},
	{"7.1.2.1 14 bits", "permessage-deflate; server_max_window_bits=14", agreed + "; server_max_window_bits=12"},
	{"7.1.2.1 12 bits", "permessage-deflate; server_max_window_bits=12", agreed + "; server_max_window_bits=12"},
	{"7.1.2.1 11 bits", "permessage-deflate; server_max_window_bits=11", agreed + "; server_max_window_bits=9"},
	{"7.1.2.1 9 bits", "permessage-deflate; server_max_window_bits=9", agreed + "; server_max_window_bits=9"},
	{"7.1.2.1 8 bits are too few", "permessage-deflate; server_max_window_bits=8", ""},
	{"7.1.2.1 7 bits", "permessage-deflate; server_max_window_bits=7", ""},
	{"7.1.2.1 leading zero", "permessage-deflate; server_max_window_bits=09", ""},
	{"7.1.2.1 three digits", "permessage-deflate; server_max_window_bits=120", ""},
	{"7.1.2.1 not a number", "permessage-deflate; server_max_window_bits=1x", ""},
	{"7.1.2.1 no value", "permessage-deflate; server_max_window_bits", ""},
	{"7.1.2.2 client_max_window_bits", "permessage-deflate; client_max_window_bits=8", agreed},
	{"7.1.2.2 15 bits", "permessage-deflate; client_max_window_bits=15", agreed},
	{"7.1.2.2 16 bits", "permessage-deflate; client_max_window_bits=16", ""},
	{"7.1.2.2 leading zero", "permessage-deflate; client_max_window_bits=010", ""},
	{
		"7.1.3 example of an offer with a fallback",
		"permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate; client_max_window_bits",
		agreed + "; server_max_window_bits=9",
	},
	{"RFC 6455 9.1 quoted value", `permessage-deflate; server_max_window_bits="10"`, agreed + "; server_max_window_bits=9"},
	{"RFC 6455 9.1 quoted pair", `permessage-deflate; server_max_window_bits="1\2"`, agreed + "; server_max_window_bits=12"},
	{"RFC 6455 9.1 quoted value that is no token", `permessage-deflate; server_max_window_bits="10 "`, malformed},
	{"RFC 6455 9.1 empty quoted value", `permessage-deflate; server_max_window_bits=""`, malformed},
	{"RFC 6455 9.1 quote that does not end", `permessage-deflate; server_max_window_bits="10`, malformed},
	{"RFC 6455 9.1 quote that ends in a backslash", `permessage-deflate; server_max_window_bits="10\`, malformed},
	{"RFC 6455 9.1 quoted name", `"permessage-deflate"`, malformed},
	{"RFC 6455 9.1 spaces", "\t permessage-deflate \t;\tserver_max_window_bits = 10\t, x", agreed + "; server_max_window_bits=9"},
	{"RFC 6455 9.1 empty elements", ",, permessage-deflate ,,", agreed},
	{"RFC 6455 9.1 empty parameter", "permessage-deflate;", malformed},
	{"RFC 6455 9.1 parameter without a name", "permessage-deflate; =10", malformed},
	{"RFC 6455 9.1 no value behind the sign", "permessage-deflate; client_max_window_bits=", malformed},
	{"RFC 6455 9.1 two tokens", "permessage-deflate permessage-deflate", malformed},
	{"RFC 6455 9.1 broken behind a good offer", "permessage-deflate, ;", malformed},
	{"RFC 6455 9.1 names are compared as they stand", "Permessage-Deflate", ""},
}

func TestAcceptDeflate(t *testing.T) {
	for _, tt := range offers {
		assert.Equal(t, tt.answer, answerTo([]byte(tt.line)), tt.name)
	}
	assert.Empty(t, answerTo(nil), "5 nothing offered")
	_, err := AcceptDeflate([]byte(";"))
	assert.Same(t, ErrBadExtensions, err)
}

// The header lines are one list, of whose offers the first that can be accepted counts.
func TestUpgradeRequest_OffersInSeveralLines(t *testing.T) {
	for want, lines := range map[string][]string{
		agreed: {"x", "permessage-deflate", "permessage-deflate; server_max_window_bits=9"},
		agreed + "; server_max_window_bits=9": {
			"permessage-deflate; server_max_window_bits=8", "", "permessage-deflate; server_max_window_bits=10",
		},
		"":        {"x", "y; z"},
		malformed: {"permessage-deflate", "broken;"},
	} {
		head := withLine("sec-WEBSOCKET-extensions: " + strings.Join(lines, "\r\nSec-WebSocket-Extensions: "))
		q, n, err := parseAndCheck(head)
		require.NoError(t, err)
		require.NotZero(t, n)
		assert.Equal(t, want, answerTo(q.Extensions))
		assert.Equal(t, strings.Join(lines, ", "), string(q.Extensions))
	}
}

func TestAppendUpgradeResponse_Extensions(t *testing.T) {
	response := string(AppendUpgradeResponse(nil, []byte(testKey), "chat", Deflate{Window: Window15}.Answer()))
	assert.True(t, strings.HasSuffix(response, "\r\nSec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: "+agreed+"\r\n\r\n"))
}

func TestAcceptDeflate_NoAllocs(t *testing.T) {
	line := []byte(`x; y=z, permessage-deflate; server_max_window_bits="12"; client_max_window_bits`)
	noAllocs(t, func() { _ = answerTo(line) })
}

func TestWindows(t *testing.T) {
	all := Windows(0).With(Window15).With(Window12).With(NoWindow)
	assert.True(t, all.Has(Window15) && all.Has(Window12))
	assert.False(t, all.Has(Window9) || all.Has(NoWindow))
}

// The oracle of the fuzz target: the grammar as regular expressions.
var (
	oracleQuoted = regexp.MustCompile(`(?s)=[ \t]*"((?:[^"\\]|\\.)*)"`)
	oracleToken  = regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9A-Za-z]+$")
	oracleName   = "[-!#$%&'*+.^_`|~0-9A-Za-z]+"
	oracleOffer  = `[ \t]*` + oracleName + `[ \t]*(?:;[ \t]*` + oracleName + `[ \t]*(?:=[ \t]*` + oracleName + `[ \t]*)?)*`
	oracleLine   = regexp.MustCompile(`^(?:` + oracleOffer + `|[ \t]*)(?:,(?:` + oracleOffer + `|[ \t]*))*$`)
	oracleValues = map[string]string{
		"server_no_context_takeover": "^$", "client_no_context_takeover": "^$",
		"server_max_window_bits": "^=(9|1[0-5])$", "client_max_window_bits": "^(=([89]|1[0-5]))?$",
	}
)

// oracle returns the bits of the window that is accepted, empty for none, or malformed.
func oracle(line string) (bits string) {
	broken := false
	line = oracleQuoted.ReplaceAllStringFunc(line, func(quoted string) string {
		value := regexp.MustCompile(`(?s)\\(.)`).ReplaceAllString(oracleQuoted.FindStringSubmatch(quoted)[1], "$1")
		broken = broken || !oracleToken.MatchString(value)
		return "=" + value + " " // nothing but a separator may follow
	})
	if broken || !oracleLine.MatchString(line) || strings.Trim(line, ", \t") == "" {
		return malformed
	}
	for _, offer := range strings.Split(strings.NewReplacer(" ", "", "\t", "").Replace(line), ",") {
		name, rest, _ := strings.Cut(offer, ";")
		seen, good, bits := map[string]bool{}, name == "permessage-deflate", "15"
		for _, parameter := range strings.FieldsFunc(rest, func(r rune) bool { return r == ';' }) {
			key, _, _ := strings.Cut(parameter, "=")
			pattern, known := oracleValues[key]
			good = good && known && !seen[key] && regexp.MustCompile(pattern).MatchString(parameter[len(key):])
			seen[key] = true
			if key == "server_max_window_bits" {
				bits = strings.TrimPrefix(parameter[len(key):], "=")
			}
		}
		if good {
			return bits
		}
	}
	return ""
}

func FuzzExtensions(f *testing.F) {
	for _, tt := range offers {
		f.Add([]byte(tt.line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		accepted, err := AcceptDeflate(line)
		bits := oracle(string(line))
		require.Equal(t, bits == malformed, err != nil, "%q", line)
		want := map[string]Window{
			"": NoWindow, "15": Window15, "14": Window12, "13": Window12, "12": Window12, "11": Window9, "10": Window9, "9": Window9,
		}[bits]
		require.Equal(t, want, accepted.Window, "%q", line)
		if want != NoWindow {
			require.Equal(t, accepted.Answer(), answerTo([]byte(accepted.Answer())), "an answer is what it says")
		}
	})
}
