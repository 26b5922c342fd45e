// The article's client.py in Go: one call, and the greeting printed.
package main

import (
	"context"
	"fmt"
	"log"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/wirecheck/wirecheck/go/generated/hello"
)

func main() {
	channel, err := grpc.NewClient(
		"127.0.0.1:50051", grpc.WithTransportCredentials(insecure.NewCredentials()),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer channel.Close()

	stub := hello.NewGreeterClient(channel)
	rsp, err := stub.SayHello(context.Background(), &hello.HelloRequest{Name: "World"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rsp.GetMessage())
}
