package wirecheck.peer;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.MessageLite;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import wirecheck.v1.Peer.FromPeer;

/** Frames: an envelope's length as a varint, then the envelope. No input or output here. */
final class Frames {
  static final int MAGIC = 0x57434B31;

  /** Bytes. */
  static final int MAX_ENVELOPE = 8 * 1024 * 1024;

  /** For which a frame may stay incomplete. */
  static final Duration HALF_READ_LIMIT = Duration.ofSeconds(5);

  private Frames() {}

  /** Gives the frame of an event whose magic number is not yet set. */
  static byte[] encode(FromPeer.Builder event) {
    return encode(event.setMagic(MAGIC).build());
  }

  /** Gives the frame of an envelope that is complete. */
  static byte[] encode(MessageLite envelope) {
    int length = envelope.getSerializedSize();
    byte[] frame = new byte[CodedOutputStream.computeUInt32SizeNoTag(length) + length];
    CodedOutputStream output = CodedOutputStream.newInstance(frame);
    try {
      output.writeUInt32NoTag(length);
      envelope.writeTo(output);
    } catch (IOException impossible) {
      // The array is exactly as long as what is written.
      throw new UncheckedIOException(impossible);
    }
    return frame;
  }
}
