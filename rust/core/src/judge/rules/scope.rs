//! Walks an exchange the way the rules look at it: call by call, header list
//! by header list, each with where it stands and who sent it.

use std::ops::Range;

use crate::judge::finding::{Culprit, Where};
use crate::wire::capture::Direction;
use crate::wire::exchange::{
    Connection, Exchange, Half, HeaderField, HeaderList, Message, Place, Stream,
};
use crate::wire::frame::Frame;

/// A place with the one who answers for it.
pub(super) struct Spot {
    pub culprit: Culprit,
    pub place: Where,
}

impl Spot {
    /// Some bytes of a frame.
    pub fn frame(connection: u32, index: usize, frame: &Frame) -> Self {
        Self {
            culprit: Culprit::sender(frame.direction),
            place: Where {
                connection: Some(connection),
                stream: (frame.stream != 0).then_some(frame.stream),
                frame: Some(index),
                direction: Some(frame.direction),
                byte_range: Some(frame.range.clone()),
                at_ns: Some(frame.at_ns),
                ..Where::default()
            },
        }
    }
}

/// The connections of which nothing was left out and everything could be
/// decoded, so that what is not there was not sent.
pub(super) fn fully_read(exchange: &Exchange) -> impl Iterator<Item = &Connection> {
    let connections = exchange.connections.iter();
    connections.filter(|connection| {
        exchange.cuts.is_empty() && connection.faults.iter().all(|fault| !fault.fatal)
    })
}

/// One call: a stream that the client opened with a header list.
#[derive(Clone, Copy)]
pub(super) struct Call<'e> {
    pub connection: &'e Connection,
    pub stream: &'e Stream,
    /// The request headers.
    pub request: &'e HeaderList,
}

/// The calls of all connections.
pub(super) fn calls(exchange: &Exchange) -> impl Iterator<Item = Call<'_>> {
    exchange.connections.iter().flat_map(|connection| {
        connection.streams.iter().filter_map(move |stream| {
            let request = stream.request.headers.first()?;
            // A promised stream has its request from the server.
            let from_client = request.place.direction == Direction::ClientToServer;
            from_client.then_some(Call {
                connection,
                stream,
                request,
            })
        })
    })
}

impl<'e> Call<'e> {
    /// The request headers with their context.
    pub fn request_list(self) -> Listed<'e> {
        self.listed(Part::Request, self.request)
    }

    /// The final response headers or the Trailers-Only list, if any came.
    pub fn response_list(self) -> Option<Listed<'e>> {
        let list = self.stream.response.initial()?;
        let part = if list.end_stream {
            Part::TrailersOnly
        } else {
            Part::ResponseHeaders
        };
        Some(self.listed(part, list))
    }

    /// Every header list of the call, the client's first.
    pub fn lists(self) -> impl Iterator<Item = Listed<'e>> {
        let after_request = self.stream.request.headers.iter().skip(1);
        let sent = std::iter::once(self.request_list())
            .chain(after_request.map(move |list| self.listed(Part::ClientTrailers, list)));
        sent.chain(self.response_lists())
    }

    /// Every header list of the response.
    pub fn response_lists(self) -> impl Iterator<Item = Listed<'e>> {
        let lists = &self.stream.response.headers;
        let initial = self.response_list();
        let initial_at = initial
            .and_then(|initial| {
                lists
                    .iter()
                    .position(|list| std::ptr::eq(list, initial.list))
            })
            .unwrap_or(lists.len());
        lists.iter().enumerate().map(move |(index, list)| {
            let part = match index.cmp(&initial_at) {
                std::cmp::Ordering::Less => Part::Interim,
                std::cmp::Ordering::Equal => initial.map_or(Part::Interim, |found| found.part),
                std::cmp::Ordering::Greater => Part::Trailers,
            };
            self.listed(part, list)
        })
    }

    /// Both directions of the call.
    pub fn halves(self) -> [Sent<'e>; 2] {
        [Direction::ClientToServer, Direction::ServerToClient].map(|direction| Sent {
            call: self,
            direction,
            half: self.stream.half(direction),
        })
    }

    /// Whether a server has every reason to answer as gRPC asks. For another
    /// request HTTP lets it answer 400 or 405, and gRPC asks for 415.
    pub fn is_grpc(self) -> bool {
        let is = |name, value: &[u8]| {
            let field = self.request.get(name);
            field.is_some_and(|field| field.value.as_ref() == value)
        };
        let content_type = self.request.get("content-type");
        is(":method", b"POST")
            && is("te", b"trailers")
            && content_type.is_some_and(|field| is_grpc_content_type(&field.value))
    }

    fn listed(self, part: Part, list: &'e HeaderList) -> Listed<'e> {
        Listed {
            call: self,
            part,
            list,
        }
    }
}

