package wirecheck.peer;

/** An order needs a feature that this peer or grpc-java lacks. */
final class UnsupportedException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final String feature;

  UnsupportedException(String feature) {
    super(feature);
    this.feature = feature;
  }

  String feature() {
    return feature;
  }
}
