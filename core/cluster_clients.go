package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gannet-ws/gannet/core/auth"
)

const (
	kindClient         = builtIn + "client"
	kindUser           = builtIn + "user"
	kindDisconnect     = builtIn + "disconnect"
	kindDisconnectUser = builtIn + "disconnectUser"
)

// handleSurveys adds the answers to what Cluster asks.
func (s *Server) handleSurveys() {
	s.surveyHandlers = map[string]SurveyHandler{
		kindStats:          s.answerStats,
		kindRooms:          s.answerRooms,
		kindMembers:        s.answerMembers,
		kindClient:         s.answerClient,
		kindUser:           s.answerUser,
		kindDisconnect:     s.answerDisconnect,
		kindDisconnectUser: s.answerDisconnectUser,
		kindRoom:           s.answerRoom,
		kindRoomPage:       s.answerRoomPage,
		kindJoin:           s.answerMembership(oneClient, (*Server).joinHere),
		kindJoinUser:       s.answerMembership(clientsOfUser, (*Server).joinHere),
		kindLeave:          s.answerMembership(oneClient, (*Server).leaveHere),
		kindLeaveUser:      s.answerMembership(clientsOfUser, (*Server).leaveHere),
		kindGlance:         s.answerGlance,
		kindMetadata:       s.answerMetadata,
		kindClientPage:     s.answerClientPage,
	}
}

// LocatedClient is a client and the node that holds it.
type LocatedClient struct {
	ClientID ClientID `json:"clientId"`
	Node     string   `json:"node"`
}

// ClientList is clients of all nodes.
type ClientList struct {
	Clients   []LocatedClient `json:"clients"`
	Count     int             `json:"count"`     // of all, listed or not
	Truncated bool            `json:"truncated"` // there are more than the limit
	Coverage
}

// someClients are clients of one node.
type someClients struct {
	Clients []ClientID `json:"clients"`
	Count   int        `json:"count"` // of all, listed or not
}

func someOf(ids []ClientID, limit int) someClients {
	return someClients{ids[:min(len(ids), limit)], len(ids)}
}

// list joins the clients of all nodes.
func (c *Cluster) list(ctx context.Context, kind string, request listRequest) ClientList {
	answers, coverage := inquire[someClients](ctx, c, "", kind, request)
	result := ClientList{Clients: []LocatedClient{}, Coverage: coverage}
	for _, a := range answers {
		result.Count += a.value.Count
		for _, id := range a.value.Clients {
			if len(result.Clients) < request.Limit {
				result.Clients = append(result.Clients, LocatedClient{id, a.node})
			}
		}
	}
	result.Truncated = result.Count > len(result.Clients)
	return result
}

// FindUser returns the clients of a user, by the subject of their tokens, at most
// 1,000 of them.
func (c *Cluster) FindUser(ctx context.Context, userID string) ClientList {
	return c.list(ctx, kindUser, listRequest{UserID: userID, Limit: defaultListed})
}

func (s *Server) answerUser(_ context.Context, data json.RawMessage) (any, error) {
	request, err := readList(data)
	return someOf(s.UserClients(request.UserID), request.Limit), err
}

// FoundClient is what is known of a client, and where it is.
type FoundClient struct {
	Node   string      `json:"node"`   // that its id names
	Client *ClientInfo `json:"client"` // nil when it is not connected, or its node is missing
	Coverage
}

// nodeOf is the node that a client's id names.
func nodeOf(id ClientID) string { return fmt.Sprintf("%012x", id.Node()) }

// clientRequest asks for a client, or has one or those of a user disconnected.
type clientRequest struct {
	ClientID ClientID `json:"clientId"`
	UserID   string   `json:"userId,omitempty"`
	Reason   string   `json:"reason,omitempty"`
}

// FindClient returns what is known of a client. Only the node that the id names is
// asked.
func (c *Cluster) FindClient(ctx context.Context, id ClientID) FoundClient {
	found := FoundClient{Node: nodeOf(id)}
	answers, coverage := inquire[*ClientInfo](ctx, c, found.Node, kindClient, clientRequest{ClientID: id})
	found.Coverage = coverage
	for _, a := range answers {
		found.Client = a.value
	}
	if found.Client != nil {
		found.Client.restoreUser()
	}
	return found
}

// restoreUser gives a user whom a node has told of its id as text, which is not sent.
func (i *ClientInfo) restoreUser() {
	if i.User != nil {
		i.User.ID, _ = auth.SubjectText(i.User.IDJSON)
	}
}

func (s *Server) answerClient(ctx context.Context, data json.RawMessage) (any, error) {
	var request clientRequest
	if err := json.Unmarshal(data, &request); err != nil {
		return nil, err
	}
	info, err := s.Client(ctx, request.ClientID)
	if errors.Is(err, ErrGone) {
		return json.RawMessage("null"), nil
	}
	return info, err
}

// Disconnection says how many clients were disconnected.
type Disconnection struct {
	Clients int `json:"clients"`
	Coverage
}

// Disconnect closes a client wherever it is, as Server.Disconnect does. Only the
// node that the id names is asked.
func (c *Cluster) Disconnect(ctx context.Context, id ClientID, reason string) Disconnection {
	return c.disconnect(ctx, nodeOf(id), kindDisconnect, clientRequest{ClientID: id, Reason: reason})
}

func (s *Server) answerDisconnect(_ context.Context, data json.RawMessage) (any, error) {
	var request clientRequest
	if err := json.Unmarshal(data, &request); err != nil {
		return nil, err
	}
	if s.Disconnect(request.ClientID, request.Reason) {
		return 1, nil
	}
	return 0, nil
}

// DisconnectUser closes all clients of a user, on all nodes, as
// Server.DisconnectUser does.
func (c *Cluster) DisconnectUser(ctx context.Context, userID, reason string) Disconnection {
	return c.disconnect(ctx, "", kindDisconnectUser, clientRequest{UserID: userID, Reason: reason})
}

func (s *Server) answerDisconnectUser(_ context.Context, data json.RawMessage) (any, error) {
	var request clientRequest
	if err := json.Unmarshal(data, &request); err != nil {
		return nil, err
	}
	return s.DisconnectUser(request.UserID, request.Reason), nil
}

// disconnect adds up what the nodes have done.
func (c *Cluster) disconnect(ctx context.Context, nodeID, kind string, request clientRequest) Disconnection {
	answers, coverage := inquire[int](ctx, c, nodeID, kind, request)
	result := Disconnection{Coverage: coverage}
	for _, a := range answers {
		result.Clients += a.value
	}
	return result
}
