package wirecheckpeer

import (
	"sync"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// What has happened in one call, and a way to wait for it.

// event is a thing that happens once in a call.
type event struct{ kind, name string }

// begun is the event that the library has the call.
var begun = event{kind: "begun"}

// progress has events that happen once and stay; a wait ends with its event or with the call.
type progress struct {
	mutex    sync.Mutex
	happened map[event]chan struct{}
	ended    chan struct{}
	isOver   bool
}

func newProgress() *progress {
	return &progress{happened: map[event]chan struct{}{}, ended: make(chan struct{})}
}

// over says whether the call has ended.
func (p *progress) over() bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.isOver
}

// happen notes an event.
func (p *progress) happen(what event) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	channel := p.find(what)
	if !isClosed(channel) {
		close(channel)
	}
}

// end says that the call has ended: nobody waits any longer.
func (p *progress) end() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if !p.isOver {
		p.isOver = true
		close(p.ended)
	}
}

// wait waits for an event; false if the call ended without it.
func (p *progress) wait(what event) bool {
	p.mutex.Lock()
	channel := p.find(what)
	p.mutex.Unlock()
	return p.waitFor(channel)
}

// waitStep carries out a `wait` step.
func (p *progress) waitStep(wait *peerpb.Wait, latches *latches, scope string) bool {
	if step, ok := wait.Event.(*peerpb.Wait_Step); ok {
		return p.wait(event{"step", step.Step})
	}
	return p.waitFor(latches.whenReleased(scope, wait.GetReleased()))
}

func (p *progress) waitFor(channel <-chan struct{}) bool {
	select {
	case <-channel:
		return true
	case <-p.ended:
		return isClosed(channel)
	}
}

func (p *progress) find(what event) chan struct{} {
	if p.happened[what] == nil {
		p.happened[what] = make(chan struct{})
	}
	return p.happened[what]
}

func isClosed(channel <-chan struct{}) bool {
	select {
	case <-channel:
		return true
	default:
		return false
	}
}
