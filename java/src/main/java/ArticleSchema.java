import com.google.protobuf.Message;
import io.grpc.BindableService;
import io.grpc.stub.StreamObserver;
import java.util.function.UnaryOperator;
import wirecheck.peer.Unpackaged;

/** The generated code of {@code hello.proto}, for the peer, which cannot name it. */
public final class ArticleSchema implements Unpackaged {
  /** For the service loader. */
  public ArticleSchema() {}

  @Override
  public Message request() {
    return Hello.HelloRequest.getDefaultInstance();
  }

  @Override
  public Message reply() {
    return Hello.HelloReply.getDefaultInstance();
  }

  @Override
  public BindableService greeter(UnaryOperator<String> greet) {
    return new ArticleGreeter(greet);
  }

  /** The article's greeter. */
  private static final class ArticleGreeter extends GreeterGrpc.GreeterImplBase {
    private final UnaryOperator<String> greet;

    ArticleGreeter(UnaryOperator<String> greet) {
      this.greet = greet;
    }

    @Override
    public void sayHello(Hello.HelloRequest request, StreamObserver<Hello.HelloReply> replies) {
      String message = greet.apply(request.getName());
      replies.onNext(Hello.HelloReply.newBuilder().setMessage(message).build());
      replies.onCompleted();
    }
  }
}
