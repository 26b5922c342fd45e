package wirecheckpeer

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// frameOf gives the frame of an order, as a harness writes it.
func frameOf(t *testing.T, order *peerpb.ToPeer) []byte {
	t.Helper()
	order.Magic = magic
	body, err := proto.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	return append(protowire.AppendVarint(nil, uint64(len(body))), body...)
}

func releaseOf(name string) *peerpb.ToPeer {
	release := &peerpb.Release{Scope: strings.Repeat("s", 200), Name: name}
	return &peerpb.ToPeer{Order: &peerpb.ToPeer_Release{Release: release}}
}

func TestAFrameBeginsWithItsLengthAndTheMagicNumber(t *testing.T) {
	frame, err := encode(&peerpb.FromPeer{Event: &peerpb.FromPeer_Opened{
		Opened: &peerpb.Opened{Channel: 1},
	}})
	equal(t, err, nil)
	equal(t, frame[:6], []byte{9, 0x0d, 0x31, 0x4b, 0x43, 0x57})
}

func TestFramesComeWholeHoweverTheyAreSplit(t *testing.T) {
	stream := append(frameOf(t, releaseOf("one")), frameOf(t, releaseOf("two"))...)
	for size := 1; size <= len(stream); size++ {
		parser := &frameParser{}
		var names []string
		for rest := stream; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			orders, err := parser.feed(rest[:min(size, len(rest))])
			equal(t, err, nil)
			for _, order := range orders {
				names = append(names, order.GetRelease().Name)
			}
		}
		equal(t, names, []string{"one", "two"})
		equal(t, parser.halfRead(), false)
	}
}

func TestABrokenFrameIsFoundAsEarlyAsItShows(t *testing.T) {
	for given, want := range map[string]string{
		"Hello":                            "begins with 65 6c 6c 6f",
		"\x04":                             "no room for the magic number",
		"\x81\x80\x80\x04":                 "more than 8388608 bytes",
		"\x80\x80\x80\x80\x80\x80":         "more than 8388608 bytes",
		"\x07\x0d\x31\x4b\x43\x57\x12\x7f": "cannot be decoded",
	} {
		_, err := (&frameParser{}).feed([]byte(given))
		if broken, ok := errors.AsType[*brokenContract](err); !ok {
			t.Errorf("%q: %v", given, err)
		} else if !strings.Contains(broken.what, want) {
			t.Errorf("%q: %q does not say %q", given, broken.what, want)
		}
	}
}

func TestOrdersBeforeABrokenFrameAreGiven(t *testing.T) {
	parser := &frameParser{}
	orders, err := parser.feed(append(frameOf(t, releaseOf("one")), 'H', 'e'))
	equal(t, len(orders), 1)
	equal(t, err != nil, true)
}

func TestTheLongestEnvelopeIsWaitedFor(t *testing.T) {
	parser := &frameParser{}
	orders, err := parser.feed([]byte("\x80\x80\x80\x04\x0d\x31\x4b"))
	equal(t, []any{len(orders), err, parser.halfRead()}, []any{0, error(nil), true})
}
