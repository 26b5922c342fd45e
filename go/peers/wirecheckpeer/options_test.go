package wirecheckpeer

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

func unsupported(err error) string {
	if lacks, ok := errors.AsType[*unsupportedError](err); ok {
		return lacks.feature
	}
	return ""
}

func TestEveryOptionOfTheContractCanBeSet(t *testing.T) {
	for _, given := range []struct {
		options proto.Message
		known   int
	}{
		{&peerpb.ServerOptions{}, len(serverOptions)},
		{&peerpb.ChannelOptions{}, len(channelOptions)},
	} {
		equal(t, given.known, given.options.ProtoReflect().Descriptor().Fields().Len())
	}
}

func TestUnsetOptionsAreLeftToTheLibrary(t *testing.T) {
	settings := &serverSettings{}
	equal(t, apply(settings, &peerpb.ServerOptions{}, serverOptions), nil)
	equal(t, len(settings.options), 0)
	var none *peerpb.ChannelOptions
	_, err := channelArguments(none)
	equal(t, err, nil)
}

func TestServerValuesThatGrpcGoWouldReplace(t *testing.T) {
	for want, options := range map[string]*peerpb.ServerOptions{
		"option:max_concurrent_streams":      {MaxConcurrentStreams: proto.Uint32(0)},
		"option:initial_stream_window":       {InitialStreamWindow: proto.Uint32(65_534)},
		"option:initial_connection_window":   {InitialConnectionWindow: proto.Uint32(1 << 31)},
		"option:keepalive_interval_ms":       {KeepaliveIntervalMs: proto.Uint32(999)},
		"option:keepalive_timeout_ms":        {KeepaliveTimeoutMs: proto.Uint32(0)},
		"option:max_connection_age_ms":       {MaxConnectionAgeMs: proto.Uint32(0)},
		"option:max_connection_age_grace_ms": {MaxConnectionAgeGraceMs: proto.Uint32(0)},
		"": {
			MaxReceiveMessageSize: proto.Uint32(0), InitialStreamWindow: proto.Uint32(65_535),
			KeepaliveIntervalMs: proto.Uint32(1_000), MinPingIntervalMs: proto.Uint32(0),
			InitialConnectionWindow: proto.Uint32(1<<31 - 1),
		},
	} {
		_, err := serverArguments(options)
		equal(t, unsupported(err), want)
	}
}

func TestChannelValuesThatGrpcGoWouldReplace(t *testing.T) {
	for want, options := range map[string]*peerpb.ChannelOptions{
		"option:initial_stream_window": {InitialStreamWindow: proto.Uint32(1)},
		"option:keepalive_interval_ms": {KeepaliveIntervalMs: proto.Uint32(9_999)},
		"option:keepalive_timeout_ms":  {KeepaliveTimeoutMs: proto.Uint32(0)},
		"option:authority":             {Authority: proto.String("")},
		"": {
			KeepaliveIntervalMs: proto.Uint32(10_000), UserAgent: proto.String("team/1"),
			MaxSendMessageSize: proto.Uint32(1<<32 - 1), Authority: proto.String("shop.test"),
		},
	} {
		_, err := channelArguments(options)
		equal(t, unsupported(err), want)
	}
}

func TestATransportThatNobodyKnowsCannotBeTried(t *testing.T) {
	_, err := bind(&peerpb.Transport{})
	_, couldNotTry := errors.AsType[*couldNotTryError](err)
	equal(t, couldNotTry, true)
}
