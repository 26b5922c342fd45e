package wirecheck.peer;

import io.grpc.Metadata;
import wirecheck.v1.Peer.Began;
import wirecheck.v1.Peer.CallEnd;
import wirecheck.v1.Peer.FromPeer;
import wirecheck.v1.Peer.Handled;
import wirecheck.v1.Peer.HandlerId;
import wirecheck.v1.Peer.Reached;
import wirecheck.v1.Peer.RequestEnd;
import wirecheck.v1.Peer.Step;

/** A call as its handler sees it, from its entry to its end. */
final class HandlerRecord {
  /** Bytes of what the library said. */
  private static final int MAX_DETAIL = 1_000;

  private final Inbox inbox;
  private final String method;
  private final long listener;
  private long number;
  private boolean whole;
  private String detail = "";
  private RequestEnd requestEnd;
  private long enteredAt; // By the clock of System.nanoTime.

  HandlerRecord(long listener, String method, Inbox inbox, boolean streamsRequests) {
    this.listener = listener;
    this.method = method;
    this.inbox = inbox;
    // A handler with one request has had all of it before it was entered.
    this.requestEnd =
        streamsRequests ? RequestEnd.REQUEST_END_UNREAD : RequestEnd.REQUEST_END_HALF_CLOSED;
  }

  Inbox inbox() {
    return inbox;
  }

  String method() {
    return method;
  }

  synchronized long number() {
    return number;
  }

  /** Has received messages reported in full. */
  synchronized void whole(boolean wanted) {
    whole = wanted;
  }

  /** Notes what the library said. */
  synchronized void detail(String words) {
    detail = words;
  }

  /** Notes how the request stream ended. */
  synchronized void requestEnd(RequestEnd end) {
    requestEnd = end;
  }

  /** Gives the event of the entry. */
  synchronized FromPeer.Builder began(long givenNumber, Metadata metadata) {
    number = givenNumber;
    enteredAt = System.nanoTime();
    Began.Builder began =
        Began.newBuilder()
            .setListener(listener)
            .setNumber(number)
            .setMethod(method)
            .addAllMetadata(MetadataEntries.fromMetadata(metadata));
    return FromPeer.newBuilder().setBegan(began);
  }

  /** Gives the event of a step that has a name. */
  synchronized FromPeer.Builder reached(Step step) {
    HandlerId.Builder handler = HandlerId.newBuilder().setListener(listener).setNumber(number);
    return FromPeer.newBuilder()
        .setReached(Reached.newBuilder().setHandler(handler).setStep(step.getName()));
  }

  /** Gives the event of the end. */
  synchronized FromPeer.Builder handled(CallEnd callEnd) {
    Handled.Builder handled =
        Handled.newBuilder()
            .setListener(listener)
            .setNumber(number)
            .setMethod(method)
            .addAllMessages(inbox.report(whole))
            .setMessageCount(inbox.count())
            .setRequestEnd(requestEnd)
            .setCallEnd(callEnd)
            .setDetail(Text.cut(detail, MAX_DETAIL))
            .setDurationNs(System.nanoTime() - enteredAt);
    return FromPeer.newBuilder().setHandled(handled);
  }
}
