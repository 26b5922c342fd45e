//! The section "Requests" of gRPC over HTTP2: what opens a call, and how the
//! client ends its side of it.

use super::Rule;
use super::breach::{Breach, Breaches, shown};
use super::scope::{Listed, Part, calls, is_grpc_content_type};
use super::spec::{grpc, rfc9113};
use crate::judge::finding::Level;
use crate::wire::exchange::{Exchange, HeaderField};

pub(super) static METHOD: Rule = Rule {
    id: "request/method",
    level: Level::Must,
    about: "`:method` is POST",
    section: grpc!("Requests", "requests", "Method → \":method POST\""),
    find: |exchange, breaches| {
        for request in requests(exchange) {
            required(request, breaches, ":method", "POST", |value| {
                value == b"POST"
            });
        }
    },
};

pub(super) static SCHEME: Rule = Rule {
    id: "request/scheme",
    level: Level::Must,
    about: "`:scheme` is http or https",
    section: grpc!(
        "Requests",
        "requests",
        "Scheme → \":scheme \" (\"http\" / \"https\")"
    ),
    find: |exchange, breaches| {
        for request in requests(exchange) {
            required(request, breaches, ":scheme", "http or https", |value| {
                value == b"http" || value == b"https"
            });
        }
    },
};

pub(super) static PATH: Rule = Rule {
    id: "request/path",
    level: Level::Must,
    about: "`:path` is a slash, the service, a slash and the method",
    section: grpc!(
        "Requests",
        "requests",
        "Path → \":path\" \"/\" Service-Name \"/\" {method name}"
    ),
    find: |exchange, breaches| {
        for request in requests(exchange) {
            required(request, breaches, ":path", "/service/method", is_path);
        }
    },
};

/// The service is what stands before the last slash: only an IDL could say
/// that its names hold none.
fn is_path(value: &[u8]) -> bool {
    let Some(rest) = value.strip_prefix(b"/") else {
        return false;
    };
    let slash = rest.iter().rposition(|byte| *byte == b'/');
    slash.is_some_and(|slash| slash > 0 && slash + 1 < rest.len())
}

pub(super) static AUTHORITY: Rule = Rule {
    id: "request/authority",
    level: Level::Should,
    about: "`:authority` is there",
    // gRPC's grammar makes it optional, so this is no MUST here.
    section: rfc9113!(
        "8.3.1",
        "Clients that generate HTTP/2 requests directly MUST use the \":authority\" pseudo-header \
         field to convey authority information, unless there is no authority information to \
         convey (in which case it MUST NOT generate \":authority\")."
    ),
    find: |exchange, breaches| {
        for request in requests(exchange) {
            required(request, breaches, ":authority", "a host", |value| {
                !value.is_empty()
            });
        }
    },
};

pub(super) static TE_TRAILERS: Rule = Rule {
    id: "request/te-trailers",
    level: Level::Must,
    about: "`te: trailers` is there, once and with no other value",
    section: grpc!(
        "Requests",
        "requests",
        "TE → \"te\" \"trailers\" # Used to detect incompatible proxies"
    ),
    find: |exchange, breaches| {
        for request in requests(exchange) {
            required(request, breaches, "te", "trailers", |value| {
                value == b"trailers"
            });
            once(request, breaches, "te");
        }
    },
};

pub(super) static CONTENT_TYPE: Rule = Rule {
    id: "request/content-type",
    level: Level::Must,
    about: "`content-type` is application/grpc, alone or with a subtype after `+`",
    section: grpc!(
        "Requests",
        "requests",
        "Content-Type → \"content-type\" \"application/grpc\" [(\"+proto\" / \"+json\" / {custom})]"
    ),
    find: |exchange, breaches| {
        for request in requests(exchange) {
            let expected = "application/grpc or application/grpc+subtype";
            required(
                request,
                breaches,
                "content-type",
                expected,
                is_grpc_content_type,
            );
            once(request, breaches, "content-type");
        }
    },
};

