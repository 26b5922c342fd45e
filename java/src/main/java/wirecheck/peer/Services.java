package wirecheck.peer;

import grpc.testing.TestServiceGrpc;
import helloworld.Helloworld.HelloReply;
import helloworld.Helloworld.HelloRequest;
import io.grpc.BindableService;
import io.grpc.MethodDescriptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import wirecheck.v1.Peer.Listen;

/**
 * The built-in services, served as a user of grpc-java has them: by the generated code, or by the
 * packages that come with the library.
 */
final class Services {
  /** In the order in which they are named in {@code Ready}; each is given all of its listener. */
  private static final Map<String, Function<List<String>, ServerServiceDefinition>> KNOWN = known();

  private Services() {}

  private static Map<String, Function<List<String>, ServerServiceDefinition>> known() {
    Map<String, Function<List<String>, ServerServiceDefinition>> known = new LinkedHashMap<>();
    known.put("Greeter", names -> Unpackaged.load().greeter(Services::greet).bindService());
    known.put("helloworld.Greeter", names -> new PackagedGreeter().bindService());
    known.put("grpc.testing.TestService", names -> testService());
    known.put("grpc.health.v1.Health", Services::health);
    known.put(
        "grpc.reflection.v1.ServerReflection",
        names -> ProtoReflectionServiceV1.newInstance().bindService());
    known.put("grpc.reflection.v1alpha.ServerReflection", names -> reflectionAlpha().bindService());
    return known;
  }

  static List<String> features() {
    return KNOWN.keySet().stream().map(name -> "service:" + name).toList();
  }

  /** Gives the services of a listener whose scripts have taken some paths. */
  static List<ServerServiceDefinition> of(Listen order, Set<String> taken) {
    List<ServerServiceDefinition> services = new ArrayList<>();
    for (String name : order.getServicesList()) {
      Function<List<String>, ServerServiceDefinition> known = KNOWN.get(name);
      if (known == null) {
        throw new UnsupportedException("service:" + name);
      }
      services.add(known.apply(order.getServicesList()));
    }
    for (ServerServiceDefinition service : services) {
      demandFree(service, taken);
    }
    return services;
  }

  private static void demandFree(ServerServiceDefinition service, Set<String> taken) {
    for (MethodDescriptor<?, ?> method : service.getServiceDescriptor().getMethods()) {
      String path = "/" + method.getFullMethodName();
      if (taken.contains(path)) {
        throw new CouldNotTryException(path + " has both a service and scripts");
      }
    }
  }

  /** The official greeter. */
  private static final class PackagedGreeter extends helloworld.GreeterGrpc.GreeterImplBase {
    @Override
    public void sayHello(HelloRequest request, StreamObserver<HelloReply> replies) {
      replies.onNext(HelloReply.newBuilder().setMessage(greet(request.getName())).build());
      replies.onCompleted();
    }
  }

  /** What both greeters answer. */
  private static String greet(String name) {
    return "Hello, " + name;
  }

  /** Says that every service of the listener serves, as a server's start does. */
  private static ServerServiceDefinition health(List<String> names) {
    HealthStatusManager health = new HealthStatusManager();
    names.forEach(name -> health.setStatus(name, ServingStatus.SERVING));
    return health.getHealthService().bindService();
  }

  @SuppressWarnings("deprecation") // Of the name, and there are clients that know only that.
  private static BindableService reflectionAlpha() {
    return io.grpc.protobuf.services.ProtoReflectionService.newInstance();
  }

  /**
   * Leaves out the method that no server has: the generated code would answer it in place of the
   * library's router, which is what it is there to test.
   */
  private static ServerServiceDefinition testService() {
    ServerServiceDefinition whole = new TestService().served();
    MethodDescriptor<?, ?> leftOut = TestServiceGrpc.getUnimplementedCallMethod();
    ServiceDescriptor.Builder descriptor =
        ServiceDescriptor.newBuilder(whole.getServiceDescriptor().getName())
            .setSchemaDescriptor(whole.getServiceDescriptor().getSchemaDescriptor());
    List<ServerMethodDefinition<?, ?>> kept =
        whole.getMethods().stream()
            .filter(method -> !method.getMethodDescriptor().equals(leftOut))
            .toList();
    kept.forEach(method -> descriptor.addMethod(method.getMethodDescriptor()));
    ServerServiceDefinition.Builder service = ServerServiceDefinition.builder(descriptor.build());
    kept.forEach(service::addMethod);
    return service.build();
  }
}