/// What a header list is in its call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Request,
    ClientTrailers,
    /// An informational response, `:status` 1xx.
    Interim,
    ResponseHeaders,
    TrailersOnly,
    Trailers,
}

impl Part {
    /// As a sentence calls it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Request => "the request",
            Self::ClientTrailers => "the client's trailers",
            Self::Interim => "the interim response",
            Self::ResponseHeaders => "the response headers",
            Self::TrailersOnly => "the Trailers-Only response",
            Self::Trailers => "the trailers",
        }
    }

    /// Whether gRPC's Status belongs here.
    pub fn carries_status(self) -> bool {
        matches!(self, Self::TrailersOnly | Self::Trailers)
    }
}

/// A header list and what it is in its call.
#[derive(Clone, Copy)]
pub(super) struct Listed<'e> {
    pub call: Call<'e>,
    pub part: Part,
    pub list: &'e HeaderList,
}

impl<'e> Listed<'e> {
    /// No field was left out, so that what is not there was not sent.
    pub fn is_whole(self) -> bool {
        self.list.fields_cut == 0
    }

    /// The HEADERS frame.
    pub fn spot(self) -> Spot {
        self.at(self.list.place.range.clone())
    }

    /// A field, name and value.
    pub fn field(self, field: &HeaderField) -> Spot {
        self.at(field.range.clone())
    }

    /// The value of a field, or the index that stands for it.
    pub fn value(self, field: &HeaderField) -> Spot {
        self.at(field.value_range.as_ref().unwrap_or(&field.range).clone())
    }

    /// The name of a field, or the index that stands for it.
    pub fn name(self, field: &HeaderField) -> Spot {
        self.at(field.name_range.as_ref().unwrap_or(&field.range).clone())
    }

    fn at(self, bytes: Range<u64>) -> Spot {
        spot(self.call, &self.list.place, bytes)
    }
}

/// One direction of a call.
#[derive(Clone, Copy)]
pub(super) struct Sent<'e> {
    pub call: Call<'e>,
    pub direction: Direction,
    pub half: &'e Half,
}

impl<'e> Sent<'e> {
    /// The header list before the messages, if it says that they are gRPC's.
    /// What another content-type brings, such as a proxy's page of HTML, has
    /// no messages.
    pub fn grpc_headers(self) -> Option<Listed<'e>> {
        let listed = match self.direction {
            Direction::ClientToServer => Some(self.call.request_list()),
            Direction::ServerToClient => self.call.response_list(),
        };
        listed.filter(|listed| {
            let content_type = listed.list.get("content-type");
            content_type.is_some_and(|field| is_grpc_content_type(&field.value))
        })
    }

    /// Some bytes of a message. `index` counts from 0.
    pub fn message(self, index: usize, message: &Message, bytes: Range<u64>) -> Spot {
        let mut spot = spot(self.call, &message.frames.0, bytes);
        spot.place.message = Some(index);
        spot
    }

    /// A frame of this direction.
    pub fn place(self, place: &Place) -> Spot {
        spot(self.call, place, place.range.clone())
    }
}

fn spot(call: Call<'_>, place: &Place, bytes: Range<u64>) -> Spot {
    Spot {
        culprit: Culprit::sender(place.direction),
        place: Where {
            connection: Some(call.connection.id),
            stream: Some(call.stream.id),
            frame: place.frame,
            message: None,
            direction: Some(place.direction),
            byte_range: Some(bytes),
            at_ns: Some(place.at_ns),
        },
    }
}

/// `application/grpc`, alone or with a subtype. `application/grpc-web` is
/// another protocol; a parameter after `;` is what HTTP allows anywhere.
pub(super) fn is_grpc_content_type(value: &[u8]) -> bool {
    let rest = value.strip_prefix(b"application/grpc");
    rest.is_some_and(|rest| match rest {
        [] | [b';', ..] => true,
        [b'+', subtype @ ..] => !subtype.is_empty(),
        _ => false,
    })
}
