package wirecheckpeer

import (
	"errors"
	"testing"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

func steps(steps ...*peerpb.Step) []*peerpb.Step { return steps }

func helloCall(shape peerpb.Shape, send []*peerpb.Step, receive ...*peerpb.Step) *peerpb.Call {
	return &peerpb.Call{
		Shape: shape, Send: send, Receive: receive,
		RequestType: "HelloRequest", ResponseType: "HelloReply",
	}
}

func TestAPlanSaysWhereTheRequestHalfCloses(t *testing.T) {
	bidirectional := peerpb.Shape_SHAPE_BIDIRECTIONAL
	for _, given := range []struct {
		send []*peerpb.Step
		want int
	}{
		{steps(message(world), message(world), released("x")), 2},
		{steps(message(world), released("x"), halfClose()), 3},
		{steps(released("x")), 0},
	} {
		plan, err := newPlan(helloCall(bidirectional, given.send))
		equal(t, err, nil)
		equal(t, plan.halfCloseAfter, given.want)
	}
}

func TestCallsThatCannotBeTried(t *testing.T) {
	bidirectional := peerpb.Shape_SHAPE_BIDIRECTIONAL
	for _, call := range []*peerpb.Call{
		helloCall(peerpb.Shape_SHAPE_UNSPECIFIED, steps(message(world))),
		helloCall(99, steps(message(world))),
		helloCall(unary, steps()),
		helloCall(unary, steps(message(world), message(world))),
		helloCall(bidirectional, steps(halfClose(), message(world))),
		helloCall(bidirectional, steps(halfClose(), halfClose())),
		helloCall(unary, steps(headers())),
		helloCall(unary, steps(&peerpb.Step{})),
		{Shape: unary, Send: steps(message(world)), RequestType: "Nobody", ResponseType: "Nobody"},
	} {
		_, err := newPlan(call)
		if _, ok := errors.AsType[*couldNotTryError](err); !ok {
			t.Errorf("%v: %v", call, err)
		}
	}
}

func TestCallsThatNeedWhatIsUnheardOf(t *testing.T) {
	unheardOf := "feature-that-nobody-has"
	needy := message(world)
	needy.Requires = []string{unheardOf}
	listener := message(world)
	listener.Requires = []string{"scripts"} // The other role's.
	for want, call := range map[string]*peerpb.Call{
		unheardOf:       helloCall(unary, steps(needy)),
		"scripts":       helloCall(unary, steps(message(world)), listener),
		"reset":         helloCall(unary, steps(message(world), reset())),
		"await-headers": helloCall(unary, steps(message(world)), awaitHeaders()),
		"api-7":         {Shape: unary, Api: 7},
	} {
		_, err := newPlan(call)
		equal(t, unsupported(err), want)
	}
}

func TestHeadersCanBeAwaitedOnAnyStream(t *testing.T) {
	call := helloCall(unary, steps(message(world)), awaitHeaders())
	call.Api = peerpb.Api_API_STREAM
	_, err := newPlan(call)
	equal(t, err, nil)
}

func TestScriptsThatCannotBeTried(t *testing.T) {
	twice := scripted(unary, steps(message(helloWorld)), nil)
	twice.Scripts = append(twice.Scripts, twice.Scripts...)
	unscripted := scripted(unary, nil, nil)
	unscripted.Scripts[0].Scripts = nil
	unrouted := scripted(unary, nil, nil)
	unrouted.Scripts[0].Method = "SayHello"
	for _, listen := range []*peerpb.Listen{
		twice, unscripted, unrouted,
		scripted(0, nil, nil),
		scripted(unary, steps(message(helloWorld), message(helloWorld)), nil),
		scripted(unary, steps(message([]byte("\x0a\x05"))), nil),
		scripted(unary, steps(awaitHeaders()), nil),
		scripted(unary, steps(endWith(&peerpb.Status{Message: "fine"})), nil),
		{Services: []string{"Greeter"}, Scripts: scripted(unary, nil, nil).Scripts},
	} {
		_, err := newListener(listen, newEventWriter(&blackHole{}), newLatches())
		if _, ok := errors.AsType[*couldNotTryError](err); !ok {
			t.Errorf("%v: %v", listen, err)
		}
	}
}

type blackHole struct{}

func (*blackHole) Write(data []byte) (int, error) { return len(data), nil }

func TestListenersThatNeedWhatIsUnheardOf(t *testing.T) {
	panics := &peerpb.Step{Kind: &peerpb.Step_Panic{Panic: &peerpb.Panic{Message: "no"}}}
	for want, listen := range map[string]*peerpb.Listen{
		"service:Nobody": {Services: []string{"Nobody"}},
		"panic":          scripted(unary, steps(panics), nil),
		"reset":          scripted(unary, nil, steps(reset())),
	} {
		_, err := newListener(listen, newEventWriter(&blackHole{}), newLatches())
		equal(t, unsupported(err), want)
	}
}

func TestTheNthCallTakesTheNthScriptAndTheLastOneRepeats(t *testing.T) {
	first, last := &peerpb.Script{}, &peerpb.Script{Whole: true}
	method := &scriptedMethod{scripts: []*peerpb.Script{first, last}}
	for earlier, want := range []*peerpb.Script{first, last, last} {
		equal(t, method.script(earlier) == want, true)
	}
}

func TestAWaitEndsWithItsEventOrWithTheCall(t *testing.T) {
	latches, progress := newLatches(), newProgress()
	latches.release("scope", "open")
	latches.release("scope", "open")
	equal(t, progress.waitStep(released("open").GetWait(), latches, "scope"), true)
	progress.happen(event{"step", "one"})
	equal(t, progress.waitStep(after("one").GetWait(), latches, "scope"), true)
	progress.end()
	equal(t, progress.waitStep(after("one").GetWait(), latches, "scope"), true)
	equal(t, progress.waitStep(after("two").GetWait(), latches, "scope"), false)
	latches.endScope("scope")
	equal(t, progress.waitStep(released("open").GetWait(), latches, "scope"), false)
}