pub(super) static TIMEOUT: Rule = Rule {
    id: "request/timeout",
    level: Level::Must,
    about: "`grpc-timeout` stands at most once: 1 to 8 digits, not all zero, then H, M, S, m, u or n",
    section: grpc!(
        "Requests",
        "requests",
        "TimeoutValue → {positive integer as ASCII string of at most 8 digits}"
    ),
    find: |exchange, breaches| {
        for request in requests(exchange) {
            for field in request.list.all(TIMEOUT_NAME) {
                if !is_timeout(&field.value) {
                    let expected = "1 to 8 digits, not all zero, and one of H M S m u n";
                    breaches.push(wrong_value(request, field, expected));
                }
            }
            once(request, breaches, TIMEOUT_NAME);
        }
    },
};

const TIMEOUT_NAME: &str = "grpc-timeout";

fn is_timeout(value: &[u8]) -> bool {
    let Some((unit, digits)) = value.split_last() else {
        return false;
    };
    b"HMSmun".contains(unit)
        && (1..=8).contains(&digits.len())
        && digits.iter().all(u8::is_ascii_digit)
        && digits.iter().any(|digit| *digit != b'0')
}

pub(super) static TIMEOUT_FIRST: Rule = Rule {
    id: "request/timeout-first",
    // The text says "should", but the libraries put it elsewhere and always
    // did, so that it tells nobody anything to call it bad.
    level: Level::Info,
    about: "`grpc-timeout` comes immediately after the pseudo-headers",
    section: grpc!(
        "Requests",
        "requests",
        "Additionally implementations should send Timeout immediately after the reserved headers \
         and they should send the Call-Definition headers before sending Custom-Metadata."
    ),
    find: |exchange, breaches| {
        for request in requests(exchange) {
            let regular = request.list.fields.iter().filter(|field| !is_pseudo(field));
            let late = regular.skip(1).find(|field| field.name == TIMEOUT_NAME);
            if let Some(field) = late {
                let sentence = "`grpc-timeout` comes after other headers";
                breaches.push(Breach::new(request.field(field), sentence));
            }
        }
    },
};

pub(super) static DEFINITION_FIRST: Rule = Rule {
    id: "request/definition-first",
    level: Level::Should,
    about: "the headers of the call come before the application's metadata",
    section: grpc!(
        "Requests",
        "requests",
        "Additionally implementations should send Timeout immediately after the reserved headers \
         and they should send the Call-Definition headers before sending Custom-Metadata."
    ),
    find: |exchange, breaches| {
        for request in requests(exchange) {
            let after_metadata = request
                .list
                .fields
                .iter()
                .skip_while(|field| !is_metadata(field));
            let late = after_metadata
                .into_iter()
                .find(|field| is_definition(field));
            if let Some(field) = late {
                let name = shown(&field.name);
                let sentence = format!("`{name}` comes after the application's metadata");
                breaches.push(Breach::new(request.field(field), sentence));
            }
        }
    },
};

/// The headers of Call-Definition that are not pseudo-headers.
const DEFINITION: [&str; 7] = [
    "te",
    TIMEOUT_NAME,
    "content-type",
    "grpc-message-type",
    "grpc-encoding",
    "grpc-accept-encoding",
    "user-agent",
];

fn is_definition(field: &HeaderField) -> bool {
    DEFINITION.iter().any(|name| field.name == *name)
}

fn is_pseudo(field: &HeaderField) -> bool {
    field.name.starts_with(b":")
}

/// What an application added; other `grpc-` names are the library's own.
fn is_metadata(field: &HeaderField) -> bool {
    !is_pseudo(field) && !is_definition(field) && !field.name.starts_with(b"grpc-")
}

