//! The names that specifications give to numbers.

/// gRPC status codes in the order of their numbers (grpc `statuscodes.md`).
const STATUS: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// HTTP/2 error codes in the order of their numbers (RFC 9113, section 7).
const ERROR: [&str; 14] = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];

/// Settings from 1 on, in the order of their numbers (RFC 9113, section 6.5.2).
const SETTING: [&str; 6] = [
    "HEADER_TABLE_SIZE",
    "ENABLE_PUSH",
    "MAX_CONCURRENT_STREAMS",
    "INITIAL_WINDOW_SIZE",
    "MAX_FRAME_SIZE",
    "MAX_HEADER_LIST_SIZE",
];

/// The name of a status code, or `None` if there is no such code.
pub fn status_name(code: u32) -> Option<&'static str> {
    STATUS.get(code as usize).copied()
}

/// The name of a status code, or the number itself.
pub fn status_text(code: u32) -> String {
    status_name(code).map_or_else(|| code.to_string(), str::to_owned)
}

/// The status code of a name.
pub fn status_code(name: &str) -> Option<u32> {
    STATUS
        .iter()
        .position(|known| *known == name)
        .map(|code| code as u32)
}

/// All names of status codes, in the order of their numbers.
pub fn status_names() -> &'static [&'static str] {
    &STATUS
}

/// The name of an HTTP/2 error code.
pub fn error_name(code: u32) -> Option<&'static str> {
    ERROR.get(code as usize).copied()
}

/// All names of HTTP/2 error codes, in the order of their numbers.
pub fn error_names() -> &'static [&'static str] {
    &ERROR
}

/// The name of an HTTP/2 setting; 0xfe03 is gRPC's own (gRFC G1).
pub fn setting_name(id: u16) -> Option<&'static str> {
    match id {
        0xfe03 => Some("GRPC_ALLOW_TRUE_BINARY_METADATA"),
        id => SETTING.get(usize::from(id).checked_sub(1)?).copied(),
    }
}
