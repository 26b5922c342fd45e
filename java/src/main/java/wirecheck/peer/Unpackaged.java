package wirecheck.peer;

import com.google.protobuf.Message;
import io.grpc.BindableService;
import java.util.ServiceLoader;
import java.util.function.UnaryOperator;

/**
 * What protoc makes of {@code hello.proto}.
 *
 * <p>The article's schema has no package, so its code has none either, and Java lets only a class
 * without a package use it. That class is found through this interface.
 */
public interface Unpackaged {
  /** Gives the message type {@code HelloRequest}. */
  Message request();

  /** Gives the message type {@code HelloReply}. */
  Message reply();

  /**
   * Gives the service {@code Greeter}, which answers a name with what {@code greet} makes of it.
   */
  BindableService greeter(UnaryOperator<String> greet);

  /** Gives the one implementation. */
  static Unpackaged load() {
    return ServiceLoader.load(Unpackaged.class).findFirst().orElseThrow();
  }
}
