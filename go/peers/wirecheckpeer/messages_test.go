package wirecheckpeer

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/wirecheck/wirecheck/go/generated/hello"
	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// helloSet describes the article's schema, as an order may.
func helloSet(t *testing.T) []byte {
	t.Helper()
	file := protodesc.ToFileDescriptorProto(hello.File_hello_proto)
	set := &descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{file}}
	data, err := proto.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestATypeIsTakenFromTheSetOrBuiltIn(t *testing.T) {
	builtIn, err := messageType("HelloRequest", nil)
	equal(t, err, nil)
	_, generated := builtIn.New().Interface().(*hello.HelloRequest)
	equal(t, generated, true)
	described, err := messageType("HelloRequest", helloSet(t))
	equal(t, err, nil)
	_, dynamic := described.New().Interface().(*dynamicpb.Message)
	equal(t, dynamic, true)
	packaged, err := messageType("helloworld.HelloRequest", helloSet(t))
	equal(t, err, nil)
	equal(t, string(packaged.Descriptor().FullName()), "helloworld.HelloRequest")
}

func TestATypeThatNobodyHas(t *testing.T) {
	for _, set := range [][]byte{nil, helloSet(t), []byte("no set")} {
		_, err := messageType("Nobody", set)
		equal(t, err != nil, true)
	}
}

func TestPiecesAndFillsMakeOnePayload(t *testing.T) {
	pieces := append(bytesPayload([]byte("ab")).Pieces, fill('x', 3), fill('y', 1))
	data, err := payload(&peerpb.Payload{Pieces: pieces})
	equal(t, err, nil)
	equal(t, string(data), "abxxxy")
}

func TestPayloadsThatCannotBeMade(t *testing.T) {
	for _, pieces := range [][]*peerpb.Piece{
		{fill(256, 1)},
		{fill(0, maxFill), fill(0, 1)},
		{fill(0, 1<<63), fill(0, 1<<63)}, // Their sum is nothing.
	} {
		_, err := payload(&peerpb.Payload{Pieces: pieces})
		equal(t, err != nil, true)
	}
}

func TestAMessageIsEncodedByTheCodecAndRawBytesAreNot(t *testing.T) {
	twice := []byte("\x0a\x01a\x0a\x01b")
	requests, _ := messageType("HelloRequest", nil)
	for _, given := range []struct {
		step *peerpb.Step
		want []byte
	}{{message(twice), []byte("\x0a\x01b")}, {raw(twice), twice}} {
		outgoing, err := outgoing(given.step, requests)
		equal(t, err, nil)
		encoded, err := protoCodec(t).Marshal(outgoing)
		equal(t, err, nil)
		equal(t, encoded.Materialize(), given.want)
	}
	_, err := outgoing(message([]byte("\x0a\x05Wo")), requests)
	equal(t, err != nil, true)
}

// protoCodec is what grpc-go finds for every call.
func protoCodec(t *testing.T) codec {
	t.Helper()
	ours, ok := encoding.GetCodecV2("proto").(codec)
	equal(t, ok, true)
	return ours
}

func TestAnInboxNotesWhatWasDecodedAndWhatWasRefused(t *testing.T) {
	requests, _ := messageType("HelloRequest", nil)
	inbox := newInbox(requests, false)
	codec := protoCodec(t)
	decode := func(data []byte) error {
		encoded, err := codec.Marshal(rawMessage(data))
		equal(t, err, nil)
		return codec.Unmarshal(encoded, inbox.next())
	}
	equal(t, decode(world), nil)
	equal(t, decode([]byte("\x0a\x02\xff\xfe")) != nil, true)
	seen, count := inbox.report(false)
	equal(t, count, uint64(2))
	hash := sha256.Sum256(world)
	equal(t, seen[0].Head, world)
	equal(t, seen[0].Sha256, hash[:])
	equal(t, strings.Contains(seen[1].CodecError, "UTF-8"), true)
	equal(t, inbox.hasRefused(), true)
}

func TestLongMessagesAreReportedInFullOnlyIfAsked(t *testing.T) {
	long := &hello.HelloRequest{Name: strings.Repeat("n", 3*1024*1024)}
	for _, given := range []struct {
		whole bool
		want  []int
	}{{false, []int{headSize, headSize}}, {true, []int{proto.Size(long), headSize}}} {
		inbox := newInbox(long.ProtoReflect().Type(), given.whole)
		inbox.note(long)
		inbox.note(long) // Beyond the allowance of the call.
		seen, _ := inbox.report(given.whole)
		equal(t, []int{len(seen[0].Head), len(seen[1].Head)}, given.want)
		equal(t, seen[1].Length, uint64(proto.Size(long)))
	}
}

func TestMoreMessagesThanAreReportedAreCounted(t *testing.T) {
	inbox := newInbox(nil, false)
	for range maxSeen + 1 {
		inbox.note(&hello.HelloRequest{})
	}
	seen, count := inbox.report(false)
	equal(t, []any{len(seen), count}, []any{maxSeen, uint64(maxSeen + 1)})
}

func TestMetadataKeepsItsOrderWithinAKey(t *testing.T) {
	given := []*peerpb.Metadatum{pairOf("x-b", "2"), pairOf("x-a-bin", "\x00\xff"), pairOf("x-b", "1")}
	equal(t, toPairs(given), []string{"x-b", "2", "x-a-bin", "\x00\xff", "x-b", "1"})
	seen := fromMD(metadata.Pairs(toPairs(given)...))
	equal(t, valuesOf(seen, "x-b"), []string{"2", "1"})
	equal(t, valuesOf(seen, "x-a-bin"), []string{"\x00\xff"})
}

func TestMetadataIsCutWhereItWouldFillAnEnvelope(t *testing.T) {
	half := strings.Repeat("v", maxReported/2)
	seen := fromMD(metadata.Pairs("x-a", half, "x-b", half))
	equal(t, len(seen), 1)
}

func TestDetailsTravelAsTrailingMetadata(t *testing.T) {
	pairs := trailing(&peerpb.Status{Details: []byte{8, 9}, Trailing: []*peerpb.Metadatum{pairOf("x", "y")}})
	equal(t, bytes.Equal(statusDetails(pairs), []byte{8, 9}), true)
	equal(t, pairs.Get("x"), []string{"y"})
	equal(t, statusDetails(trailing(&peerpb.Status{})), []byte(nil))
}
