// Package secure is the server's end of TLS for event loops: crypto/tls over buffers
// in the place of a socket.
//
// A handshake computes for up to some milliseconds and waits for its peer in
// between, so it runs on a goroutine of its own. Handshakes bounds how many of them
// compute at a time; how many there are is for the loops to bound, which can tell
// those whose peers do not go on. The loop reads and writes the socket meanwhile. From
// the end of the handshake on no goroutine is left: the loop calls crypto/tls itself,
// which never waits, because what it reads and writes are the loop's own buffers. An
// idle connection has none.
package secure
