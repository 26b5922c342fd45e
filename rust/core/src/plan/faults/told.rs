//! Faults in words.

use std::time::Duration;

use super::{FaultPlan, FaultsPlan};
use crate::plan::told::sender;
use crate::wire::capture::Direction;
use crate::wire::frame::type_name;
use crate::wire::names::setting_name;
use crate::wire::relay::{
    self, Edit, FieldEdit, FrameAct, FrameMatch, Inserted, Line, OctetAct, OctetEdit,
};

/// The most bytes that are written out.
const MOST_BYTES: usize = 24;

/// All faults, each with its number.
pub fn all(plan: &FaultsPlan) -> Vec<String> {
    let refuse = (plan.refuse > 0).then(|| refused(plan.refuse));
    let faults = plan.faults.iter().map(one);
    refuse.into_iter().chain(faults).collect()
}

/// Connections that are refused.
pub fn refused(count: u32) -> String {
    match count {
        1 => "the first connection is reset".into(),
        count => format!("the first {count} connections are reset"),
    }
}

/// A fault: `the client's first DATA is left out`.
pub fn one(plan: &FaultPlan) -> String {
    match &plan.fault {
        relay::Fault::Frame { which, act } => {
            let which = frames(which);
            match act {
                FrameAct::Edit(edit) => format!("{which} {}", edited(edit)),
                FrameAct::Insert { after, frames } => {
                    let frames: Vec<String> = frames.iter().map(inserted).collect();
                    format!("{} {which}: {}", side(*after), frames.join(", "))
                }
                FrameAct::Line { after, line } => {
                    format!("{} {which}: {}", side(*after), happens(line))
                }
            }
        }
        relay::Fault::Octet { direction, at, act } => {
            let place = format!("after {at} bytes of the {}", sender(*direction));
            match act {
                OctetAct::Insert(bytes) => format!("{place}: bytes {}", hex(bytes)),
                OctetAct::Line(line) => format!("{place}: {}", happens(line)),
            }
        }
    }
}

/// Who sends what the fault is about.
pub fn direction(plan: &FaultPlan) -> Direction {
    match &plan.fault {
        relay::Fault::Frame { which, .. } => which.direction,
        relay::Fault::Octet { direction, .. } => *direction,
    }
}

fn side(after: bool) -> &'static str {
    if after { "behind" } else { "before" }
}

fn frames(which: &FrameMatch) -> String {
    let kind = match which.kind {
        None => "frame".to_owned(),
        Some(kind) => type_name(kind).map_or(format!("frame of type {kind:#04x}"), str::to_owned),
    };
    let nth = match which.nth {
        None => "each ".to_owned(),
        Some(1) => "the first ".to_owned(),
        Some(nth) => format!("#{nth} "),
    };
    let mut told = format!("{nth}{kind} of the {}", sender(which.direction));
    if let Some(stream) = which.stream {
        told += &format!(" on stream {stream}");
    }
    if let Some(nth) = which.call {
        told += &format!(" on the stream of call {nth}");
    }
    if which.flags != 0 {
        told += &format!(" with flags {:#04x}", which.flags);
    }
    if which.without != 0 {
        told += &format!(" without flags {:#04x}", which.without);
    }
    told
}

fn edited(edit: &Edit) -> String {
    match edit {
        Edit::Drop => "is left out".into(),
        Edit::Twice => "comes twice".into(),
        Edit::Flags { set, clear } => match (set, clear) {
            (set, 0) => format!("gets flags {set:#04x}"),
            (0, clear) => format!("loses flags {clear:#04x}"),
            (set, clear) => format!("gets flags {set:#04x} and loses {clear:#04x}"),
        },
        Edit::Stream(stream) => format!("is put on stream {stream}"),
        Edit::Pad(octets) => format!("gets {octets} bytes of padding"),
        Edit::Chop(size) => format!("is divided into frames of {size} bytes"),
        Edit::Join => "is joined with the next".into(),
        Edit::Payload(edit) => payload(edit),
        Edit::Setting { id, value } => {
            let name = setting_name(*id).map_or(format!("{id:#06x}"), str::to_owned);
            format!("says {name} = {value}")
        }
        Edit::Fields(edit) => fields(edit),
    }
}

