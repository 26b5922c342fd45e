package wirecheckpeer

import (
	"fmt"
	"math"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// What a client must know of a call before it begins.

// streamsRequests says whether a method of this shape takes a stream.
func streamsRequests(shape peerpb.Shape) bool {
	return shape == peerpb.Shape_SHAPE_CLIENT_STREAMING || shape == peerpb.Shape_SHAPE_BIDIRECTIONAL
}

// streamsResponses says whether a method of this shape gives a stream.
func streamsResponses(shape peerpb.Shape) bool {
	return shape == peerpb.Shape_SHAPE_SERVER_STREAMING || shape == peerpb.Shape_SHAPE_BIDIRECTIONAL
}

// isShape says whether this version knows the shape.
func isShape(shape peerpb.Shape) bool {
	return shape != peerpb.Shape_SHAPE_UNSPECIFIED && peerpb.Shape_name[int32(shape)] != ""
}

// plan is a call that can be carried out.
type plan struct {
	streamsRequests  bool
	streamsResponses bool
	requestType      protoreflect.MessageType
	responseType     protoreflect.MessageType
	metadata         []string
	timeout          *time.Duration
	halfCloseAfter   int // The step of the send lane, from 1; 0 is the end of the lane.
}

// isUnary says whether the call goes through `ClientConn.Invoke`, as in generated code.
func (p *plan) isUnary() bool { return !p.streamsRequests && !p.streamsResponses }

// streamDesc is what `ClientConn.NewStream` is told in generated code.
func (p *plan) streamDesc() *grpc.StreamDesc {
	return &grpc.StreamDesc{ClientStreams: p.streamsRequests, ServerStreams: p.streamsResponses}
}

// newPlan checks an order in full, so that nothing is found lacking in the middle of a call.
func newPlan(order *peerpb.Call) (*plan, error) {
	if err := demandAll(order); err != nil {
		return nil, err
	}
	mostGeneral, err := isStreamAPI(order.Api)
	if err != nil {
		return nil, err
	}
	if !isShape(order.Shape) {
		return nil, &couldNotTryError{fmt.Sprintf("the call has no shape: %d", order.Shape)}
	}
	plan := &plan{
		streamsRequests:  mostGeneral || streamsRequests(order.Shape),
		streamsResponses: mostGeneral || streamsResponses(order.Shape),
		metadata:         toPairs(order.Metadata),
		timeout:          timeout(order),
	}
	if plan.requestType, err = messageType(order.RequestType, order.DescriptorSet); err != nil {
		return nil, err
	}
	if plan.responseType, err = messageType(order.ResponseType, order.DescriptorSet); err != nil {
		return nil, err
	}
	if err := plan.demandHeaders(order.Receive); err != nil {
		return nil, err
	}
	plan.halfCloseAfter, err = halfCloseAfter(order.Send, plan.streamsRequests)
	return plan, err
}

func demandAll(order *peerpb.Call) error {
	if err := demand(order.Requires, clientFeatures); err != nil {
		return err
	}
	if err := demandSteps(order.Send, clientFeatures, clientSendSteps); err != nil {
		return err
	}
	return demandSteps(order.Receive, clientFeatures, clientReceiveSteps)
}

func isStreamAPI(api peerpb.Api) (bool, error) {
	if peerpb.Api_name[int32(api)] == "" {
		return false, &unsupportedError{fmt.Sprintf("api-%d", api)}
	}
	return api == peerpb.Api_API_STREAM, nil
}

func timeout(order *peerpb.Call) *time.Duration {
	if order.TimeoutNs == nil {
		return nil
	}
	limit := time.Duration(min(*order.TimeoutNs, math.MaxInt64))
	return &limit
}

// demandHeaders: grpc-go's unary interface gives headers only with the response.
func (p *plan) demandHeaders(receive []*peerpb.Step) error {
	for _, step := range receive {
		if step.GetAwaitHeaders() != nil && p.isUnary() {
			return &unsupportedError{"await-headers"}
		}
	}
	return nil
}

func halfCloseAfter(send []*peerpb.Step, takesStream bool) (int, error) {
	payloads := payloadSteps(send)
	if !takesStream && len(payloads) != 1 {
		why := fmt.Sprintf("a call with one request has %d messages to send", len(payloads))
		return 0, &couldNotTryError{why}
	}
	last := 0
	if len(payloads) > 0 {
		last = payloads[len(payloads)-1]
	}
	halfClose := 0
	for index, step := range send {
		if step.GetHalfClose() == nil {
			continue
		}
		if halfClose != 0 || index+1 < last {
			why := "a half_close step stands before a message or another half_close"
			return 0, &couldNotTryError{why}
		}
		halfClose = index + 1
	}
	if halfClose == 0 {
		return last, nil
	}
	return halfClose, nil
}
