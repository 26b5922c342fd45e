package wirecheck.peer;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Message;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import wirecheck.v1.Peer.Seen;

/** Notes all messages that a call received, or could not decode. */
final class Inbox {
  /** Messages of which more than their number is reported. */
  static final int MAX_SEEN = 1_000;

  /** Bytes of a message that are always reported. */
  static final int HEAD_SIZE = 4 * 1024;

  /** Bytes of the longest message that is reported in full. */
  static final int MAX_WHOLE = 4 * 1024 * 1024;

  /** Bytes of a codec's error. */
  private static final int MAX_ERROR = 1_000;

  private final CompressedFlags flags;
  private final List<Seen> seen = new ArrayList<>();
  private long count;
  private boolean refused;
  // An event must fit into an envelope, so the messages of a call share one allowance for what
  // goes beyond the first bytes of each.
  private int allowance;

  /**
   * @param flags of the messages that are noted here, one for each
   */
  Inbox(boolean whole, CompressedFlags flags) {
    this.flags = flags;
    this.allowance = whole ? MAX_WHOLE : 0;
  }

  /** Gives what was received, at most the first {@link #MAX_SEEN}. */
  synchronized List<Seen> report(boolean whole) {
    return whole ? List.copyOf(seen) : seen.stream().map(Inbox::headOnly).toList();
  }

  /** Gives how many messages were received. */
  synchronized long count() {
    return count;
  }

  /** Says whether the codec refused a message. */
  synchronized boolean hasRefused() {
    return refused;
  }

  /** Notes a message that could not be decoded. */
  synchronized void refuse(Throwable error) {
    refused = true;
    add(Seen.newBuilder().setCodecError(Text.cut(Text.words(error), MAX_ERROR)).build());
  }

  /** Notes a message that was received. */
  synchronized void note(Message message) {
    Optional<Boolean> compressed = flags.next();
    if (count < MAX_SEEN) {
      Seen.Builder entry = look(message);
      compressed.ifPresent(entry::setCompressed);
      add(entry.build());
    } else {
      count++;
    }
  }

  private void add(Seen entry) {
    count++;
    if (count <= MAX_SEEN) {
      seen.add(entry);
    }
  }

  private Seen.Builder look(Message message) {
    byte[] data = deterministic(message);
    return Seen.newBuilder()
        .setLength(data.length)
        .setSha256(UnsafeByteOperations.unsafeWrap(sha256(data)))
        .setHead(head(data));
  }

  private ByteString head(byte[] data) {
    if (data.length <= HEAD_SIZE || data.length > allowance) {
      // A copy, so that the rest of a long message is not held.
      return ByteString.copyFrom(data, 0, Math.min(data.length, HEAD_SIZE));
    }
    allowance -= data.length;
    return UnsafeByteOperations.unsafeWrap(data);
  }

  private static Seen headOnly(Seen entry) {
    if (entry.getHead().size() <= HEAD_SIZE) {
      return entry;
    }
    return entry.toBuilder().setHead(entry.getHead().substring(0, HEAD_SIZE)).build();
  }

  private static byte[] deterministic(Message message) {
    byte[] data = new byte[message.getSerializedSize()];
    CodedOutputStream output = CodedOutputStream.newInstance(data);
    output.useDeterministicSerialization();
    try {
      message.writeTo(output);
    } catch (IOException impossible) {
      // The array is exactly as long as what is written.
      throw new UncheckedIOException(impossible);
    }
    return data;
  }

  private static byte[] sha256(byte[] data) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(data);
    } catch (NoSuchAlgorithmException impossible) {
      // Every Java has it.
      throw new IllegalStateException(impossible);
    }
  }
}
