package wirecheckpeer

import "sync"

// The latches that `Release` opens: named, kept by scope, and open for good.

// latches are all latches of a peer.
type latches struct {
	mutex  sync.Mutex
	scopes map[string]map[string]*latch
}

type latch struct {
	opened chan struct{}
	open   bool
}

func newLatches() *latches { return &latches{scopes: map[string]map[string]*latch{}} }

// release opens a latch and tells whoever waits for it.
func (l *latches) release(scope, name string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	latch := l.find(scope, name)
	if !latch.open {
		latch.open = true
		close(latch.opened)
	}
}

// whenReleased gives what is closed once the latch is open.
func (l *latches) whenReleased(scope, name string) <-chan struct{} {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.find(scope, name).opened
}

// endScope forgets the latches of a scope.
func (l *latches) endScope(scope string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	delete(l.scopes, scope)
}

func (l *latches) find(scope, name string) *latch {
	if l.scopes[scope] == nil {
		l.scopes[scope] = map[string]*latch{}
	}
	if l.scopes[scope][name] == nil {
		l.scopes[scope][name] = &latch{opened: make(chan struct{})}
	}
	return l.scopes[scope][name]
}
