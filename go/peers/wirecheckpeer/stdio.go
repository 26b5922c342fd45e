package wirecheckpeer

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// The peer's standard streams: frames on the real stdout, everything else on stderr.

const (
	exitBrokenContract = 70
	readSize           = 256 * 1024 // Bytes.
	closeLimit         = time.Second
)

// takeStdout keeps the real stdout for frames and lets whatever prints write to the log instead.
func takeStdout() (*os.File, error) {
	real, err := unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, err
	}
	if err := unix.Dup2(2, 1); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(real), "stdout"), nil
}

// log writes one line for the log.
func log(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", arguments...)
}

// endSignals gives a channel that has something when SIGTERM or SIGINT asks the peer to end.
func endSignals() <-chan os.Signal {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	return signals
}

// readOrders gives each order on stdin to take, until the end of stdin or until `end`.
func readOrders(stdin io.Reader, end <-chan os.Signal, take func(*peerpb.ToPeer) error) error {
	chunks := make(chan []byte)
	go readChunks(stdin, chunks)
	parser := &frameParser{}
	var halfRead <-chan time.Time // Fires when a frame has stayed incomplete for too long.
	for {
		select {
		case <-end:
			return nil
		case <-halfRead:
			return halfReadTooLong()
		case data, more := <-chunks:
			if !more && parser.halfRead() {
				return &brokenContract{"stdin ended inside a frame"}
			}
			if !more {
				return nil
			}
			wasHalfRead := parser.halfRead()
			orders, err := parser.feed(data)
			if !parser.halfRead() {
				halfRead = nil
			} else if len(orders) > 0 || !wasHalfRead {
				halfRead = time.After(halfReadLimit)
			}
			for _, order := range orders {
				if err := take(order); err != nil {
					return err
				}
			}
			if err != nil {
				return err
			}
		}
	}
}

// readChunks reads in a goroutine of its own, since a read cannot be waited for together with
// anything else. It ends with the process.
func readChunks(stdin io.Reader, chunks chan<- []byte) {
	defer close(chunks)
	for {
		data := make([]byte, readSize)
		count, err := stdin.Read(data)
		if count > 0 {
			chunks <- data[:count]
		}
		if err != nil {
			return
		}
	}
}

// halfReadTooLong says what is wrong when a frame stays incomplete.
func halfReadTooLong() error {
	return &brokenContract{fmt.Sprintf("a frame stayed half-read for more than %v", halfReadLimit)}
}

// eventWriter writes events from a goroutine of its own.
//
// Whoever sends an event must not wait for the harness to read it: orders would stop being read,
// and both sides could wait for each other. The contract bounds what can queue up here: each event
// answers an order or belongs to a call.
type eventWriter struct {
	out     io.Writer
	muted   atomic.Bool
	mutex   sync.Mutex
	changed *sync.Cond
	frames  [][]byte
	closed  bool
	done    chan struct{}
}

func newEventWriter(out io.Writer) *eventWriter {
	w := &eventWriter{out: out, done: make(chan struct{})}
	w.changed = sync.NewCond(&w.mutex)
	go w.writeAll()
	return w
}

// send queues one event.
func (w *eventWriter) send(event *peerpb.FromPeer) {
	if w.muted.Load() {
		return
	}
	frame, err := encode(event)
	if err != nil {
		log("an event cannot be encoded: %v", err)
		return
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.frames = append(w.frames, frame)
	w.changed.Signal()
}

// mute lets nothing more be written, as `Stop` demands.
func (w *eventWriter) mute() { w.muted.Store(true) }

// close writes what is queued and ends, in at most the limit.
func (w *eventWriter) close(limit time.Duration) {
	w.mutex.Lock()
	w.closed = true
	w.changed.Signal()
	w.mutex.Unlock()
	select {
	case <-w.done:
	case <-time.After(limit):
	}
}

func (w *eventWriter) writeAll() {
	defer close(w.done)
	for {
		frames := w.takeFrames()
		if frames == nil {
			return
		}
		for _, frame := range frames {
			if w.muted.Load() {
				continue
			}
			if _, err := w.out.Write(frame); err != nil {
				// Nobody listens any more. Stdin ends as well then, and with it the peer.
				w.mute()
				log("stdout cannot be written: %v", err)
			}
		}
	}
}

// takeFrames waits for frames; none means that the writer is closed.
func (w *eventWriter) takeFrames() [][]byte {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for len(w.frames) == 0 && !w.closed {
		w.changed.Wait()
	}
	frames := w.frames
	w.frames = nil
	return frames
}

// leave ends the process once the frame that is being written is out. It waits for no goroutine:
// some may hang in a handler.
func leave(events *eventWriter, status int) {
	events.close(closeLimit)
	os.Exit(status)
}
