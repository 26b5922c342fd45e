package wirecheckpeer

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// The server role.

const (
	maxHandlers   = 1_000
	maxListeners  = 256
	unlistenLimit = 2 * time.Second // For handlers to end after their calls were cancelled.
)

// server has listeners.
type server struct {
	events    *eventWriter
	latches   *latches
	mutex     sync.Mutex
	listeners map[uint64]*listener
}

func newServer(events *eventWriter) *server {
	return &server{events: events, latches: newLatches(), listeners: map[uint64]*listener{}}
}

func (s *server) ready() *peerpb.Ready {
	return &peerpb.Ready{
		Features: serverFeatures, MaxHandlers: maxHandlers, MaxListeners: maxListeners,
	}
}

func (s *server) begin(order *peerpb.ToPeer) error {
	switch order := order.Order.(type) {
	case *peerpb.ToPeer_Listen:
		return s.listen(order.Listen)
	case *peerpb.ToPeer_Shutdown:
		return s.shutdown(order.Shutdown)
	case *peerpb.ToPeer_Unlisten:
		return s.unlisten(order.Unlisten)
	case *peerpb.ToPeer_Abort:
		s.abort(order.Abort)
	case *peerpb.ToPeer_Release:
		s.latches.release(order.Release.Scope, order.Release.Name)
	case *peerpb.ToPeer_EndScope:
		s.latches.endScope(order.EndScope.Scope)
	}
	return nil
}

// listen opens a listener.
func (s *server) listen(order *peerpb.Listen) error {
	if err := demand(order.Requires, serverFeatures); err != nil {
		return err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.listeners) >= maxListeners {
		return &couldNotTryError{fmt.Sprintf("%d listeners are open already", maxListeners)}
	}
	listener, err := newListener(order, s.events, s.latches)
	if err != nil {
		return err
	}
	address, err := listener.start(order.Transport)
	if err != nil {
		return err
	}
	s.listeners[order.Listener] = listener
	listening := &peerpb.Listening{Listener: order.Listener, Address: address}
	s.events.send(&peerpb.FromPeer{Event: &peerpb.FromPeer_Listening{Listening: listening}})
	return nil
}

// shutdown shuts a listener down in the middle of a cell.
func (s *server) shutdown(order *peerpb.Shutdown) error {
	if err := demand(order.Requires, serverFeatures); err != nil {
		return err
	}
	listener, err := s.find(order.Listener)
	if err != nil {
		return err
	}
	go func() {
		listener.stop(time.Duration(order.GetGraceMs()) * time.Millisecond)
		shutDown := &peerpb.ShutDown{Listener: order.Listener}
		s.events.send(&peerpb.FromPeer{Event: &peerpb.FromPeer_ShutDown{ShutDown: shutDown}})
	}()
	return nil
}

// unlisten ends a listener by force.
func (s *server) unlisten(order *peerpb.Unlisten) error {
	listener, err := s.find(order.Listener)
	if err != nil {
		return err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.listeners, order.Listener)
	go func() {
		left := listener.end(unlistenLimit)
		unlistened := &peerpb.Unlistened{Listener: order.Listener, StillRunning: left}
		s.events.send(&peerpb.FromPeer{Event: &peerpb.FromPeer_Unlistened{Unlistened: unlistened}})
	}()
	return nil
}

// abort cancels every call on a listener.
func (s *server) abort(order *peerpb.Abort) {
	if listener, err := s.find(order.GetListener()); err == nil {
		listener.register.abortAll()
	}
}

// stop ends everything by force.
func (s *server) stop() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var stopping sync.WaitGroup
	for _, listener := range s.listeners {
		stopping.Go(func() { listener.stop(0) })
	}
	waitAtMost(&stopping, stopLimit)
}

func (s *server) find(number uint64) (*listener, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	listener := s.listeners[number]
	if listener == nil {
		return nil, &couldNotTryError{fmt.Sprintf("there is no listener %d", number)}
	}
	return listener, nil
}

// listener is one `grpc.Server` and what it serves.
type listener struct {
	number   uint64
	register *register
	scope    string
	coding   string // In which responses are compressed; empty if they are not.
	latches  *latches
	server   *grpc.Server
}

