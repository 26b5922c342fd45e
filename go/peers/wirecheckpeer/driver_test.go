package wirecheckpeer

import (
	"bufio"
	"encoding/binary"
	"io"
	"reflect"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// A harness small enough to test a role with, in this process: it gives orders and awaits events.

// Only a broken peer takes that long.
const limit = 20 * time.Second

var unary = peerpb.Shape_SHAPE_UNARY

type peer struct {
	*testing.T
	session *session
	arrived chan *peerpb.FromPeer
	events  []*peerpb.FromPeer // Those that nobody has asked for yet.
}

// startPeer starts a role, which ends with the test.
func startPeer(t *testing.T, name string) (*peer, *peerpb.Ready) {
	reader, writer := io.Pipe()
	events := newEventWriter(writer)
	role := newRole(name, events)
	session := &session{peer: peerName, name: name, role: role, events: events}
	peer := &peer{T: t, session: session, arrived: make(chan *peerpb.FromPeer)}
	go readEvents(reader, peer.arrived)
	t.Cleanup(func() {
		events.mute()
		role.stop()
		_ = reader.Close()
		events.close(closeLimit)
	})
	peer.order(&peerpb.ToPeer{Order: &peerpb.ToPeer_Start{
		Start: &peerpb.Start{ContractVersion: 1, Role: roles[name]},
	}})
	return peer, await(peer, (*peerpb.FromPeer).GetReady)
}

func readEvents(reader io.Reader, arrived chan<- *peerpb.FromPeer) {
	defer close(arrived)
	buffered := bufio.NewReader(reader)
	for {
		length, err := binary.ReadUvarint(buffered)
		if err != nil {
			return
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(buffered, body); err != nil {
			return
		}
		event := &peerpb.FromPeer{}
		if proto.Unmarshal(body, event) != nil || event.Magic != magic {
			return
		}
		arrived <- event
	}
}

// order gives one order.
func (p *peer) order(order *peerpb.ToPeer) {
	p.Helper()
	if err := p.session.take(order); err != nil {
		p.Fatalf("%v", err)
	}
}

// await gives the first event of a kind, now or later; each is given once.
func await[Event any](p *peer, get func(*peerpb.FromPeer) *Event) *Event {
	p.Helper()
	timeout := time.After(limit)
	for {
		for index, event := range p.events {
			if found := get(event); found != nil {
				p.events = slices.Delete(p.events, index, index+1)
				return found
			}
		}
		select {
		case event, more := <-p.arrived:
			if !more {
				p.Fatalf("the peer ended; came: %v", p.events)
			}
			p.events = append(p.events, event)
		case <-timeout:
			p.Fatalf("no %T; came: %v", *new(*Event), p.events)
		}
	}
}

// pair is a client and a server, and the orders that nearly every test gives to both.
type pair struct {
	*testing.T
	client, server *peer
	options        *peerpb.ChannelOptions
	tls            *peerpb.ClientTls
	numbers        uint64
}

func startPair(t *testing.T) *pair {
	client, _ := startPeer(t, "client")
	server, _ := startPeer(t, "server")
	return &pair{T: t, client: client, server: server}
}

func (p *pair) next() uint64 {
	p.numbers++
	return p.numbers
}

// serve opens a listener, and a channel to it.
func (p *pair) serve(listen *peerpb.Listen) (listener, channel uint64) {
	p.Helper()
	listen.Listener, channel = p.next(), p.next()
	if listen.Transport == nil {
		listen.Transport = &peerpb.Transport{Kind: &peerpb.Transport_Tcp{Tcp: &peerpb.Tcp{}}}
	}
	p.server.order(&peerpb.ToPeer{Order: &peerpb.ToPeer_Listen{Listen: listen}})
	target := await(p.server, (*peerpb.FromPeer).GetListening).Address
	if listen.Transport.GetUds() != nil {
		target = "unix:" + target
	}
	p.client.order(&peerpb.ToPeer{Order: &peerpb.ToPeer_Open{
		Open: &peerpb.Open{Channel: channel, Target: target, Options: p.options, Tls: p.tls},
	}})
	await(p.client, (*peerpb.FromPeer).GetOpened)
	return listen.Listener, channel
}

// call begins a call, by default of the greeter with `World`.
func (p *pair) call(channel uint64, call *peerpb.Call) uint64 {
	p.Helper()
	call.Call, call.Channel = p.next(), channel
	if call.Method == "" {
		call.Method, call.RequestType, call.ResponseType = sayHello, "HelloRequest", "HelloReply"
	}
	if call.Shape == 0 {
		call.Shape = unary
	}
	if call.Send == nil {
		call.Send = []*peerpb.Step{message(world)}
	}
	p.client.order(&peerpb.ToPeer{Order: &peerpb.ToPeer_Call{Call: call}})
	return call.Call
}

// result is what came of a call that could be tried.
func (p *pair) result() *peerpb.Result {
	p.Helper()
	report := await(p.client, (*peerpb.FromPeer).GetReport)
	if report.GetResult() == nil {
		p.Fatalf("no result: %v", report)
	}
	return report.GetResult()
}

func (p *pair) began() *peerpb.Began {
	p.Helper()
	return await(p.server, (*peerpb.FromPeer).GetBegan)
}

func (p *pair) handled() *peerpb.Handled {
	p.Helper()
	return await(p.server, (*peerpb.FromPeer).GetHandled)
}

func (p *pair) unlisten(listener uint64) *peerpb.Unlistened {
	p.Helper()
	p.server.order(&peerpb.ToPeer{Order: &peerpb.ToPeer_Unlisten{
		Unlisten: &peerpb.Unlisten{Listener: listener},
	}})
	return await(p.server, (*peerpb.FromPeer).GetUnlistened)
}

// release opens a latch on both sides.
func (p *pair) release(name string) {
	for _, peer := range []*peer{p.client, p.server} {
		peer.order(&peerpb.ToPeer{Order: &peerpb.ToPeer_Release{
			Release: &peerpb.Release{Name: name},
		}})
	}
}

// ------------------------------------------------------------------ short ways to write orders

const sayHello = "/Greeter/SayHello"

var (
	world      = []byte("\x0a\x05World")
	helloWorld = []byte("\x0a\x0cHello, World")
)

func bytesPayload(data []byte) *peerpb.Payload {
	return &peerpb.Payload{Pieces: []*peerpb.Piece{{Kind: &peerpb.Piece_Bytes{Bytes: data}}}}
}

func fill(octet uint32, count uint64) *peerpb.Piece {
	return &peerpb.Piece{Kind: &peerpb.Piece_Fill{Fill: &peerpb.Fill{Byte: octet, Count: count}}}
}

func message(data []byte) *peerpb.Step {
	return &peerpb.Step{Kind: &peerpb.Step_Message{Message: bytesPayload(data)}}
}

func raw(data []byte) *peerpb.Step {
	return &peerpb.Step{Kind: &peerpb.Step_Raw{Raw: bytesPayload(data)}}
}

func receive(count uint32) *peerpb.Step {
	return &peerpb.Step{Kind: &peerpb.Step_Receive{Receive: &peerpb.Receive{Count: count}}}
}

func released(latch string) *peerpb.Step {
	wait := &peerpb.Wait{Event: &peerpb.Wait_Released{Released: latch}}
	return &peerpb.Step{Kind: &peerpb.Step_Wait{Wait: wait}}
}

func after(step string) *peerpb.Step {
	wait := &peerpb.Wait{Event: &peerpb.Wait_Step{Step: step}}
	return &peerpb.Step{Kind: &peerpb.Step_Wait{Wait: wait}}
}

func halfClose() *peerpb.Step {
	return &peerpb.Step{Kind: &peerpb.Step_HalfClose{HalfClose: &peerpb.HalfClose{}}}
}

func cancel() *peerpb.Step {
	return &peerpb.Step{Kind: &peerpb.Step_Cancel{Cancel: &peerpb.Cancel{}}}
}

func awaitHeaders() *peerpb.Step {
	return &peerpb.Step{Kind: &peerpb.Step_AwaitHeaders{AwaitHeaders: &peerpb.AwaitHeaders{}}}
}

func headers(entries ...*peerpb.Metadatum) *peerpb.Step {
	return &peerpb.Step{Kind: &peerpb.Step_Headers{Headers: &peerpb.Headers{Metadata: entries}}}
}

func endWith(status *peerpb.Status) *peerpb.Step {
	return &peerpb.Step{Kind: &peerpb.Step_Status{Status: status}}
}

func reset() *peerpb.Step {
	return &peerpb.Step{Kind: &peerpb.Step_Reset_{Reset_: &peerpb.Reset{ErrorCode: 8}}}
}

func named(name string, step *peerpb.Step) *peerpb.Step {
	step.Name = name
	return step
}

func pairOf(key, value string) *peerpb.Metadatum {
	return &peerpb.Metadatum{Key: key, Value: []byte(value)}
}

// scripted is a listener on which the greeter follows a script.
func scripted(shape peerpb.Shape, send, receive []*peerpb.Step) *peerpb.Listen {
	return &peerpb.Listen{Scripts: []*peerpb.MethodScripts{{
		Method:       sayHello,
		Shape:        shape,
		RequestType:  "HelloRequest",
		ResponseType: "HelloReply",
		Scripts:      []*peerpb.Script{{Send: send, Receive: receive}},
	}}}
}

// valuesOf gives the values of a key in their order.
func valuesOf(entries []*peerpb.Metadatum, key string) []string {
	var values []string
	for _, entry := range entries {
		if entry.Key == key {
			values = append(values, string(entry.Value))
		}
	}
	return values
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
