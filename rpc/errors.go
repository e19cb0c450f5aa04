package rpc

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/processmanager/processmanager/supervisor"
)

// The codes of JSON-RPC 2.0.
const (
	CodeParse          = -32700
	CodeInvalidRequest = -32600
	CodeMethodNotFound = -32601
	CodeInvalidParams  = -32602
	CodeInternal       = -32603
)

// Our own codes begin here: -32001 for the first of supervisor.Errors, and so on
// downwards.
const firstCode = -32001

// CodeNeedsWebSocket answers a method that HTTP cannot carry.
const CodeNeedsWebSocket = -32010

// Error is the error object of a response.
type Error struct {
	Code    int       `json:"code"`
	Message string    `json:"message"`
	Data    ErrorData `json:"data"`
}

// ErrorData tells a program what the message tells a human.
type ErrorData struct {
	Reason string `json:"reason" doc:"Stable word for the code, for example NotFound."`
	Name   string `json:"name,omitempty" doc:"The process that was asked for."`
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// CodeRow is one row of the table of codes.
type CodeRow struct {
	Code    int
	Reason  string // stable word in data.reason
	Message string // what it means, in general
}

// Codes lists every code, those of the protocol first.
func Codes() []CodeRow {
	rows := []CodeRow{
		{CodeParse, "ParseError", "the message is not JSON in UTF-8"},
		{CodeInvalidRequest, "InvalidRequest", "the message is not a JSON-RPC 2.0 request"},
		{CodeMethodNotFound, "MethodNotFound", "there is no such method"},
		{CodeInvalidParams, "InvalidParams", "a parameter is unknown, missing or of the wrong type"},
		{CodeInternal, "InternalError", "the manager failed to answer"},
	}
	for i, sentinel := range supervisor.Errors() {
		rows = append(rows, CodeRow{firstCode - i, sentinelWords[i], sentinel.Error()})
	}
	return append(rows, CodeRow{CodeNeedsWebSocket, "NeedsWebSocket", "the method works over WebSocket only"})
}

// sentinelWords are the stable words of supervisor.Errors, in its order: the
// names of the Go variables without Err.
var sentinelWords = []string{"NotFound", "Exists", "Invalid", "NotRunning", "Start", "StopTimeout", "Closed", "Forbidden"}

// codeOf returns the code of a sentinel.
func codeOf(sentinel error) int {
	for i, known := range supervisor.Errors() {
		if errors.Is(sentinel, known) {
			return firstCode - i
		}
	}
	return CodeInternal
}

func reasonOf(code int) string {
	for _, row := range Codes() {
		if row.Code == code {
			return row.Reason
		}
	}
	return "InternalError"
}

func newError(code int, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Data: ErrorData{Reason: reasonOf(code)}}
}

// toError translates what a method returned. name is the process asked for, if
// there is one.
func toError(err error, name string) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	out := newError(codeOf(err), "%s", err.Error())
	out.Data.Name = name
	return out
}

func (e *Error) encode() json.RawMessage {
	raw, err := encode(e)
	if err != nil { // strings and a number: cannot happen
		return json.RawMessage(`{"code":-32603,"message":"internal error"}`)
	}
	return raw
}

func didYouMean(word string, words []string) string {
	if near := supervisor.Nearest(word, words); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}
