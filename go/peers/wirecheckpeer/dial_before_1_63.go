//go:build grpc_before_1_63

package wirecheckpeer

import "google.golang.org/grpc"

// newChannel makes a channel, which connects at once: grpc-go had no other way.
func newChannel(target string, options []grpc.DialOption) (*grpc.ClientConn, error) {
	return grpc.Dial(target, options...)
}
