// Package guide shows that the server does what the WebSocket guide of the PXL
// framework says: it has a test for each heading of the guide, against a real
// server on a real port, and a runnable example for each of its code samples.
// There is a file for each chapter, and everything is named after its heading:
//
//	go test ./core/guide -v -run 'TestGuide_RoomManagement'
//
// The examples are the place to look for how something is done. They begin with
// what the guide's sample has; serve, dial and newClient stand for the parts of a
// program that are around it.
package guide
