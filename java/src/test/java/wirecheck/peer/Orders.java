package wirecheck.peer;

import com.google.protobuf.ByteString;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Message;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import wirecheck.v1.Peer.AwaitHeaders;
import wirecheck.v1.Peer.Call;
import wirecheck.v1.Peer.Cancel;
import wirecheck.v1.Peer.Fill;
import wirecheck.v1.Peer.HalfClose;
import wirecheck.v1.Peer.Headers;
import wirecheck.v1.Peer.Listen;
import wirecheck.v1.Peer.Metadatum;
import wirecheck.v1.Peer.MethodScripts;
import wirecheck.v1.Peer.Panic;
import wirecheck.v1.Peer.Payload;
import wirecheck.v1.Peer.Piece;
import wirecheck.v1.Peer.Receive;
import wirecheck.v1.Peer.Reset;
import wirecheck.v1.Peer.Script;
import wirecheck.v1.Peer.Shape;
import wirecheck.v1.Peer.Status;
import wirecheck.v1.Peer.Step;
import wirecheck.v1.Peer.Wait;

/** Short ways to write orders. */
final class Orders {
  static final String SAY_HELLO = "/Greeter/SayHello";
  static final ByteString WORLD = bytes("\n\5World");
  static final ByteString HELLO_WORLD = bytes("\n\14Hello, World");

  private Orders() {}

  static ByteString bytes(String latin1) {
    return ByteString.copyFrom(latin1, StandardCharsets.ISO_8859_1);
  }

  static Piece piece(ByteString bytes) {
    return Piece.newBuilder().setBytes(bytes).build();
  }

  static Piece fill(int octet, long count) {
    return Piece.newBuilder().setFill(Fill.newBuilder().setByte(octet).setCount(count)).build();
  }

  static Payload payload(Piece... pieces) {
    return Payload.newBuilder().addAllPieces(List.of(pieces)).build();
  }

  static Step message(ByteString bytes) {
    return Step.newBuilder().setMessage(payload(piece(bytes))).build();
  }

  static Step raw(ByteString bytes) {
    return Step.newBuilder().setRaw(payload(piece(bytes))).build();
  }

  static Step receive(int count) {
    return Step.newBuilder().setReceive(Receive.newBuilder().setCount(count)).build();
  }

  static Step released(String latch) {
    return Step.newBuilder().setWait(Wait.newBuilder().setReleased(latch)).build();
  }

  static Step after(String step) {
    return Step.newBuilder().setWait(Wait.newBuilder().setStep(step)).build();
  }

  static Step halfClose() {
    return Step.newBuilder().setHalfClose(HalfClose.getDefaultInstance()).build();
  }

  static Step cancel() {
    return Step.newBuilder().setCancel(Cancel.getDefaultInstance()).build();
  }

  static Step awaitHeaders() {
    return Step.newBuilder().setAwaitHeaders(AwaitHeaders.getDefaultInstance()).build();
  }

  static Step headers(Metadatum... entries) {
    return Step.newBuilder()
        .setHeaders(Headers.newBuilder().addAllMetadata(List.of(entries)))
        .build();
  }

  static Step endWith(Status.Builder status) {
    return Step.newBuilder().setStatus(status).build();
  }

  static Step reset() {
    return Step.newBuilder().setReset(Reset.newBuilder().setErrorCode(8)).build();
  }

  static Step panic() {
    return Step.newBuilder().setPanic(Panic.newBuilder().setMessage("as told")).build();
  }

  static Step named(String name, Step step) {
    return step.toBuilder().setName(name).build();
  }

  static Metadatum entry(String key, String latin1) {
    return Metadatum.newBuilder().setKey(key).setValue(bytes(latin1)).build();
  }

  /** Gives the values of a key in their order. */
  static List<ByteString> valuesOf(List<Metadatum> entries, String key) {
    return entries.stream()
        .filter(entry -> entry.getKey().equals(key))
        .map(Metadatum::getValue)
        .toList();
  }

  /** A call of the greeter. */
  static Call.Builder hello(Shape shape, Step... send) {
    return Call.newBuilder()
        .setMethod(SAY_HELLO)
        .setShape(shape)
        .setRequestType("HelloRequest")
        .setResponseType("HelloReply")
        .addAllSend(List.of(send));
  }

  /** A listener on which the greeter follows a script. */
  static Listen.Builder scripted(Shape shape, List<Step> send, List<Step> receive) {
    Script.Builder script = Script.newBuilder().addAllSend(send).addAllReceive(receive);
    return Listen.newBuilder()
        .addScripts(
            MethodScripts.newBuilder()
                .setMethod(SAY_HELLO)
                .setShape(shape)
                .setRequestType("HelloRequest")
                .setResponseType("HelloReply")
                .addScripts(script));
  }

  /** A call with messages of any type, which the order describes. */
  static Call.Builder callOf(String method, Shape shape, Message response, Message... requests) {
    Call.Builder call =
        Call.newBuilder()
            .setMethod(method)
            .setShape(shape)
            .setRequestType(requests[0].getDescriptorForType().getFullName())
            .setResponseType(response.getDescriptorForType().getFullName())
            .setDescriptorSet(setOf(requests[0].getDescriptorForType().getFile()))
            .setWhole(true);
    Arrays.stream(requests).forEach(request -> call.addSend(message(request.toByteString())));
    return call;
  }

  /** Describes a file with all of its imports, as an order may. */
  static ByteString setOf(FileDescriptor file) {
    FileDescriptorSet.Builder set = FileDescriptorSet.newBuilder();
    // What is imported comes last, which a set is free to do.
    set.addFile(file.toProto());
    file.getDependencies().forEach(imported -> set.addFile(imported.toProto()));
    return set.build().toByteString();
  }
}
