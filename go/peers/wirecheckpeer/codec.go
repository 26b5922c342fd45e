//go:build !grpc_before_1_66

package wirecheckpeer

import (
	"google.golang.org/grpc/encoding"
	protocodec "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
)

// codec is grpc-go's own codec for all that is a message, and passes on what is not.
//
// It takes the place of the one with its name: a codec that is forced on a call would change the
// call's content-type, and so its bytes, from what grpc-go's users send.
type codec struct{ encoding.CodecV2 }

func init() { encoding.RegisterCodecV2(codec{encoding.GetCodecV2(protocodec.Name)}) }

// Marshal encodes a message by its own code, and leaves bytes as they are.
func (c codec) Marshal(value any) (mem.BufferSlice, error) {
	if raw, ok := value.(rawMessage); ok {
		return mem.BufferSlice{mem.SliceBuffer(raw)}, nil
	}
	return c.CodecV2.Marshal(value)
}

// Unmarshal decodes as generated code does, and lets the inbox of a call know.
func (c codec) Unmarshal(data mem.BufferSlice, value any) error {
	incoming, ok := value.(*incoming)
	if !ok {
		return c.CodecV2.Unmarshal(data, value)
	}
	return incoming.decode(func(message any) error { return c.CodecV2.Unmarshal(data, message) })
}
