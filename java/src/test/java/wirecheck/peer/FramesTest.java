package wirecheck.peer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import wirecheck.v1.Peer.FromPeer;
import wirecheck.v1.Peer.Opened;
import wirecheck.v1.Peer.Release;
import wirecheck.v1.Peer.ToPeer;

final class FramesTest {
  private static byte[] releaseOf(String name) {
    Release.Builder release = Release.newBuilder().setScope("s".repeat(200)).setName(name);
    return Frames.encode(ToPeer.newBuilder().setMagic(Frames.MAGIC).setRelease(release).build());
  }

  private static byte[] join(byte[] first, byte[] second) {
    return ByteString.copyFrom(first).concat(ByteString.copyFrom(second)).toByteArray();
  }

  @Test
  void aFrameBeginsWithItsLengthAndTheMagicNumber() {
    byte[] frame =
        Frames.encode(FromPeer.newBuilder().setOpened(Opened.newBuilder().setChannel(1)));
    assertArrayEquals(new byte[] {9, 0x0d, 0x31, 0x4b, 0x43, 0x57}, Arrays.copyOf(frame, 6));
  }

  @Test
  void framesComeWholeHoweverTheyAreSplit() throws BrokenContractException {
    byte[] stream = join(releaseOf("one"), releaseOf("two"));
    for (int size = 1; size <= stream.length; size++) {
      FrameParser parser = new FrameParser();
      List<String> names = new ArrayList<>();
      for (int start = 0; start < stream.length; start += size) {
        byte[] part = Arrays.copyOfRange(stream, start, Math.min(start + size, stream.length));
        parser.feed(part, order -> names.add(order.getRelease().getName()));
      }
      assertEquals(List.of("one", "two"), names);
      assertFalse(parser.halfRead());
    }
  }

  @Test
  void aBrokenFrameIsFoundAsEarlyAsItShows() {
    Map<String, String> cases =
        Map.of(
            "Hello", "begins with 65 6c 6c 6f",
            "\4", "no room for the magic number",
            "\u0081\u0080\u0080\4", "more than 8388608 bytes",
            "\u0080\u0080\u0080\u0080\u0080\u0080", "more than 8388608 bytes",
            "\u00ff\u00ff\u00ff\u00ff\17", "more than 8388608 bytes",
            "\7\r1KCW\22\177", "cannot be decoded");
    cases.forEach(
        (given, want) -> {
          byte[] data = Orders.bytes(given).toByteArray();
          BrokenContractException error =
              assertThrows(
                  BrokenContractException.class, () -> new FrameParser().feed(data, order -> {}));
          assertTrue(error.getMessage().contains(want), error.getMessage());
        });
  }

  @Test
  void ordersBeforeABrokenFrameAreGiven() {
    List<ToPeer> orders = new ArrayList<>();
    byte[] data = join(releaseOf("one"), new byte[] {'H', 'e'});
    assertThrows(BrokenContractException.class, () -> new FrameParser().feed(data, orders::add));
    assertEquals(1, orders.size());
  }

  @Test
  void theLongestEnvelopeIsWaitedFor() throws BrokenContractException {
    FrameParser parser = new FrameParser();
    byte[] begin = Orders.bytes("\u0080\u0080\u0080\4\r1K").toByteArray();
    assertEquals(0, parser.feed(begin, order -> {}));
    assertTrue(parser.halfRead());
  }

  @Test
  void ordersAreReadUntilTheEndOfStdin() throws Exception {
    List<String> names = new ArrayList<>();
    Stdio.readOrders(
        new ByteArrayInputStream(join(releaseOf("one"), releaseOf("two"))),
        order -> names.add(order.getRelease().getName()));
    assertEquals(List.of("one", "two"), names);
  }

  @Test
  void stdinThatEndsInsideAFrameIsABrokenContract() {
    byte[] frame = releaseOf("one");
    byte[] part = Arrays.copyOf(frame, frame.length - 1);
    assertThrows(
        BrokenContractException.class,
        () -> Stdio.readOrders(new ByteArrayInputStream(part), order -> {}));
  }
}
