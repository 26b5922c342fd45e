// Starts the peer `go-grpc`: `go-grpc client|server`.
package main

import (
	"os"

	"github.com/wirecheck/wirecheck/go/peers/wirecheckpeer"
)

func main() { wirecheckpeer.Main(os.Args[1:]) }
