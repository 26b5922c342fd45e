package wirecheck.peer;

/** The other side does not speak the contract; nothing after it can be trusted. */
final class BrokenContractException extends Exception {
  private static final long serialVersionUID = 1;

  BrokenContractException(String what) {
    super(what);
  }
}
