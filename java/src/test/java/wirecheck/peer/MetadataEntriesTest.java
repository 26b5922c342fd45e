package wirecheck.peer;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.grpc.InternalMetadata;
import io.grpc.Metadata;
import java.util.List;
import org.junit.jupiter.api.Test;
import wirecheck.v1.Peer.Metadatum;

final class MetadataEntriesTest {
  /** Metadata as the transport makes it of a header block, names and values in turn. */
  private static Metadata fromTheWire(String... block) {
    byte[][] bytes = new byte[block.length][];
    for (int index = 0; index < block.length; index++) {
      bytes[index] = block[index].getBytes(US_ASCII);
    }
    return InternalMetadata.newMetadata(bytes);
  }

  @Test
  void pseudoHeadersAreNoMetadata() {
    Metadata trailers = fromTheWire(":status", "200", "grpc-status", "4", "key", "value");
    List<String> keys =
        MetadataEntries.fromMetadata(trailers).stream().map(Metadatum::getKey).toList();
    assertEquals(List.of("grpc-status", "key"), keys);
  }

  @Test
  void aNameThatNoKeyCanHaveIsLeftOut() {
    Metadata headers = fromTheWire("x y", "let in", "key", "value", "", "empty");
    List<String> keys =
        MetadataEntries.fromMetadata(headers).stream().map(Metadatum::getKey).toList();
    assertEquals(List.of("key"), keys);
  }
}
