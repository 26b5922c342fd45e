package wirecheck.peer;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import wirecheck.v1.Peer.FromPeer;
import wirecheck.v1.Peer.Ready;
import wirecheck.v1.Peer.Start;
import wirecheck.v1.Peer.ToPeer;

/** A harness small enough to test one peer with: it gives orders and awaits events. */
final class Harness implements AutoCloseable {
  /** Seconds; only a broken peer takes that long. */
  static final long LIMIT = 20;

  private static final int BUFFER = 8 * 1024 * 1024; // Bytes.

  /** Takes an order. */
  interface Orders {
    void give(ToPeer order) throws Exception;
  }

  private final Orders orders;
  private final Runnable end;
  private final BlockingQueue<FromPeer> arrived = new LinkedBlockingQueue<>();
  private final List<FromPeer> events = new ArrayList<>(); // Those that nobody has asked for yet.

  private Harness(Orders orders, InputStream from, Runnable end) {
    this.orders = orders;
    this.end = end;
    Threads.start("events", () -> readEvents(from));
  }

  /** A role in this process, which ends with the harness. */
  static Harness ofRole(RoleName name) throws IOException {
    PipedInputStream from = new PipedInputStream(BUFFER);
    EventWriter writer = new EventWriter(new PipedOutputStream(from));
    Role role = name.newRole(writer);
    Session session = new Session(name, role, writer);
    return new Harness(
        session::take,
        from,
        () -> {
          writer.mute();
          role.stop();
        });
  }

  /** A peer that is a program. */
  static Harness ofProcess(Process process) {
    OutputStream stdin = process.getOutputStream();
    Orders orders =
        order -> {
          stdin.write(Frames.encode(order));
          stdin.flush();
        };
    return new Harness(orders, process.getInputStream(), process::destroyForcibly);
  }

  private void readEvents(InputStream from) {
    try {
      FromPeer event = FromPeer.parseDelimitedFrom(from);
      while (event != null) {
        assertTrue(event.getMagic() == Frames.MAGIC);
        arrived.add(event);
        event = FromPeer.parseDelimitedFrom(from);
      }
    } catch (IOException ended) {
      // Whoever waits for an event says that it did not come.
    }
  }

  Ready start(RoleName name) throws Exception {
    order(
        ToPeer.newBuilder()
            .setStart(Start.newBuilder().setContractVersion(1).setRole(name.role())));
    return await(FromPeer::hasReady).getReady();
  }

  void order(ToPeer.Builder order) throws Exception {
    orders.give(order.setMagic(Frames.MAGIC).build());
  }

  /** Gives the first event of a kind, now or later; each is given once. */
  FromPeer await(Predicate<FromPeer> wanted) throws InterruptedException {
    while (true) {
      for (FromPeer event : events) {
        if (wanted.test(event)) {
          events.remove(event);
          return event;
        }
      }
      FromPeer next = arrived.poll(LIMIT, TimeUnit.SECONDS);
      if (next == null) {
        fail("what was awaited did not come, but " + events);
      }
      events.add(next);
    }
  }

  /** Gives what has come and was not asked for. */
  List<FromPeer> unasked() {
    arrived.drainTo(events);
    return List.copyOf(events);
  }

  @Override
  public void close() {
    end.run();
  }
}
