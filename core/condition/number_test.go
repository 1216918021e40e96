package condition

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseDecimal_IsJSON(t *testing.T) {
	numbers := []string{"0", "-0", "1", "10", "1.5", "-1.50", "0.0", "1e5", "1E-5", "1.5e+05", "0e0"}
	for _, s := range numbers {
		_, ok := parseDecimal(s)
		assert.True(t, ok, s)
	}
	others := []string{"", "-", "+1", "01", "-01", "00", "1.", ".5", "1.e5", "1e", "1e+", "1e5x", "1e5.5", "1x", " 1", "1 ", "--1", "0x1", "1_0", "NaN", "Infinity", "e5", "-e5", "١"}
	for _, s := range others {
		_, ok := parseDecimal(s)
		assert.False(t, ok, s)
	}
}

// ascending has groups of equal numbers, from small to large.
var ascending = [][]string{
	{"-1e1000000000000000000000", "-1e9999999999999"},
	{"-1e401", "-10e400"},
	{"-100", "-1e2", "-100.00", "-0.1e3", "-1000e-1"},
	{"-99.9"},
	{"-1"},
	{"-0.001", "-1e-3", "-0.0010"},
	{"-1e-400"},
	{"-1e-1000000000000000000000"},
	{"0", "-0", "0.000", "0e5", "-0.0e-1000000000000000000000", "0e1000000000000000000000"},
	{"1e-1000000000000000000000", "1e-9999999999999"},
	{"1e-400", "0.001e-397"},
	{"0.00099"},
	{"0.001", "1e-3", "0.0010"},
	{"0.01", "1E-02"},
	{"0.0101"},
	{"0.1"},
	{"0.9999999999999999999999"},
	{"1", "1.0", "10e-1", "0.00001e5"},
	{"1.0000000000000000000001"},
	{"9.9"},
	{"10", "1e1", "1e+1", "1e0001"},
	{"10.01", "1001e-2", "0.1001e2"},
	{"9007199254740992"},
	{"9007199254740993", "900719925474099.3e1"},
	{"1e400"},
	{"1e1000000000000000000000", "1e9999999999999"},
}

func TestDecimal_Order(t *testing.T) {
	for i, group := range ascending {
		for j, others := range ascending {
			want := min(max(i-j, -1), 1)
			for _, a := range group {
				for _, b := range others {
					x, _ := parseDecimal(a)
					y, _ := parseDecimal(b)
					assert.Equal(t, want, x.compare(y), "%s and %s", a, b)
				}
			}
		}
	}
}

func TestDecimal_AgreesWithRationals(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	number := func() string {
		s := fmt.Sprint(random.IntN(2001) - 1000)
		if random.IntN(2) == 0 {
			s += fmt.Sprintf(".%0*d", 1+random.IntN(4), random.IntN(100))
		}
		if random.IntN(2) == 0 {
			s += fmt.Sprintf("e%d", random.IntN(9)-4)
		}
		return s
	}
	for range 10_000 {
		a, b := number(), number()
		x, ok := parseDecimal(a)
		require.True(t, ok, a)
		y, ok := parseDecimal(b)
		require.True(t, ok, b)
		require.Equal(t, rational(a).Cmp(rational(b)), x.compare(y), "%s and %s", a, b)
	}
}
