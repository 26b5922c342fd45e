package wirecheckpeer

import (
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// What a call leaves behind on either side, as events.

// envelopeSize is the bytes of an envelope that are not the report itself.
const envelopeSize = 64

// callRecord is a call as its client sees it, until it is reported.
type callRecord struct {
	inbox    *inbox
	order    *peerpb.Call
	events   *eventWriter
	mutex    sync.Mutex
	aborted  bool
	stoodAt  struct{ send, receive uint32 }
	reported bool
	beganAt  time.Time
	endedAt  time.Time
}

func newCallRecord(order *peerpb.Call, inbox *inbox, events *eventWriter) *callRecord {
	return &callRecord{order: order, inbox: inbox, events: events}
}

// begin: the call was handed to the library.
func (r *callRecord) begin() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.beganAt = time.Now()
}

// end: its status is known; whoever says so first is right.
func (r *callRecord) end() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.endedAt.IsZero() {
		r.endedAt = time.Now()
	}
}

// abort notes that the harness cut the call off.
func (r *callRecord) abort() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.aborted = true
}

// standsAtSend notes which step of the send lane is begun.
func (r *callRecord) standsAtSend(number int) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.stoodAt.send = uint32(number)
}

// standsAtReceive notes which step of the receive lane is begun.
func (r *callRecord) standsAtReceive(number int) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.stoodAt.receive = uint32(number)
}

// reached: a step was reached; says so if it has a name, and never after the report.
func (r *callRecord) reached(step *peerpb.Step) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if step.Name == "" || r.reported {
		return
	}
	where := &peerpb.Reached_Call{Call: r.order.Call}
	reached := &peerpb.Reached{Where: where, Step: step.Name}
	r.events.send(&peerpb.FromPeer{Event: &peerpb.FromPeer_Reached{Reached: reached}})
}

// report reports the outcome that the library gave.
func (r *callRecord) report(status *status.Status, leading, trailing metadata.MD) {
	r.end()
	r.mutex.Lock()
	defer r.mutex.Unlock()
	messages, count := r.inbox.report(r.order.Whole)
	r.sendReport(&peerpb.Report{Call: r.order.Call, Outcome: &peerpb.Report_Result{
		Result: &peerpb.Result{
			Status: uint32(status.Code()),
			// Other libraries' messages need not be what a string of protobuf may hold.
			Message:        cut(status.Message(), len(status.Message())),
			Details:        statusDetails(trailing),
			Leading:        fromMD(leading),
			Trailing:       fromMD(trailing),
			Messages:       messages,
			MessageCount:   count,
			StoodAtSend:    r.stoodAt.send,
			StoodAtReceive: r.stoodAt.receive,
			Aborted:        r.aborted,
			DurationNs:     r.duration(),
		},
	}})
}

// neverBegan reports a call that was cut off before the library had it.
func (r *callRecord) neverBegan() { r.report(status.New(codes.Canceled, ""), nil, nil) }

// couldNotTry reports that the peer itself failed.
func (r *callRecord) couldNotTry(err error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.reported = true
	r.events.send(reportRefusal(r.order.Call, err))
}

func (r *callRecord) duration() uint64 {
	if r.beganAt.IsZero() {
		return 0
	}
	return uint64(max(r.endedAt.Sub(r.beganAt), 0))
}

func (r *callRecord) sendReport(report *peerpb.Report) {
	r.reported = true
	if size := proto.Size(report); size+envelopeSize > maxEnvelope {
		why := fmt.Sprintf("the report has %d bytes, more than an envelope holds", size)
		r.events.send(reportRefusal(r.order.Call, &couldNotTryError{why}))
		return
	}
	r.events.send(&peerpb.FromPeer{Event: &peerpb.FromPeer_Report{Report: report}})
}

// handlerRecord is a call as its handler sees it, from its entry to its end.
type handlerRecord struct {
	inbox     *inbox
	whole     bool
	number    uint64
	detail    string
	method    string
	listener  uint64
	enteredAt time.Time
	mutex     sync.Mutex
	ended     peerpb.RequestEnd
}

