package wirecheckpeer

import (
	"path/filepath"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// Both roles against each other.

const (
	serverStreaming = peerpb.Shape_SHAPE_SERVER_STREAMING
	clientStreaming = peerpb.Shape_SHAPE_CLIENT_STREAMING
	bidirectional   = peerpb.Shape_SHAPE_BIDIRECTIONAL
)

func TestTheGreetersAnswerThroughEveryInterface(t *testing.T) {
	pair := startPair(t)
	listener, channel := pair.serve(&peerpb.Listen{Services: []string{"Greeter", "helloworld.Greeter"}})
	for _, call := range []*peerpb.Call{
		{}, {Api: peerpb.Api_API_STREAM},
		{
			Method: "/helloworld.Greeter/SayHello", RequestType: "helloworld.HelloRequest",
			ResponseType: "helloworld.HelloReply",
		},
		{DescriptorSet: helloSet(t)},
	} {
		pair.call(channel, call)
		result := pair.result()
		equal(t, codes.Code(result.Status), codes.OK)
		equal(t, result.Messages[0].Head, helloWorld)
		equal(t, result.DurationNs > 0, true)
		equal(t, pair.began().Method, call.Method)
		handled := pair.handled()
		equal(t, handled.Messages[0].Head, world)
		equal(t, handled.CallEnd, peerpb.CallEnd_CALL_END_RETURNED)
	}
	equal(t, pair.unlisten(listener).StillRunning, uint32(0))
}

func TestAUnixSocket(t *testing.T) {
	pair := startPair(t)
	uds := &peerpb.Uds{Path: filepath.Join(t.TempDir(), "s")}
	_, channel := pair.serve(&peerpb.Listen{
		Services:  []string{"Greeter"},
		Transport: &peerpb.Transport{Kind: &peerpb.Transport_Uds{Uds: uds}},
	})
	pair.call(channel, &peerpb.Call{})
	equal(t, codes.Code(pair.result().Status), codes.OK)
}

func TestAServiceMayHaveScriptsBesideItsMethods(t *testing.T) {
	pair := startPair(t)
	listen := scripted(unary, steps(message(helloWorld)), nil)
	listen.Scripts[0].Method = "/Greeter/SayGoodbye"
	listen.Services = []string{"Greeter"}
	_, channel := pair.serve(listen)
	for method, want := range map[string]codes.Code{
		sayHello: codes.OK, "/Greeter/SayGoodbye": codes.OK, "/Greeter/Nothing": codes.Unimplemented,
	} {
		pair.call(channel, &peerpb.Call{
			Method: method, RequestType: "HelloRequest", ResponseType: "HelloReply",
		})
		equal(t, codes.Code(pair.result().Status), want)
	}
}

func TestMetadataAndAStatusWithDetailsTravel(t *testing.T) {
	pair := startPair(t)
	status := &peerpb.Status{
		Code: uint32(codes.FailedPrecondition), Message: "no: 不",
		Details:  []byte{8, 9, 18, 2, 'n', 'o'}, // google.rpc.Status{code: 9, message: "no"}
		Trailing: []*peerpb.Metadatum{pairOf("x-after-bin", "\x00\xff")},
	}
	leading := headers(pairOf("x-before", "1"), pairOf("x-before", "2"))
	_, channel := pair.serve(scripted(unary, steps(leading, endWith(status)), nil))
	pair.call(channel, &peerpb.Call{
		Metadata: []*peerpb.Metadatum{pairOf("x-n", "b"), pairOf("x-n", "a"), pairOf("x-n-bin", "\x00")},
	})
	result, began := pair.result(), pair.began()
	equal(t, valuesOf(began.Metadata, "x-n"), []string{"b", "a"})
	equal(t, valuesOf(began.Metadata, "x-n-bin"), []string{"\x00"})
	equal(t, codes.Code(result.Status), codes.FailedPrecondition)
	equal(t, result.Details, status.Details)
	equal(t, valuesOf(result.Leading, "x-before"), []string{"1", "2"})
	equal(t, valuesOf(result.Trailing, "x-after-bin"), []string{"\x00\xff"})
}

func TestBidirectionalLanesWaitForEachOther(t *testing.T) {
	pair := startPair(t)
	send := steps(after("had one"), message(helloWorld), after("had all"), message(helloWorld))
	receiving := steps(named("had one", receive(1)), named("had all", receive(0)))
	_, channel := pair.serve(scripted(bidirectional, send, receiving))
	pair.call(channel, &peerpb.Call{
		Shape:   bidirectional,
		Send:    steps(message(world), after("answered"), message(world)),
		Receive: steps(named("answered", receive(1))),
	})
	equal(t, await(pair.client, (*peerpb.FromPeer).GetReached).Step, "answered")
	equal(t, pair.result().MessageCount, uint64(2))
	handled := pair.handled()
	equal(t, handled.MessageCount, uint64(2))
	equal(t, handled.RequestEnd, peerpb.RequestEnd_REQUEST_END_HALF_CLOSED)
}

func TestStreamsOfOneDirection(t *testing.T) {
	pair := startPair(t)
	_, channel := pair.serve(scripted(serverStreaming, steps(message(nil), message(helloWorld)), nil))
	pair.call(channel, &peerpb.Call{Shape: serverStreaming, Receive: steps(awaitHeaders())})
	result := pair.result()
	equal(t, []any{codes.Code(result.Status), result.MessageCount}, []any{codes.OK, uint64(2)})
	_, channel = pair.serve(scripted(clientStreaming, steps(after("all"), message(nil)),
		steps(named("all", receive(0)))))
	pair.call(channel, &peerpb.Call{
		Shape: clientStreaming, Send: steps(message(world), message(world), message(world)),
	})
	equal(t, codes.Code(pair.result().Status), codes.OK)
	pair.handled()
	equal(t, pair.handled().MessageCount, uint64(3))
}

func TestAHandlerMayEndBeforeItsRequests(t *testing.T) {
	pair := startPair(t)
	ending := endWith(&peerpb.Status{Code: uint32(codes.Aborted), Message: "enough"})
	_, channel := pair.serve(scripted(bidirectional, steps(ending), steps(receive(0))))
	pair.call(channel, &peerpb.Call{Shape: bidirectional, Send: steps(released("never"))})
	equal(t, pair.result().Message, "enough")
	handled := pair.handled()
	equal(t, handled.RequestEnd, peerpb.RequestEnd_REQUEST_END_UNREAD)
	equal(t, handled.CallEnd, peerpb.CallEnd_CALL_END_RETURNED)
}

func TestACodecErrorIsTheCallersOrTheHandlers(t *testing.T) {
	pair := startPair(t)
	_, channel := pair.serve(scripted(unary, steps(raw([]byte("\x0a\x02\xff\xfe"))), nil))
	pair.call(channel, &peerpb.Call{})
	result := pair.result()
	equal(t, codes.Code(result.Status), codes.Internal)
	equal(t, result.Messages[0].CodecError != "", true)
	pair.handled()
	_, channel = pair.serve(scripted(bidirectional, nil, steps(receive(0))))
	pair.call(channel, &peerpb.Call{Shape: bidirectional, Send: steps(raw([]byte("\x0a\x05")))})
	equal(t, codes.Code(pair.result().Status), codes.Internal)
	handled := pair.handled()
	equal(t, handled.RequestEnd, peerpb.RequestEnd_REQUEST_END_ERROR)
	equal(t, handled.Messages[0].CodecError != "", true)
}

// held is a listener whose handler waits.
func held(shape peerpb.Shape) *peerpb.Listen {
	return scripted(shape, steps(released("go"), message(helloWorld)), nil)
}

func TestADeadlinePassesInTheHandler(t *testing.T) {
	pair := startPair(t)
	_, channel := pair.serve(held(unary))
	pair.call(channel, &peerpb.Call{TimeoutNs: proto.Uint64(100_000_000)})
	equal(t, codes.Code(pair.result().Status), codes.DeadlineExceeded)
	// Of which of the two timers the handler hears first is a race.
	end := pair.handled().CallEnd
	equal(t, end == peerpb.CallEnd_CALL_END_DEADLINE || end == peerpb.CallEnd_CALL_END_CANCELLED, true)
}

func TestAClientCancelsWhenTheHandlerHasBegun(t *testing.T) {
	for _, shape := range []peerpb.Shape{unary, serverStreaming, bidirectional} {
		pair := startPair(t)
		_, channel := pair.serve(held(shape))
		pair.call(channel, &peerpb.Call{Shape: shape, Receive: steps(released("began"), cancel())})
		pair.began()
		pair.release("began")
		result := pair.result()
		equal(t, codes.Code(result.Status), codes.Canceled)
		equal(t, []any{result.Aborted, result.StoodAtReceive}, []any{false, uint32(2)})
		equal(t, pair.handled().CallEnd, peerpb.CallEnd_CALL_END_CANCELLED)
	}
}

func TestACallIsAborted(t *testing.T) {
	pair := startPair(t)
	_, channel := pair.serve(held(unary))
	for _, send := range [][]*peerpb.Step{
		steps(message(world)), steps(named("waits", released("never")), message(world)),
	} {
		call := pair.call(channel, &peerpb.Call{Send: send})
		if send[0].Name == "" {
			pair.began()
		} else {
			await(pair.client, (*peerpb.FromPeer).GetReached)
		}
		pair.client.order(&peerpb.ToPeer{Order: &peerpb.ToPeer_Abort{
			Abort: &peerpb.Abort{What: &peerpb.Abort_Call{Call: call}},
		}})
		result := pair.result()
		equal(t, []any{codes.Code(result.Status), result.Aborted}, []any{codes.Canceled, true})
		equal(t, result.StoodAtSend, uint32(1))
	}
}

func TestEverythingOnAListenerIsAborted(t *testing.T) {
	pair := startPair(t)
	listener, channel := pair.serve(scripted(bidirectional, nil, steps(receive(0))))
	for range 3 {
		pair.call(channel, &peerpb.Call{Shape: bidirectional, Send: steps(released("never"))})
		pair.began()
	}
	pair.server.order(&peerpb.ToPeer{Order: &peerpb.ToPeer_Abort{
		Abort: &peerpb.Abort{What: &peerpb.Abort_Listener{Listener: listener}},
	}})
	for range 3 {
		equal(t, codes.Code(pair.result().Status), codes.Canceled)
		equal(t, pair.handled().CallEnd, peerpb.CallEnd_CALL_END_CANCELLED)
	}
}

func TestUnlistenEndsHandlersAndComesLast(t *testing.T) {
	pair := startPair(t)
	listener, channel := pair.serve(held(bidirectional))
	for range 5 {
		pair.call(channel, &peerpb.Call{Shape: bidirectional})
		pair.began()
	}
	equal(t, pair.unlisten(listener).StillRunning, uint32(0))
	equal(t, len(pair.server.events), 5) // Each has its `Handled`, before that.
	for range 5 {
		equal(t, pair.handled().CallEnd, peerpb.CallEnd_CALL_END_CANCELLED)
		equal(t, codes.Code(pair.result().Status), codes.Unavailable)
	}
}

func TestShutdownWithAGraceTimeLetsCallsEnd(t *testing.T) {
	for _, grace := range []*uint32{proto.Uint32(60_000), nil} {
		pair := startPair(t)
		listener, channel := pair.serve(held(unary))
		pair.call(channel, &peerpb.Call{})
		pair.began()
		pair.server.order(&peerpb.ToPeer{Order: &peerpb.ToPeer_Shutdown{
			Shutdown: &peerpb.Shutdown{Listener: listener, GraceMs: grace},
		}})
		if grace != nil {
			pair.release("go")
		}
		want := map[bool]codes.Code{true: codes.OK, false: codes.Unavailable}
		equal(t, codes.Code(pair.result().Status), want[grace != nil])
		await(pair.server, (*peerpb.FromPeer).GetShutDown)
		pair.unlisten(listener)
	}
}

func TestAMessageOverTheSendersOwnLimitIsItsStatus(t *testing.T) {
	pair := startPair(t)
	pair.options = &peerpb.ChannelOptions{MaxSendMessageSize: proto.Uint32(6)}
	_, channel := pair.serve(&peerpb.Listen{Services: []string{"Greeter"}})
	for _, api := range []peerpb.Api{peerpb.Api_API_IDIOMATIC, peerpb.Api_API_STREAM} {
		pair.call(channel, &peerpb.Call{Api: api})
		equal(t, codes.Code(pair.result().Status), codes.ResourceExhausted)
	}
}
