package wirecheck.peer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.Message;
import helloworld.Helloworld;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.security.MessageDigest;
import java.util.List;
import org.junit.jupiter.api.Test;
import wirecheck.v1.Peer.Metadatum;
import wirecheck.v1.Peer.Payload;
import wirecheck.v1.Peer.Seen;
import wirecheck.v1.Peer.Status;
import wirecheck.v1.Peer.Step;

final class MessagesTest {
  private static final ByteString HELLO_SET =
      Orders.setOf(Unpackaged.load().request().getDescriptorForType().getFile());
  private static final Message REQUEST = MessageTypes.find("HelloRequest", ByteString.EMPTY);

  @Test
  void aTypeIsTakenFromTheSetOrBuiltIn() {
    assertEquals(Unpackaged.load().request(), REQUEST);
    assertInstanceOf(DynamicMessage.class, MessageTypes.find("HelloRequest", HELLO_SET));
    assertInstanceOf(
        Helloworld.HelloRequest.class, MessageTypes.find("helloworld.HelloRequest", HELLO_SET));
  }

  @Test
  void aTypeThatNobodyHas() {
    for (ByteString set : List.of(ByteString.EMPTY, HELLO_SET, Orders.bytes("no set"))) {
      assertThrows(CouldNotTryException.class, () -> MessageTypes.find("Nobody", set));
    }
  }

  @Test
  void aSetThatImportsInACircleOrWhatIsNotThere() {
    // Two files, "a" and "b", of which the first imports the second; and that also the other way.
    ByteString open = Orders.bytes("\n\6\n\1a\32\1b");
    ByteString circle = Orders.bytes("\n\6\n\1a\32\1b\n\6\n\1b\32\1a");
    for (ByteString set : List.of(open, circle)) {
      assertThrows(CouldNotTryException.class, () -> MessageTypes.find("HelloReply", set));
    }
  }

  @Test
  void piecesAndFillsMakeOnePayload() {
    Payload payload =
        Orders.payload(Orders.piece(Orders.bytes("ab")), Orders.fill('x', 3), Orders.fill('y', 1));
    assertArrayEquals(Orders.bytes("abxxxy").toByteArray(), Payloads.bytes(payload));
  }

  @Test
  void payloadsThatCannotBeMade() {
    long tooMuch = 1L << 63; // Twice that is nothing.
    List<Payload> payloads =
        List.of(
            Orders.payload(Orders.fill(256, 1)),
            Orders.payload(Orders.fill(0, Payloads.MAX_FILL), Orders.fill(0, 1)),
            Orders.payload(Orders.fill(0, tooMuch), Orders.fill(0, tooMuch)));
    for (Payload payload : payloads) {
      assertThrows(CouldNotTryException.class, () -> Payloads.bytes(payload));
    }
  }

  @Test
  void aMessageIsEncodedByTheCodecAndRawBytesAreNot() throws IOException {
    ByteString twice = Orders.bytes("\n\1a\n\1b");
    Codec codec = new Codec(REQUEST, error -> {});
    assertEquals(Orders.bytes("\n\1b"), encoded(codec, Orders.message(twice)));
    assertEquals(twice, encoded(codec, Orders.raw(twice)));
    Step broken = Orders.message(Orders.bytes("\n\5Wo"));
    assertThrows(CouldNotTryException.class, () -> Payloads.outgoing(broken, REQUEST));
  }

  private static ByteString encoded(Codec codec, Step step) throws IOException {
    return ByteString.readFrom(codec.stream(Payloads.outgoing(step, REQUEST)));
  }

  @Test
  void anInboxNotesWhatWasReceivedAndWhatWasRefused() throws Exception {
    Inbox inbox = new Inbox(false, new CompressedFlags());
    Codec codec = new Codec(REQUEST, inbox::refuse);
    inbox.note((Message) codec.parse(new ByteArrayInputStream(Orders.WORLD.toByteArray())));
    assertFalse(inbox.hasRefused());
    byte[] broken = Orders.bytes("\n\2\u00ff\u00fe").toByteArray();
    assertThrows(StatusRuntimeException.class, () -> codec.parse(new ByteArrayInputStream(broken)));
    List<Seen> seen = inbox.report(false);
    assertEquals(2, inbox.count());
    assertEquals(Orders.WORLD, seen.get(0).getHead());
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(Orders.WORLD.toByteArray());
    assertEquals(ByteString.copyFrom(hash), seen.get(0).getSha256());
    assertTrue(seen.get(1).getCodecError().contains("UTF-8"), seen.get(1).getCodecError());
    assertTrue(inbox.hasRefused());
  }

