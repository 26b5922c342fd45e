package wirecheck.peer;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;

/** The peer's standard streams: frames on the real stdout, everything else on stderr. */
final class Stdio {
  static final int EXIT_BROKEN_CONTRACT = 70;
  private static final int READ_SIZE = 256 * 1024; // Bytes.
  private static final byte[] END = {};

  private Stdio() {}

  /** Keeps the real stdout for frames and lets whatever prints write to the log instead. */
  static OutputStream takeStdout() {
    System.setOut(System.err);
    return new FileOutputStream(FileDescriptor.out);
  }

  /** Writes one line for the log. */
  static void log(String line) {
    System.err.println(line);
  }

  /** Gives each order on stdin on, until the end of stdin. */
  static void readOrders(InputStream stdin, FrameParser.Taker taker)
      throws BrokenContractException, InterruptedException {
    SynchronousQueue<byte[]> chunks = new SynchronousQueue<>();
    Threads.start("stdin", () -> readChunks(stdin, chunks));
    FrameParser parser = new FrameParser();
    long halfReadSince = 0; // By the clock of System.nanoTime.
    while (true) {
      byte[] data = nextChunk(chunks, parser, halfReadSince);
      if (data == END && parser.halfRead()) {
        throw new BrokenContractException("stdin ended inside a frame");
      }
      if (data == END) {
        return;
      }
      boolean wasHalfRead = parser.halfRead();
      int orders = parser.feed(data, taker);
      if (orders > 0 || !wasHalfRead) {
        halfReadSince = System.nanoTime();
      }
    }
  }

  private static byte[] nextChunk(
      SynchronousQueue<byte[]> chunks, FrameParser parser, long halfReadSince)
      throws BrokenContractException, InterruptedException {
    if (!parser.halfRead()) {
      return chunks.take();
    }
    long left = halfReadSince + Frames.HALF_READ_LIMIT.toNanos() - System.nanoTime();
    byte[] data = chunks.poll(left, TimeUnit.NANOSECONDS);
    if (data == null) {
      throw halfReadTooLong();
    }
    return data;
  }

  /**
   * Reads in a thread of its own, since a read cannot be waited for together with anything else. It
   * ends with the process.
   */
  private static void readChunks(InputStream stdin, SynchronousQueue<byte[]> chunks) {
    byte[] buffer = new byte[READ_SIZE];
    try {
      for (int count = stdin.read(buffer); count >= 0; count = stdin.read(buffer)) {
        if (count > 0) {
          chunks.put(Arrays.copyOf(buffer, count));
        }
      }
    } catch (IOException error) {
      log("stdin cannot be read: " + error);
    } catch (InterruptedException nobodyDoes) {
      return;
    }
    putEnd(chunks);
  }

  private static void putEnd(SynchronousQueue<byte[]> chunks) {
    try {
      chunks.put(END);
    } catch (InterruptedException nobodyDoes) {
      Thread.currentThread().interrupt();
    }
  }

  /** Says what is wrong when a frame stays incomplete. */
  static BrokenContractException halfReadTooLong() {
    return new BrokenContractException(
        "a frame stayed half-read for more than " + Frames.HALF_READ_LIMIT.toSeconds() + " s");
  }
}
