// Package wirecheckpeer is the peer `go-grpc`: grpc-go in both roles.
//
// It keeps the contract of proto/wirecheck/v1/peer.proto. Its files and functions have the names
// and the order of those in python/peers/wirecheck_peer, so that two peers can be read side by
// side.
package wirecheckpeer
