package wirecheck.peer;

import io.grpc.Metadata;
import io.grpc.Status;
import wirecheck.v1.Peer.Call;
import wirecheck.v1.Peer.FromPeer;
import wirecheck.v1.Peer.Reached;
import wirecheck.v1.Peer.Report;
import wirecheck.v1.Peer.Result;
import wirecheck.v1.Peer.Step;

/** A call as its client sees it, until it is reported. */
final class CallRecord {
  /** Bytes of an envelope that are not the report itself. */
  private static final int ENVELOPE_SIZE = 64;

  private final Inbox inbox;
  private final Call order;
  private final EventWriter events;
  private boolean aborted;
  private int stoodAtSend;
  private int stoodAtReceive;
  private boolean reported;
  private boolean began;
  private boolean ended;
  private long beganAt; // By the clock of System.nanoTime, as is the end.
  private long endedAt;

  CallRecord(Call order, Inbox inbox, EventWriter events) {
    this.order = order;
    this.inbox = inbox;
    this.events = events;
  }

  /** The call was handed to the library. */
  synchronized void begin() {
    began = true;
    beganAt = System.nanoTime();
  }

  /** Its status is known; whoever says so first is right. */
  synchronized void end() {
    if (!ended) {
      ended = true;
      endedAt = System.nanoTime();
    }
  }

  /** Notes that the harness cut the call off. */
  synchronized void abort() {
    aborted = true;
  }

  /** Notes which step of the send lane is begun. */
  synchronized void standsAtSend(int number) {
    stoodAtSend = number;
  }

  /** Notes which step of the receive lane is begun. */
  synchronized void standsAtReceive(int number) {
    stoodAtReceive = number;
  }

  /** A step was reached; says so if it has a name, and never after the report. */
  synchronized void reached(Step step) {
    if (step.getName().isEmpty() || reported) {
      return;
    }
    Reached.Builder reached = Reached.newBuilder().setCall(order.getCall()).setStep(step.getName());
    events.send(FromPeer.newBuilder().setReached(reached));
  }

  /** Reports the outcome that the library gave. */
  synchronized void report(Status status, Metadata leading, Metadata trailing) {
    end();
    String message = status.getDescription() == null ? "" : status.getDescription();
    Result.Builder result =
        Result.newBuilder()
            .setStatus(status.getCode().value())
            // Other libraries' messages need not be what a string of protobuf may hold.
            .setMessage(Text.cut(message, Integer.MAX_VALUE))
            .setDetails(MetadataEntries.statusDetails(trailing))
            .addAllLeading(MetadataEntries.fromMetadata(leading))
            .addAllTrailing(MetadataEntries.fromMetadata(trailing))
            .addAllMessages(inbox.report(order.getWhole()))
            .setMessageCount(inbox.count())
            .setStoodAtSend(stoodAtSend)
            .setStoodAtReceive(stoodAtReceive)
            .setAborted(aborted)
            .setDurationNs(began ? Math.max(endedAt - beganAt, 0) : 0);
    send(Report.newBuilder().setCall(order.getCall()).setResult(result).build());
  }

  /** Reports a call that was cut off before the library had it. */
  void neverBegan() {
    report(Status.CANCELLED, new Metadata(), new Metadata());
  }

  /** Reports that the peer itself failed. */
  synchronized void couldNotTry(Throwable error) {
    reported = true;
    events.send(Session.reportRefusal(order.getCall(), error));
  }

  private void send(Report report) {
    int size = report.getSerializedSize();
    if (size + ENVELOPE_SIZE > Frames.MAX_ENVELOPE) {
      couldNotTry(
          new CouldNotTryException(
              "the report has " + size + " bytes, more than an envelope holds"));
      return;
    }
    reported = true;
    events.send(FromPeer.newBuilder().setReport(report));
  }
}
