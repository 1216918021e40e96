package codec

// Window is how far back the server's compression looks for one client, which
// the client bounds: RFC 7692 section 7.1.2.1. A message is compressed once for
// all clients of a window, so there are few of them.
type Window uint8

// The windows. NoWindow is that of a client that gets nothing compressed.
const (
	NoWindow Window = iota
	Window15        // 32 KiB, what browsers take
	Window12        // 4 KiB
	Window9         // 512 bytes

	// WindowCount is the number of windows, NoWindow among them.
	WindowCount = 4
)

// bits returns the base-2 logarithm of the window's size in bytes.
func (w Window) bits() int { return [WindowCount]int{0, 15, 12, 9}[w] }

// windowWithin returns the largest window of at most so many bits.
func windowWithin(bits int) Window {
	for w := Window15; w < WindowCount; w++ {
		if w.bits() <= bits {
			return w
		}
	}
	return NoWindow
}

// Windows is a set of windows. NoWindow is never in it.
type Windows uint8

// With returns the set with one window more.
func (s Windows) With(w Window) Windows { return (s | 1<<w) &^ (1 << NoWindow) }

// Has reports whether the window is in the set.
func (s Windows) Has(w Window) bool { return s&(1<<w) != 0 }
