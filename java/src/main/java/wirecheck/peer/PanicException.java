package wirecheck.peer;

/** What a script has a handler throw. */
final class PanicException extends RuntimeException {
  private static final long serialVersionUID = 1;

  PanicException(String message) {
    super(message);
  }
}