func newHandlerRecord(
	listener uint64, method string, inbox *inbox, streamsRequests bool,
) *handlerRecord {
	// A handler with one request has had all of it before it was entered.
	ended := peerpb.RequestEnd_REQUEST_END_HALF_CLOSED
	if streamsRequests {
		ended = peerpb.RequestEnd_REQUEST_END_UNREAD
	}
	return &handlerRecord{listener: listener, method: method, inbox: inbox, ended: ended}
}

// requestEnd notes how the request stream ended.
func (r *handlerRecord) requestEnd(end peerpb.RequestEnd) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.ended = end
}

// began is the event of the entry.
func (r *handlerRecord) began(pairs metadata.MD) *peerpb.FromPeer {
	r.enteredAt = time.Now()
	return &peerpb.FromPeer{Event: &peerpb.FromPeer_Began{Began: &peerpb.Began{
		Listener: r.listener,
		Number:   r.number,
		Method:   r.method,
		Metadata: fromMD(pairs),
	}}}
}

// reached is the event of a step that has a name.
func (r *handlerRecord) reached(step *peerpb.Step) *peerpb.FromPeer {
	handler := &peerpb.HandlerId{Listener: r.listener, Number: r.number}
	where := &peerpb.Reached_Handler{Handler: handler}
	return &peerpb.FromPeer{Event: &peerpb.FromPeer_Reached{
		Reached: &peerpb.Reached{Where: where, Step: step.Name},
	}}
}

// handled is the event of the end.
func (r *handlerRecord) handled(callEnd peerpb.CallEnd) *peerpb.FromPeer {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	messages, count := r.inbox.report(r.whole)
	return &peerpb.FromPeer{Event: &peerpb.FromPeer_Handled{Handled: &peerpb.Handled{
		Listener:     r.listener,
		Number:       r.number,
		Method:       r.method,
		Messages:     messages,
		MessageCount: count,
		RequestEnd:   r.ended,
		CallEnd:      callEnd,
		Detail:       cut(r.detail, maxWhy),
		DurationNs:   uint64(time.Since(r.enteredAt)),
	}}}
}

// register has the calls on a listener: their numbers, and who is still running.
//
// Under its lock an entry and its `Began`, an end and its `Handled` are one thing each, so the
// events come in the order of the numbers and nothing comes after the register was emptied.
type register struct {
	events       *eventWriter
	mutex        sync.Mutex
	count        uint64
	methodCounts map[string]int
	running      map[uint64]entry
	idle         chan struct{} // Made once the listener is closed, and closed once it is idle.
}

type entry struct {
	record *handlerRecord
	abort  func()
}

func newRegister(events *eventWriter) *register {
	return &register{events: events, methodCounts: map[string]int{}, running: map[uint64]entry{}}
}

// enter enters a handler; gives how many calls of its method were entered before it.
//
// False if the listener is closed: the handler must then not run.
func (r *register) enter(record *handlerRecord, pairs metadata.MD, abort func()) (int, bool) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.idle != nil {
		return 0, false
	}
	r.count++
	record.number = r.count
	earlier := r.methodCounts[record.method]
	r.methodCounts[record.method]++
	r.running[record.number] = entry{record, abort}
	r.events.send(record.began(pairs))
	return earlier, true
}

// reached: a handler reached a step; says so if it has a name.
func (r *register) reached(record *handlerRecord, step *peerpb.Step) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if _, running := r.running[record.number]; running && step.Name != "" {
		r.events.send(record.reached(step))
	}
}

// leave: a handler has ended.
func (r *register) leave(record *handlerRecord, callEnd peerpb.CallEnd) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if _, running := r.running[record.number]; !running {
		return
	}
	delete(r.running, record.number)
	r.events.send(record.handled(callEnd))
	if len(r.running) == 0 && r.idle != nil {
		close(r.idle)
	}
}

// abortAll cancels every call that is running.
func (r *register) abortAll() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, entry := range r.running {
		entry.abort()
	}
}

// close lets nobody enter any more; what it gives is closed when the last has left.
func (r *register) close() <-chan struct{} {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.idle = make(chan struct{})
	if len(r.running) == 0 {
		close(r.idle)
	}
	return r.idle
}

// giveUp reports those that could not be ended as running, and gives their number.
func (r *register) giveUp() uint32 {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	left := uint32(len(r.running))
	for _, entry := range r.running {
		r.events.send(entry.record.handled(peerpb.CallEnd_CALL_END_RUNNING))
	}
	clear(r.running)
	return left
}
