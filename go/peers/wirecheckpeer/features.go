package wirecheckpeer

import (
	"fmt"
	"slices"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// What this peer can do, by the contract's names.
//
// Not `panic`: grpc-go catches none, so a panic in a handler ends the whole process, and with it
// all other calls. Not `reset`: grpc-go gives handlers no way to choose the code of RST_STREAM.

var commonFeatures = []string{
	"tcp", "uds", "ipv6", "tls", "mtls", "raw-messages", "dynamic-messages", "unknown-fields", "types:grpc.testing",
	"compression:gzip",
}

var clientFeatures = slices.Concat(
	[]string{"client", "call-credentials"},
	commonFeatures,
	[]string{"api-idiomatic", "api-stream", "await-headers", "leading-metadata"},
	optionFeatures(&peerpb.ChannelOptions{}, channelOptions),
)

var serverFeatures = slices.Concat(
	[]string{"server"},
	commonFeatures,
	[]string{"scripts", "graceful-shutdown"},
	optionFeatures(&peerpb.ServerOptions{}, serverOptions),
	serviceFeatures(),
)

var (
	clientSendSteps    = []string{"message", "raw", "half_close", "wait", "cancel"}
	clientReceiveSteps = []string{"await_headers", "receive", "wait", "cancel"}
	serverSendSteps    = []string{"message", "raw", "wait", "headers", "status"}
	serverReceiveSteps = []string{"receive", "wait", "status"}
)

// demand refuses what this peer has never heard of.
func demand(requires, known []string) error {
	for _, name := range requires {
		if !slices.Contains(known, name) {
			return &unsupportedError{name}
		}
	}
	return nil
}

// demandSteps refuses a lane with a step that cannot be carried out; kinds are those of the lane.
func demandSteps(steps []*peerpb.Step, known, kinds []string) error {
	for _, step := range steps {
		if err := demand(step.Requires, known); err != nil {
			return err
		}
	}
	for index, step := range steps {
		kind := stepKind(step)
		if kind == "reset" || kind == "panic" {
			return &unsupportedError{kind}
		}
		if !slices.Contains(kinds, kind) {
			why := fmt.Sprintf("step %d of a lane has no place there: %s", index+1, kind)
			return &couldNotTryError{why}
		}
	}
	return nil
}

// stepKind gives the kind of a step by its field, `nothing` if this version knows none.
func stepKind(step *peerpb.Step) string {
	message := step.ProtoReflect()
	field := message.WhichOneof(message.Descriptor().Oneofs().ByName("kind"))
	if field == nil {
		return "nothing"
	}
	return string(field.Name())
}
