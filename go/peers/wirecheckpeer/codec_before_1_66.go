//go:build grpc_before_1_66

package wirecheckpeer

import (
	"google.golang.org/grpc/encoding"
	protocodec "google.golang.org/grpc/encoding/proto"
)

// codec does what the one in codec.go does, by the interface that grpc-go had before its buffers.
type codec struct{ encoding.Codec }

func init() { encoding.RegisterCodec(codec{encoding.GetCodec(protocodec.Name)}) }

// Marshal encodes a message by its own code, and leaves bytes as they are.
func (c codec) Marshal(value any) ([]byte, error) {
	if raw, ok := value.(rawMessage); ok {
		return raw, nil
	}
	return c.Codec.Marshal(value)
}

// Unmarshal decodes as generated code does, and lets the inbox of a call know.
func (c codec) Unmarshal(data []byte, value any) error {
	incoming, ok := value.(*incoming)
	if !ok {
		return c.Codec.Unmarshal(data, value)
	}
	return incoming.decode(func(message any) error { return c.Codec.Unmarshal(data, message) })
}
