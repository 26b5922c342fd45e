package wirecheck.peer;

import static java.util.Map.entry;

import com.google.protobuf.ByteString;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import grpc.testing.EmptyOuterClass.Empty;
import grpc.testing.Messages;
import helloworld.Helloworld;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Message types, each by an empty message of it: described by an order, or built in. */
final class MessageTypes {
  /** Descriptor sets that are kept for the next order. */
  private static final int MAX_POOLS = 32;

  // Suppliers, so that a run loads only the classes of what it uses.
  private static final Map<String, Supplier<Message>> BUILT_IN =
      Map.ofEntries(
          entry("HelloRequest", () -> Unpackaged.load().request()),
          entry("HelloReply", () -> Unpackaged.load().reply()),
          entry("helloworld.HelloRequest", Helloworld.HelloRequest::getDefaultInstance),
          entry("helloworld.HelloReply", Helloworld.HelloReply::getDefaultInstance),
          entry("grpc.testing.Empty", Empty::getDefaultInstance),
          entry("grpc.testing.SimpleRequest", Messages.SimpleRequest::getDefaultInstance),
          entry("grpc.testing.SimpleResponse", Messages.SimpleResponse::getDefaultInstance),
          entry(
              "grpc.testing.StreamingInputCallRequest",
              Messages.StreamingInputCallRequest::getDefaultInstance),
          entry(
              "grpc.testing.StreamingInputCallResponse",
              Messages.StreamingInputCallResponse::getDefaultInstance),
          entry(
              "grpc.testing.StreamingOutputCallRequest",
              Messages.StreamingOutputCallRequest::getDefaultInstance),
          entry(
              "grpc.testing.StreamingOutputCallResponse",
              Messages.StreamingOutputCallResponse::getDefaultInstance));

  private static final Map<ByteString, Map<String, Descriptor>> POOLS = new HashMap<>();

  private MessageTypes() {}

  /** Finds a message type: described by the order itself, or built in. */
  static Message find(String name, ByteString descriptorSet) {
    Supplier<Message> builtIn = BUILT_IN.get(name);
    if (descriptorSet.isEmpty() && builtIn == null) {
      throw new CouldNotTryException(
          "\"" + name + "\" is not built in and no descriptor set came with it");
    }
    Descriptor described = pool(descriptorSet).get(name);
    if (described != null) {
      return DynamicMessage.getDefaultInstance(described);
    }
    if (builtIn == null) {
      throw new CouldNotTryException("the descriptor set has no message \"" + name + "\"");
    }
    return builtIn.get();
  }

  private static Map<String, Descriptor> pool(ByteString descriptorSet) {
    if (descriptorSet.isEmpty()) {
      return Map.of();
    }
    synchronized (POOLS) {
      Map<String, Descriptor> known = POOLS.get(descriptorSet);
      if (known != null) {
        return known;
      }
      Map<String, Descriptor> pool = newPool(descriptorSet);
      if (POOLS.size() >= MAX_POOLS) {
        POOLS.clear();
      }
      POOLS.put(descriptorSet, pool);
      return pool;
    }
  }

  private static Map<String, Descriptor> newPool(ByteString descriptorSet) {
    try {
      Map<String, FileDescriptorProto> files = new LinkedHashMap<>();
      for (FileDescriptorProto file : FileDescriptorSet.parseFrom(descriptorSet).getFileList()) {
        files.put(file.getName(), file);
      }
      Map<String, FileDescriptor> built = new HashMap<>();
      Map<String, Descriptor> types = new HashMap<>();
      for (String name : List.copyOf(files.keySet())) {
        addTypes(build(name, files, built).getMessageTypes(), types);
      }
      return types;
    } catch (InvalidProtocolBufferException | DescriptorValidationException error) {
      throw new CouldNotTryException("the descriptor set cannot be used: " + error.getMessage());
    }
  }

  /** Builds a file and first what it imports, in whatever order they came. */
  private static FileDescriptor build(
      String name, Map<String, FileDescriptorProto> files, Map<String, FileDescriptor> built)
      throws DescriptorValidationException {
    FileDescriptor done = built.get(name);
    if (done != null) {
      return done;
    }
    // Taken out, so that a circle of imports ends here as well.
    FileDescriptorProto file = files.remove(name);
    if (file == null) {
      throw new CouldNotTryException("the descriptor set lacks an import, or is a circle: " + name);
    }
    FileDescriptor[] imports = new FileDescriptor[file.getDependencyCount()];
    for (int index = 0; index < imports.length; index++) {
      imports[index] = build(file.getDependency(index), files, built);
    }
    FileDescriptor descriptor = FileDescriptor.buildFrom(file, imports);
    built.put(name, descriptor);
    return descriptor;
  }

  private static void addTypes(List<Descriptor> found, Map<String, Descriptor> types) {
    for (Descriptor type : found) {
      types.put(type.getFullName(), type);
      addTypes(type.getNestedTypes(), types);
    }
  }
}
