package wirecheckpeer

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/wirecheck/wirecheck/go/generated/hello"
	"github.com/wirecheck/wirecheck/go/generated/helloworld"
	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// The built-in services, served as a user of grpc-go has them: by the generated code.

// service is one built-in service on one listener.
type service struct {
	desc    *grpc.ServiceDesc
	servant any
}

// newService is in the order in which the services are named in `Ready`.
var newService = []struct {
	name string
	make func(*listener) service
}{
	{hello.Greeter_ServiceDesc.ServiceName, func(listener *listener) service {
		return service{&hello.Greeter_ServiceDesc, &greeter{listener: listener}}
	}},
	{helloworld.Greeter_ServiceDesc.ServiceName, func(listener *listener) service {
		return service{&helloworld.Greeter_ServiceDesc, &packagedGreeter{listener: listener}}
	}},
}

func serviceFeatures() []string {
	var names []string
	for _, known := range newService {
		names = append(names, "service:"+known.name)
	}
	return names
}

// greeter is the article's greeter, which has no package.
type greeter struct {
	hello.UnimplementedGreeterServer
	listener *listener
}

// SayHello answers `Hello, ` and the name.
func (g *greeter) SayHello(
	context context.Context, request *hello.HelloRequest,
) (*hello.HelloReply, error) {
	reply := &hello.HelloReply{Message: greet(request.Name)}
	return reply, g.listener.handle(context, hello.Greeter_SayHello_FullMethodName, request)
}

// packagedGreeter is the official greeter.
type packagedGreeter struct {
	helloworld.UnimplementedGreeterServer
	listener *listener
}

// SayHello answers `Hello, ` and the name.
func (g *packagedGreeter) SayHello(
	context context.Context, request *helloworld.HelloRequest,
) (*helloworld.HelloReply, error) {
	reply := &helloworld.HelloReply{Message: greet(request.Name)}
	return reply, g.listener.handle(context, helloworld.Greeter_SayHello_FullMethodName, request)
}

// greet is what both greeters answer.
func greet(name string) string { return "Hello, " + name }

// handle is the frame around a unary handler of a built-in service.
func (l *listener) handle(context context.Context, path string, request proto.Message) error {
	record := newHandlerRecord(l.number, path, newInbox(nil, false), false)
	handling, err := enter(record, l.register, context)
	if err != nil {
		return err
	}
	record.inbox.note(request)
	handling.ownEnd = peerpb.CallEnd_CALL_END_RETURNED
	return handling.leave(nil)
}

// services gives the services of a listener whose scripts have taken some paths.
func services(
	names []string, taken map[string]*scriptedMethod, listener *listener,
) ([]service, error) {
	var found []service
	for _, name := range names {
		service, err := findService(name, listener)
		if err != nil {
			return nil, err
		}
		found = append(found, service)
	}
	for _, each := range found {
		for _, method := range each.desc.Methods {
			path := fmt.Sprintf("/%s/%s", each.desc.ServiceName, method.MethodName)
			if taken[path] != nil {
				return nil, &couldNotTryError{path + " has both a service and scripts"}
			}
		}
	}
	return found, nil
}

func findService(name string, listener *listener) (service, error) {
	for _, known := range newService {
		if known.name == name {
			return known.make(listener), nil
		}
	}
	return service{}, &unsupportedError{"service:" + name}
}
