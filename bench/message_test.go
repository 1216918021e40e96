package bench

import (
	"encoding/json"
	"testing"
	"time"
)

func TestMessageRoundTrip(t *testing.T) {
	sent := time.Now().UnixNano()
	for _, size := range []int{minMessage, minMessage + 1, 128, 4096} {
		m := appendMessage(nil, 41, sent, size)
		if len(m) != size || !json.Valid(m) {
			t.Fatalf("size %d: %d bytes: %s", size, len(m), m)
		}
		seq, at, ok := parseMessage(m)
		if seq != 41 || at != sent || !ok {
			t.Errorf("size %d: %d, %d, %v", size, seq, at, ok)
		}
	}
}

func TestParseMessageRefuses(t *testing.T) {
	good := appendMessage(nil, 1, 1, 128)
	change := func(at int, c byte) []byte {
		b := append([]byte(nil), good...)
		b[at] = c
		return b
	}
	for name, b := range map[string][]byte{
		"empty":        nil,
		"short":        good[:minMessage-1],
		"other type":   change(12, 'x'),
		"bad sequence": change(seqAt+3, 'x'),
		"below first":  change(seqAt, '0'),
		"bad time":     change(sentAt, '-'),
		"cut":          good[:len(good)-1],
	} {
		if _, _, ok := parseMessage(b); ok {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestSumMetric(t *testing.T) {
	const text = `# HELP gannet_writes_total Writes.
# TYPE gannet_writes_total counter
gannet_writes_total{shard="0",note="a } b"} 10
gannet_writes_total{shard="1"} 2.5e1 1700000000
gannet_writes_total_other 1000
gannet_writes 1000
plain 7
`
	for name, want := range map[string]float64{"gannet_writes_total": 35, "plain": 7} {
		if got, err := sumMetric(text, name); got != want || err != nil {
			t.Errorf("%s = %v, %v, want %v", name, got, err, want)
		}
	}
	if _, err := sumMetric(text, "absent"); err == nil {
		t.Error("an absent metric is no error")
	}
}

func TestCountReceivers(t *testing.T) {
	body := []byte("{\"receivers\":2}\n{\"receivers\":3}\n")
	if n, err := countReceivers(body, 2); n != 5 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := countReceivers(body, 3); err == nil {
		t.Error("a missing answer is no error")
	}
}
