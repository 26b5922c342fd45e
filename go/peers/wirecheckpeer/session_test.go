package wirecheckpeer

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

func TestReadySaysWhoAndWhat(t *testing.T) {
	for name, feature := range map[string]string{"client": "api-stream", "server": "scripts"} {
		_, ready := startPeer(t, name)
		equal(t, []any{ready.ContractVersion, ready.Peer}, []any{uint32(1), "go-grpc"})
		for _, wanted := range []string{name, feature, "uds", "option:initial_stream_window"} {
			equal(t, slices.Contains(ready.Features, wanted), true)
		}
		// grpc-go has neither.
		equal(t, slices.Contains(ready.Features, "panic"), false)
		equal(t, slices.Contains(ready.Features, "reset"), false)
		for _, version := range ready.Versions[:2] {
			equal(t, strings.Contains(version.Version, "."), true)
		}
	}
}

func TestTheContractIsBrokenByOrdersOutOfTurn(t *testing.T) {
	start := &peerpb.ToPeer{Order: &peerpb.ToPeer_Start{
		Start: &peerpb.Start{ContractVersion: 1, Role: peerpb.Role_ROLE_CLIENT},
	}}
	client, _ := startPeer(t, "client")
	equal(t, client.session.take(start) != nil, true)
	equal(t, client.session.take(&peerpb.ToPeer{}) != nil, true)
	fresh := &session{name: "server", events: newEventWriter(io.Discard)}
	equal(t, fresh.take(releaseOf("early")) != nil, true)
	equal(t, fresh.take(start) != nil, true) // It asks for the other role.
}

func TestNothingIsAnsweredAfterStop(t *testing.T) {
	var written bytes.Buffer
	events := newEventWriter(&written)
	role := newRole("client", events)
	client := &peer{T: t, session: &session{name: "client", role: role, events: events}}
	client.order(&peerpb.ToPeer{Order: &peerpb.ToPeer_Start{
		Start: &peerpb.Start{ContractVersion: 1, Role: peerpb.Role_ROLE_CLIENT},
	}})
	client.order(&peerpb.ToPeer{Order: &peerpb.ToPeer_Stop{Stop: &peerpb.Stop{}}})
	client.order(&peerpb.ToPeer{Order: &peerpb.ToPeer_Open{Open: &peerpb.Open{Channel: 1}}})
	client.order(&peerpb.ToPeer{Order: &peerpb.ToPeer_Close{Close: &peerpb.Close{Channel: 1}}})
	events.close(limit)
	arrived := make(chan *peerpb.FromPeer, 3)
	readEvents(&written, arrived)
	for event := range arrived {
		equal(t, event.GetReady() != nil, true)
	}
}

func TestAnotherVersionIsAnsweredAndNothingElse(t *testing.T) {
	var written bytes.Buffer
	events := newEventWriter(&written)
	role := newRole("server", events)
	server := &peer{T: t, session: &session{name: "server", role: role, events: events}}
	server.order(&peerpb.ToPeer{Order: &peerpb.ToPeer_Start{
		Start: &peerpb.Start{ContractVersion: 2, Role: peerpb.Role_ROLE_SERVER},
	}})
	server.order(&peerpb.ToPeer{Order: &peerpb.ToPeer_Unlisten{Unlisten: &peerpb.Unlisten{Listener: 1}}})
	events.close(limit)
	arrived := make(chan *peerpb.FromPeer, 3)
	readEvents(&written, arrived)
	equal(t, len(arrived), 1)
	equal(t, (<-arrived).GetReady().ContractVersion, uint32(1))
}

func TestOrdersOfTheOtherRoleAreUnsupported(t *testing.T) {
	client, _ := startPeer(t, "client")
	client.order(&peerpb.ToPeer{Order: &peerpb.ToPeer_Listen{Listen: &peerpb.Listen{Listener: 7}}})
	refused := await(client, (*peerpb.FromPeer).GetRefused)
	equal(t, refused.GetListener(), uint64(7))
	equal(t, refused.GetUnsupported().GetFeature(), "server")
	server, _ := startPeer(t, "server")
	server.order(&peerpb.ToPeer{Order: &peerpb.ToPeer_Call{Call: &peerpb.Call{Call: 8}}})
	report := await(server, (*peerpb.FromPeer).GetReport)
	equal(t, report.GetUnsupported().GetFeature(), "client")
}

func TestWhatIsNotThereCannotBeTried(t *testing.T) {
	client, _ := startPeer(t, "client")
	client.order(&peerpb.ToPeer{Order: &peerpb.ToPeer_Close{Close: &peerpb.Close{Channel: 9}}})
	why := await(client, (*peerpb.FromPeer).GetRefused).GetCouldNotTry().GetWhy()
	equal(t, why, "there is no channel 9")
}

func TestOrdersAreReadUntilTheEndOfStdin(t *testing.T) {
	stdin := strings.NewReader(string(frameOf(t, releaseOf("one"))) + string(frameOf(t, releaseOf("two"))))
	var names []string
	err := readOrders(stdin, nil, func(order *peerpb.ToPeer) error {
		names = append(names, order.GetRelease().Name)
		return nil
	})
	equal(t, err, nil)
	equal(t, names, []string{"one", "two"})
}

func TestStdinThatEndsInsideAFrameIsABrokenContract(t *testing.T) {
	frame := frameOf(t, releaseOf("one"))
	err := readOrders(strings.NewReader(string(frame[:len(frame)-1])), nil, nil)
	_, broken := errors.AsType[*brokenContract](err)
	equal(t, broken, true)
}
