//go:build grpc_before_1_74

package wirecheckpeer

import "google.golang.org/grpc"

// Windows of flow control. These versions have no other word for them, and take it to mean that the
// windows stay as they were set.

func serverStreamWindow(bytes int32) grpc.ServerOption { return grpc.InitialWindowSize(bytes) }

func serverConnectionWindow(bytes int32) grpc.ServerOption { return grpc.InitialConnWindowSize(bytes) }

func clientStreamWindow(bytes int32) grpc.DialOption { return grpc.WithInitialWindowSize(bytes) }

func clientConnectionWindow(bytes int32) grpc.DialOption {
	return grpc.WithInitialConnWindowSize(bytes)
}
