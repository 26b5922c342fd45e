// The article's main.py in Go: a message to bytes, and back.
package main

import (
	"fmt"
	"log"

	"google.golang.org/protobuf/proto"

	"github.com/wirecheck/wirecheck/go/article/notation"
	"github.com/wirecheck/wirecheck/go/generated/hello"
)

func main() {
	request := &hello.HelloRequest{Name: "World"}

	bytes, err := proto.Marshal(request)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(notation.PythonRepr(bytes))

	request2 := &hello.HelloRequest{}
	if err := proto.Unmarshal(bytes, request2); err != nil {
		log.Fatal(err)
	}
	fmt.Println(request2.GetName())
}
