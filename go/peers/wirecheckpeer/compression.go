package wirecheckpeer

import (
	"context"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/gzip" // Registers itself: grpc-go then accepts it everywhere.

	testingpb "github.com/wirecheck/wirecheck/go/generated/grpc/testing"
)

// The codings of messages. grpc-go chooses one for a call as a whole: handlers see no compressed
// flag, and no message of a stream can be left out.

func isCoding(name string) bool { return name == gzip.Name }

// codingKey is where the context of a handler of the test service has the coding of its listener.
type codingKey struct{}

// withCoding has the responses of a call compressed, if its listener compresses. The test service
// compresses what its requests want compressed and nothing else.
func (l *listener) withCoding(ctx context.Context, service string) (context.Context, error) {
	switch {
	case l.coding == "":
		return ctx, nil
	case service == testingpb.TestService_ServiceDesc.ServiceName:
		// Otherwise grpc-go answers in the coding of the request.
		return context.WithValue(ctx, codingKey{}, l.coding), setCoding(ctx, encoding.Identity)
	default:
		return ctx, setCoding(ctx, l.coding)
	}
}

// compress has the responses of a call of the test service compressed, if that is wished for and
// its listener compresses at all.
func compress(ctx context.Context, wished bool) error {
	coding, compresses := ctx.Value(codingKey{}).(string)
	if !wished || !compresses {
		return nil
	}
	return setCoding(ctx, coding)
}

// setCoding leaves a client alone that does not accept the coding.
func setCoding(ctx context.Context, coding string) error {
	if coding != encoding.Identity {
		accepted, err := grpc.ClientSupportedCompressors(ctx)
		if err != nil || !slices.Contains(accepted, coding) {
			return err
		}
	}
	return grpc.SetSendCompressor(ctx, coding)
}
