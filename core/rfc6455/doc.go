// Package rfc6455 holds the server to RFC 6455: it has a file for each section, and
// in it a test for each requirement, named after the section that it is of. A real
// server on a real port is spoken to over raw sockets, and its clients are those of
// the echo path, which are sent back what they send:
//
//	go test ./core/rfc6455 -v -run 'TestRFC6455_5_4'
//
// Nothing of the server's own code builds or reads a frame here: the two cannot
// agree on a mistake.
package rfc6455
