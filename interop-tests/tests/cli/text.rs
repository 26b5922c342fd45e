//! Holds what was printed against a snapshot, without what differs from run to run.

/// What differs, as a pattern, and what is put in its place.
pub const VARYING: [(&str, &str); 12] = [
    (r"[0-9a-f]{4,}/run\.json", "[ID]/run.json"),
    (r"\brun [0-9a-f]{4,}\b", "run [ID]"),
    (r"seed \d+", "seed [SEED]"),
    (r" +\d+(\.\d+)? m?s\b", " [TIME]"),
    (r"\+\d+(\.\d+)? ms", "+[TIME]"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:[PORT]"),
    (r"\d{4}-\d\d-\d\d", "[DATE]"),
    (r"\b\d+\.\d+\.\d+\b", "[VERSION]"),
    // The port is a part of the request's headers, and not always as long.
    (r"client bytes \d+ to \d+", "client bytes [A] to [B]"),
    // Frames are counted over both directions, which do not wait for each other.
    (r"frame \d+", "frame [N]"),
    (r"(?m)^report .*/", "report [RUNS]/"),
    (r"(?m) +$", ""),
];

/// `assert_text!(folder, text)`: the text is that of this test's snapshot, whatever the
/// temporary folder is called.
macro_rules! assert_text {
    ($folder:expr, $text:expr) => {
        let text = $text.replace(&$folder.display().to_string(), "[FOLDER]");
        insta::with_settings!({ filters => $crate::text::VARYING }, {
            insta::assert_snapshot!(text);
        })
    };
}
pub(crate) use assert_text;
