package bus

import "slices"

// The channels of PXL. Applications have others of their own, such as
// "analytics:clicks".
const (
	ClientConnected    = "clientConnected"    // a client has connected, anywhere
	ClientDisconnected = "clientDisconnected" // a client has gone
	DisconnectClient   = "disconnectClient"   // a client is to be disconnected
	ClientJoinedRoom   = "clientJoinedRoom"   // a client has joined a room
	ClientLeftRoom     = "clientLeftRoom"     // a client has left a room
	SendMessage        = "sendMessage"        // for subscribers alone: nothing is sent
	SendMessageToAll   = "sendMessageToAll"   // a message for all clients
	MessageError       = "messageError"       // an error for one client
	QueueJobCompleted  = "queueJobCompleted"  // a job of a queue is done
	QueueJobError      = "queueJobError"      // a job of a queue has failed
	Custom             = "custom"             // whatever the application wants
)

var pxlChannels = []string{
	ClientConnected, ClientDisconnected, DisconnectClient, ClientJoinedRoom, ClientLeftRoom,
	SendMessage, SendMessageToAll, MessageError, QueueJobCompleted, QueueJobError, Custom,
}

// PXLChannels returns the names of PXL's channels. The slice is the caller's.
func PXLChannels() []string { return slices.Clone(pxlChannels) }
