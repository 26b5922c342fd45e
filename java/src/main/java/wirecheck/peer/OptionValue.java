package wirecheck.peer;

/** The value of an option, as reflection gives it. */
record OptionValue(Object given) {
  /** Gives a number; uint32 comes as a signed one. */
  long number() {
    return Integer.toUnsignedLong((Integer) given);
  }

  /** Gives a number as grpc-java takes it; no message and no header has more bytes than that. */
  int clamped() {
    return (int) Math.min(number(), Integer.MAX_VALUE);
  }

  /** Says whether grpc-java takes the number as it is, where zero is not allowed. */
  boolean isPositiveInt() {
    return number() > 0 && number() <= Integer.MAX_VALUE;
  }

  boolean flag() {
    return (Boolean) given;
  }

  String text() {
    return (String) given;
  }
}
