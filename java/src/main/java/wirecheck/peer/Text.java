package wirecheck.peer;

import static java.nio.charset.StandardCharsets.UTF_8;

/** Text of libraries, made fit for an event. */
final class Text {
  private static final int CONTINUATION_MASK = 0xC0;
  private static final int CONTINUATION = 0x80;

  private Text() {}

  /** Shortens text to so many bytes of UTF-8, and never within a character. */
  static String cut(String text, int limit) {
    // What is not Unicode, as half of a pair of surrogates, is a question mark from here on.
    byte[] bytes = text.getBytes(UTF_8);
    int end = Math.min(bytes.length, limit);
    while (end < bytes.length && end > 0 && (bytes[end] & CONTINUATION_MASK) == CONTINUATION) {
      end--;
    }
    return new String(bytes, 0, end, UTF_8);
  }

  /** Gives what an error says, or its kind if it says nothing. */
  static String words(Throwable error) {
    return error.getMessage() == null ? error.toString() : error.getMessage();
  }
}
