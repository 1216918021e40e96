package condition

import (
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// refuses makes sure that the text is refused, and for what: ‸ marks where.
func refuses(t *testing.T, marked, sentence string) {
	t.Helper()
	position := strings.Index(marked, "‸")
	require.GreaterOrEqual(t, position, 0, marked)
	text := strings.Replace(marked, "‸", "", 1)
	c, err := Parse(text)
	assert.Nil(t, c, "%.100q", text)
	assert.Equal(t, &SyntaxError{position, sentence}, err, "%.100q", text)
}

func TestParse_Errors(t *testing.T) {
	tests := map[string][]string{
		noOperand: {
			`‸`, " \t\r\n‸", `‸premium`, `‸5 == user`, `‸"user"`, `‸)`, `‸,`, `‸== 5`, `(‸)`, `(‸`, `not ‸`, `!‸`, `not ‸and user`, `user and ‸`,
			`user or‸`, `user or ‸or user`, `user && ‸&& user`, `‸and`, `‸in (a)`, `‸-1`, `‸User`, `‸CLAIM:x`, `‸Not user`, `‸users`, `‸claims:x`,
			`claim‸`, `claim‸ :x`, `meta‸ == 1`, `meta‸"x"`, `‸true`,
		},
		noName: {
			`claim:‸`, `claim:‸ x`, `claim:‸== 1`, `claim:a.‸`, `claim:a.‸.b`, `claim:a.‸ b`, `meta:‸é`, `meta:a.‸(b)`, `claim:‸:x`, `claim:‸'x'`,
		},
		noComparison: {
			`user ‸5`, `user ‸"x"`, `user ‸alice`, `user ‸user`, `user ‸not in (a)`, `user ‸(a)`, `user ‸, a`, `user ‸AND user`, `user ‸In (a)`, `claim:a ‸claim:b`,
			`claim:"a"‸b`, `claim:a ‸!claim:b`, `claim:a ‸true`,
		},
		noEnd: {
			`user == 5 ‸6`, `user == 5‸)`, `user == a ‸b`, `user == a ‸== b`, `(user) ‸(user)`, `user‸)`, `user == "a"‸"b"`, `user == a ‸Or user`, `user in (a) ‸(b)`,
			`claim:a < 5 ‸< 6`, `user == 5 ‸, 6`, `(user) ‸== 5`,
		},
		noLiteral: {
			`user ==‸`, `user == ‸==`, `user == ‸(5)`, `user == ‸)`, `user == ‸!a`, `claim:a has ‸(a)`, `user in (‸)`, `user in (a,‸)`, `user in (a, ‸, b)`, `user in (‸`,
			`user in (‸(a))`, `user in (a,‸`, `claim:a has‸`,
		},
		notLiteral: {
			`claim:a == ‸user`, `claim:a == ‸not`, `claim:a == ‸and`, `claim:a has ‸in`, `claim:a in (a, ‸or)`, `claim:a == ‸has`, `claim:a == ‸claim:b`,
			`claim:a == ‸meta:b`, `claim:a == ‸urn:b`, `user == ‸claim:sub`, `claim:a == ‸not claim:b`,
		},
		noNumber: {
			`user == ‸05`, `user == ‸-`, `user == ‸--5`, `user == ‸5.`, `user == ‸5e`, `user == ‸5e+`, `user == ‸1.e5`, `user == ‸0x10`, `user == ‸5and`, `user == ‸1_000`,
			`user == ‸1.2.3`, `user == ‸2024-01-01`, `user == ‸-a`, `user == ‸00`, `user == ‸-01`, `user == ‸5e1.5`, `user == ‸1e5e5`, `user == ‸550e8400-e29b`, `user == ‸5-3`,
		},
		noList: {`user in‸`, `user in ‸5`, `user in ‸"a", b`, `user in ‸a`},
		noComma: {
			`user in (a‸`, `user in (a ‸b)`, `user in (a ‸or b)`, `user in ("a"‸"b")`, `user in (5 ‸== 5)`,
		},
		noParen:   {`(user‸`, `(user == 5‸`, `((user)‸`, `(user == 5 ‸6)`, `(user == 5‸, 6)`, `not (user or claim:a == b ‸c`},
		noQuote:   {`claim:‸"a`, `user == ‸"`, `user == ‸"a\"`, `user == "a" or user == ‸"`, `claim:a.‸"b`, `user in (a, ‸"b)`},
		badEscape: {`user == "‸\q"`, `user == "a‸\`, `user == "‸\u12"`, `user == "‸\u12g4"`, `user == "‸\'"`, `claim:"‸\x"`, `user == "\\‸\0"`, `user == "‸\U00e9"`},
		halfPair: {
			`user == "a‸\ud800"`, `user == "‸\udc00\ud800"`, `claim:"‸\uD83D"`, `user == "‸\ud83dx\ude00"`, `user == "‸\ud83d\ud83d\ude00"`, `user == "\ud83d\ude00‸\ude00"`,
		},
		rawControl: {"user == \"a‸\nb\"", "user == \"‸\t\"", "claim:\"‸\x00\"", "user == \"‸\x1f"},
		noOperator: {`user ‸= 5`, `user ‸& user`, `user ‸| user`, `user ‸=< 5`, `user ‸= = 5`},
		noCharacter: {
			`‸'user'`, `user == ‸'a'`, `user == ‸+5`, `user == ‸.5`, `user == ‸é`, `user‸:a`, `user‸.a`, `claim:a‸: b`, `claim:a‸é`, `claim:a ‸; b`, "‸\u00a0user",
			"user ‸\x00", "user‸\v", `claim:a == b‸.c`, `claim:a == b‸@c`, `claim:a == b ‸:c`, `user == ‸{`, `‸#user`, `user in ‸[a]`, "‸\ufeffuser",
		},
		notUTF8: {"‸\xff", "user == \"a‸\xc3\"", "user == \"‸\xed\xa0\x80\"", "user == \"\ufffd‸\xff\"", "user = ‸\xfe"},
		noOrder: {
			`claim:a < ‸true`, `claim:a <= ‸false`, `claim:a > ‸null`, `meta:a >= ‸null`,
		},
		userLiteral: {`user == ‸null`, `user != ‸null`, `user == ‸true`, `user in (a, ‸false)`, `user < ‸null`},
		userHas:     {`user ‸has a`, `not user ‸has 5`},
	}
	for sentence, texts := range tests {
		for _, marked := range texts {
			refuses(t, marked, sentence)
		}
	}
}

func TestParse_FirstMistakeIsTold(t *testing.T) {
	refuses(t, `user == ‸05 and claim:`, noNumber)
	refuses(t, `((user == ‸= "`, noOperator)
	refuses(t, `user == ‸'a' or "`, noCharacter)
}

func TestSyntaxError_Text(t *testing.T) {
	_, err := Parse(`user == 05`)
	require.EqualError(t, err, "condition, at byte 8: This is no number as JSON writes it; in double quotes it is a text")
}

func TestParse_Limits(t *testing.T) {
	accepts := func(text string) { t.Helper(); parse(t, text) }
	tooLong := "A condition has at most 1024 bytes, in its canonical text too"

	text := `user == "` + strings.Repeat("a", MaxLength-len(`user == ""`)) + `"`
	accepts(strings.Replace(text, "aaa", " aa", 1))
	refuses(t, "‸"+text+" ", tooLong)
	refuses(t, "‸"+strings.Repeat("(", 1<<20), tooLong)
	compact := strings.Repeat("!user&&", 100) + "user" // each ! is written as not
	require.Less(t, len(compact), MaxLength)
	refuses(t, "‸"+compact, tooLong)

	tooDeep := "Parentheses and nots stand at most 16 deep in each other"
	accepts(strings.Repeat("(", MaxDepth) + "user" + strings.Repeat(")", MaxDepth))
	accepts(strings.Repeat("!", MaxDepth) + "user")
	accepts(strings.Repeat("(user) and ", 40) + "user")
	accepts(strings.Repeat("not user or ", 40) + "user")
	refuses(t, strings.Repeat("(", MaxDepth)+"‸(user"+strings.Repeat(")", MaxDepth+1), tooDeep)
	refuses(t, strings.Repeat("(", MaxDepth)+"‸not user"+strings.Repeat(")", MaxDepth), tooDeep)
	refuses(t, strings.Repeat("!(", MaxDepth/2)+"user or ‸!user", tooDeep)
	refuses(t, strings.Repeat("(", MaxDepth)+"‸"+strings.Repeat("(", MaxLength-MaxDepth), tooDeep)

	tooMany := "A list has at most 64 values"
	accepts("user in (" + strings.Repeat("a, ", MaxValues-1) + "a)")
	refuses(t, "user in ("+strings.Repeat("a, ", MaxValues)+"‸a)", tooMany)

	tooFar := "A path has at most 16 names"
	accepts("claim:" + strings.Repeat("a.", MaxPath-1) + "a")
	accepts("meta:" + strings.Repeat("a.", MaxPath-1) + "a")
	refuses(t, "claim:"+strings.Repeat("a.", MaxPath)+"‸a", tooFar)

	range400 := "A number is 0, or from 1e-401 up to below 1e400, whatever its sign"
	for _, number := range []string{"9.99e399", "-9.99e399", "1e-401", "0.01e-399", "0.001e+402", "0e999999999999999999999", "1" + strings.Repeat("0", MaxExponent-1)} {
		accepts("user == " + number)
	}
	for _, number := range []string{"1e400", "-1e400", "9.99e-402", "1e999999999999999999999", "1e-999999999999999999999", "1" + strings.Repeat("0", MaxExponent)} {
		refuses(t, "user == ‸"+number, range400)
	}
}

func TestString_IsCanonical(t *testing.T) {
	tests := map[string][]string{
		`user`: {` user `, `(user)`, `((user))`, "\tuser\r\n"},
		`claim:subscription == premium`: {
			`claim:subscription==premium`, `claim:"subscription" == "premium"`, `(claim:subscription == "pre\u006dium")`,
		},
		`claim:a and claim:b or not claim:c`: {
			`claim:a&&claim:b||!claim:c`, `(claim:a and claim:b) or (not claim:c)`, `((claim:a and (claim:b)) or not (claim:c))`, `claim:a and claim:b or ! claim:c`,
		},
		`claim:a and (claim:b or claim:c)`:     {`claim:a && (claim:b||claim:c)`, `(claim:a)and((claim:b)or(claim:c))`},
		`claim:a or claim:b or claim:c`:        {`(claim:a or claim:b) or claim:c`, `claim:a or (claim:b or claim:c)`, `((claim:a or (claim:b || claim:c)))`},
		`claim:a and claim:b and claim:c`:      {`claim:a and (claim:b and claim:c)`, `(claim:a && claim:b) && claim:c`},
		`not (claim:a and claim:b)`:            {`!(claim:a&&claim:b)`, `not ((claim:a and claim:b))`},
		`not (claim:a or claim:b) and claim:c`: {`!(claim:a||claim:b)&&claim:c`},
		`not not claim:a == b`:                 {`!!claim:a==b`, `not (not (claim:a == b))`},
		`user in (5, "5", a, "b c")`:           {`user in(5,"5",a,"b c")`, `user in ( 5 , "5" , "a" , "b\u0020c" )`},
		`claim:a in (true, "true", null)`:      {`claim:a in(true,"true",null)`},
		`claim:roles has "not"`:                {`claim:roles has "not"`, `claim:roles  has"not"`},
		`claim:"a.b".c."".user == ""`:          {`claim:"a.b"."c"."".user==""`},
		`meta:"é \"\n" < "\"\\/😀"`:             {`meta:"\u00e9 \u0022\u000a"<"\"\\\/\ud83d\ude00"`},
		`claim:a has "�"`:                      {`claim:a has "\ufffd"`, `claim:a has "\uFffD"`},
		`claim:a == 1.50e+1`:                   {`claim:a==1.50e+1`},
		`claim:a != -0`:                        {`claim:a!=-0`},
		`claim:a == "5"`:                       {`claim:a=="5"`, `claim:a == "\u0035"`},
		`claim:a == a-b_C9`:                    {`claim:a == "a-b_C9"`},
		`claim:a == "-a"`:                      {`claim:a=="-a"`},
		`claim:-1._.0x == _`:                   {`claim:"-1"."_"."0x" == "_"`},
		`claim:not.and.in == claim`:            {`claim:"not".and."in"=="claim"`},
	}
	for canonical, spellings := range tests {
		want := parse(t, canonical)
		require.Equal(t, canonical, want.String())
		for _, text := range spellings {
			assert.Equal(t, want, parse(t, text), text)
		}
	}
}

// The text may be a view of a buffer that is used again.
func TestParse_KeepsNothingOfTheText(t *testing.T) {
	buffer := []byte(`claim:"text" == premium and claim:number < 42.5`)
	c := parse(t, unsafe.String(&buffer[0], len(buffer)))
	clear(buffer)
	assert.True(t, c.Holds(alice))
	assert.Equal(t, `claim:text == premium and claim:number < 42.5`, fmt.Sprint(c))
}
