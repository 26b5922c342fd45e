package wirecheck.peer;

import com.google.protobuf.InvalidProtocolBufferException;
import java.util.Arrays;
import java.util.HexFormat;
import wirecheck.v1.Peer.ToPeer;

/** Cuts the bytes of stdin into orders, however they were split over reads. */
final class FrameParser {
  /** Takes one order. */
  interface Taker {
    void take(ToPeer order) throws BrokenContractException;
  }

  /** Where an envelope starts, and its length in bytes. */
  private record Header(int start, int length) {}

  /** The magic number as it stands on the wire: field 1, fixed32, little-endian. */
  private static final byte[] PREFIX = {0x0D, 0x31, 0x4B, 0x43, 0x57};

  private static final byte[] EMPTY = {};
  private static final int LONGEST_HEADER = 5;

  private byte[] buffer = EMPTY;
  private int begin;
  private int end;

  /** Says whether a frame has begun and is not yet complete. */
  boolean halfRead() {
    return begin < end;
  }

  /**
   * Takes bytes, and gives on the orders that they complete.
   *
   * @return how many orders were given on
   * @throws BrokenContractException as early as the bytes show it: text that was read as a length
   *     must not make the peer wait for a frame that never comes. Orders before that are given on.
   */
  int feed(byte[] data, Taker taker) throws BrokenContractException {
    append(data);
    int count = 0;
    while (true) {
      ToPeer order = next();
      if (order == null) {
        return count;
      }
      taker.take(order);
      count++;
    }
  }

  private void append(byte[] data) {
    if (!halfRead()) {
      // Lets go of what the orders before have left behind.
      buffer = data;
      begin = 0;
      end = data.length;
      return;
    }
    if (end + data.length > buffer.length) {
      int held = end - begin;
      byte[] larger = new byte[Math.max(2 * held, held + data.length)];
      System.arraycopy(buffer, begin, larger, 0, held);
      buffer = larger;
      begin = 0;
      end = held;
    }
    System.arraycopy(data, 0, buffer, end, data.length);
    end += data.length;
  }

  private ToPeer next() throws BrokenContractException {
    Header header = header();
    if (header == null) {
      return null;
    }
    checkPrefix(header);
    if (end - header.start < header.length) {
      return null;
    }
    begin = header.start + header.length;
    return decode(header);
  }

  /** Gives the header; null if it is not known yet. */
  private Header header() throws BrokenContractException {
    int length = 0;
    for (int position = 0; begin + position < end; position++) {
      if (position == LONGEST_HEADER) {
        throw tooLong();
      }
      int octet = buffer[begin + position] & 0xFF;
      length |= (octet & 0x7F) << (7 * position);
      if (Integer.compareUnsigned(length, Frames.MAX_ENVELOPE) > 0) {
        throw tooLong();
      }
      if (octet < 0x80) {
        return new Header(begin + position + 1, length);
      }
    }
    return null;
  }

  private static BrokenContractException tooLong() {
    return new BrokenContractException(
        "an envelope of more than " + Frames.MAX_ENVELOPE + " bytes");
  }

  private void checkPrefix(Header header) throws BrokenContractException {
    if (header.length < PREFIX.length) {
      throw new BrokenContractException(
          "an envelope of " + header.length + " bytes has no room for the magic number");
    }
    int seen = Math.min(end - header.start, PREFIX.length);
    if (!Arrays.equals(buffer, header.start, header.start + seen, PREFIX, 0, seen)) {
      String bytes =
          HexFormat.ofDelimiter(" ").formatHex(buffer, header.start, header.start + seen);
      throw new BrokenContractException(
          "an envelope begins with " + bytes + ", not the magic number");
    }
  }

  private ToPeer decode(Header header) throws BrokenContractException {
    try {
      return ToPeer.parser().parseFrom(buffer, header.start, header.length);
    } catch (InvalidProtocolBufferException error) {
      throw new BrokenContractException("an envelope cannot be decoded: " + error.getMessage());
    }
  }
}
