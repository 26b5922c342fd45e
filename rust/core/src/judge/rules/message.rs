//! Length-Prefixed-Message in the section "Requests" of gRPC over HTTP2, and
//! what `compression.md` says about its flag.

use super::Rule;
use super::breach::{Breach, shown};
use super::metadata::codings;
use super::scope::{Call, Listed, Sent, calls};
use super::spec::{COMPRESSION_ASYMMETRY, UNDISCLOSED_BUT_SUPPORTED, grpc};
use crate::judge::finding::Level;
use crate::wire::coding;
use crate::wire::exchange::{Exchange, HeaderField, Message};

pub(super) static FLAG: Rule = Rule {
    id: "message/flag",
    level: Level::Must,
    about: "the first byte of a message is 0 or 1",
    section: grpc!(
        "Requests",
        "requests",
        "Compressed-Flag → 0 / 1 # encoded as 1 byte unsigned integer"
    ),
    find: |exchange, breaches| {
        for framed in messages(exchange).filter(|framed| framed.message.flag > 1) {
            let sentence = format!("the message's flag is {}, not 0 or 1", framed.message.flag);
            breaches.push(framed.flag(sentence).expected("0 or 1"));
        }
    },
};

pub(super) static FLAG_WITHOUT_ENCODING: Rule = Rule {
    id: "message/flag-without-encoding",
    level: Level::Must,
    about: "the flag is 1 only where `grpc-encoding` names a coding other than identity",
    section: grpc!(
        "Requests",
        "requests",
        "If the Message-Encoding header is omitted then the Compressed-Flag must be 0."
    ),
    find: |exchange, breaches| {
        let uncoded = messages(exchange).filter(|framed| !is_coded(framed.headers));
        for framed in uncoded.filter(|framed| framed.message.flag == 1) {
            let sentence = "the message's flag is 1, but no `grpc-encoding` says how to read it";
            breaches.push(framed.flag(sentence).expected("0"));
        }
    },
};

/// Whether a coding is named, or might be in what was left out.
fn is_coded(headers: Listed<'_>) -> bool {
    match headers.list.get("grpc-encoding") {
        Some(field) => field.value != "identity",
        None => !headers.is_whole(),
    }
}

pub(super) static COMPLETE: Rule = Rule {
    id: "message/complete",
    level: Level::Must,
    about: "END_STREAM comes at the end of a message, not inside one",
    section: grpc!(
        "Requests",
        "requests",
        "Length-Prefixed-Message → Compressed-Flag Message-Length Message"
    ),
    find: |exchange, breaches| {
        let ended = messages(exchange).filter(|framed| framed.sent.half.end_stream.is_some());
        for framed in ended.filter(|framed| !framed.message.complete) {
            let length = framed.message.length;
            let sentence = format!("the stream ends inside a message of {length} bytes");
            let breach = Breach::new(framed.whole(), sentence);
            breaches.push(breach.expected(format!("{length} bytes after the prefix")));
        }
    },
};

pub(super) static DECOMPRESSES: Rule = Rule {
    id: "message/decompresses",
    level: Level::Must,
    about: "a message whose flag is 1 is one whole stream of the coding in `grpc-encoding`",
    section: grpc!(
        "Requests",
        "requests",
        "A Compressed-Flag value of 1 indicates that the binary octet sequence of Message is \
         compressed using the mechanism declared by the Message-Encoding header."
    ),
    find: |exchange, breaches| {
        for framed in messages(exchange).filter(|framed| framed.message.complete) {
            match coding::content(framed.sent.half, framed.message) {
                Err(error) if error.is_senders() => {
                    let sentence = format!("the message cannot be decompressed: {error}");
                    breaches.push(Breach::new(framed.whole(), sentence));
                }
                _ => {}
            }
        }
    },
};

