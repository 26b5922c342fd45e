//! The section "Responses" of gRPC over HTTP2: the order of header lists and
//! messages, and what stands before the messages. Only answers to requests
//! that are gRPC's are held to it: for others HTTP has its own answers.

use super::Rule;
use super::breach::{Breach, shown};
use super::request::{once, required};
use super::scope::{Call, Listed, Part, calls, is_grpc_content_type};
use super::spec::grpc;
use crate::judge::finding::Level;
use crate::wire::capture::Direction;
use crate::wire::exchange::{Exchange, HeaderField, Place};
use crate::wire::frame::DATA;

pub(super) static HTTP_STATUS: Rule = Rule {
    id: "response/http-status",
    level: Level::Must,
    about: "`:status` is 200, whatever the call's own status is",
    section: grpc!("Responses", "responses", "HTTP-Status → \":status 200\""),
    find: |exchange, breaches| {
        for response in responses(exchange) {
            required(response, breaches, ":status", "200", |value| {
                value == b"200"
            });
        }
    },
};

pub(super) static CONTENT_TYPE: Rule = Rule {
    id: "response/content-type",
    level: Level::Must,
    about: "`content-type` is application/grpc, alone or with a subtype, also in Trailers-Only",
    section: grpc!(
        "Responses",
        "responses",
        "Trailers-Only → HTTP-Status Content-Type Trailers"
    ),
    find: |exchange, breaches| {
        for response in ok_responses(exchange) {
            let expected = "application/grpc or application/grpc+subtype";
            required(
                response,
                breaches,
                "content-type",
                expected,
                is_grpc_content_type,
            );
            once(response, breaches, "content-type");
        }
    },
};

pub(super) static CONTENT_SUBTYPE: Rule = Rule {
    id: "response/content-subtype",
    // No specification says that the two are equal; a reader may want to know.
    level: Level::Info,
    about: "the response's content-type is the request's",
    section: grpc!(
        "Requests",
        "requests",
        "Content-Type → \"content-type\" \"application/grpc\" [(\"+proto\" / \"+json\" / {custom})]"
    ),
    find: |exchange, breaches| {
        for response in ok_responses(exchange) {
            if let Some((asked, answered)) = content_types(response)
                && asked.value != answered.value
            {
                let (asked, shown_answer) = (shown(&asked.value), shown(&answered.value));
                let sentence = format!("`{asked}` is answered with `{shown_answer}`");
                let breach = Breach::new(response.value(answered), sentence);
                breaches.push(breach.expected(asked).got(&answered.value));
            }
        }
    },
};

fn content_types<'e>(response: Listed<'e>) -> Option<(&'e HeaderField, &'e HeaderField)> {
    let asked = response.call.request.get("content-type")?;
    Some((asked, response.list.get("content-type")?))
}

pub(super) static ONE_HEADER_BLOCK: Rule = Rule {
    id: "response/one-header-block",
    level: Level::Must,
    about: "after the response headers only trailers come, with END_STREAM on them",
    section: grpc!(
        "Responses",
        "responses",
        "Response-Headers & Trailers-Only are each delivered in a single HTTP2 HEADERS frame block."
    ),
    find: |exchange, breaches| {
        let lists = calls(exchange).flat_map(|call| call.response_lists());
        let open = lists.filter(|listed| !listed.list.end_stream);
        for listed in open.filter(|listed| listed.part == Part::Trailers) {
            let sentence = "another header list without END_STREAM follows the response headers";
            let breach = Breach::new(listed.spot(), sentence);
            breaches.push(breach.expected("END_STREAM"));
        }
    },
};

pub(super) static ENDS_WITH_TRAILERS: Rule = Rule {
    id: "response/ends-with-trailers",
    level: Level::Must,
    about: "END_STREAM stands on the trailers, not on a DATA frame",
    section: grpc!(
        "Responses",
        "responses",
        "For responses end-of-stream is indicated by the presence of the END_STREAM flag on the \
         last received HEADERS frame that carries Trailers."
    ),
    find: |exchange, breaches| {
        for call in ok_responses(exchange).map(|response| response.call) {
            let [_, response] = call.halves();
            let end = response.half.end_stream.as_ref();
            if let Some(end) = end.filter(|end| is_data(end)) {
                let sentence = "the response ends with a DATA frame and has no trailers";
                let breach = Breach::new(response.place(end), sentence);
                breaches.push(breach.expected("a HEADERS frame with END_STREAM"));
            }
        }
    },
};

/// Trailers that could not be decoded are no header list, but were sent.
fn is_data(place: &Place) -> bool {
    place.kind == DATA
}

pub(super) static TRAILERS_ONLY_OK: Rule = Rule {
    id: "response/trailers-only-error",
    // Meant for errors, used by some libraries for an empty stream as well.
    level: Level::Info,
    about: "Trailers-Only is used for errors",
    section: grpc!(
        "Responses",
        "responses",
        "Most responses are expected to have both headers and trailers but Trailers-Only is \
         permitted for calls that produce an immediate error."
    ),
    find: |exchange, breaches| {
        let lists = calls(exchange).filter_map(Call::response_list);
        for listed in lists.filter(|listed| listed.part == Part::TrailersOnly) {
            let status = listed.list.get("grpc-status");
            if let Some(field) = status.filter(|field| field.value == "0") {
                let sentence = "a Trailers-Only response says OK";
                breaches.push(Breach::new(listed.value(field), sentence).got(&field.value));
            }
        }
    },
};

pub(super) static UNSUPPORTED_MEDIA_TYPE: Rule = Rule {
    id: "response/unsupported-media-type",
    level: Level::Should,
    about: "a request whose content-type is not gRPC's is answered with HTTP status 415",
    section: grpc!(
        "Requests",
        "requests",
        "If Content-Type does not begin with \"application/grpc\", gRPC servers SHOULD respond \
         with HTTP status of 415 (Unsupported Media Type)."
    ),
    find: |exchange, breaches| {
        for call in calls(exchange).filter(|call| has_other_media_type(*call)) {
            let status = call.response_list().and_then(|response| {
                let field = response.list.get(":status")?;
                Some((response, field))
            });
            if let Some((response, field)) = status
                && field.value != "415"
            {
                let status = shown(&field.value);
                let sentence = format!("what is not gRPC is answered with HTTP status {status}");
                let breach = Breach::new(response.value(field), sentence);
                breaches.push(breach.expected("415").got(&field.value));
            }
        }
    },
};

fn has_other_media_type(call: Call<'_>) -> bool {
    let field = call.request.get("content-type");
    field.is_some_and(|field| !field.value.starts_with(b"application/grpc"))
}

/// The final response headers, or the Trailers-Only list, of every gRPC call.
fn responses(exchange: &Exchange) -> impl Iterator<Item = Listed<'_>> {
    let calls = calls(exchange).filter(|call| call.is_grpc());
    calls
        .filter_map(Call::response_list)
        .filter(|listed| listed.list.place.direction == Direction::ServerToClient)
}

/// Those with the HTTP status of a gRPC response.
pub(super) fn ok_responses(exchange: &Exchange) -> impl Iterator<Item = Listed<'_>> {
    responses(exchange).filter(|response| {
        let status = response.list.get(":status");
        status.is_some_and(|field| field.value == "200")
    })
}
