package wirecheckpeer

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// clientCall is one call of a client, and its two lanes.
//
// The send lane has a goroutine of its own, the receive lane runs in the goroutine of the call,
// and the end of the call's context wakes whatever waits.
type clientCall struct {
	number   uint64
	order    *peerpb.Call
	plan     *plan
	latches  *latches
	inbox    *inbox
	record   *callRecord
	progress *progress
	context  context.Context
	cancel   context.CancelFunc

	beginning sync.Mutex
	hasBegun  bool
	attempted chan struct{}     // Closed when grpc-go has made the stream, or has not.
	stream    grpc.ClientStream // Nil before that, for a unary call, and if there is none.
	header    metadata.MD
	trailer   metadata.MD

	ending   sync.Once
	finished chan struct{} // Closed when the status is known.
	status   *status.Status

	failing   sync.Mutex
	failure   error // Why the peer itself could not go on.
	sendError error // What grpc-go said of a send.
}

func newClientCall(
	order *peerpb.Call, plan *plan, latches *latches, events *eventWriter,
) *clientCall {
	inbox := newInbox(plan.responseType, order.Whole)
	call := &clientCall{
		number:    order.Call,
		order:     order,
		plan:      plan,
		latches:   latches,
		inbox:     inbox,
		record:    newCallRecord(order, inbox, events),
		progress:  newProgress(),
		attempted: make(chan struct{}),
		finished:  make(chan struct{}),
	}
	call.context, call.cancel = context.WithCancel(context.Background())
	return call
}

// run makes the call and reports it.
func (c *clientCall) run(channel *grpc.ClientConn) {
	// Lets go of the send lane as well, if it still hangs in a send.
	defer c.cancel()
	go c.sendLane(channel)
	c.receiveLane()
	c.report()
}

// abort cancels the call, or keeps it from beginning.
func (c *clientCall) abort() {
	c.beginning.Lock()
	defer c.beginning.Unlock()
	if !c.progress.over() {
		c.record.abort()
	}
	if !c.hasBegun {
		c.progress.end()
	}
	c.cancel()
}

// fail: a part of the call could not be carried out; that is the peer's, and ends the call.
func (c *clientCall) fail(err error) {
	c.failing.Lock()
	defer c.failing.Unlock()
	if c.failure == nil {
		c.failure = err
	}
	c.cancel()
	c.end()
}

func (c *clientCall) begin(channel *grpc.ClientConn, message any) {
	c.beginning.Lock()
	if c.progress.over() {
		c.beginning.Unlock()
		return
	}
	c.hasBegun = true
	c.record.begin()
	c.progress.happen(begun)
	outgoing := c.outgoingContext()
	c.beginning.Unlock()
	if c.plan.isUnary() {
		close(c.attempted)
		go c.invoke(outgoing, channel, message)
		return
	}
	c.newStream(outgoing, channel, message)
}

func (c *clientCall) outgoingContext() context.Context {
	outgoing := metadata.AppendToOutgoingContext(c.context, c.plan.metadata...)
	cancel := context.CancelFunc(func() {})
	if c.plan.timeout != nil {
		outgoing, cancel = context.WithTimeout(outgoing, *c.plan.timeout)
	}
	context.AfterFunc(c.context, cancel)
	context.AfterFunc(outgoing, c.end)
	return outgoing
}

// invoke makes a unary call, in the way of generated code.
func (c *clientCall) invoke(outgoing context.Context, channel *grpc.ClientConn, message any) {
	options := append(callOptions(c.order), grpc.Header(&c.header), grpc.Trailer(&c.trailer))
	c.finish(channel.Invoke(outgoing, c.order.Method, message, c.inbox.next(), options...))
}

// newStream makes any other call, in the way of generated code: one request goes out at once.
func (c *clientCall) newStream(outgoing context.Context, channel *grpc.ClientConn, message any) {
	defer close(c.attempted)
	stream, err := channel.NewStream(
		outgoing, c.plan.streamDesc(), c.order.Method, callOptions(c.order)...)
	if err != nil {
		c.finish(err)
		return
	}
	c.stream = stream
	if !c.plan.streamsRequests && c.sendMessage(message) {
		c.closeSend()
	}
}

// finish: the library has said how the call ended. An error of a send comes first: grpc-go ends
// the call with it, and what is received after that only says that it has ended.
func (c *clientCall) finish(err error) {
	c.ending.Do(func() {
		c.failing.Lock()
		defer c.failing.Unlock()
		if errors.Is(err, io.EOF) {
			err = nil
		}
		if c.sendError != nil {
			err = c.sendError
		}
		c.status = status.Convert(err)
		if c.stream != nil {
			c.header, _ = c.stream.Header()
			c.trailer = c.stream.Trailer()
		}
		c.end()
		close(c.finished)
	})
}

func (c *clientCall) end() {
	c.record.end()
	c.progress.end()
}

// ------------------------------------------------------------------ the lanes