pub(super) static UNDISCLOSED_ENCODING: Rule = Rule {
    id: "message/undisclosed-encoding",
    level: Level::Must,
    about: "the server compresses with a coding that `grpc-accept-encoding` lists",
    section: COMPRESSION_ASYMMETRY,
    find: |exchange, breaches| {
        for call in calls(exchange).filter(|call| has_compressed_response(*call)) {
            let Some((response, coding, accepted)) = codings_of(call) else {
                continue;
            };
            if coding.value != "identity"
                && !codings(&accepted.value).any(|item| item == coding.value)
            {
                let (used, listed) = (shown(&coding.value), shown(&accepted.value));
                let sentence =
                    format!("the response is coded as `{used}`, the client listed `{listed}`");
                let breach = Breach::new(response.value(coding), sentence);
                breaches.push(breach.expected(listed).got(&coding.value));
            }
        }
    },
};

pub(super) static ACCEPTED_ENCODING: Rule = Rule {
    id: "message/accepted-encoding",
    level: Level::Must,
    about: "a response that lists codings lists the one that its server has just read",
    section: UNDISCLOSED_BUT_SUPPORTED,
    find: |exchange, breaches| {
        for call in calls(exchange).filter(|call| is_coding_read(*call)) {
            let Some((response, coding, accepted)) = disclosed(call) else {
                continue;
            };
            let is_listed = codings(&accepted.value).any(|item| item == coding.value);
            if !is_listed && coding.value != "identity" {
                let (used, listed) = (shown(&coding.value), shown(&accepted.value));
                let sentence =
                    format!("the server has read `{used}`, and lists `{listed}` as what it reads");
                let breach = Breach::new(response.value(accepted), sentence);
                breaches.push(breach.expected(used).got(&accepted.value));
            }
        }
    },
};

/// The server read a compressed message: the call ended with OK.
fn is_coding_read(call: Call<'_>) -> bool {
    let mut messages = call.stream.request.messages.iter();
    let ok = call.response_lists().any(|listed| {
        let status = listed.list.get("grpc-status");
        listed.part.carries_status() && status.is_some_and(|field| field.value == "0")
    });
    ok && messages.any(|message| message.flag == 1)
}

/// The request's coding, and what the server says it reads. One that lists
/// nothing says nothing of what it reads, and no library takes it amiss.
fn disclosed<'e>(call: Call<'e>) -> Option<(Listed<'e>, &'e HeaderField, &'e HeaderField)> {
    let response = call.response_list()?;
    let coding = call.request.get("grpc-encoding")?;
    let accepted = response.list.get("grpc-accept-encoding")?;
    Some((response, coding, accepted))
}

fn has_compressed_response(call: Call<'_>) -> bool {
    let mut messages = call.stream.response.messages.iter();
    messages.any(|message| message.flag == 1)
}

/// The response's coding and what the client said it reads, if both are there.
fn codings_of<'e>(call: Call<'e>) -> Option<(Listed<'e>, &'e HeaderField, &'e HeaderField)> {
    let response = call.response_list()?;
    let coding = response.list.get("grpc-encoding")?;
    let accepted = call.request.get("grpc-accept-encoding")?;
    Some((response, coding, accepted))
}

/// A message and what was said before it.
#[derive(Clone, Copy)]
struct Framed<'e> {
    sent: Sent<'e>,
    headers: Listed<'e>,
    index: usize,
    message: &'e Message,
}

/// Every message that gRPC headers announced.
fn messages(exchange: &Exchange) -> impl Iterator<Item = Framed<'_>> {
    let sent = calls(exchange).flat_map(|call| call.halves());
    sent.filter_map(|sent| Some((sent, sent.grpc_headers()?)))
        .flat_map(|(sent, headers)| {
            let messages = sent.half.messages.iter().enumerate();
            messages.map(move |(index, message)| Framed {
                sent,
                headers,
                index,
                message,
            })
        })
}

impl Framed<'_> {
    /// A breach at the flag byte.
    fn flag(self, sentence: impl Into<String>) -> Breach {
        let start = self.message.segments.first().map_or(0, |bytes| bytes.start);
        let spot = self
            .sent
            .message(self.index, self.message, start..start + 1);
        Breach::new(spot, sentence).got(&[self.message.flag])
    }

    /// All bytes of it that came.
    fn whole(self) -> super::scope::Spot {
        let segments = &self.message.segments;
        let start = segments.first().map_or(0, |bytes| bytes.start);
        let end = segments.last().map_or(start, |bytes| bytes.end);
        self.sent.message(self.index, self.message, start..end)
    }
}
