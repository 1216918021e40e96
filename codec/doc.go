// Package codec turns bytes into meaning and back: the HTTP upgrade, RFC 6455
// frames, masking, UTF-8, permessage-deflate of RFC 7692, and the {type, action,
// data} envelope.
//
// The package is pure. It does no I/O, starts no goroutine and reads no clock,
// so every parser can be driven by a test or a fuzzer one byte at a time.
//
// Three rules hold throughout:
//
//   - Parsers return views. A []byte that comes out points into the bytes that
//     went in, unless its comment says otherwise. Whoever keeps it copies it.
//   - Append functions append to dst, return the extended slice and keep
//     neither dst nor their arguments.
//   - A type without a comment on concurrency belongs to one goroutine.
//     [Message] is immutable and may be shared. The parsing and appending
//     functions share no state that a caller could see.
//
// Nothing allocates per frame or per ordinary envelope; the tests assert it.
package codec
