package wirecheckpeer

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionalphapb "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"

	testingpb "github.com/wirecheck/wirecheck/go/generated/grpc/testing"
	"github.com/wirecheck/wirecheck/go/generated/hello"
	"github.com/wirecheck/wirecheck/go/generated/helloworld"
)

// The built-in services, served as a user of grpc-go has them: by the generated code, or by the
// packages that come with the library.

// registrar collects what the generated code registers, on one listener.
type registrar struct {
	server   *grpc.Server
	names    []string // All services of the listener.
	services []service
}

// service is one built-in service on one listener.
type service struct {
	desc    *grpc.ServiceDesc
	servant any
}

// RegisterService takes what a server would.
func (r *registrar) RegisterService(desc *grpc.ServiceDesc, servant any) {
	r.services = append(r.services, service{desc, servant})
}

// GetServiceInfo is what reflection tells of.
func (r *registrar) GetServiceInfo() map[string]grpc.ServiceInfo { return r.server.GetServiceInfo() }

// knownServices are in the order in which the services are named in `Ready`.
var knownServices = []struct {
	name string
	with func(*registrar)
}{
	{hello.Greeter_ServiceDesc.ServiceName, func(r *registrar) {
		hello.RegisterGreeterServer(r, greeter{})
	}},
	{helloworld.Greeter_ServiceDesc.ServiceName, func(r *registrar) {
		helloworld.RegisterGreeterServer(r, packagedGreeter{})
	}},
	{testingpb.TestService_ServiceDesc.ServiceName, func(r *registrar) { registerTestService(r) }},
	{healthpb.Health_ServiceDesc.ServiceName, func(r *registrar) {
		healthpb.RegisterHealthServer(r, newHealth(r.names))
	}},
	{reflectionpb.ServerReflection_ServiceDesc.ServiceName, func(r *registrar) {
		reflection.RegisterV1(r)
	}},
	{reflectionalphapb.ServerReflection_ServiceDesc.ServiceName, func(r *registrar) {
		server := reflection.NewServer(reflection.ServerOptions{Services: r})
		reflectionalphapb.RegisterServerReflectionServer(r, server)
	}},
}

func serviceFeatures() []string {
	var names []string
	for _, known := range knownServices {
		names = append(names, "service:"+known.name)
	}
	return names
}

// greeter is the article's greeter, which has no package.
type greeter struct {
	hello.UnimplementedGreeterServer
}

// SayHello answers `Hello, ` and the name.
func (greeter) SayHello(_ context.Context, request *hello.HelloRequest) (*hello.HelloReply, error) {
	return &hello.HelloReply{Message: greet(request.Name)}, nil
}

// packagedGreeter is the official greeter.
type packagedGreeter struct {
	helloworld.UnimplementedGreeterServer
}

// SayHello answers `Hello, ` and the name.
func (packagedGreeter) SayHello(
	_ context.Context, request *helloworld.HelloRequest,
) (*helloworld.HelloReply, error) {
	return &helloworld.HelloReply{Message: greet(request.Name)}, nil
}

// greet is what both greeters answer.
func greet(name string) string { return "Hello, " + name }

// newHealth says that every service of the listener serves, as a server's start does.
func newHealth(names []string) *health.Server {
	server := health.NewServer()
	for _, name := range names {
		server.SetServingStatus(name, healthpb.HealthCheckResponse_SERVING)
	}
	return server
}

// services gives the services of a listener whose scripts have taken some paths.
func services(
	names []string, taken map[string]*scriptedMethod, server *grpc.Server,
) ([]service, error) {
	registrar := &registrar{server: server, names: names}
	for _, name := range names {
		if err := registrar.registerBuiltIn(name); err != nil {
			return nil, err
		}
	}
	for _, each := range registrar.services {
		for _, path := range paths(each.desc) {
			if taken[path] != nil {
				return nil, &couldNotTryError{path + " has both a service and scripts"}
			}
		}
	}
	return registrar.services, nil
}

func (r *registrar) registerBuiltIn(name string) error {
	for _, known := range knownServices {
		if known.name == name {
			known.with(r)
			return nil
		}
	}
	return &unsupportedError{"service:" + name}
}

func paths(desc *grpc.ServiceDesc) []string {
	var paths []string
	for _, method := range desc.Methods {
		paths = append(paths, pathOf(desc, method.MethodName))
	}
	for _, stream := range desc.Streams {
		paths = append(paths, pathOf(desc, stream.StreamName))
	}
	return paths
}

func pathOf(desc *grpc.ServiceDesc, method string) string {
	return fmt.Sprintf("/%s/%s", desc.ServiceName, method)
}
