// Package condition says for which clients a broadcast is meant. A [Condition]
// is a question about a client's user id, the claims of its token and its
// metadata:
//
//	claim:subscription == premium and not claim:banned
//	user in (5, alice) or claim:roles has admin
//	meta:position.zone >= 7 && claim:"https://example.com/plan" != "free trial"
//
// It travels between nodes as text, so every text that is accepted means the
// same everywhere, and its size and depth are bounded.
//
// # Operands
//
//	user           the user id, as text; anonymous clients have none
//	claim:NAME     a claim of the token
//	meta:KEY       the client's metadata under a key
//	claim:A.B      what the object A has under B, also with meta
//
// Names are letters, digits, _ and -; others stand in quotes: claim:"a.b".c. No
// white space stands around the colon and the dots. A path leads through objects
// only.
//
// An operand is missing when the client has none, and when its path leads
// nowhere. Of duplicate names in an object the last counts.
//
// # Tests
//
//	X              X is there and is neither null, false, a zero, "", [] nor {}
//	X == L         X equals L
//	X != L         X does not equal L: holds when X is missing
//	X < L          X is less than L; also <=, > and >=
//	X in (L, L)    X equals one of them
//	X has L        X is an array, and an element equals L
//
// The literal L is a number as JSON writes it, true, false, null, a word that
// begins with a letter or _ and goes on like a name, or a text in quotes with the
// escapes of JSON. The words of the language (user, not, and, or, in, has) need
// quotes to be literals.
//
//	the value is    equals                               is ordered
//	a text          the same text, by code points        by code points
//	a number        the same number, 1.0 as well as 1    by size
//	true, false     the same word                        not at all
//	null            null                                 not at all
//	array, object   nothing                              not at all
//	missing         nothing, null neither                not at all
//	the user id     the same text; the same number,      as text with texts, by
//	                if it is one                         size with numbers
//
// A text and a number differ and have no order: == is false, != is true and the
// others are false. Only the user id is both: user == 5 and user == "5" hold for
// the user 5, whether the token says 5 or "5". It is a number in its plain
// spelling alone, as 5, -5 and 0.5 are and 05, 5.0 and 5e0 are not, so two users
// never equal one number.
//
// Numbers are the exact decimals that are written, whatever their size:
// 9007199254740993 and 9007199254740992 differ, which they do not in JavaScript.
// Half a surrogate pair in a client's JSON is U+FFFD.
//
// What can never hold is an error: an order with true, false or null, the user
// id compared with one of these, and user has L.
//
// # Joining tests
//
// not, and, or, in the order of their strength, and parentheses; !, && and || are
// the same. not takes the whole test behind it: not X == L is not (X == L). Words
// are written in lower case.
package condition
