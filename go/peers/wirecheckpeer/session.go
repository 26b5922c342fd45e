package wirecheckpeer

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"google.golang.org/grpc"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// What the harness says and is answered, whatever the role.

const (
	contractVersion = 1
	maxWhy          = 1_000 // Bytes of a reason.
)

var roles = map[string]peerpb.Role{
	"client": peerpb.Role_ROLE_CLIENT,
	"server": peerpb.Role_ROLE_SERVER,
}

// role is a client or a server: it begins its orders at once.
type role interface {
	// ready is its part of `Ready`: the features and the limits.
	ready() *peerpb.Ready
	// begin begins an order that is not of the life of the peer.
	begin(order *peerpb.ToPeer) error
	// stop ends everything by force.
	stop()
}

// session is one conversation with the harness.
type session struct {
	peer    string
	name    string
	role    role
	events  *eventWriter
	started bool
	deaf    bool // After `Stop`, or when the harness speaks another version.
}

// take begins one order and answers it if it cannot be begun.
func (s *session) take(envelope *peerpb.ToPeer) error {
	if envelope.Order == nil {
		return &brokenContract{"an envelope without an order that this version knows"}
	}
	start := envelope.GetStart()
	if (start != nil) == s.started {
		when := map[bool]string{true: "twice", false: "before start"}
		return &brokenContract{fmt.Sprintf("%s came %s", orderName(envelope), when[s.started])}
	}
	switch {
	case start != nil:
		return s.start(start)
	case envelope.GetStop() != nil:
		s.deaf = true
		s.events.mute()
		s.role.stop()
	case !s.deaf:
		s.begin(envelope)
	}
	return nil
}

func (s *session) start(start *peerpb.Start) error {
	if start.Role != roles[s.name] {
		return &brokenContract{fmt.Sprintf("start asks for role %d of a %s", start.Role, s.name)}
	}
	s.started = true
	s.deaf = start.ContractVersion != contractVersion
	ready := s.role.ready()
	ready.ContractVersion = contractVersion
	ready.Peer = s.peer
	ready.Versions = versions()
	s.events.send(&peerpb.FromPeer{Event: &peerpb.FromPeer_Ready{Ready: ready}})
	return nil
}

func (s *session) begin(order *peerpb.ToPeer) {
	if err := s.tryBegin(order); err != nil {
		s.refuse(order, err)
	}
}

func (s *session) tryBegin(order *peerpb.ToPeer) (err error) {
	defer func() {
		// Whatever it is, the harness waits for an answer.
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("%s panicked: %v", orderName(order), panicked)
		}
	}()
	if err := s.demandRole(order); err != nil {
		return err
	}
	return s.role.begin(order)
}

func (s *session) demandRole(order *peerpb.ToPeer) error {
	if needed := roleOf(order); needed != "" && needed != s.name {
		return &unsupportedError{needed}
	}
	return nil
}

// roleOf gives the role that carries an order out; both roles know the others.
func roleOf(order *peerpb.ToPeer) string {
	switch order.Order.(type) {
	case *peerpb.ToPeer_Listen, *peerpb.ToPeer_Unlisten, *peerpb.ToPeer_Shutdown:
		return "server"
	case *peerpb.ToPeer_Open, *peerpb.ToPeer_Close, *peerpb.ToPeer_Call:
		return "client"
	default:
		return ""
	}
}

func (s *session) refuse(order *peerpb.ToPeer, err error) {
	switch order := order.Order.(type) {
	case *peerpb.ToPeer_Call:
		s.events.send(reportRefusal(order.Call.Call, err))
	case *peerpb.ToPeer_Open:
		s.refuseChannel(order.Open.Channel, err)
	case *peerpb.ToPeer_Close:
		s.refuseChannel(order.Close.Channel, err)
	case *peerpb.ToPeer_Listen:
		s.refuseListener(order.Listen.Listener, err)
	case *peerpb.ToPeer_Unlisten:
		s.refuseListener(order.Unlisten.Listener, err)
	case *peerpb.ToPeer_Shutdown:
		s.refuseListener(order.Shutdown.Listener, err)
	default:
		log("an order failed: %v", err)
	}
}

func (s *session) refuseChannel(channel uint64, err error) {
	s.sendRefused(&peerpb.Refused{Order: &peerpb.Refused_Channel{Channel: channel}}, err)
}

func (s *session) refuseListener(listener uint64, err error) {
	s.sendRefused(&peerpb.Refused{Order: &peerpb.Refused_Listener{Listener: listener}}, err)
}

func (s *session) sendRefused(refused *peerpb.Refused, err error) {
	unsupported, couldNotTry := reasons(err)
	if unsupported != nil {
		refused.Reason = &peerpb.Refused_Unsupported{Unsupported: unsupported}
	} else {
		refused.Reason = &peerpb.Refused_CouldNotTry{CouldNotTry: couldNotTry}
	}
	s.events.send(&peerpb.FromPeer{Event: &peerpb.FromPeer_Refused{Refused: refused}})
}

func reportRefusal(call uint64, err error) *peerpb.FromPeer {
	report := &peerpb.Report{Call: call}
	unsupported, couldNotTry := reasons(err)
	if unsupported != nil {
		report.Outcome = &peerpb.Report_Unsupported{Unsupported: unsupported}
	} else {
		report.Outcome = &peerpb.Report_CouldNotTry{CouldNotTry: couldNotTry}
	}
	return &peerpb.FromPeer{Event: &peerpb.FromPeer_Report{Report: report}}
}

// reasons says why an order was not carried out; one of the two is nil.
func reasons(err error) (*peerpb.Unsupported, *peerpb.CouldNotTry) {
	if lacks, ok := errors.AsType[*unsupportedError](err); ok {
		return &peerpb.Unsupported{Feature: lacks.feature}, nil
	}
	return nil, &peerpb.CouldNotTry{Why: cut(err.Error(), maxWhy)}
}

// cut shortens text to so many bytes, and to what a string of protobuf may hold.
func cut(text string, limit int) string {
	return strings.ToValidUTF8(text[:min(len(text), limit)], "")
}

func orderName(order *peerpb.ToPeer) string {
	message := order.ProtoReflect()
	field := message.WhichOneof(message.Descriptor().Oneofs().ByName("order"))
	return string(field.Name())
}

func versions() []*peerpb.Version {
	return []*peerpb.Version{
		{Name: "go", Version: strings.TrimPrefix(runtime.Version(), "go")},
		{Name: "grpc-go", Version: grpc.Version},
		{Name: "protobuf-go", Version: moduleVersion("google.golang.org/protobuf")},
		// grpc-go's transport is its own, on the framer of this module.
		{Name: "x-net-http2", Version: moduleVersion("golang.org/x/net")},
	}
}

func moduleVersion(path string) string {
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, module := range build.Deps {
			if module.Path == path {
				return strings.TrimPrefix(module.Version, "v")
			}
		}
	}
	return "unknown"
}
