//! Whose fault a difference is, told from the bytes between the two.

use crate::judge::finding::{Culprit, Where};
use crate::plan::types::{CasePlan, StepKind};
use crate::wire::capture::Direction;
use crate::wire::coding;
use crate::wire::exchange::{Connection, Exchange, HeaderList, Message, Stream};

/// The stream of a call: calls of a case are matched to the streams of their
/// path, in order.
pub struct CallStream<'a> {
    /// Its connection.
    pub connection: &'a Connection,
    /// The stream.
    pub stream: &'a Stream,
}

/// The streams of a call, by the call's index in the case: of all streams with
/// its path, those that are left when the calls before it with the same path
/// have taken theirs.
pub fn streams_of<'a>(case: &CasePlan, exchange: &'a Exchange, call: usize) -> Vec<CallStream<'a>> {
    let Some(planned) = case.calls.get(call) else {
        return Vec::new();
    };
    let path = &planned.path;
    let before: u32 = case.calls[..call]
        .iter()
        .filter(|other| other.path == *path)
        .map(|other| other.count)
        .sum();
    let streams = exchange.connections.iter().flat_map(|connection| {
        connection
            .streams
            .iter()
            .map(move |stream| CallStream { connection, stream })
    });
    let same_path = streams.filter(|at| at.path().is_some_and(|sent| sent == path.as_bytes()));
    let mut same_path: Vec<CallStream<'_>> = same_path.collect();
    leave_out_besides(case, path, &mut same_path);
    same_path
        .into_iter()
        .skip(before as usize)
        .take(planned.count as usize)
        .collect()
}

/// Leaves out streams that are none of the case's calls, as many as there are too
/// many and the case allows: their client opened them and left them.
fn leave_out_besides(case: &CasePlan, path: &str, streams: &mut Vec<CallStream<'_>>) {
    let calls = case.calls.iter().filter(|call| call.path == path);
    let calls: u32 = calls.map(|call| call.count).sum();
    let too_many = streams.len().saturating_sub(calls as usize);
    let mut left = too_many.min(case.streams_besides as usize);
    streams.retain(|at| {
        let request = &at.stream.request;
        let is_left = left > 0 && request.messages.is_empty() && request.reset.is_some();
        left -= usize::from(is_left);
        !is_left
    });
}

impl<'a> CallStream<'a> {
    fn path(&self) -> Option<&'a [u8]> {
        Some(self.stream.request.initial()?.get(":path")?.value.as_ref())
    }

    /// `grpc-status` as the server sent it.
    pub fn status(&self) -> Option<u32> {
        let value = &self.stream.response.trailers()?.get("grpc-status")?.value;
        std::str::from_utf8(value).ok()?.parse().ok()
    }

    /// Where a header list stands.
    pub fn place_of(&self, list: &HeaderList) -> Where {
        Where {
            connection: Some(self.connection.id),
            stream: Some(self.stream.id),
            frame: list.place.frame,
            direction: Some(list.place.direction),
            byte_range: Some(list.place.range.clone()),
            at_ns: Some(list.place.at_ns),
            message: None,
        }
    }

    /// Where a message stands.
    pub fn place_of_message(&self, direction: Direction, index: usize, message: &Message) -> Where {
        let start = message.segments.first().map_or(0, |range| range.start);
        let end = message.segments.last().map_or(start, |range| range.end);
        Where {
            connection: Some(self.connection.id),
            stream: Some(self.stream.id),
            frame: message.frames.0.frame,
            message: Some(index),
            direction: Some(direction),
            byte_range: Some(start..end),
            at_ns: Some(message.frames.0.at_ns),
        }
    }
}

/// Who is to blame for a status that is not as expected. What the server sent
/// is the server's; a client that reports something else made it up. Without a
/// status on the wire, whoever reset the stream ended it; a response that ended
/// in order should have had one.
pub fn of_status(at: Option<&CallStream<'_>>, reported: u32) -> Culprit {
    let Some(at) = at else { return Culprit::Client };
    match at.status() {
        Some(sent) if sent == reported => Culprit::Server,
        Some(_) => Culprit::Client,
        None => match (&at.stream.request.reset, &at.stream.response.reset) {
            (Some((client, _)), Some((server, _))) if server.at_ns < client.at_ns => {
                Culprit::Server
            }
            (Some(_), _) => Culprit::Client,
            (None, Some(_)) => Culprit::Server,
            (None, None) if at.stream.response.end_stream.is_some() => Culprit::Server,
            (None, None) => Culprit::Undetermined,
        },
    }
}

/// Who is to blame for what a client made of a field of the response: the
/// client, if the server sent what was expected.
pub fn of_field(
    list: Option<&HeaderList>,
    is_expected: impl FnOnce(&HeaderList) -> bool,
) -> Culprit {
    match list.is_some_and(is_expected) {
        true => Culprit::Client,
        false => Culprit::Server,
    }
}

/// Who is to blame for a message that a codec understood otherwise than
/// expected: the sender, unless the right bytes were on the wire.
pub fn of_message(
    at: Option<&CallStream<'_>>,
    direction: Direction,
    index: usize,
    expected: &[u8],
) -> Culprit {
    let sent = at.and_then(|at| at.stream.half(direction).messages.get(index));
    match sent {
        Some(message) if is_content(at, direction, message, expected) => {
            Culprit::sender(direction.reverse())
        }
        Some(_) => Culprit::sender(direction),
        None => Culprit::Undetermined,
    }
}

/// Whether a message on the wire is these bytes, compressed or not.
fn is_content(
    at: Option<&CallStream<'_>>,
    direction: Direction,
    message: &Message,
    expected: &[u8],
) -> bool {
    at.is_some_and(|at| {
        let content = coding::content(at.stream.half(direction), message);
        content.is_ok_and(|content| content.head.as_ref() == expected)
    })
}

/// Whether the case makes the client send bytes as they are: then nothing that
/// follows is the client's codec's fault.
pub fn sends_raw(case: &CasePlan, call: usize) -> bool {
    case.calls[call]
        .send
        .iter()
        .any(|step| matches!(step.kind, StepKind::Raw(_)))
}
