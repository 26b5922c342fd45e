package wirecheckpeer

import (
	"context"
	"errors"
	"io"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// The frame around the handlers of built-in services, which know nothing of it.

// framed gives a service whose handlers say when they are entered and left.
func (l *listener) framed(desc *grpc.ServiceDesc) *grpc.ServiceDesc {
	framed := *desc
	// Copies, since the originals belong to the generated code.
	framed.Methods = slices.Clone(desc.Methods)
	for index, method := range desc.Methods {
		framed.Methods[index].Handler = func(
			servant any, context context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor,
		) (any, error) {
			context, err := l.withCoding(context, desc.ServiceName)
			if err != nil {
				return nil, err
			}
			return method.Handler(servant, context, decode, l.aroundUnary)
		}
	}
	framed.Streams = slices.Clone(desc.Streams)
	for index, stream := range desc.Streams {
		path := pathOf(desc, stream.StreamName)
		framed.Streams[index].Handler = func(servant any, given grpc.ServerStream) error {
			watched := l.watch(path, stream.ClientStreams, given)
			coded, err := l.withCoding(watched.context, desc.ServiceName)
			if err != nil {
				return err
			}
			watched.context = coded
			return watched.run(func() error { return stream.Handler(servant, watched) })
		}
	}
	return &framed
}

// aroundUnary is an interceptor: generated code calls it with the request that it has decoded.
func (l *listener) aroundUnary(
	context context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler,
) (any, error) {
	record := newHandlerRecord(l.number, info.FullMethod, newInbox(nil, false), false)
	handling, err := enter(record, l.register, context)
	if err != nil {
		return nil, err
	}
	record.inbox.note(request.(proto.Message))
	reply, err := handler(context, request)
	return reply, handling.leave(err)
}

// watchedStream is the stream of a built-in handler, which notes what the handler receives.
type watchedStream struct {
	grpc.ServerStream
	listener       *listener
	path           string
	streamsRequest bool
	context        context.Context
	cancel         context.CancelFunc
	handling       *handling      // Once the handler is entered.
	entered        chan *handling // The same, for the goroutine that waits for the handler.
}

func (l *listener) watch(path string, streamsRequests bool, given grpc.ServerStream) *watchedStream {
	watched := &watchedStream{
		ServerStream:   given,
		listener:       l,
		path:           path,
		streamsRequest: streamsRequests,
		entered:        make(chan *handling, 1),
	}
	watched.context, watched.cancel = context.WithCancel(given.Context())
	return watched
}

// run runs a handler in a goroutine of its own, so that it can be left when it is aborted.
func (w *watchedStream) run(handler func() error) error {
	defer w.cancel()
	done := make(chan error, 1)
	go func() { done <- w.enterAndRun(handler) }()
	select {
	case err := <-done:
		return w.leave(err)
	case handling := <-w.entered:
		select {
		case err := <-done:
			return handling.leave(err)
		case <-handling.progress.ended:
			if handling.cutOff() {
				return handling.leave(<-done)
			}
			return handling.leave(errAborted)
		}
	}
}

func (w *watchedStream) enterAndRun(handler func() error) error {
	if w.streamsRequest {
		if err := w.enter(); err != nil {
			return err
		}
	}
	return handler()
}

// enter enters the handler: at once if it has a stream of requests, else when it has its request.
func (w *watchedStream) enter() error {
	record := newHandlerRecord(w.listener.number, w.path, newInbox(nil, false), w.streamsRequest)
	handling, err := enter(record, w.listener.register, w.ServerStream.Context())
	if err != nil {
		return err
	}
	w.handling = handling
	w.entered <- handling
	return nil
}

// leave leaves a handler that ended of itself; some never got a request.
func (w *watchedStream) leave(err error) error {
	select {
	case handling := <-w.entered:
		return handling.leave(err)
	default:
		return err
	}
}

// Context ends with the call, or when the handler is aborted.
func (w *watchedStream) Context() context.Context { return w.context }

// RecvMsg receives, and notes what came.
func (w *watchedStream) RecvMsg(message any) error {
	err := w.ServerStream.RecvMsg(message)
	if err == nil && w.handling == nil {
		if err := w.enter(); err != nil {
			return err
		}
	}
	switch {
	case err == nil:
		w.handling.record.inbox.note(message.(proto.Message))
	case w.handling == nil:
	case errors.Is(err, io.EOF):
		w.handling.record.requestEnd(peerpb.RequestEnd_REQUEST_END_HALF_CLOSED)
	case w.handling.cutOff():
		w.handling.record.requestEnd(peerpb.RequestEnd_REQUEST_END_CANCELLED)
	default:
		w.handling.record.requestEnd(peerpb.RequestEnd_REQUEST_END_ERROR)
	}
	return err
}
