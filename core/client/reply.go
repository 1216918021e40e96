package client

import "encoding/json"

// ReplyError is an error with which the server replied. There are two forms: the
// error message {"type":"error",…} with the request's id, and a response that is
// an object with a text as its error, unless its success is true.
type ReplyError struct {
	Text     string          // a sentence
	Code     string          // upper snake; may be empty
	Response json.RawMessage // the response, or the error message's data
}

// Error returns the text, and the code if there is one.
func (e *ReplyError) Error() string {
	if e.Code == "" {
		return e.Text
	}
	return e.Text + " (" + e.Code + ")"
}

// replyError returns the error in a reply, nil if it is none.
func replyError(m *incoming) error {
	if m.Type == "error" {
		refused := readError(m.Data)
		if refused.Text == "" {
			refused.Text = "The request failed"
		}
		return refused
	}
	if refused := readError(m.Response); refused.Text != "" {
		return refused
	}
	return nil
}

// readError returns the error in a response; its text is empty if it is none.
func readError(response json.RawMessage) *ReplyError {
	var content struct{ Success, Error, Code json.RawMessage }
	refused := &ReplyError{Response: response}
	if json.Unmarshal(response, &content) != nil || string(content.Success) == "true" {
		return refused
	}
	refused.Text, _ = unquote(content.Error)
	refused.Code, _ = unquote(content.Code)
	return refused
}
