// The article's server.py in Go: greets whoever calls, on port 50051.
package main

import (
	"context"
	"log"
	"net"

	"google.golang.org/grpc"

	"github.com/wirecheck/wirecheck/go/generated/hello"
)

type greeter struct {
	hello.UnimplementedGreeterServer
}

func (greeter) SayHello(
	_ context.Context, request *hello.HelloRequest,
) (*hello.HelloReply, error) {
	return &hello.HelloReply{Message: "Hello, " + request.GetName()}, nil
}

func main() {
	// On all interfaces, as the article prints it.
	listener, err := net.Listen("tcp", "0.0.0.0:50051")
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	hello.RegisterGreeterServer(server, greeter{})
	log.Fatal(server.Serve(listener))
}
