//! Frames and bytes that a fault puts on the line, from lines of a dialogue.

use super::super::dialogue::written::{Line, Stream};
use super::super::dialogue::{Act, resolve::LineResolver};
use super::super::resolve::fault::{Fault, Resolved};
use super::super::source::Segment;
use crate::talk::data_frames;
use crate::wire::relay::Inserted;
use crate::wire::write::block::Encoder;
use crate::wire::write::frame::{Frame, GOAWAY, goaway};

/// The most bytes that one fault inserts: 16 MiB.
const MOST_BYTES: usize = 16 << 20;

/// What the lines say, in their order.
pub fn inserted(lines: &[Line], resolver: &LineResolver<'_>) -> Resolved<Vec<Inserted>> {
    let mut encoder = Encoder::default();
    let mut all = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let place = [Segment::from(index)];
        let said = resolver
            .act(line, &place, &(index + 1).to_string())
            .and_then(|act| said(&act, on(line)?, &mut encoder))
            .map_err(|fault| fault.under(index))?;
        all.extend(said);
    }
    let bytes: usize = all.iter().map(size).sum();
    match bytes > MOST_BYTES {
        true => Err(Fault::new("a fault puts at most 16 MiB on the line")),
        false => Ok(all),
    }
}

fn size(inserted: &Inserted) -> usize {
    match inserted {
        Inserted::Frame { payload, .. } => payload.len(),
        Inserted::Octets(octets) => octets.len(),
        Inserted::Headers { .. } => 0,
    }
}

/// The stream that a line names; none is that of the frame beside it.
fn on(line: &Line) -> Resolved<Option<u32>> {
    let (key, named) = match line {
        Line {
            headers: Some(of), ..
        } => ("headers", &of.stream),
        Line { data: Some(of), .. } => ("data", &of.stream),
        Line {
            rst_stream: Some(of),
            ..
        } => ("rst_stream", &of.stream),
        Line {
            priority: Some(of), ..
        } => ("priority", &of.stream),
        Line {
            window_update: Some(of),
            ..
        } => return number("window_update", &of.stream).map(|on| on.or(Some(0))),
        Line {
            frame: Some(of), ..
        } => return number("frame", &of.stream).map(|on| on.or(Some(0))),
        _ => return Ok(Some(0)),
    };
    number(key, named)
}

fn number(key: &str, named: &Option<Stream>) -> Resolved<Option<u32>> {
    let Some(Stream(value)) = named else {
        return Ok(None);
    };
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    let number = number.ok_or_else(|| {
        let fault = Fault::new(format!("{value} is no stream of a connection"));
        let how = "write its number; unset it is the stream of the frame beside it";
        fault.hint(Some(how.into())).under("stream").under(key)
    })?;
    Ok(Some(number))
}

fn said(act: &Act, on: Option<u32>, encoder: &mut Encoder) -> Resolved<Vec<Inserted>> {
    let frames = match act {
        Act::Headers { headers, items, .. } => {
            let block = encoder.encode(items);
            let block = block.map_err(|error| Fault::new(error.to_string()).under("headers"))?;
            headers.frames(&block)
        }
        Act::Data(data) => data_frames(data, 0),
        Act::Frame { frame, .. } => vec![frame.clone()],
        Act::GoAway { last, error, debug } => {
            let last = last.number().ok_or_else(|| {
                let fault = Fault::new("here, the last stream is a number");
                fault.under("last_stream").under("goaway")
            })?;
            vec![Frame::new(GOAWAY, 0, 0, goaway(last, *error, debug))]
        }
        Act::Raw(bytes) => return Ok(vec![Inserted::Octets(bytes.to_vec())]),
        _ => {
            let fault = Fault::new("a fault puts only what a script says on the line");
            let how = "such as `headers`, `data`, `ping`, `goaway`, `rst_stream`, `frame` or `raw`";
            return Err(fault.hint(Some(how.into())));
        }
    };
    Ok(frames
        .into_iter()
        .map(|frame| as_it_is(frame, on))
        .collect())
}

/// A frame beside another; one that lies about itself is on a stream of its own
/// choice.
fn as_it_is(frame: Frame, on: Option<u32>) -> Inserted {
    if frame.length.is_none() && !frame.reserved {
        return Inserted::Frame {
            kind: frame.kind,
            flags: frame.flags,
            stream: on,
            payload: frame.payload,
        };
    }
    let frame = Frame {
        stream: on.unwrap_or(0),
        ..frame
    };
    let mut octets = Vec::new();
    frame.write(&mut octets);
    Inserted::Octets(octets)
}
