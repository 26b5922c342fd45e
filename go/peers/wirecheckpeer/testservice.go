package wirecheckpeer

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	testingpb "github.com/wirecheck/wirecheck/go/generated/grpc/testing"
)

// The server of the official interop tests.

const (
	echoInitial  = "x-grpc-test-echo-initial"
	echoTrailing = "x-grpc-test-echo-trailing-bin"
	maxBody      = 64 * 1024 * 1024 // Bytes of one payload.
)

// testService does what its requests say, by the description of the official cases. Whether a
// request was compressed it cannot see, so `expect_compressed` is not heeded.
type testService struct {
	testingpb.UnimplementedTestServiceServer
}

// registerTestService leaves out the method that no server has: the generated code would answer it
// in place of the library's router, which is what it is there to test.
func registerTestService(registrar grpc.ServiceRegistrar) {
	desc := testingpb.TestService_ServiceDesc
	desc.Methods = slices.DeleteFunc(slices.Clone(desc.Methods), func(method grpc.MethodDesc) bool {
		return method.MethodName == "UnimplementedCall"
	})
	registrar.RegisterService(&desc, testService{})
}

// EmptyCall answers nothing with nothing.
func (testService) EmptyCall(context.Context, *testingpb.Empty) (*testingpb.Empty, error) {
	return &testingpb.Empty{}, nil
}

// UnaryCall answers with a payload of the size that was asked for, or with a status.
func (testService) UnaryCall(
	context context.Context, request *testingpb.SimpleRequest,
) (*testingpb.SimpleResponse, error) {
	if err := echoMetadata(context); err != nil {
		return nil, err
	}
	if err := echoStatus(request.ResponseStatus); err != nil {
		return nil, err
	}
	if err := compress(context, request.ResponseCompressed.GetValue()); err != nil {
		return nil, err
	}
	payload, err := newPayload(request.ResponseType, request.ResponseSize)
	return &testingpb.SimpleResponse{Payload: payload}, err
}

// StreamingOutputCall answers one request with the responses that it asks for.
func (testService) StreamingOutputCall(
	request *testingpb.StreamingOutputCallRequest,
	stream testingpb.TestService_StreamingOutputCallServer,
) error {
	if err := echoMetadata(stream.Context()); err != nil {
		return err
	}
	isPlain := func(wanted *testingpb.ResponseParameters) bool { return !wanted.Compressed.GetValue() }
	wished := !slices.ContainsFunc(request.ResponseParameters, isPlain)
	if err := compress(stream.Context(), wished); err != nil {
		return err
	}
	return respondTo(request, stream)
}

// StreamingInputCall answers with the sum of what came.
func (testService) StreamingInputCall(
	stream testingpb.TestService_StreamingInputCallServer,
) error {
	if err := echoMetadata(stream.Context()); err != nil {
		return err
	}
	sum := 0
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			response := &testingpb.StreamingInputCallResponse{AggregatedPayloadSize: int32(sum)}
			return stream.SendAndClose(response)
		}
		if err != nil {
			return err
		}
		sum += len(request.Payload.GetBody())
	}
}

// FullDuplexCall answers each request at once.
func (testService) FullDuplexCall(stream testingpb.TestService_FullDuplexCallServer) error {
	if err := echoMetadata(stream.Context()); err != nil {
		return err
	}
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := respondTo(request, stream); err != nil {
			return err
		}
	}
}

// HalfDuplexCall answers all requests when the last one is in.
func (testService) HalfDuplexCall(stream testingpb.TestService_HalfDuplexCallServer) error {
	if err := echoMetadata(stream.Context()); err != nil {
		return err
	}
	var requests []*testingpb.StreamingOutputCallRequest
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		// What it carries is not needed for the answer.
		request.Payload = nil
		requests = append(requests, request)
	}
	for _, request := range requests {
		if err := respondTo(request, stream); err != nil {
			return err
		}
	}
	return nil
}

func respondTo(
	request *testingpb.StreamingOutputCallRequest,
	stream interface {
		grpc.ServerStream
		Send(*testingpb.StreamingOutputCallResponse) error
	},
) error {
	if err := echoStatus(request.ResponseStatus); err != nil {
		return err
	}
	for _, wanted := range request.ResponseParameters {
		payload, err := newPayload(request.ResponseType, wanted.Size)
		if err != nil {
			return err
		}
		if err := pause(stream.Context(), wanted.IntervalUs); err != nil {
			return err
		}
		if err := stream.Send(&testingpb.StreamingOutputCallResponse{Payload: payload}); err != nil {
			return err
		}
	}
	return nil
}

// echoMetadata sends back what the two keys say.
func echoMetadata(context context.Context) error {
	received, _ := metadata.FromIncomingContext(context)
	if values := received.Get(echoInitial); len(values) > 0 {
		if err := grpc.SetHeader(context, metadata.MD{echoInitial: values}); err != nil {
			return err
		}
	}
	if values := received.Get(echoTrailing); len(values) > 0 {
		return grpc.SetTrailer(context, metadata.MD{echoTrailing: values})
	}
	return nil
}

// echoStatus is the error to end with; nil for OK, set or not.
func echoStatus(wanted *testingpb.EchoStatus) error {
	return status.Error(codes.Code(wanted.GetCode()), wanted.GetMessage())
}

func newPayload(kind testingpb.PayloadType, size int32) (*testingpb.Payload, error) {
	if kind != testingpb.PayloadType_COMPRESSABLE || size < 0 || size > maxBody {
		return nil, status.Errorf(codes.InvalidArgument, "no payload of type %d has %d bytes", kind, size)
	}
	return &testingpb.Payload{Type: kind, Body: make([]byte, size)}, nil
}

// pause waits for as long as the request says, or until the call ends.
func pause(context context.Context, microseconds int32) error {
	if microseconds <= 0 {
		return nil
	}
	select {
	case <-time.After(time.Duration(microseconds) * time.Microsecond):
		return nil
	case <-context.Done():
		return context.Err()
	}
}
