//go:build !grpc_before_1_63

package wirecheckpeer

import "google.golang.org/grpc"

// newChannel makes a channel, which does not connect yet.
func newChannel(target string, options []grpc.DialOption) (*grpc.ClientConn, error) {
	return grpc.NewClient(target, options...)
}
