package wirecheck.peer;

import com.google.protobuf.Message;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;

/**
 * What grpc-java has delivered to a call and nobody has received yet: with one message asked for at
 * a time, one at most.
 */
final class Mailbox {
  private final Progress progress;
  private final Queue<Message> messages = new ArrayDeque<>();
  private boolean ended;

  Mailbox(Progress progress) {
    this.progress = progress;
  }

  /** Takes a message from grpc-java. */
  void deliver(Object message) {
    synchronized (this) {
      messages.add((Message) message);
    }
    progress.wake();
  }

  /** The stream has ended in order. */
  void end() {
    synchronized (this) {
      ended = true;
    }
    progress.wake();
  }

  /** Says whether the stream has ended in order and nothing is left of it. */
  synchronized boolean atEnd() {
    return ended && messages.isEmpty();
  }

  /** Waits for the next message; empty if the stream or the call ends before it. */
  Optional<Message> next() {
    progress.awaitThat(this::hasNews);
    synchronized (this) {
      return Optional.ofNullable(messages.poll());
    }
  }

  private synchronized boolean hasNews() {
    return ended || !messages.isEmpty();
  }
}
