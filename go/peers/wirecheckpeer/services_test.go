package wirecheckpeer

import (
	"testing"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionalphapb "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// callOf is a call with a message, whose types come with it in a descriptor set.
func callOf(t *testing.T, method string, request proto.Message, response proto.Message) *peerpb.Call {
	t.Helper()
	data, err := proto.Marshal(request)
	equal(t, err, nil)
	return &peerpb.Call{
		Method:        method,
		RequestType:   string(request.ProtoReflect().Descriptor().FullName()),
		ResponseType:  string(response.ProtoReflect().Descriptor().FullName()),
		DescriptorSet: setOf(t, request.ProtoReflect().Descriptor().ParentFile()),
		Send:          steps(message(data)),
		Whole:         true,
	}
}

func setOf(t *testing.T, file protoreflect.FileDescriptor) []byte {
	t.Helper()
	set := &descriptorpb.FileDescriptorSet{}
	for i := range file.Imports().Len() {
		set.File = append(set.File, protodesc.ToFileDescriptorProto(file.Imports().Get(i).FileDescriptor))
	}
	set.File = append(set.File, protodesc.ToFileDescriptorProto(file))
	data, err := proto.Marshal(set)
	equal(t, err, nil)
	return data
}

func TestHealthSaysWhatTheListenerServes(t *testing.T) {
	pair := startPair(t)
	_, channel := pair.serve(&peerpb.Listen{Services: []string{"grpc.health.v1.Health", "Greeter"}})
	for service, want := range map[string]codes.Code{
		"": codes.OK, "Greeter": codes.OK, "Nobody": codes.NotFound,
	} {
		request := &healthpb.HealthCheckRequest{Service: service}
		pair.call(channel, callOf(t, healthpb.Health_Check_FullMethodName, request, &healthpb.HealthCheckResponse{}))
		equal(t, codes.Code(pair.result().Status), want)
		equal(t, pair.handled().MessageCount, uint64(1))
	}
}

func TestAWatchIsEnteredWithItsRequestAndCanBeAborted(t *testing.T) {
	pair := startPair(t)
	listener, channel := pair.serve(&peerpb.Listen{Services: []string{"grpc.health.v1.Health"}})
	call := callOf(t, healthpb.Health_Watch_FullMethodName, &healthpb.HealthCheckRequest{}, &healthpb.HealthCheckResponse{})
	call.Shape, call.Receive = serverStreaming, steps(named("told", receive(1)))
	pair.call(channel, call)
	await(pair.client, (*peerpb.FromPeer).GetReached)
	pair.server.order(&peerpb.ToPeer{Order: &peerpb.ToPeer_Abort{
		Abort: &peerpb.Abort{What: &peerpb.Abort_Listener{Listener: listener}},
	}})
	result := pair.result()
	equal(t, codes.Code(result.Status), codes.Canceled)
	equal(t, result.Messages[0].Head, []byte{8, 1}) // SERVING
	handled := pair.handled()
	equal(t, handled.CallEnd, peerpb.CallEnd_CALL_END_CANCELLED)
	equal(t, handled.RequestEnd, peerpb.RequestEnd_REQUEST_END_HALF_CLOSED)
	equal(t, handled.MessageCount, uint64(1))
}

func TestReflectionListsWhatTheListenerServes(t *testing.T) {
	names := []string{
		"grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection", "Greeter",
	}
	pair := startPair(t)
	_, channel := pair.serve(&peerpb.Listen{Services: names})
	for _, call := range []*peerpb.Call{
		callOf(t, reflectionpb.ServerReflection_ServerReflectionInfo_FullMethodName,
			&reflectionpb.ServerReflectionRequest{
				MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{},
			}, &reflectionpb.ServerReflectionResponse{}),
		callOf(t, reflectionalphapb.ServerReflection_ServerReflectionInfo_FullMethodName,
			&reflectionalphapb.ServerReflectionRequest{
				MessageRequest: &reflectionalphapb.ServerReflectionRequest_ListServices{},
			}, &reflectionalphapb.ServerReflectionResponse{}),
	} {
		call.Shape = bidirectional
		pair.call(channel, call)
		response := &reflectionpb.ServerReflectionResponse{}
		equal(t, proto.Unmarshal(pair.result().Messages[0].Head, response), nil)
		var listed []string
		for _, service := range response.GetListServicesResponse().Service {
			listed = append(listed, service.Name)
		}
		equal(t, listed, []string{names[2], names[0], names[1]})
		handled := pair.handled()
		equal(t, handled.RequestEnd, peerpb.RequestEnd_REQUEST_END_HALF_CLOSED)
		equal(t, handled.MessageCount, uint64(1))
	}
}

func TestWhatIsNotNamedIsNotServed(t *testing.T) {
	pair := startPair(t)
	listener, channel := pair.serve(&peerpb.Listen{Services: []string{"Greeter"}})
	pair.call(channel, callOf(t, healthpb.Health_Check_FullMethodName, &healthpb.HealthCheckRequest{}, &healthpb.HealthCheckResponse{}))
	equal(t, codes.Code(pair.result().Status), codes.Unimplemented)
	pair.unlisten(listener)
	equal(t, len(pair.server.events), 0)
}
