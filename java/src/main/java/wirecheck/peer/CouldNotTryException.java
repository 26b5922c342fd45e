package wirecheck.peer;

/** The peer failed at the attempt. A status of a call is not this. */
final class CouldNotTryException extends RuntimeException {
  private static final long serialVersionUID = 1;

  CouldNotTryException(String why) {
    super(why);
  }
}