pub(super) static USER_AGENT: Rule = Rule {
    id: "request/user-agent",
    level: Level::Should,
    about: "`user-agent` names the library as grpc-language/version",
    section: grpc!(
        "User Agents",
        "user-agents",
        "While the protocol does not require a user-agent to function it is recommended that \
         clients provide a structured user-agent string that provides a basic description of the \
         calling library, version & platform to facilitate issue diagnosis in heterogeneous \
         environments."
    ),
    find: |exchange, breaches| {
        for request in requests(exchange) {
            let expected = "grpc-language/version";
            required(request, breaches, "user-agent", expected, is_user_agent);
        }
    },
};

/// An application may put its own product before the library's, and grpcio
/// names its core after itself, so one product of the right form will do.
fn is_user_agent(value: &[u8]) -> bool {
    value.split(|byte| *byte == b' ').any(|product| {
        let Some(product) = product.strip_prefix(b"grpc-") else {
            return false;
        };
        let slash = product.iter().position(|byte| *byte == b'/');
        slash.is_some_and(|slash| slash > 0 && slash + 1 < product.len())
    })
}

pub(super) static NO_TRAILERS: Rule = Rule {
    id: "request/no-trailers",
    level: Level::Must,
    about: "the client sends one header list and no trailers",
    section: grpc!(
        "Requests",
        "requests",
        "Request → Request-Headers *Length-Prefixed-Message EOS"
    ),
    find: |exchange, breaches| {
        for call in calls(exchange) {
            for listed in call
                .lists()
                .filter(|list| list.part == Part::ClientTrailers)
            {
                let sentence = "the client sends a second header list";
                breaches.push(Breach::new(listed.spot(), sentence));
            }
        }
    },
};

pub(super) static ENDS_WITH_DATA: Rule = Rule {
    id: "request/ends-with-data",
    level: Level::Must,
    about: "the request ends with END_STREAM on a DATA frame",
    section: grpc!(
        "Requests",
        "requests",
        "In scenarios where the Request stream needs to be closed but no data remains to be sent \
         implementations MUST send an empty DATA frame with this flag set."
    ),
    find: |exchange, breaches| {
        for request in requests(exchange).filter(|request| request.list.end_stream) {
            let sentence = "END_STREAM stands on the request's HEADERS frame";
            let breach = Breach::new(request.spot(), sentence);
            breaches.push(breach.expected("END_STREAM on a DATA frame"));
        }
    },
};

fn requests(exchange: &Exchange) -> impl Iterator<Item = Listed<'_>> {
    calls(exchange).map(|call| call.request_list())
}

/// Reports every value of a header that is not acceptable, or that the header
/// is not there.
pub(super) fn required(
    listed: Listed<'_>,
    breaches: &mut Breaches<'_>,
    name: &str,
    expected: &str,
    accepts: fn(&[u8]) -> bool,
) {
    for field in listed.list.all(name).filter(|field| !accepts(&field.value)) {
        breaches.push(wrong_value(listed, field, expected));
    }
    if listed.list.get(name).is_none() && listed.is_whole() {
        let sentence = format!("{} has no `{name}`", listed.part.noun());
        breaches.push(Breach::new(listed.spot(), sentence).expected(expected));
    }
}

/// A value that is not what it should be.
pub(super) fn wrong_value(listed: Listed<'_>, field: &HeaderField, expected: &str) -> Breach {
    let (name, value) = (shown(&field.name), shown(&field.value));
    let sentence = format!("`{name}` is `{value}`, not {expected}");
    Breach::new(listed.value(field), sentence)
        .expected(expected)
        .got(&field.value)
}

/// Reports every repetition of a header that stands once.
pub(super) fn once(listed: Listed<'_>, breaches: &mut Breaches<'_>, name: &str) {
    for field in listed.list.all(name).skip(1) {
        let sentence = format!("{} has `{name}` more than once", listed.part.noun());
        breaches.push(Breach::new(listed.field(field), sentence).got(&field.value));
    }
}
