package wirecheckpeer

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	testingpb "github.com/wirecheck/wirecheck/go/generated/grpc/testing"
	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// The procedures of the official cases, through both roles.

func startInterop(t *testing.T) (*pair, uint64) {
	pair := startPair(t)
	_, channel := pair.serve(&peerpb.Listen{Services: []string{"grpc.testing.TestService"}})
	return pair, channel
}

func zeros(size int) *testingpb.Payload { return &testingpb.Payload{Body: make([]byte, size)} }

func decoded[Message proto.Message](t *testing.T, seen *peerpb.Seen, into Message) Message {
	t.Helper()
	equal(t, proto.Unmarshal(seen.Head, into), nil)
	return into
}

func outputs(sizes ...int32) *testingpb.StreamingOutputCallRequest {
	request := &testingpb.StreamingOutputCallRequest{}
	for _, size := range sizes {
		request.ResponseParameters = append(request.ResponseParameters, &testingpb.ResponseParameters{Size: size})
	}
	return request
}

// streamOf is a call with several requests.
func streamOf[Request proto.Message](
	t *testing.T, method string, shape peerpb.Shape, response proto.Message, requests ...Request,
) *peerpb.Call {
	t.Helper()
	call := callOf(t, method, *new(Request), response)
	call.Shape, call.Send = shape, []*peerpb.Step{}
	for _, request := range requests {
		data, err := proto.Marshal(request)
		equal(t, err, nil)
		call.Send = append(call.Send, message(data))
	}
	return call
}

func TestLargeUnaryWithMetadata(t *testing.T) {
	pair, channel := startInterop(t)
	request := &testingpb.SimpleRequest{ResponseSize: 314159, Payload: zeros(271828)}
	call := callOf(t, testingpb.TestService_UnaryCall_FullMethodName, request, &testingpb.SimpleResponse{})
	call.Metadata = []*peerpb.Metadatum{
		pairOf(echoInitial, "test_initial_metadata_value"), pairOf(echoTrailing, "\xab\xab\xab"),
	}
	pair.call(channel, call)
	result := pair.result()
	response := decoded(t, result.Messages[0], &testingpb.SimpleResponse{})
	equal(t, len(response.Payload.Body), 314159)
	equal(t, valuesOf(result.Leading, echoInitial), []string{"test_initial_metadata_value"})
	equal(t, valuesOf(result.Trailing, echoTrailing), []string{"\xab\xab\xab"})
	equal(t, pair.handled().Messages[0].Length, uint64(proto.Size(request)))
}

func TestStreamsOfTheOfficialCases(t *testing.T) {
	output := &testingpb.StreamingOutputCallResponse{}
	sizes := []int32{31415, 9, 2653, 58979}
	requests := []*testingpb.StreamingOutputCallRequest{}
	for _, size := range sizes {
		requests = append(requests, outputs(size))
	}
	pair, channel := startInterop(t)
	for _, call := range []*peerpb.Call{
		streamOf(t, testingpb.TestService_StreamingOutputCall_FullMethodName, serverStreaming, output, outputs(sizes...)),
		streamOf(t, testingpb.TestService_FullDuplexCall_FullMethodName, bidirectional, output, requests...),
		streamOf(t, testingpb.TestService_HalfDuplexCall_FullMethodName, bidirectional, output, requests...),
	} {
		pair.call(channel, call)
		result := pair.result()
		equal(t, codes.Code(result.Status), codes.OK)
		var got []int32
		for _, seen := range result.Messages {
			response := decoded(t, seen, &testingpb.StreamingOutputCallResponse{})
			got = append(got, int32(len(response.Payload.Body)))
		}
		equal(t, got, sizes)
		equal(t, pair.handled().RequestEnd, peerpb.RequestEnd_REQUEST_END_HALF_CLOSED)
	}
}

func TestClientStreamingIsSummedUp(t *testing.T) {
	pair, channel := startInterop(t)
	var requests []*testingpb.StreamingInputCallRequest
	for _, size := range []int{27182, 8, 1828, 45904} {
		requests = append(requests, &testingpb.StreamingInputCallRequest{Payload: zeros(size)})
	}
	pair.call(channel, streamOf(t, testingpb.TestService_StreamingInputCall_FullMethodName,
		clientStreaming, &testingpb.StreamingInputCallResponse{}, requests...))
	response := decoded(t, pair.result().Messages[0], &testingpb.StreamingInputCallResponse{})
	equal(t, response.AggregatedPayloadSize, int32(74922))
	equal(t, pair.handled().MessageCount, uint64(4))
}

func TestAStatusIsEchoed(t *testing.T) {
	text := "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
	wanted := &testingpb.EchoStatus{Code: 2, Message: text}
	pair, channel := startInterop(t)
	request := &testingpb.SimpleRequest{ResponseStatus: wanted}
	pair.call(channel, callOf(t, testingpb.TestService_UnaryCall_FullMethodName, request, &testingpb.SimpleResponse{}))
	result := pair.result()
	equal(t, []any{result.Status, result.Message}, []any{uint32(2), text})
	duplex := &testingpb.StreamingOutputCallRequest{ResponseStatus: wanted}
	pair.call(channel, streamOf(t, testingpb.TestService_FullDuplexCall_FullMethodName,
		bidirectional, &testingpb.StreamingOutputCallResponse{}, duplex))
	result = pair.result()
	equal(t, []any{result.Status, result.Message}, []any{uint32(2), text})
}

func TestWhatTheTestServerDoesNotHave(t *testing.T) {
	pair, channel := startInterop(t)
	nothing := &testingpb.Empty{}
	huge := &testingpb.SimpleRequest{ResponseSize: -1}
	for _, given := range []struct {
		call *peerpb.Call
		want codes.Code
	}{
		{callOf(t, testingpb.TestService_UnimplementedCall_FullMethodName, nothing, nothing), codes.Unimplemented},
		{callOf(t, testingpb.UnimplementedService_UnimplementedCall_FullMethodName, nothing, nothing), codes.Unimplemented},
		{callOf(t, testingpb.TestService_EmptyCall_FullMethodName, nothing, nothing), codes.OK},
		{callOf(t, testingpb.TestService_UnaryCall_FullMethodName, huge, huge), codes.InvalidArgument},
	} {
		pair.call(channel, given.call)
		equal(t, codes.Code(pair.result().Status), given.want)
	}
	// The first two were the router's to answer.
	equal(t, pair.began().Method, testingpb.TestService_EmptyCall_FullMethodName)
}

func TestACancelledStreamEndsItsHandler(t *testing.T) {
	pair, channel := startInterop(t)
	call := streamOf(t, testingpb.TestService_FullDuplexCall_FullMethodName, bidirectional,
		&testingpb.StreamingOutputCallResponse{}, outputs(31415))
	call.Send = append(call.Send, released("never"), halfClose())
	call.Receive = steps(receive(1), cancel())
	pair.call(channel, call)
	equal(t, codes.Code(pair.result().Status), codes.Canceled)
	handled := pair.handled()
	equal(t, handled.CallEnd, peerpb.CallEnd_CALL_END_CANCELLED)
	equal(t, handled.RequestEnd, peerpb.RequestEnd_REQUEST_END_CANCELLED)
}
