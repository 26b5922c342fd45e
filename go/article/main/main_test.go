package main

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/wirecheck/wirecheck/go/generated/hello"
)

// What docs/article.md says of compatibility: Go reads past what it does not know, and hands it
// on, as Python's runtime does.
func TestUnknownFieldsAreReadPastAndHandedOn(t *testing.T) {
	newer := "\n\x05World\x12\x02Dr" // Field 2 is not in the schema.
	request := &hello.HelloRequest{}
	if err := proto.Unmarshal([]byte(newer), request); err != nil {
		t.Fatal(err)
	}
	if request.GetName() != "World" {
		t.Errorf("read the name %q", request.GetName())
	}
	again, err := proto.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	if string(again) != newer {
		t.Errorf("handed on %q, and not %q", again, newer)
	}
}
