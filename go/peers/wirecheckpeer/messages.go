package wirecheckpeer

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	testingpb "github.com/wirecheck/wirecheck/go/generated/grpc/testing"
	"github.com/wirecheck/wirecheck/go/generated/hello"
	"github.com/wirecheck/wirecheck/go/generated/helloworld"
	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// Message types, what is sent, and what was seen of what came in.

const (
	maxSeen  = 1_000            // Messages of which more than their number is reported.
	headSize = 4 * 1024         // Bytes of a message that are always reported.
	maxWhole = 4 * 1024 * 1024  // Bytes of the longest message that is reported in full.
	maxFill  = 64 * 1024 * 1024 // Bytes of all fills of one payload.
	maxError = 1_000            // Bytes of a codec's error.
	maxPools = 32               // Descriptor sets that are kept for the next order.
)

var builtIn = map[string]proto.Message{
	"HelloRequest":                             &hello.HelloRequest{},
	"HelloReply":                               &hello.HelloReply{},
	"helloworld.HelloRequest":                  &helloworld.HelloRequest{},
	"helloworld.HelloReply":                    &helloworld.HelloReply{},
	"grpc.testing.Empty":                       &testingpb.Empty{},
	"grpc.testing.SimpleRequest":               &testingpb.SimpleRequest{},
	"grpc.testing.SimpleResponse":              &testingpb.SimpleResponse{},
	"grpc.testing.StreamingInputCallRequest":   &testingpb.StreamingInputCallRequest{},
	"grpc.testing.StreamingInputCallResponse":  &testingpb.StreamingInputCallResponse{},
	"grpc.testing.StreamingOutputCallRequest":  &testingpb.StreamingOutputCallRequest{},
	"grpc.testing.StreamingOutputCallResponse": &testingpb.StreamingOutputCallResponse{},
}

// rawMessage is a message that is sent as it is.
type rawMessage []byte

// messageType finds a message type: described by the order itself, or built in.
func messageType(name string, descriptorSet []byte) (protoreflect.MessageType, error) {
	builtIn := builtIn[name]
	if len(descriptorSet) == 0 && builtIn == nil {
		why := fmt.Sprintf("%q is not built in and no descriptor set came with it", name)
		return nil, &couldNotTryError{why}
	}
	files, err := pool(descriptorSet)
	if err != nil {
		return nil, err
	}
	found, err := files.FindDescriptorByName(protoreflect.FullName(name))
	if described, ok := found.(protoreflect.MessageDescriptor); ok && err == nil {
		return dynamicpb.NewMessageType(described), nil
	}
	if builtIn == nil {
		return nil, &couldNotTryError{fmt.Sprintf("the descriptor set has no message %q", name)}
	}
	return builtIn.ProtoReflect().Type(), nil
}

var pools = struct {
	sync.Mutex
	known map[string]*protoregistry.Files
}{known: map[string]*protoregistry.Files{}}

func pool(descriptorSet []byte) (*protoregistry.Files, error) {
	pools.Lock()
	defer pools.Unlock()
	if files := pools.known[string(descriptorSet)]; files != nil {
		return files, nil
	}
	files, err := newPool(descriptorSet)
	if err != nil {
		return nil, &couldNotTryError{fmt.Sprintf("the descriptor set cannot be used: %v", err)}
	}
	if len(pools.known) >= maxPools {
		clear(pools.known)
	}
	pools.known[string(descriptorSet)] = files
	return files, nil
}

func newPool(descriptorSet []byte) (*protoregistry.Files, error) {
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(descriptorSet, set); err != nil {
		return nil, err
	}
	return protodesc.NewFiles(set)
}

// outgoing gives what a `message` or `raw` step sends: a proto.Message or a rawMessage.
func outgoing(step *peerpb.Step, messageType protoreflect.MessageType) (any, error) {
	if raw, ok := step.Kind.(*peerpb.Step_Raw); ok {
		data, err := payload(raw.Raw)
		return rawMessage(data), err
	}
	data, err := payload(step.GetMessage())
	if err != nil {
		return nil, err
	}
	message := messageType.New().Interface()
	if err := proto.Unmarshal(data, message); err != nil {
		return nil, &couldNotTryError{fmt.Sprintf("the given message cannot be decoded: %v", err)}
	}
	return message, nil
}

