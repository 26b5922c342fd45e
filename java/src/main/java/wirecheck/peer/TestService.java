package wirecheck.peer;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import grpc.testing.EmptyOuterClass.Empty;
import grpc.testing.Messages.EchoStatus;
import grpc.testing.Messages.Payload;
import grpc.testing.Messages.PayloadType;
import grpc.testing.Messages.SimpleRequest;
import grpc.testing.Messages.SimpleResponse;
import grpc.testing.Messages.StreamingInputCallRequest;
import grpc.testing.Messages.StreamingInputCallResponse;
import grpc.testing.Messages.StreamingOutputCallRequest;
import grpc.testing.Messages.StreamingOutputCallResponse;
import grpc.testing.TestServiceGrpc;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

/** The server of the official interop tests: does what its requests say. */
final class TestService extends TestServiceGrpc.TestServiceImplBase {
  /** Bytes of one payload. */
  private static final int MAX_BODY = 64 * 1024 * 1024;

  /** Gives the service, which sends back two keys of metadata and compresses only on request. */
  ServerServiceDefinition served() {
    return ServerInterceptors.intercept(bindService(), new Echo(), new OnlyOnRequest());
  }

  /** Answers nothing with nothing. */
  @Override
  public void emptyCall(Empty request, StreamObserver<Empty> responses) {
    responses.onNext(Empty.getDefaultInstance());
    responses.onCompleted();
  }

  /** Answers with a payload of the size that was asked for, or with a status. */
  @Override
  public void unaryCall(SimpleRequest request, StreamObserver<SimpleResponse> responses) {
    try {
      echoStatus(request.getResponseStatus());
      if (request.hasExpectCompressed()) {
        demandThatItCame(request.getExpectCompressed().getValue());
      }
      Payload payload = newPayload(request.getResponseType(), request.getResponseSize());
      compress(responses, request.getResponseCompressed().getValue());
      responses.onNext(SimpleResponse.newBuilder().setPayload(payload).build());
      responses.onCompleted();
    } catch (StatusRuntimeException error) {
      responses.onError(error);
    }
  }

  /** Answers one request with the responses that it asks for. */
  @Override
  public void streamingOutputCall(
      StreamingOutputCallRequest request, StreamObserver<StreamingOutputCallResponse> responses) {
    ResponseQueue queue = new ResponseQueue(responses);
    queue.add(request);
    queue.end();
  }

  /** Answers with the sum of what came. */
  @Override
  public StreamObserver<StreamingInputCallRequest> streamingInputCall(
      StreamObserver<StreamingInputCallResponse> responses) {
    return new Sum(responses);
  }

  /** Answers each request at once. */
  @Override
  public StreamObserver<StreamingOutputCallRequest> fullDuplexCall(
      StreamObserver<StreamingOutputCallResponse> responses) {
    return new ResponseQueue(responses).answering();
  }

  /** Answers all requests when the last one is in. */
  @Override
  public StreamObserver<StreamingOutputCallRequest> halfDuplexCall(
      StreamObserver<StreamingOutputCallResponse> responses) {
    return new ResponseQueue(responses).answeringAtTheEnd();
  }

  /** Adds the bodies of a stream up. */
  private static final class Sum implements StreamObserver<StreamingInputCallRequest> {
    private final StreamObserver<StreamingInputCallResponse> responses;
    private int sum;
    private boolean refused;

    Sum(StreamObserver<StreamingInputCallResponse> responses) {
      this.responses = responses;
    }

    @Override
    public void onNext(StreamingInputCallRequest request) {
      if (refused) {
        return;
      }
      try {
        if (request.hasExpectCompressed()) {
          demandThatItCame(request.getExpectCompressed().getValue());
        }
        sum += request.getPayload().getBody().size();
      } catch (StatusRuntimeException error) {
        refused = true;
        responses.onError(error);
      }
    }

    @Override
    public void onError(Throwable cancelled) {
      // There is nobody left to answer.
    }

    @Override
    public void onCompleted() {
      if (!refused) {
        responses.onNext(
            StreamingInputCallResponse.newBuilder().setAggregatedPayloadSize(sum).build());
        responses.onCompleted();
      }
    }
  }

  /** Throws what to end with; nothing for OK, set or not. */
  static void echoStatus(EchoStatus wanted) {
    if (wanted.getCode() != 0) {
      throw Status.fromCodeValue(wanted.getCode())
          .withDescription(wanted.getMessage())
          .asRuntimeException();
    }
  }

  /** Refuses a request that came the other way. */
  private static void demandThatItCame(boolean compressed) {
    if (CompressedFlags.ofCurrentCall().latest() != compressed) {
      throw Status.INVALID_ARGUMENT
          .withDescription("the request came " + (compressed ? "uncompressed" : "compressed"))
          .asRuntimeException();
    }
  }

  /** Chooses for the messages that follow, on a listener that has a coding. */
  static void compress(StreamObserver<?> responses, boolean wanted) {
    ((ServerCallStreamObserver<?>) responses).setMessageCompression(wanted);
  }

  static Payload newPayload(PayloadType type, int size) {
    if (type != PayloadType.COMPRESSABLE || size < 0 || size > MAX_BODY) {
      throw Status.INVALID_ARGUMENT
          .withDescription("no payload of that type has " + size + " bytes")
          .asRuntimeException();
    }
    ByteString body = UnsafeByteOperations.unsafeWrap(new byte[size]);
    return Payload.newBuilder().setType(type).setBody(body).build();
  }

  /** Has no response compressed but those for which a method says so. */
  private static final class OnlyOnRequest implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata received, ServerCallHandler<Q, R> next) {
      call.setMessageCompression(false);
      return next.startCall(call, received);
    }
  }

  /** Sends back what the two keys say. */
  private static final class Echo implements ServerInterceptor {
    private static final Metadata.Key<String> INITIAL =
        Metadata.Key.of("x-grpc-test-echo-initial", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<byte[]> TRAILING =
        Metadata.Key.of("x-grpc-test-echo-trailing-bin", Metadata.BINARY_BYTE_MARSHALLER);

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata received, ServerCallHandler<Q, R> next) {
      return next.startCall(
          new SimpleForwardingServerCall<>(call) {
            @Override
            public void sendHeaders(Metadata headers) {
              copy(INITIAL, received, headers);
              super.sendHeaders(headers);
            }

            @Override
            public void close(Status status, Metadata trailers) {
              copy(TRAILING, received, trailers);
              super.close(status, trailers);
            }
          },
          received);
    }

    private static <T> void copy(Metadata.Key<T> key, Metadata from, Metadata to) {
      Iterable<T> values = from.getAll(key);
      if (values != null) {
        values.forEach(value -> to.put(key, value));
      }
    }
  }
}
