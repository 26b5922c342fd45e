package wirecheckpeer

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// Handlers: the frame around every handler, and those with a script.

// errAborted is how a handler ends that the harness aborts.
var errAborted = status.Error(codes.Canceled, "aborted by the harness")

// handling is the frame around a handler: `Began` when it is entered, `Handled` when it is left.
type handling struct {
	record   *handlerRecord
	register *register
	context  context.Context // grpc-go's own, so that its end is the library's word.
	progress *progress
	earlier  int            // How many calls of the method were entered before this one.
	ownEnd   peerpb.CallEnd // How the handler ends on purpose, if it does.
	mutex    sync.Mutex
	aborted  bool
}

func enter(
	record *handlerRecord, register *register, context context.Context,
) (*handling, error) {
	handling := &handling{
		record: record, register: register, context: context, progress: newProgress(),
	}
	pairs, _ := metadata.FromIncomingContext(context)
	earlier, entered := register.enter(record, pairs, handling.abort)
	if !entered {
		return nil, status.Error(codes.Unavailable, "the listener is closed")
	}
	handling.earlier = earlier
	handling.endWithCall()
	return handling, nil
}

// leave ends the handler with an error or without, and gives what grpc-go is to be told.
func (h *handling) leave(err error) error {
	if err != nil && h.ownEnd == peerpb.CallEnd_CALL_END_UNSPECIFIED {
		h.record.detail = err.Error()
	}
	h.register.leave(h.record, h.callEnd())
	if h.isAborted() {
		return errAborted
	}
	return err
}

// cutOff says whether the call ended while the handler ran.
func (h *handling) cutOff() bool { return h.context.Err() != nil }

// reached: a step was reached.
func (h *handling) reached(step *peerpb.Step) { h.register.reached(h.record, step) }

func (h *handling) endWithCall() { context.AfterFunc(h.context, h.progress.end) }

// abort lets the handler end as if it had been cancelled. grpc-go has no way to cancel a call from
// outside of its handler.
func (h *handling) abort() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.aborted = true
	h.progress.end()
}

func (h *handling) isAborted() bool {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.aborted && h.ownEnd == peerpb.CallEnd_CALL_END_UNSPECIFIED
}

func (h *handling) callEnd() peerpb.CallEnd {
	switch {
	case errors.Is(h.context.Err(), context.DeadlineExceeded):
		return peerpb.CallEnd_CALL_END_DEADLINE
	case h.cutOff() || h.isAborted():
		return peerpb.CallEnd_CALL_END_CANCELLED
	default:
		return peerpb.CallEnd_CALL_END_RETURNED
	}
}

// scriptedHandler follows a script, each lane in a goroutine of its own.
//
// The handler's own goroutine ends the call as soon as a lane says so; grpc-go then ends what the
// other one may still wait for.
type scriptedHandler struct {
	method   *scriptedMethod
	script   *peerpb.Script
	handling *handling
	stream   grpc.ServerStream
	latches  *latches
	scope    string
	mutex    sync.Mutex
	ending   *peerpb.Step // The step that ends the call.
	failure  error        // What a lane ran into.
}

func newScriptedHandler(
	method *scriptedMethod, handling *handling, stream grpc.ServerStream,
	latches *latches, scope string,
) *scriptedHandler {
	script := method.script(handling.earlier)
	handling.record.whole = script.Whole
	return &scriptedHandler{
		method: method, script: script, handling: handling, stream: stream,
		latches: latches, scope: scope,
	}
}

// respond runs both lanes, and gives the error to end with.
func (h *scriptedHandler) respond() error {
	var lanes sync.WaitGroup
	lanes.Go(h.sendLane)
	lanes.Go(h.receiveLane)
	done := make(chan struct{})
	go func() {
		lanes.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-h.handling.progress.ended:
		if h.handling.cutOff() {
			// grpc-go lets go of both lanes, and what they saw belongs to the report.
			<-done
		}
	}
	return h.finish()
}

// ------------------------------------------------------------------ the lanes

func (h *scriptedHandler) sendLane() {
	for _, step := range h.script.Send {
		if h.handling.progress.over() || !h.sendStep(step) {
			return
		}
		h.done(step)
	}
}

func (h *scriptedHandler) sendStep(step *peerpb.Step) bool {
	switch kind := step.Kind.(type) {
	case *peerpb.Step_Message, *peerpb.Step_Raw:
		message, err := outgoing(step, h.method.responseType)
		if err != nil {
			return h.fail(err)
		}
		return h.check(h.stream.SendMsg(message))
	case *peerpb.Step_Headers:
		pairs := metadata.Pairs(toPairs(kind.Headers.Metadata)...)
		return h.check(h.stream.SendHeader(pairs))
	default:
		return h.eitherStep(step)
	}
}

func (h *scriptedHandler) receiveLane() {
	for _, step := range h.script.Receive {
		if h.handling.progress.over() || !h.receiveStep(step) {
			return
		}
		h.done(step)
	}
}

func (h *scriptedHandler) receiveStep(step *peerpb.Step) bool {
	if receive := step.GetReceive(); receive != nil {
		return h.receive(receive.Count)
	}
	return h.eitherStep(step)
}

// receive receives so many messages, or all.
func (h *scriptedHandler) receive(count uint32) bool {
	if !h.method.streamsRequests {
		return true
	}
	record := h.handling.record
	for received := uint32(0); count == 0 || received < count; received++ {
		err := h.stream.RecvMsg(record.inbox.next())
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			record.requestEnd(peerpb.RequestEnd_REQUEST_END_HALF_CLOSED)
			return true
		case h.handling.cutOff() && !record.inbox.hasRefused():
			record.requestEnd(peerpb.RequestEnd_REQUEST_END_CANCELLED)
			return h.fail(err)
		default:
			record.requestEnd(peerpb.RequestEnd_REQUEST_END_ERROR)
			return h.fail(err)
		}
	}
	return true
}

func (h *scriptedHandler) eitherStep(step *peerpb.Step) bool {
	if wait := step.GetWait(); wait != nil {
		h.handling.reached(step)
		return h.handling.progress.waitStep(wait, h.latches, h.scope)
	}
	h.mutex.Lock()
	if h.ending == nil {
		h.ending = step
	}
	h.mutex.Unlock()
	h.done(step)
	h.handling.progress.end()
	return false
}

func (h *scriptedHandler) check(err error) bool { return err == nil || h.fail(err) }

// fail ends the handler with an error of grpc-go's, as an `if err != nil` does in the handlers
// that people write.
func (h *scriptedHandler) fail(err error) bool {
	h.mutex.Lock()
	if h.failure == nil {
		h.failure = err
	}
	h.mutex.Unlock()
	h.handling.progress.end()
	return false
}

func (h *scriptedHandler) done(step *peerpb.Step) {
	if step.GetWait() == nil {
		h.handling.reached(step)
	}
	if step.Name != "" {
		h.handling.progress.happen(event{"step", step.Name})
	}
}

// ------------------------------------------------------------------ the end

func (h *scriptedHandler) finish() error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.ending != nil {
		h.handling.ownEnd = peerpb.CallEnd_CALL_END_RETURNED
		return h.endWith(h.ending.GetStatus())
	}
	if h.failure != nil {
		return h.failure
	}
	// Of a context that has ended grpc-go makes the status that belongs to it.
	return h.handling.context.Err()
}

func (h *scriptedHandler) endWith(given *peerpb.Status) error {
	h.stream.SetTrailer(trailing(given))
	return status.Error(codes.Code(given.Code), given.Message)
}
