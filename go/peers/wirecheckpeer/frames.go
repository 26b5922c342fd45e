package wirecheckpeer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// Frames: an envelope's length as a varint, then the envelope. No input or output here.

const (
	magic         = 0x57434B31
	maxEnvelope   = 8 * 1024 * 1024 // Bytes.
	halfReadLimit = 5 * time.Second // For which a frame may stay incomplete.
)

// The magic number as it stands on the wire: field 1, fixed32, little-endian.
var prefix = binary.LittleEndian.AppendUint32([]byte{0x0D}, magic)

// encode gives the frame of an envelope whose magic number is not yet set.
func encode(envelope *peerpb.FromPeer) ([]byte, error) {
	envelope.Magic = magic
	body, err := proto.Marshal(envelope)
	if err != nil {
		return nil, err
	}
	return append(protowire.AppendVarint(nil, uint64(len(body))), body...), nil
}

// frameParser cuts the bytes of stdin into orders, however they were split over reads.
type frameParser struct{ buffer []byte }

// halfRead says whether a frame has begun and is not yet complete.
func (p *frameParser) halfRead() bool { return len(p.buffer) > 0 }

// feed takes bytes and gives the orders that they complete.
//
// It fails with brokenContract as early as the bytes show it: text that was read as a length must
// not make the peer wait for a frame that never comes. Orders before that are still given.
func (p *frameParser) feed(data []byte) (orders []*peerpb.ToPeer, err error) {
	if !p.halfRead() {
		// Lets go of what the orders before have left behind.
		p.buffer = nil
	}
	p.buffer = append(p.buffer, data...)
	for {
		body, err := p.takeBody()
		if body == nil || err != nil {
			return orders, err
		}
		order, err := decode(body)
		if err != nil {
			return orders, err
		}
		orders = append(orders, order)
	}
}

func (p *frameParser) takeBody() ([]byte, error) {
	start, length, err := p.header()
	if start == 0 || err != nil {
		return nil, err
	}
	if err := p.checkPrefix(start, length); err != nil {
		return nil, err
	}
	if len(p.buffer) < start+length {
		return nil, nil
	}
	body := p.buffer[start : start+length]
	p.buffer = p.buffer[start+length:]
	return body, nil
}

// header gives where the envelope starts and its length; 0 and 0 if that is not known yet.
func (p *frameParser) header() (start, length int, err error) {
	for position, octet := range p.buffer {
		if position > 4 {
			return 0, 0, tooLong()
		}
		length |= int(octet&0x7F) << (7 * position)
		if length > maxEnvelope {
			return 0, 0, tooLong()
		}
		if octet < 0x80 {
			return position + 1, length, nil
		}
	}
	return 0, 0, nil
}

func tooLong() error {
	return &brokenContract{fmt.Sprintf("an envelope of more than %d bytes", maxEnvelope)}
}

func (p *frameParser) checkPrefix(start, length int) error {
	if length < len(prefix) {
		why := fmt.Sprintf("an envelope of %d bytes has no room for the magic number", length)
		return &brokenContract{why}
	}
	begin := p.buffer[start:min(len(p.buffer), start+len(prefix))]
	if !bytes.HasPrefix(prefix, begin) {
		why := fmt.Sprintf("an envelope begins with % x, not the magic number", begin)
		return &brokenContract{why}
	}
	return nil
}

func decode(body []byte) (*peerpb.ToPeer, error) {
	order := &peerpb.ToPeer{}
	if err := proto.Unmarshal(body, order); err != nil {
		return nil, &brokenContract{fmt.Sprintf("an envelope cannot be decoded: %v", err)}
	}
	return order, nil
}
