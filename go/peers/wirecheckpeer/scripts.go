package wirecheckpeer

import (
	"fmt"
	"math"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// Scripted methods: checked when a listener is opened, then taken call by call.

// scriptedMethod is a method that follows scripts.
type scriptedMethod struct {
	path             string
	service          string
	name             string
	streamsRequests  bool
	streamsResponses bool
	requestType      protoreflect.MessageType
	responseType     protoreflect.MessageType
	scripts          []*peerpb.Script
}

// script gives the script of the call that `earlier` calls came before; the last one repeats.
func (m *scriptedMethod) script(earlier int) *peerpb.Script {
	return m.scripts[min(earlier, len(m.scripts)-1)]
}

// newInbox gives an inbox for one call, whose script is not known before its handler is entered.
func (m *scriptedMethod) newInbox() *inbox {
	whole := false
	for _, script := range m.scripts {
		whole = whole || script.Whole
	}
	return newInbox(m.requestType, whole)
}

// scriptedMethods gives the scripted methods of a listener by their paths.
func scriptedMethods(order *peerpb.Listen) (map[string]*scriptedMethod, error) {
	methods := map[string]*scriptedMethod{}
	for _, given := range order.Scripts {
		method, err := newMethod(given, order.DescriptorSet)
		if err != nil {
			return nil, err
		}
		if methods[given.Method] != nil {
			return nil, &couldNotTryError{"two lists of scripts have the same path"}
		}
		methods[given.Method] = method
	}
	return methods, nil
}

func newMethod(given *peerpb.MethodScripts, descriptorSet []byte) (*scriptedMethod, error) {
	if !isShape(given.Shape) {
		return nil, &couldNotTryError{fmt.Sprintf("%s has no shape: %d", given.Method, given.Shape)}
	}
	if len(given.Scripts) == 0 {
		return nil, &couldNotTryError{fmt.Sprintf("%s has no script", given.Method)}
	}
	method := &scriptedMethod{
		path:             given.Method,
		streamsRequests:  streamsRequests(given.Shape),
		streamsResponses: streamsResponses(given.Shape),
		scripts:          given.Scripts,
	}
	var err error
	if method.service, method.name, err = splitPath(given.Method); err != nil {
		return nil, err
	}
	if method.requestType, err = messageType(given.RequestType, descriptorSet); err != nil {
		return nil, err
	}
	if method.responseType, err = messageType(given.ResponseType, descriptorSet); err != nil {
		return nil, err
	}
	for _, script := range method.scripts {
		if err := check(script, method); err != nil {
			return nil, err
		}
	}
	return method, nil
}

// splitPath splits a path as grpc-go's router does.
func splitPath(path string) (service, name string, err error) {
	rest, slash := strings.CutPrefix(path, "/")
	last := strings.LastIndex(rest, "/")
	if !slash || last < 0 {
		return "", "", &couldNotTryError{fmt.Sprintf("grpc-go has no route to the path %q", path)}
	}
	return rest[:last], rest[last+1:], nil
}

func check(script *peerpb.Script, method *scriptedMethod) error {
	if err := demandSteps(script.Send, serverFeatures, serverSendSteps); err != nil {
		return err
	}
	if err := demandSteps(script.Receive, serverFeatures, serverReceiveSteps); err != nil {
		return err
	}
	payloads := payloadSteps(script.Send)
	if len(payloads) > 1 && !method.streamsResponses {
		why := fmt.Sprintf("%s has one response and a script with %d", method.path, len(payloads))
		return &couldNotTryError{why}
	}
	for _, number := range payloads {
		// Built for its errors: a handler has no way to say that its script cannot be followed.
		if _, err := outgoing(script.Send[number-1], method.responseType); err != nil {
			return err
		}
	}
	if err := checkStatuses(script.Send); err != nil {
		return err
	}
	return checkStatuses(script.Receive)
}

func checkStatuses(steps []*peerpb.Step) error {
	for _, step := range steps {
		status := step.GetStatus()
		if status.GetCode() > math.MaxInt32 {
			return &couldNotTryError{fmt.Sprintf("grpc-go has no status code %d", status.Code)}
		}
		if status.GetCode() == 0 && status.GetMessage() != "" {
			return &couldNotTryError{"grpc-go sends no message with the status OK"}
		}
	}
	return nil
}
