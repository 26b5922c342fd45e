package wirecheck.peer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.google.protobuf.ByteString;
import io.grpc.Metadata;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import wirecheck.v1.Peer;
import wirecheck.v1.Peer.Metadatum;

/** Metadata between the contract and grpc-java, and the one key that carries a status' details. */
final class MetadataEntries {
  /** Bytes of keys and values. */
  static final int MAX_REPORTED = 1024 * 1024;

  private static final Metadata.Key<byte[]> DETAILS = binaryKey("grpc-status-details-bin");

  private MetadataEntries() {}

  /** Gives metadata as grpc-java takes it. */
  static Metadata toMetadata(List<Metadatum> entries) {
    Metadata metadata = new Metadata();
    for (Metadatum entry : entries) {
      put(metadata, entry.getKey(), entry.getValue());
    }
    return metadata;
  }

  private static void put(Metadata metadata, String key, ByteString value) {
    try {
      if (isBinary(key)) {
        metadata.put(binaryKey(key), value.toByteArray());
      } else {
        metadata.put(textKey(key), value.toString(ISO_8859_1));
      }
    } catch (IllegalArgumentException error) {
      throw new CouldNotTryException("grpc-java takes no such metadata: " + error.getMessage());
    }
  }

  /**
   * Gives metadata as grpc-java has it, cut where it would fill the better part of an envelope. It
   * comes sorted by key: grpc-java gives the keys as a set, and a report should not vary.
   *
   * <p>Pseudo-headers are no metadata. grpc-java leaves {@code :status} among the trailers of a
   * response that it refuses for its content type, and has no key that would read it. Nor has it
   * one for a name that a header must not have, such as one with a space, which its transport lets
   * in.
   */
  static List<Metadatum> fromMetadata(Metadata metadata) {
    List<Metadatum> entries = new ArrayList<>();
    int left = MAX_REPORTED;
    for (String key : new TreeSet<>(metadata.keys())) {
      if (key.startsWith(":") || !isName(key)) {
        continue;
      }
      for (ByteString value : values(metadata, key)) {
        left -= key.length() + value.size();
        if (left < 0) {
          Stdio.log("metadata of more than " + MAX_REPORTED + " bytes is cut before " + key);
          return entries;
        }
        entries.add(Metadatum.newBuilder().setKey(key).setValue(value).build());
      }
    }
    return entries;
  }

  private static boolean isName(String key) {
    return !key.isEmpty()
        && key.chars()
            .allMatch(c -> c < 0x80 && (Character.isLetterOrDigit(c) || "-_.".indexOf(c) >= 0));
  }

  private static List<ByteString> values(Metadata metadata, String key) {
    List<ByteString> values = new ArrayList<>();
    if (isBinary(key)) {
      metadata.getAll(binaryKey(key)).forEach(value -> values.add(ByteString.copyFrom(value)));
    } else {
      metadata.getAll(textKey(key)).forEach(value -> values.add(ByteString.copyFromUtf8(value)));
    }
    return values;
  }

  /** Gives what a status sends besides its code and message. */
  static Metadata trailing(Peer.Status status) {
    Metadata metadata = toMetadata(status.getTrailingList());
    if (!status.getDetails().isEmpty()) {
      // grpc-java sends it as it is, whether or not it holds a google.rpc.Status.
      metadata.put(DETAILS, status.getDetails().toByteArray());
    }
    return metadata;
  }

  /** Gives the details among trailing metadata, empty if there are none. */
  static ByteString statusDetails(Metadata trailing) {
    byte[] details = trailing.get(DETAILS);
    return details == null ? ByteString.EMPTY : ByteString.copyFrom(details);
  }

  private static boolean isBinary(String key) {
    return key.endsWith(Metadata.BINARY_HEADER_SUFFIX);
  }

  private static Metadata.Key<byte[]> binaryKey(String key) {
    return Metadata.Key.of(key, Metadata.BINARY_BYTE_MARSHALLER);
  }

  private static Metadata.Key<String> textKey(String key) {
    return Metadata.Key.of(key, Metadata.ASCII_STRING_MARSHALLER);
  }
}
