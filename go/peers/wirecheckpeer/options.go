package wirecheckpeer

import (
	"context"
	"fmt"
	"math"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// The contract's options as grpc-go's.
//
// What is not in a table cannot be set through grpc-go and is `Unsupported`; so is a value that
// grpc-go would replace by another one of its own.

const (
	smallestWindow        = 65_535 // Bytes; grpc-go ignores what is less.
	minClientPingInterval = 10 * time.Second
	minServerPingInterval = time.Second
)

// serverSettings are what a listener is made with.
type serverSettings struct {
	options   []grpc.ServerOption
	keepalive keepalive.ServerParameters
	policy    keepalive.EnforcementPolicy
}

// channelSettings are what a channel is made with.
type channelSettings struct {
	options   []grpc.DialOption
	calls     []grpc.CallOption
	keepalive keepalive.ClientParameters
}

// setter takes the value of an option; false if grpc-go would not honour it.
type setter[Settings any] func(settings *Settings, value protoreflect.Value) bool

var serverOptions = map[string]setter[serverSettings]{
	"max_receive_message_size": func(s *serverSettings, value protoreflect.Value) bool {
		return s.add(grpc.MaxRecvMsgSize(int(value.Uint())))
	},
	"max_send_message_size": func(s *serverSettings, value protoreflect.Value) bool {
		return s.add(grpc.MaxSendMsgSize(int(value.Uint())))
	},
	"max_concurrent_streams": func(s *serverSettings, value protoreflect.Value) bool {
		return s.add(grpc.MaxConcurrentStreams(uint32(value.Uint()))) && value.Uint() > 0
	},
	"max_header_list_size": func(s *serverSettings, value protoreflect.Value) bool {
		return s.add(grpc.MaxHeaderListSize(uint32(value.Uint())))
	},
	"initial_stream_window": func(s *serverSettings, value protoreflect.Value) bool {
		return s.add(serverStreamWindow(int32(value.Uint()))) && isWindow(value)
	},
	"initial_connection_window": func(s *serverSettings, value protoreflect.Value) bool {
		return s.add(serverConnectionWindow(int32(value.Uint()))) && isWindow(value)
	},
	"keepalive_interval_ms": func(s *serverSettings, value protoreflect.Value) bool {
		s.keepalive.Time = milliseconds(value)
		return s.keepalive.Time >= minServerPingInterval
	},
	"keepalive_timeout_ms": func(s *serverSettings, value protoreflect.Value) bool {
		s.keepalive.Timeout = milliseconds(value)
		return s.keepalive.Timeout > 0
	},
	"min_ping_interval_ms": func(s *serverSettings, value protoreflect.Value) bool {
		// None at all would be grpc-go's default of five minutes.
		s.policy.MinTime = max(milliseconds(value), time.Nanosecond)
		return true
	},
	"max_connection_age_ms": func(s *serverSettings, value protoreflect.Value) bool {
		s.keepalive.MaxConnectionAge = milliseconds(value)
		return s.keepalive.MaxConnectionAge > 0
	},
	"max_connection_age_grace_ms": func(s *serverSettings, value protoreflect.Value) bool {
		s.keepalive.MaxConnectionAgeGrace = milliseconds(value)
		return s.keepalive.MaxConnectionAgeGrace > 0
	},
	// A call's own matter, see `withCoding`.
	"compression": func(_ *serverSettings, value protoreflect.Value) bool {
		return isCoding(value.String())
	},
	"accept_compression": func(_ *serverSettings, value protoreflect.Value) bool {
		return isCoding(value.String())
	},
}

var channelOptions = map[string]setter[channelSettings]{
	"max_receive_message_size": func(s *channelSettings, value protoreflect.Value) bool {
		return s.addCall(grpc.MaxCallRecvMsgSize(int(value.Uint())))
	},
	"max_send_message_size": func(s *channelSettings, value protoreflect.Value) bool {
		return s.addCall(grpc.MaxCallSendMsgSize(int(value.Uint())))
	},
	"max_header_list_size": func(s *channelSettings, value protoreflect.Value) bool {
		return s.add(grpc.WithMaxHeaderListSize(uint32(value.Uint())))
	},
	"initial_stream_window": func(s *channelSettings, value protoreflect.Value) bool {
		return s.add(clientStreamWindow(int32(value.Uint()))) && isWindow(value)
	},
	"initial_connection_window": func(s *channelSettings, value protoreflect.Value) bool {
		return s.add(clientConnectionWindow(int32(value.Uint()))) && isWindow(value)
	},
	"keepalive_interval_ms": func(s *channelSettings, value protoreflect.Value) bool {
		s.keepalive.Time = milliseconds(value)
		return s.keepalive.Time >= minClientPingInterval
	},
	"keepalive_timeout_ms": func(s *channelSettings, value protoreflect.Value) bool {
		s.keepalive.Timeout = milliseconds(value)
		return s.keepalive.Timeout > 0
	},
	"keepalive_without_calls": func(s *channelSettings, value protoreflect.Value) bool {
		s.keepalive.PermitWithoutStream = value.Bool()
		return true
	},
	"authority": func(s *channelSettings, value protoreflect.Value) bool {
		return s.add(grpc.WithAuthority(value.String())) && value.String() != ""
	},
	"user_agent": func(s *channelSettings, value protoreflect.Value) bool {
		return s.add(grpc.WithUserAgent(value.String()))
	},
	"compression": func(s *channelSettings, value protoreflect.Value) bool {
		return isCoding(value.String()) && s.addCall(grpc.UseCompressor(value.String()))
	},
	"accept_compression": func(_ *channelSettings, value protoreflect.Value) bool {
		return isCoding(value.String())
	},
}

// serverArguments gives what a listener is made with.
func serverArguments(options *peerpb.ServerOptions) ([]grpc.ServerOption, error) {
	settings := &serverSettings{}
	if err := apply(settings, options, serverOptions); err != nil {
		return nil, err
	}
	return append(settings.options,
		grpc.KeepaliveParams(settings.keepalive),
		grpc.KeepaliveEnforcementPolicy(settings.policy),
	), nil
}

// channelArguments gives what a channel is made with.
func channelArguments(options *peerpb.ChannelOptions) ([]grpc.DialOption, error) {
	// Unset is never; grpc-go would take zero for "as often as I permit".
	never := keepalive.ClientParameters{Time: math.MaxInt64}
	settings := &channelSettings{keepalive: never}
	if err := apply(settings, options, channelOptions); err != nil {
		return nil, err
	}
	if settings.keepalive != never {
		settings.add(grpc.WithKeepaliveParams(settings.keepalive))
	}
	return append(settings.options,
		// The proxy variables would redirect calls to this machine's own names.
		grpc.WithNoProxy(),
		grpc.WithDefaultCallOptions(settings.calls...),
	), nil
}

func (s *serverSettings) add(option grpc.ServerOption) bool {
	s.options = append(s.options, option)
	return true
}

func (s *channelSettings) add(option grpc.DialOption) bool {
	s.options = append(s.options, option)
	return true
}

func (s *channelSettings) addCall(option grpc.CallOption) bool {
	s.calls = append(s.calls, option)
	return true
}

// apply sets what is set, in the order of the schema.
func apply[Settings any](
	settings *Settings, options proto.Message, table map[string]setter[Settings],
) error {
	message := options.ProtoReflect()
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if !message.Has(field) {
			continue
		}
		set, known := table[string(field.Name())]
		if !known || !set(settings, message.Get(field)) {
			return &unsupportedError{"option:" + string(field.Name())}
		}
	}
	return nil
}