  @Test
  void anInboxSaysOfEachMessageWhetherItCameCompressed() {
    CompressedFlags flags = new CompressedFlags();
    Inbox inbox = new Inbox(false, flags);
    flags.arrive(7, 7);
    flags.arrive(27, -1);
    for (int count = 0; count < 3; count++) {
      inbox.note(REQUEST);
    }
    List<Seen> seen = inbox.report(false);
    assertTrue(seen.get(0).hasCompressed());
    assertFalse(seen.get(0).getCompressed());
    assertTrue(seen.get(1).getCompressed());
    assertFalse(seen.get(2).hasCompressed()); // Nobody was told of it.
  }

  @Test
  void longMessagesAreReportedInFullOnlyIfAsked() {
    Message longOne =
        Helloworld.HelloRequest.newBuilder().setName("n".repeat(3 * 1024 * 1024)).build();
    for (boolean whole : new boolean[] {false, true}) {
      Inbox inbox = new Inbox(whole, new CompressedFlags());
      inbox.note(longOne);
      inbox.note(longOne); // Beyond the allowance of the call.
      List<Seen> seen = inbox.report(whole);
      assertEquals(
          whole ? longOne.getSerializedSize() : Inbox.HEAD_SIZE, seen.get(0).getHead().size());
      assertEquals(Inbox.HEAD_SIZE, seen.get(1).getHead().size());
      assertEquals(longOne.getSerializedSize(), seen.get(1).getLength());
    }
  }

  @Test
  void moreMessagesThanAreReportedAreCounted() {
    Inbox inbox = new Inbox(false, new CompressedFlags());
    for (int count = 0; count <= Inbox.MAX_SEEN; count++) {
      inbox.note(REQUEST);
    }
    assertEquals(Inbox.MAX_SEEN, inbox.report(false).size());
    assertEquals(Inbox.MAX_SEEN + 1, inbox.count());
  }

  @Test
  void textIsCutBetweenCharacters() {
    assertEquals("aé", Text.cut("aé☺", 5));
    assertEquals("aé☺", Text.cut("aé☺", 6));
    assertEquals("?", Text.cut("\ud83d", 6));
  }

  @Test
  void metadataKeepsItsOrderWithinAKey() {
    List<Metadatum> given =
        List.of(
            Orders.entry("x-b", "2"),
            Orders.entry("x-a-bin", "\0\u00ff"),
            Orders.entry("x-b", "1"));
    List<Metadatum> seen = MetadataEntries.fromMetadata(MetadataEntries.toMetadata(given));
    assertEquals(List.of(Orders.bytes("2"), Orders.bytes("1")), Orders.valuesOf(seen, "x-b"));
    assertEquals(List.of(Orders.bytes("\0\u00ff")), Orders.valuesOf(seen, "x-a-bin"));
  }

  @Test
  void metadataIsCutWhereItWouldFillAnEnvelope() {
    String half = "v".repeat(MetadataEntries.MAX_REPORTED / 2);
    Metadata metadata =
        MetadataEntries.toMetadata(List.of(Orders.entry("x-a", half), Orders.entry("x-b", half)));
    assertEquals(1, MetadataEntries.fromMetadata(metadata).size());
  }

  @Test
  void aKeyThatGrpcJavaRefusesCannotBeTried() {
    List<Metadatum> entries = List.of(Orders.entry("no key", "x"));
    assertThrows(CouldNotTryException.class, () -> MetadataEntries.toMetadata(entries));
  }

  @Test
  void detailsTravelAsTrailingMetadata() {
    Status.Builder status =
        Status.newBuilder().setDetails(Orders.bytes("\10\11")).addTrailing(Orders.entry("x", "y"));
    Metadata trailing = MetadataEntries.trailing(status.build());
    assertEquals(Orders.bytes("\10\11"), MetadataEntries.statusDetails(trailing));
    assertEquals(ByteString.EMPTY, MetadataEntries.statusDetails(new Metadata()));
  }
}
