//! An exchange as text, for snapshots.

use std::fmt::Write;
use std::fs::File;
use std::path::PathBuf;

use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::decode::decode_capture;
use wirecheck_core::wire::exchange::{
    Connection, Exchange, Half, HeaderList, Limits, Message, Place, Stream,
};

/// Decodes a capture of `tests/captures`.
pub fn read(name: &str) -> Exchange {
    decode_capture(File::open(path(name)).unwrap(), Limits::default()).unwrap()
}

pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/captures/{name}.wirecap"))
}

/// The streams of an exchange as text: what was sent, and where it lies.
pub fn outline(exchange: &Exchange) -> String {
    let mut text = String::new();
    for connection in &exchange.connections {
        connection_outline(&mut text, connection).unwrap();
    }
    text
}

fn connection_outline(text: &mut String, connection: &Connection) -> std::fmt::Result {
    let closed = if connection.closed_ns.is_some() {
        "closed"
    } else {
        "open"
    };
    writeln!(text, "connection {}, {closed}", connection.id)?;
    for (name, side) in [
        ("client", &connection.client),
        ("server", &connection.server),
    ] {
        let end = side.end.map_or(
            "open",
            |end| if end.reset { "reset" } else { "half-closed" },
        );
        writeln!(
            text,
            "  {name}: {} bytes, {end}, leftover {:?}",
            side.bytes, side.leftover
        )?;
    }
    for stream in &connection.streams {
        stream_outline(text, stream)?;
    }
    Ok(())
}

fn stream_outline(text: &mut String, stream: &Stream) -> std::fmt::Result {
    writeln!(text, "  stream {}", stream.id)?;
    for direction in [Direction::ClientToServer, Direction::ServerToClient] {
        half_outline(text, direction, stream.half(direction))?;
    }
    Ok(())
}

fn half_outline(text: &mut String, direction: Direction, half: &Half) -> std::fmt::Result {
    writeln!(text, "    {direction:?}, {} bytes of data", half.data_bytes)?;
    for list in &half.headers {
        list_outline(text, list)?;
    }
    for message in &half.messages {
        message_outline(text, message)?;
    }
    if let Some(end) = &half.end_stream {
        writeln!(text, "      END_STREAM in {}", place(end))?;
    }
    if let Some((at, error)) = &half.reset {
        writeln!(text, "      RST_STREAM {error:?} in {}", place(at))?;
    }
    Ok(())
}

fn list_outline(text: &mut String, list: &HeaderList) -> std::fmt::Result {
    writeln!(
        text,
        "      headers in {}, {} bytes",
        place(&list.place),
        list.list_bytes
    )?;
    for field in &list.fields {
        // The port of the recording is no fact of the case.
        let value = match field.name.as_ref() {
            b":authority" => b"...".escape_ascii(),
            _ => field.value.escape_ascii(),
        };
        writeln!(
            text,
            "        {}: {value} ({:?})",
            field.name.escape_ascii(),
            field.range
        )?;
    }
    Ok(())
}

fn message_outline(text: &mut String, message: &Message) -> std::fmt::Result {
    let head = &message.head[..message.head.len().min(20)];
    write!(text, "      message of {} bytes", message.length)?;
    write!(text, " in {}", place(&message.frames.0))?;
    if message.frames.0 != message.frames.1 {
        write!(text, " to {}", place(&message.frames.1))?;
    }
    writeln!(text, ", {:?}: {}", message.segments, head.escape_ascii())
}

fn place(place: &Place) -> String {
    format!("{:?}", place.range)
}