func payload(payload *peerpb.Payload) ([]byte, error) {
	var fills uint64
	for _, piece := range payload.GetPieces() {
		count := piece.GetFill().GetCount()
		if fills += count; count > maxFill || fills > maxFill {
			why := fmt.Sprintf("the fills of a payload are longer than %d bytes", maxFill)
			return nil, &couldNotTryError{why}
		}
	}
	var data []byte
	for _, piece := range payload.GetPieces() {
		bytes, err := pieceBytes(piece)
		if err != nil {
			return nil, err
		}
		data = append(data, bytes...)
	}
	return data, nil
}

func pieceBytes(piece *peerpb.Piece) ([]byte, error) {
	fill := piece.GetFill()
	if fill == nil {
		return piece.GetBytes(), nil
	}
	if fill.Byte > 0xFF {
		return nil, &couldNotTryError{fmt.Sprintf("a fill repeats %d, which is no byte", fill.Byte)}
	}
	return bytes.Repeat([]byte{byte(fill.Byte)}, int(fill.Count)), nil
}

// payloadSteps gives the numbers, from 1, of the steps that send a message.
func payloadSteps(steps []*peerpb.Step) []int {
	var numbers []int
	for index, step := range steps {
		switch step.Kind.(type) {
		case *peerpb.Step_Message, *peerpb.Step_Raw:
			numbers = append(numbers, index+1)
		}
	}
	return numbers
}

// incoming is what grpc-go is given to decode a message into.
type incoming struct {
	inbox   *inbox
	message proto.Message
}

// decode has the library's codec decode it, and lets the inbox know.
func (i *incoming) decode(unmarshal func(any) error) error {
	err := unmarshal(i.message)
	if err != nil {
		i.inbox.refuse(err)
	} else {
		i.inbox.note(i.message)
	}
	return err
}

// inbox notes all messages of a call that are decoded.
//
// grpc-go decodes a message when somebody reads it, so what was decoded is what was received.
type inbox struct {
	messageType protoreflect.MessageType
	mutex       sync.Mutex
	seen        []*peerpb.Seen
	count       uint64
	refused     bool // Whether the codec refused a message.
	// An event must fit into an envelope, so the messages of a call share one allowance for what
	// goes beyond the first bytes of each.
	allowance int
}

func newInbox(messageType protoreflect.MessageType, whole bool) *inbox {
	inbox := &inbox{messageType: messageType}
	if whole {
		inbox.allowance = maxWhole
	}
	return inbox
}

// next gives a place for the next message.
func (i *inbox) next() *incoming { return &incoming{i, i.messageType.New().Interface()} }

// report gives what was received, at most the first maxSeen, and how much it was.
func (i *inbox) report(whole bool) ([]*peerpb.Seen, uint64) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if !whole {
		for _, seen := range i.seen {
			seen.Head = seen.Head[:min(len(seen.Head), headSize)]
		}
	}
	return i.seen[:len(i.seen):len(i.seen)], i.count
}

// hasRefused says whether the codec refused a message.
func (i *inbox) hasRefused() bool {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	return i.refused
}

func (i *inbox) refuse(err error) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	i.refused = true
	i.add(&peerpb.Seen{CodecError: cut(err.Error(), maxError)})
}

// note notes a message that was decoded.
func (i *inbox) note(message proto.Message) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if i.count < maxSeen {
		i.add(i.look(message))
	} else {
		i.count++
	}
}

func (i *inbox) add(seen *peerpb.Seen) {
	i.count++
	if i.count <= maxSeen {
		i.seen = append(i.seen, seen)
	}
}

func (i *inbox) look(message proto.Message) *peerpb.Seen {
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	if err != nil {
		return &peerpb.Seen{CodecError: cut(err.Error(), maxError)}
	}
	hash := sha256.Sum256(data)
	return &peerpb.Seen{Length: uint64(len(data)), Sha256: hash[:], Head: i.head(data)}
}

func (i *inbox) head(data []byte) []byte {
	if len(data) <= headSize || len(data) > i.allowance {
		// A copy, so that the rest of a long message is not held.
		return bytes.Clone(data[:min(len(data), headSize)])
	}
	i.allowance -= len(data)
	return data
}
