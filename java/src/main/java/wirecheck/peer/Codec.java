package wirecheck.peer;

import com.google.protobuf.Message;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.function.Consumer;

/** grpc-java's own marshaller for all that is a message, which passes on what is not. */
final class Codec implements MethodDescriptor.Marshaller<Object> {
  private final MethodDescriptor.Marshaller<Message> library;
  private final Consumer<Throwable> refused;

  /**
   * @param refused is told when a message that came in could not be decoded
   */
  Codec(Message type, Consumer<Throwable> refused) {
    this.library = ProtoUtils.marshaller(type);
    this.refused = refused;
  }

  /** Encodes a message by its own code, and leaves bytes as they are. */
  @Override
  public InputStream stream(Object value) {
    if (value instanceof Payloads.RawMessage raw) {
      return new ByteArrayInputStream(raw.bytes());
    }
    return library.stream((Message) value);
  }

  /** Decodes as generated code does, and lets the inbox of a call know when it fails. */
  @Override
  public Object parse(InputStream stream) {
    try {
      return library.parse(stream);
    } catch (StatusRuntimeException error) {
      refused.accept(error.getCause() == null ? error : error.getCause());
      throw error;
    }
  }
}