func newListener(order *peerpb.Listen, events *eventWriter, latches *latches) (*listener, error) {
	listener := &listener{
		number:   order.Listener,
		register: newRegister(events),
		scope:    order.Scope,
		coding:   order.Options.GetCompression(),
		latches:  latches,
	}
	methods, err := scriptedMethods(order)
	if err != nil {
		return nil, err
	}
	arguments, err := serverArguments(order.Options)
	if err != nil {
		return nil, err
	}
	secured, err := serverCredentials(order.Tls)
	if err != nil {
		return nil, err
	}
	listener.server = grpc.NewServer(append(arguments, secured...)...)
	services, err := services(order.Services, methods, listener.server)
	if err != nil {
		return nil, err
	}
	listener.add(services, methods)
	return listener, nil
}

// start binds and accepts connections; gives the address.
func (l *listener) start(transport *peerpb.Transport) (string, error) {
	socket, err := bind(transport)
	if err != nil {
		return "", err
	}
	go func() {
		if err := l.server.Serve(socket); err != nil {
			log("listener %d: %v", l.number, err)
		}
	}()
	return boundAddress(transport, socket), nil
}

// stop lets calls end by themselves for so long, then ends them.
func (l *listener) stop(grace time.Duration) {
	if grace > 0 {
		timer := time.AfterFunc(grace, l.server.Stop)
		defer timer.Stop()
		l.server.GracefulStop()
		return
	}
	l.server.Stop()
}

// end ends calls and handlers by force; gives how many handlers could not be ended.
func (l *listener) end(limit time.Duration) uint32 {
	idle := l.register.close()
	stopped := make(chan struct{})
	go func() {
		l.stop(0)
		close(stopped)
	}()
	timeout := time.After(limit)
	for _, done := range []<-chan struct{}{idle, stopped} {
		select {
		case <-done:
		case <-timeout:
			return l.register.giveUp()
		}
	}
	return l.register.giveUp()
}

// add lets grpc-go serve what this listener has. A service may have built-in and scripted methods,
// and is registered once.
func (l *listener) add(services []service, methods map[string]*scriptedMethod) {
	descs := map[string]*grpc.ServiceDesc{}
	servants := map[string]any{}
	for _, service := range services {
		descs[service.desc.ServiceName] = l.framed(service.desc)
		servants[service.desc.ServiceName] = service.servant
	}
	for _, method := range methods {
		if descs[method.service] == nil {
			descs[method.service] = &grpc.ServiceDesc{ServiceName: method.service}
		}
		desc := descs[method.service]
		desc.Streams = append(desc.Streams, l.streamDesc(method))
	}
	for _, name := range slices.Sorted(maps.Keys(descs)) {
		l.server.RegisterService(descs[name], servants[name])
	}
}

// streamDesc is what serves a scripted method. All of them go through grpc-go's interface for
// streams: its unary interface is that one with a response that waits for the handler's end, and
// can end no call with both a response and an error.
func (l *listener) streamDesc(method *scriptedMethod) grpc.StreamDesc {
	return grpc.StreamDesc{
		StreamName:    method.name,
		ClientStreams: method.streamsRequests,
		ServerStreams: method.streamsResponses,
		Handler: func(_ any, stream grpc.ServerStream) error {
			return l.respond(method, stream)
		},
	}
}

func (l *listener) respond(method *scriptedMethod, stream grpc.ServerStream) error {
	inbox := method.newInbox()
	if _, err := l.withCoding(stream.Context(), ""); err != nil {
		return err
	}
	if !method.streamsRequests {
		// As in generated code: a handler with one request has it when it is entered.
		if err := stream.RecvMsg(inbox.next()); err != nil {
			return err
		}
	}
	record := newHandlerRecord(l.number, method.path, inbox, method.streamsRequests)
	handling, err := enter(record, l.register, stream.Context())
	if err != nil {
		return err
	}
	handler := newScriptedHandler(method, handling, stream, l.latches, l.scope)
	return handling.leave(handler.respond())
}
