//! What differs from run to run in what Wirecheck prints.

/// What differs, as a pattern, and what is put in its place.
pub const VARYING: [(&str, &str); 14] = [
    (r"[0-9a-f]{4,}/run\.json", "[ID]/run.json"),
    (r"\brun [0-9a-f]{4,}\b", "run [ID]"),
    (r"seed \d+", "seed [SEED]"),
    (r" +(\d+ m )?\d+(\.\d+)? m?s\b", " [TIME]"),
    (r"\+\d+(\.\d+)? ms", "+[TIME]"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:[PORT]"),
    (r"\d{4}-\d\d-\d\d", "[DATE]"),
    (r"\b\d+\.\d+\.\d+\b", "[VERSION]"),
    // The port is a part of the request's headers, and not always as long.
    (r"(client|server) bytes \d+ to \d+", "$1 bytes [A] to [B]"),
    // Frames are counted over both directions, which do not wait for each other.
    (r"frame \d+", "frame [N]"),
    (r"(?m)^report .*/", "report [RUNS]/"),
    // How many there are beside those that a pattern selects: more with each case and peer.
    (
        r"\d+ cases, (\d+) of [\d,]+ cells",
        "[N] cases, $1 of [N] cells",
    ),
    (r"\. not run [\d,]+", ". not run [N]"),
    (r"(?m) +$", ""),
];
