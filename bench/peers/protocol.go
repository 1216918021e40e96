package main

import (
	"bytes"
	"encoding/json"
)

// What clients say and hear, whichever the library. A request to join a room is
// answered with joined; any other message is sent back as it came.
const (
	joinPrefix = `{"type":"system","action":"joinRoom",`
	joined     = `{"type":"system","action":"joinRoom","response":{"success":true}}`
)

// roomToJoin returns the room that a message asks to join; ok is false for a
// message that does not. Other messages cost it a comparison.
func roomToJoin(message []byte) (room string, ok bool) {
	if !bytes.HasPrefix(message, []byte(joinPrefix)) {
		return "", false
	}
	var request struct {
		Data struct {
			RoomName string `json:"roomName"`
		} `json:"data"`
	}
	err := json.Unmarshal(message, &request)
	return request.Data.RoomName, err == nil && request.Data.RoomName != ""
}
