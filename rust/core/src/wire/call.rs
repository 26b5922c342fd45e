//! What a stream says as a gRPC call: its path, how it ended, its metadata.

use super::capture::Direction;
use super::exchange::{ErrorCode, HeaderField, HeaderList, Stream};
use super::grpc::percent_decode_lossy;
use super::names::{error_name, status_name};

/// How a call ended, as far as the wire tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// With a status.
    Status {
        /// The code, 0 for OK.
        code: u32,
        /// The message, decoded; empty if there is none.
        message: String,
    },
    /// By RST_STREAM, before there was a status.
    Reset {
        /// Who reset it.
        by: Direction,
        /// Why.
        error: ErrorCode,
    },
    /// In order, but without a status that is a number.
    NoStatus {
        /// The HTTP status, if there was one.
        http_status: Option<String>,
    },
    /// With its connection, or it had not ended when it was looked at.
    Open,
}

impl Ending {
    /// How a stream ended.
    pub fn of(stream: &Stream) -> Self {
        if let Some((code, message)) = status(stream) {
            return Self::Status { code, message };
        }
        let resets = [
            (Direction::ClientToServer, &stream.request.reset),
            (Direction::ServerToClient, &stream.response.reset),
        ];
        let mut resets: Vec<_> = resets
            .into_iter()
            .filter_map(|(by, reset)| {
                reset
                    .as_ref()
                    .map(|(place, error)| (place.at_ns, by, *error))
            })
            .collect();
        resets.sort_by_key(|(at_ns, ..)| *at_ns);
        match resets.first() {
            Some(&(_, by, error)) => Self::Reset { by, error },
            None if stream.response.end_stream.is_some() => Self::NoStatus {
                http_status: text(stream.response.initial(), ":status"),
            },
            None => Self::Open,
        }
    }

    /// One word for it: the name of the status or `RST_STREAM(CANCEL)`, such.
    pub fn word(&self) -> String {
        match self {
            Self::Status { code, .. } => {
                status_name(*code).map_or_else(|| format!("status {code}"), str::to_owned)
            }
            Self::Reset { error, .. } => {
                let name = error_name(error.0);
                let name = name.map_or_else(|| format!("{:#x}", error.0), str::to_owned);
                format!("RST_STREAM({name})")
            }
            Self::NoStatus {
                http_status: Some(status),
            } if status != "200" => format!("HTTP {status}"),
            Self::NoStatus { .. } => "no status".to_owned(),
            Self::Open => "unfinished".to_owned(),
        }
    }

    /// Whether the call came to its status OK.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Status { code: 0, .. })
    }
}

/// The `:path` of a request, as text.
pub fn path(stream: &Stream) -> Option<String> {
    text(stream.request.headers.first(), ":path")
}

/// The fields of a header list that are an application's: all but what HTTP/2
/// and gRPC themselves put there.
pub fn metadata(list: &HeaderList) -> impl Iterator<Item = &HeaderField> {
    list.fields.iter().filter(|field| !is_protocol(&field.name))
}

fn is_protocol(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 6] = [
        b"te",
        b"content-type",
        b"user-agent",
        b"accept-encoding",
        b"date",
        b"content-length",
    ];
    name.starts_with(b":") || name.starts_with(b"grpc-") || NAMES.contains(&name)
}

fn status(stream: &Stream) -> Option<(u32, String)> {
    let trailers = stream.response.trailers()?;
    let code = text(Some(trailers), "grpc-status")?.parse().ok()?;
    let message = trailers.get("grpc-message");
    let message = message.map_or_else(String::new, |field| percent_decode_lossy(&field.value));
    Some((code, message))
}

fn text(list: Option<&HeaderList>, name: &str) -> Option<String> {
    Some(list?.get(name)?.value_text().into_owned())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::exchange::{Half, Place};
    use super::super::hpack::Representation;
    use super::*;

    fn place() -> Place {
        Place {
            frame: None,
            kind: 0x01,
            direction: Direction::ServerToClient,
            range: 0..9,
            at_ns: 5,
        }
    }

    fn list(fields: &[(&'static str, &'static str)], end_stream: bool) -> HeaderList {
        let fields = fields.iter().map(|(name, value)| HeaderField {
            name: Bytes::from_static(name.as_bytes()),
            value: Bytes::from_static(value.as_bytes()),
            range: 0..1,
            name_range: None,
            value_range: None,
            representation: Representation::Indexed { index: 1 },
        });
        HeaderList {
            place: place(),
            continuations: 0,
            fields: fields.collect(),
            end_stream,
            list_bytes: 0,
            fields_cut: 0,
        }
    }

    fn response(headers: Vec<HeaderList>) -> Stream {
        let ended = headers.iter().any(|list| list.end_stream);
        Stream {
            id: 1,
            request: Half::default(),
            response: Half {
                headers,
                end_stream: ended.then(place),
                ..Half::default()
            },
        }
    }

    #[test]
    fn an_end_is_a_status_a_reset_or_neither() {
        let status = [("grpc-status", "5"), ("grpc-message", "no%20such")];
        let failed = Ending::of(&response(vec![list(&status, true)]));
        assert_eq!(failed.word(), "NOT_FOUND");
        let Ending::Status { message, .. } = &failed else {
            panic!("{failed:?}")
        };
        assert_eq!(message, "no such");
        let strange = list(&[("grpc-status", "77")], true);
        assert_eq!(Ending::of(&response(vec![strange])).word(), "status 77");
        let proxy = list(&[(":status", "503")], true);
        assert_eq!(Ending::of(&response(vec![proxy])).word(), "HTTP 503");
        let bare = list(&[(":status", "200")], true);
        assert_eq!(Ending::of(&response(vec![bare])).word(), "no status");
        let mut reset = response(Vec::new());
        assert_eq!(Ending::of(&reset), Ending::Open);
        reset.request.reset = Some((place(), ErrorCode(8)));
        assert_eq!(Ending::of(&reset).word(), "RST_STREAM(CANCEL)");
    }

    #[test]
    fn metadata_is_what_the_application_put_there() {
        let list = list(
            &[
                (":path", "/a"),
                ("te", "trailers"),
                ("grpc-timeout", "1S"),
                ("x-a", "1"),
                ("authorization", "x"),
            ],
            false,
        );
        let names: Vec<_> = metadata(&list).map(|field| field.name.clone()).collect();
        assert_eq!(names, ["x-a", "authorization"]);
    }
}
