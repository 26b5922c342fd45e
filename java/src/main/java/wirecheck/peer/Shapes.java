package wirecheck.peer;

import io.grpc.MethodDescriptor.MethodType;
import wirecheck.v1.Peer.Shape;

/** The four shapes of a method. */
final class Shapes {
  private Shapes() {}

  /** Says whether a method of this shape takes a stream. */
  static boolean streamsRequests(Shape shape) {
    return shape == Shape.SHAPE_CLIENT_STREAMING || shape == Shape.SHAPE_BIDIRECTIONAL;
  }

  /** Says whether a method of this shape gives a stream. */
  static boolean streamsResponses(Shape shape) {
    return shape == Shape.SHAPE_SERVER_STREAMING || shape == Shape.SHAPE_BIDIRECTIONAL;
  }

  /** Says whether this version knows the shape. */
  static boolean isShape(Shape shape) {
    return shape != Shape.SHAPE_UNSPECIFIED && shape != Shape.UNRECOGNIZED;
  }

  /** Gives grpc-java's name for a shape. */
  static MethodType methodType(boolean streamsRequests, boolean streamsResponses) {
    if (streamsRequests) {
      return streamsResponses ? MethodType.BIDI_STREAMING : MethodType.CLIENT_STREAMING;
    }
    return streamsResponses ? MethodType.SERVER_STREAMING : MethodType.UNARY;
  }
}
