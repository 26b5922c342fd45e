//go:build !grpc_before_1_74

package wirecheckpeer

import "google.golang.org/grpc"

// Windows of flow control that stay as they were set.

func serverStreamWindow(bytes int32) grpc.ServerOption { return grpc.StaticStreamWindowSize(bytes) }

func serverConnectionWindow(bytes int32) grpc.ServerOption { return grpc.StaticConnWindowSize(bytes) }

func clientStreamWindow(bytes int32) grpc.DialOption { return grpc.WithStaticStreamWindowSize(bytes) }

func clientConnectionWindow(bytes int32) grpc.DialOption { return grpc.WithStaticConnWindowSize(bytes) }