fn payload(edit: &OctetEdit) -> String {
    match edit {
        OctetEdit::Set(at, bytes) => format!("has {} at byte {at}", hex(bytes)),
        OctetEdit::Flip(at, bits) => format!("has bits {bits:#04x} of byte {at} flipped"),
        OctetEdit::Truncate(length) => format!("ends after {length} bytes"),
        OctetEdit::Append(bytes) => format!("has {} more at its end", hex(bytes)),
        OctetEdit::Replace(bytes) => format!("carries {} instead", hex(bytes)),
    }
}

fn fields(edit: &FieldEdit) -> String {
    let name = |name: &[u8]| format!("`{}`", name.escape_ascii());
    let field = |(name, value): &relay::Field| {
        let value = match value.len() > 60 {
            true => format!("{} bytes", value.len()),
            false => value.escape_ascii().to_string(),
        };
        format!("`{}: {value}`", name.escape_ascii())
    };
    match edit {
        FieldEdit::Remove(gone) => format!("loses {}", name(gone)),
        FieldEdit::Set(new) => format!("has {}", field(new)),
        FieldEdit::AddFirst(new) => format!("begins with {}", field(new)),
        FieldEdit::AddLast(new) => format!("ends with {}", field(new)),
        FieldEdit::Twice(doubled) => format!("has {} twice", name(doubled)),
        FieldEdit::Rename(from, to) => format!("has {} in place of {}", name(to), name(from)),
        FieldEdit::ToFront(moved) => format!("has {} first", name(moved)),
        FieldEdit::ToBack(moved) => format!("has {} last", name(moved)),
        FieldEdit::Reverse => "has its fields in reverse".into(),
    }
}

fn inserted(what: &Inserted) -> String {
    match what {
        Inserted::Frame {
            kind,
            flags,
            stream,
            payload,
        } => {
            let kind =
                type_name(*kind).map_or(format!("a frame of type {kind:#04x}"), str::to_owned);
            let on = match stream {
                None => " on its stream".into(),
                Some(0) => String::new(),
                Some(stream) => format!(" on stream {stream}"),
            };
            let flags = match flags {
                0 => String::new(),
                flags => format!(" with flags {flags:#04x}"),
            };
            let payload = match payload.is_empty() {
                true => String::new(),
                false => format!(" {}", hex(payload)),
            };
            format!("{kind}{on}{flags}{payload}")
        }
        Inserted::Headers { fields, .. } => format!("HEADERS with {} fields", fields.len()),
        Inserted::Octets(octets) => format!("bytes {}", hex(octets)),
    }
}

fn happens(line: &Line) -> String {
    match line {
        Line::Delay(time) => format!("nothing passes for {}", span(*time)),
        Line::Throttle { octets, each } => {
            format!("from here on {octets} bytes pass in each {}", span(*each))
        }
        Line::Stall => "nothing passes any more, and nothing is read".into(),
        Line::BlackHole => "nothing passes any more".into(),
        Line::HalfClose => "this side ends (FIN)".into(),
        Line::Close => "the connection is closed (FIN)".into(),
        Line::Reset => "the connection is reset (RST)".into(),
    }
}

fn span(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}

fn hex(bytes: &[u8]) -> String {
    let shown = bytes.iter().take(MOST_BYTES);
    let shown: Vec<String> = shown.map(|byte| format!("{byte:02x}")).collect();
    match bytes.len() > MOST_BYTES {
        true => format!("{} ... {} bytes", shown.join(" "), bytes.len()),
        false => shown.join(" "),
    }
}
