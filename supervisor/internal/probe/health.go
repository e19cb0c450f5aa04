package probe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// What crosses the wire is two messages of one field each:
//
//	message HealthCheckRequest  { string service = 1; }
//	message HealthCheckResponse { ServingStatus status = 1; }
//
// They are written and read by hand (https://protobuf.dev/programming-guides/encoding/),
// which is smaller than a library by some mebibytes.

// servingStatus says how a service is.
type servingStatus int32

const serving servingStatus = 1

func (s servingStatus) String() string {
	names := [...]string{"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"}
	if s >= 0 && int(s) < len(names) {
		return names[s]
	}
	return "serving status " + strconv.Itoa(int(s))
}

// The kinds of fields; the low three bits of a tag.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

func encodeRequest(service string) []byte {
	if service == "" {
		return nil
	}
	message := binary.AppendUvarint([]byte{1<<3 | wireBytes}, uint64(len(service)))
	return append(message, service...)
}

// decodeResponse reads a HealthCheckResponse. Unknown fields are skipped, the last
// status wins, none at all is UNKNOWN. Groups, which no version of this message
// ever had, are refused.
func decodeResponse(message []byte) (servingStatus, error) {
	var status servingStatus
	for len(message) > 0 {
		tag, n := binary.Uvarint(message)
		if n <= 0 || tag>>3 == 0 || tag>>3 >= 1<<29 {
			return 0, errors.New("malformed message: bad field number")
		}
		message = message[n:]
		n, err := fieldLen(tag&7, message)
		if err != nil {
			return 0, err
		}
		if tag == 1<<3|wireVarint {
			value, _ := binary.Uvarint(message)
			status = servingStatus(value) // an enum is the low 32 bits
		}
		message = message[n:]
	}
	return status, nil
}

// fieldLen returns how many bytes the value at the beginning of b takes.
func fieldLen(kind uint64, b []byte) (int, error) {
	short := errors.New("malformed message: it ends in the middle of a field")
	size := uint64(0)
	switch kind {
	case wireVarint:
		_, n := binary.Uvarint(b)
		if n <= 0 {
			return 0, short
		}
		size = uint64(n)
	case wireFixed64:
		size = 8
	case wireFixed32:
		size = 4
	case wireBytes:
		length, n := binary.Uvarint(b)
		if n <= 0 || length > uint64(len(b)) {
			return 0, short
		}
		size = uint64(n) + length
	default:
		return 0, fmt.Errorf("malformed message: a field has the type %d", kind)
	}
	if size > uint64(len(b)) {
		return 0, short
	}
	return int(size), nil
}

// frameHeader is a flag for compression and the length of the message.
const frameHeader = 5

func frame(message []byte) []byte {
	header := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))
	return append(header, message...)
}

// unframe returns the one message in body.
func unframe(body []byte) ([]byte, error) {
	if len(body) == 0 {
		return nil, errors.New("it has no message")
	}
	if len(body) < frameHeader {
		return nil, errors.New("it ends in the middle of a message")
	}
	length := uint64(binary.BigEndian.Uint32(body[1:frameHeader]))
	rest := body[frameHeader:]
	switch {
	case body[0] != 0:
		return nil, errors.New("the message is compressed, which was not offered")
	case uint64(len(rest)) < length:
		return nil, errors.New("it ends in the middle of a message")
	case uint64(len(rest)) > length:
		return nil, errors.New("it has more than one message")
	}
	return rest, nil
}