// optionFeatures names the options of a table, in the order of the schema.
func optionFeatures[Settings any](options proto.Message, table map[string]setter[Settings]) []string {
	var names []string
	fields := options.ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		if name := string(fields.Get(i).Name()); table[name] != nil {
			names = append(names, "option:"+name)
		}
	}
	return names
}

func milliseconds(value protoreflect.Value) time.Duration {
	return time.Duration(value.Uint()) * time.Millisecond
}

func isWindow(value protoreflect.Value) bool {
	return value.Uint() >= smallestWindow && value.Uint() <= math.MaxInt32
}

// bind listens where the transport says.
func bind(transport *peerpb.Transport) (net.Listener, error) {
	var config net.ListenConfig
	switch kind := transport.GetKind().(type) {
	case *peerpb.Transport_Tcp:
		if kind.Tcp.Ipv6 {
			return config.Listen(context.Background(), "tcp", "[::1]:0")
		}
		return config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	case *peerpb.Transport_Uds:
		return config.Listen(context.Background(), "unix", kind.Uds.Path)
	default:
		why := "the listener has no transport that this peer knows"
		return nil, &couldNotTryError{why}
	}
}

// boundAddress says where a listener bound, as the contract wants it said.
func boundAddress(transport *peerpb.Transport, listener net.Listener) string {
	if uds := transport.GetUds(); uds != nil {
		return uds.Path
	}
	return fmt.Sprint(listener.Addr())
}
