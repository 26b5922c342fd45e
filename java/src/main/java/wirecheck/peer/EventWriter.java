package wirecheck.peer;

import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import wirecheck.v1.Peer.FromPeer;

/**
 * Writes events from a thread of its own.
 *
 * <p>Whoever sends an event must not wait for the harness to read it: orders would stop being read,
 * and both sides could wait for each other. The contract bounds what can queue up here: each event
 * answers an order or belongs to a call.
 */
final class EventWriter {
  private final OutputStream out;
  private final Thread thread;
  private final Deque<byte[]> frames = new ArrayDeque<>();
  private boolean closed;
  private volatile boolean muted;

  EventWriter(OutputStream out) {
    this.out = out;
    this.thread = Threads.start("stdout", this::writeAll);
  }

  /** Queues one event. */
  void send(FromPeer.Builder event) {
    if (muted) {
      return;
    }
    byte[] frame = Frames.encode(event);
    synchronized (frames) {
      frames.add(frame);
      frames.notifyAll();
    }
  }

  /** Lets nothing more be written, as {@code Stop} demands. */
  void mute() {
    muted = true;
  }

  /** Writes what is queued and ends, in at most the limit. */
  void close(Duration limit) throws InterruptedException {
    synchronized (frames) {
      closed = true;
      frames.notifyAll();
    }
    thread.join(limit.toMillis());
  }

  private void writeAll() {
    try {
      for (byte[] frame = takeFrame(); frame != null; frame = takeFrame()) {
        write(frame);
      }
    } catch (InterruptedException nobodyDoes) {
      Thread.currentThread().interrupt();
    }
  }

  private void write(byte[] frame) {
    if (muted) {
      return;
    }
    try {
      out.write(frame);
      out.flush();
    } catch (IOException error) {
      // Nobody listens any more. Stdin ends as well then, and with it the peer.
      mute();
      Stdio.log("stdout cannot be written: " + error);
    }
  }

  /** Waits for a frame; null means that the writer is closed. */
  private byte[] takeFrame() throws InterruptedException {
    synchronized (frames) {
      while (frames.isEmpty() && !closed) {
        frames.wait();
      }
      return frames.poll();
    }
  }
}
