package wirecheckpeer

import (
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// The client role.

const maxCalls = 1_000

// stopLimit is the time for all channels, or all servers, together.
const stopLimit = time.Second

// client has channels, and the calls on them.
type client struct {
	events   *eventWriter
	latches  *latches
	mutex    sync.Mutex
	channels map[uint64]*grpc.ClientConn
	calls    map[uint64]*clientCall
}

func newClient(events *eventWriter) *client {
	return &client{
		events:   events,
		latches:  newLatches(),
		channels: map[uint64]*grpc.ClientConn{},
		calls:    map[uint64]*clientCall{},
	}
}

func (c *client) ready() *peerpb.Ready {
	return &peerpb.Ready{Features: clientFeatures, MaxCalls: maxCalls}
}

func (c *client) begin(order *peerpb.ToPeer) error {
	switch order := order.Order.(type) {
	case *peerpb.ToPeer_Open:
		return c.open(order.Open)
	case *peerpb.ToPeer_Close:
		return c.close(order.Close)
	case *peerpb.ToPeer_Call:
		return c.call(order.Call)
	case *peerpb.ToPeer_Abort:
		c.abort(order.Abort)
	case *peerpb.ToPeer_Release:
		c.latches.release(order.Release.Scope, order.Release.Name)
	case *peerpb.ToPeer_EndScope:
		c.latches.endScope(order.EndScope.Scope)
	}
	return nil
}

// open makes a channel, which does not connect yet.
func (c *client) open(order *peerpb.Open) error {
	if err := demand(order.Requires, clientFeatures); err != nil {
		return err
	}
	arguments, err := channelArguments(order.Options)
	if err != nil {
		return err
	}
	secured, err := channelCredentials(order.Tls)
	if err != nil {
		return err
	}
	channel, err := newChannel(order.Target, append(arguments, secured))
	if err != nil {
		return err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.channels[order.Channel] = channel
	opened := &peerpb.Opened{Channel: order.Channel}
	c.events.send(&peerpb.FromPeer{Event: &peerpb.FromPeer_Opened{Opened: opened}})
	return nil
}

// close lets go of a channel, which may take its time.
func (c *client) close(order *peerpb.Close) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	channel := c.channels[order.Channel]
	if channel == nil {
		return noChannel(order.Channel)
	}
	delete(c.channels, order.Channel)
	go func() {
		_ = channel.Close() // It fails only where it was closed before.
		closed := &peerpb.Closed{Channel: order.Channel}
		c.events.send(&peerpb.FromPeer{Event: &peerpb.FromPeer_Closed{Closed: closed}})
	}()
	return nil
}

// call begins a call.
func (c *client) call(order *peerpb.Call) error {
	plan, err := newPlan(order)
	if err != nil {
		return err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	channel := c.channels[order.Channel]
	if channel == nil {
		return noChannel(order.Channel)
	}
	if len(c.calls) >= maxCalls {
		return &couldNotTryError{fmt.Sprintf("%d calls are running already", maxCalls)}
	}
	call := newClientCall(order, plan, c.latches, c.events)
	c.calls[order.Call] = call
	go c.run(call, channel)
	return nil
}

// abort cancels a call; one that has ended already is left alone.
func (c *client) abort(order *peerpb.Abort) {
	c.mutex.Lock()
	call := c.calls[order.GetCall()]
	c.mutex.Unlock()
	if call != nil {
		call.abort()
	}
}

// stop ends everything by force.
func (c *client) stop() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, call := range c.calls {
		call.abort()
	}
	var closing sync.WaitGroup
	for _, channel := range c.channels {
		closing.Go(func() { _ = channel.Close() })
	}
	waitAtMost(&closing, stopLimit)
}

func (c *client) run(call *clientCall, channel *grpc.ClientConn) {
	call.run(channel)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	delete(c.calls, call.number)
}

func noChannel(number uint64) error {
	return &couldNotTryError{fmt.Sprintf("there is no channel %d", number)}
}

func waitAtMost(group *sync.WaitGroup, limit time.Duration) {
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(limit):
	}
}