func (c *clientCall) sendLane(channel *grpc.ClientConn) {
	if c.plan.streamsRequests {
		c.begin(channel, nil)
	}
	halfCloseAfter := c.plan.halfCloseAfter
	if halfCloseAfter == 0 {
		halfCloseAfter = len(c.order.Send)
	}
	for index, step := range c.order.Send {
		c.record.standsAtSend(index + 1)
		if !c.sendStep(step, channel) {
			return
		}
		if index+1 == halfCloseAfter {
			c.halfClose()
		}
		c.done(step)
	}
	c.halfClose()
}

func (c *clientCall) sendStep(step *peerpb.Step, channel *grpc.ClientConn) bool {
	switch step.Kind.(type) {
	case *peerpb.Step_Message, *peerpb.Step_Raw:
		message, err := outgoing(step, c.plan.requestType)
		if err != nil {
			c.fail(err)
			return false
		}
		return c.send(message, channel)
	case *peerpb.Step_HalfClose:
		return true // Its place in the lane says when, see the caller.
	default:
		return c.eitherStep(step)
	}
}

func (c *clientCall) send(message any, channel *grpc.ClientConn) bool {
	if !c.plan.streamsRequests {
		c.begin(channel, message)
		return true
	}
	return c.stream != nil && c.sendMessage(message)
}

// sendMessage sends on a stream. An EOF says that the call has ended and that the receive lane is
// told how; any other error, such as that of a message over this side's limit, is said here only.
func (c *clientCall) sendMessage(message any) bool {
	err := c.stream.SendMsg(message)
	if err != nil && !errors.Is(err, io.EOF) {
		c.failing.Lock()
		c.sendError = err
		c.failing.Unlock()
		c.end()
	}
	return err == nil
}

func (c *clientCall) halfClose() {
	if c.plan.streamsRequests && c.stream != nil {
		c.closeSend()
	}
}

func (c *clientCall) closeSend() {
	_ = c.stream.CloseSend() // What fails here is seen by the receive lane as well.
}

func (c *clientCall) receiveLane() {
	for index, step := range c.order.Receive {
		c.record.standsAtReceive(index + 1)
		if !c.receiveStep(step) {
			break
		}
		c.done(step)
	}
	c.receive(0)
}

func (c *clientCall) receiveStep(step *peerpb.Step) bool {
	switch kind := step.Kind.(type) {
	case *peerpb.Step_AwaitHeaders:
		return c.awaitHeaders()
	case *peerpb.Step_Receive:
		return c.receive(kind.Receive.Count)
	default:
		return c.eitherStep(step)
	}
}

func (c *clientCall) awaitHeaders() bool {
	if !c.awaitAttempted() || c.stream == nil {
		return false
	}
	_, _ = c.stream.Header() // Its error is that of the next message.
	return true
}

// receive receives so many messages, or all; false if the call ended before that.
func (c *clientCall) receive(count uint32) bool {
	if !c.awaitAttempted() {
		return false
	}
	if c.stream == nil {
		<-c.finished
		return c.status.Err() == nil
	}
	if !c.plan.streamsResponses {
		return c.awaitResponse()
	}
	for received := uint32(0); count == 0 || received < count; received++ {
		if isClosed(c.finished) {
			return count == 0
		}
		if err := c.stream.RecvMsg(c.inbox.next()); err != nil {
			c.finish(err)
			return count == 0
		}
	}
	return true
}

func (c *clientCall) awaitResponse() bool {
	if !isClosed(c.finished) {
		c.finish(c.stream.RecvMsg(c.inbox.next()))
	}
	return c.status.Err() == nil
}

// awaitAttempted waits until grpc-go has the call; false if it never gets it. What it makes of
// its context's end it says by itself, so that the wait is not for the call.
func (c *clientCall) awaitAttempted() bool {
	if !c.progress.wait(begun) {
		return false
	}
	<-c.attempted
	return true
}

func (c *clientCall) eitherStep(step *peerpb.Step) bool {
	if wait := step.GetWait(); wait != nil {
		c.record.reached(step)
		return c.progress.waitStep(wait, c.latches, c.order.Scope)
	}
	if !c.progress.wait(begun) {
		return false
	}
	c.cancel()
	c.done(step)
	// Nothing of the lane goes out any more: grpc-go hears of the end of a context by the way, and
	// a half-close could still come before its reset.
	return false
}

func (c *clientCall) done(step *peerpb.Step) {
	if step.GetWait() == nil {
		c.record.reached(step)
	}
	if step.Name != "" {
		c.progress.happen(event{"step", step.Name})
	}
}

// ------------------------------------------------------------------ the report

func (c *clientCall) report() {
	c.failing.Lock()
	defer c.failing.Unlock()
	switch {
	case c.failure != nil:
		c.record.couldNotTry(c.failure)
	case !isClosed(c.finished):
		c.record.neverBegan()
	default:
		c.record.report(c.status, c.header, c.trailer)
	}
}
