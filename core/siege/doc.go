// Package siege has the tests that attack the program while a thousand clients
// behave: each of them must get every message, and the memory that an attack took
// must come back. `make siege` runs them in full and prints what the README shows;
// `make test` has a short form of each.
package siege
