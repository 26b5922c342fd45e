package wirecheckpeer

import (
	"maps"
	"slices"

	"google.golang.org/grpc/metadata"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// Metadata between the contract and grpc-go, and the one key that carries a status' details.

const (
	maxReported = 1024 * 1024 // Bytes of keys and values.
	detailsKey  = "grpc-status-details-bin"
)

// toPairs gives keys and values in turn, which is how grpc-go takes metadata in an order.
func toPairs(entries []*peerpb.Metadatum) []string {
	pairs := make([]string, 0, 2*len(entries))
	for _, entry := range entries {
		pairs = append(pairs, entry.Key, string(entry.Value))
	}
	return pairs
}

// fromMD gives metadata as grpc-go has it, cut where it would fill the better part of an
// envelope. It comes sorted by key: a map has no order, and a report should not vary.
func fromMD(pairs metadata.MD) []*peerpb.Metadatum {
	var entries []*peerpb.Metadatum
	left := maxReported
	for _, key := range slices.Sorted(maps.Keys(pairs)) {
		for _, value := range pairs[key] {
			left -= len(key) + len(value)
			if left < 0 {
				log("metadata of more than %d bytes is cut before %q", maxReported, key)
				return entries
			}
			entries = append(entries, &peerpb.Metadatum{Key: key, Value: []byte(value)})
		}
	}
	return entries
}

// trailing gives what a status sends besides its code and message.
func trailing(status *peerpb.Status) metadata.MD {
	pairs := metadata.Pairs(toPairs(status.Trailing)...)
	if len(status.Details) > 0 {
		// grpc-go sends it as it is, whether or not it holds a google.rpc.Status.
		pairs.Append(detailsKey, string(status.Details))
	}
	return pairs
}

// statusDetails gives the details among trailing metadata, empty if there are none.
func statusDetails(pairs metadata.MD) []byte {
	for _, value := range pairs.Get(detailsKey) {
		return []byte(value)
	}
	return nil
}
