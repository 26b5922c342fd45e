package wirecheck.peer;

import io.grpc.HandlerRegistry;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerInterceptors;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import wirecheck.v1.Peer.Listen;
import wirecheck.v1.Peer.Transport;

/** One server of grpc-java and what it serves. */
final class Listener {
  private final long number;
  private final Register register;
  private final ScriptedHandler.Surroundings surroundings;
  private final Transport transport;
  private final Server server;

  Listener(Listen order, EventWriter events, Latches latches, Executor threads) {
    this.number = order.getListener();
    this.register = new Register(events);
    this.surroundings = new ScriptedHandler.Surroundings(latches, order.getScope(), threads);
    this.transport = order.getTransport();
    Map<String, ScriptedMethod> methods = ScriptedMethod.of(order);
    NettyServerBuilder builder = ServerSettings.of(order);
    builder.addStreamTracerFactory(CompressedFlags.ofServer());
    for (ServerServiceDefinition service : Services.of(order, methods.keySet())) {
      builder.addService(ServerInterceptors.intercept(service, new Framed(number, register)));
    }
    if (!methods.isEmpty()) {
      // Without scripts, grpc-java's router decides what is unknown.
      builder.fallbackHandlerRegistry(new Scripted(methods));
      builder.addStreamTracerFactory(new Refusals());
    }
    this.server = builder.build();
  }

  Register register() {
    return register;
  }

  /** Binds and accepts connections; gives the address. */
  String start() {
    try {
      server.start();
    } catch (IOException error) {
      Throwable cause = error.getCause() == null ? error : error.getCause();
      throw new CouldNotTryException(Text.words(error) + ": " + Text.words(cause));
    }
    return transport.hasUds()
        ? transport.getUds().getPath()
        : ServerSettings.host(transport.getTcp()) + ":" + server.getPort();
  }

  /** Lets calls end by themselves for so long, then ends them. */
  void stop(Duration grace) {
    if (!grace.isZero()) {
      server.shutdown();
      awaitTermination(grace);
    }
    server.shutdownNow();
  }

  /** Ends calls and handlers by force; gives how many handlers could not be ended. */
  int end(Duration limit) {
    CompletableFuture<Void> idle = register.close();
    long deadline = System.nanoTime() + limit.toNanos();
    stop(Duration.ZERO);
    try {
      idle.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
      awaitTermination(Duration.ofNanos(deadline - System.nanoTime()));
    } catch (TimeoutException tooLong) {
      return register.giveUp();
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
    }
    return register.giveUp();
  }

  /** Waits until nothing of the server is left, at most so long. */
  void awaitTermination(Duration limit) {
    try {
      server.awaitTermination(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
    }
  }

  /** What serves scripted methods: any path, whether or not a service has it. */
  private final class Scripted extends HandlerRegistry {
    private final Map<String, ServerMethodDefinition<?, ?>> definitions = new HashMap<>();

    Scripted(Map<String, ScriptedMethod> methods) {
      methods.values().forEach(method -> definitions.put(method.path(), definition(method)));
    }

    @Override
    public ServerMethodDefinition<?, ?> lookupMethod(String name, String authority) {
      return definitions.get("/" + name);
    }
  }

  private ServerMethodDefinition<Object, Object> definition(ScriptedMethod method) {
    return ServerMethodDefinition.create(
        method.descriptor(), (call, headers) -> startCall(method, call, headers));
  }

  /**
   * Starts a call in the way of generated code: a handler with one request is entered when it has
   * that and its end, any other at once.
   */
  private ServerCall.Listener<Object> startCall(
      ScriptedMethod method, ServerCall<Object, Object> call, Metadata headers) {
    HandlerRecord record =
        new HandlerRecord(number, method.path(), method.newInbox(), method.streamsRequests());
    Handling<Object, Object> handling = new Handling<>(call, record, register);
    if (!method.streamsRequests()) {
      return ServerCalls.<Object, Object>asyncServerStreamingCall(
              (request, responses) -> {
                if (handling.enter(headers)) {
                  new ScriptedHandler(method, handling, surroundings)
                      .handle(request, (ServerCallStreamObserver<Object>) responses);
                }
              })
          .startCall(handling, headers);
    }
    if (!handling.enter(headers)) {
      return new ServerCall.Listener<>() {};
    }
    return ServerCalls.<Object, Object>asyncBidiStreamingCall(
            responses ->
                new ScriptedHandler(method, handling, surroundings)
                    .handle((ServerCallStreamObserver<Object>) responses))
        .startCall(handling, headers);
  }
}
