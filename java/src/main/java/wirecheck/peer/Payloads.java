package wirecheck.peer;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import wirecheck.v1.Peer.Fill;
import wirecheck.v1.Peer.Payload;
import wirecheck.v1.Peer.Piece;
import wirecheck.v1.Peer.Step;

/** What is sent: messages, and bytes as they are. */
final class Payloads {
  /** Bytes of all fills of one payload. */
  static final int MAX_FILL = 64 * 1024 * 1024;

  private static final int MAX_BYTE = 0xFF;

  /** A message that is sent as it is. */
  record RawMessage(byte[] bytes) {}

  private Payloads() {}

  /**
   * Gives what a {@code message} or {@code raw} step sends: a {@link Message} or a {@link
   * RawMessage}.
   */
  static Object outgoing(Step step, Message type) {
    if (step.getKindCase() == Step.KindCase.RAW) {
      return new RawMessage(bytes(step.getRaw()));
    }
    try {
      return type.getParserForType().parseFrom(bytes(step.getMessage()));
    } catch (InvalidProtocolBufferException error) {
      throw new CouldNotTryException("the given message cannot be decoded: " + error.getMessage());
    }
  }

  /** Gives the bytes of a payload. */
  static byte[] bytes(Payload payload) {
    byte[] bytes = new byte[length(payload)];
    int position = 0;
    for (Piece piece : payload.getPiecesList()) {
      position += write(piece, bytes, position);
    }
    return bytes;
  }

  private static int length(Payload payload) {
    long fills = 0;
    int given = 0;
    for (Piece piece : payload.getPiecesList()) {
      long count = piece.getFill().getCount();
      // A count above 2^63 is negative here.
      if (count < 0 || count > MAX_FILL || (fills += count) > MAX_FILL) {
        throw new CouldNotTryException(
            "the fills of a payload are longer than " + MAX_FILL + " bytes");
      }
      given += piece.getBytes().size();
    }
    return given + (int) fills;
  }

  private static int write(Piece piece, byte[] bytes, int position) {
    if (!piece.hasFill()) {
      ByteString given = piece.getBytes();
      given.copyTo(bytes, position);
      return given.size();
    }
    Fill fill = piece.getFill();
    if (Integer.compareUnsigned(fill.getByte(), MAX_BYTE) > 0) {
      throw new CouldNotTryException(
          "a fill repeats " + Integer.toUnsignedString(fill.getByte()) + ", which is no byte");
    }
    int count = (int) fill.getCount();
    Arrays.fill(bytes, position, position + count, (byte) fill.getByte());
    return count;
  }

  /** Gives the numbers, from 1, of the steps that send a message. */
  static List<Integer> steps(List<Step> steps) {
    List<Integer> numbers = new ArrayList<>();
    for (int index = 0; index < steps.size(); index++) {
      if (isPayload(steps.get(index))) {
        numbers.add(index + 1);
      }
    }
    return numbers;
  }

  private static boolean isPayload(Step step) {
    return step.getKindCase() == Step.KindCase.MESSAGE || step.getKindCase() == Step.KindCase.RAW;
  }
}
