package wirecheckpeer

import (
	"fmt"
	"os"
	"syscall"
)

// The peer `go-grpc`: reads orders in its main goroutine.

const (
	peerName  = "go-grpc"
	exitUsage = 2
)

// Main carries out orders until stdin ends, then exits.
func Main(arguments []string) {
	name := parseRole(arguments)
	stdout, err := takeStdout()
	if err != nil {
		log("stdout cannot be kept: %v", err)
		os.Exit(exitBrokenContract)
	}
	events := newEventWriter(stdout)
	role := newRole(name, events)
	status := serve(&session{peer: peerName, name: name, role: role, events: events})
	events.mute()
	role.stop()
	leave(events, status)
}

// parseRole takes the role from the command line.
func parseRole(arguments []string) string {
	if len(arguments) != 1 || roles[arguments[0]] == 0 {
		fmt.Fprintln(os.Stderr, "usage: PEER client|server")
		os.Exit(exitUsage)
	}
	// Sockets of this peer are for its own user only.
	syscall.Umask(0o077)
	return arguments[0]
}

func newRole(name string, events *eventWriter) role {
	if name == "client" {
		return newClient(events)
	}
	return newServer(events)
}

func serve(session *session) int {
	if err := readOrders(os.Stdin, endSignals(), session.take); err != nil {
		log("broken contract: %v", err)
		return exitBrokenContract
	}
	return 0
}
