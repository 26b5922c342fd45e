//! What a change makes of a frame.

use super::fault::{Edit, FieldEdit, Inserted, OctetEdit};
use super::unit::{Body, Field, List, Unit, block, frame, unpadded};
use crate::wire::frame::{ACK, DATA, END_HEADERS, HEADERS, SETTINGS};

/// Octets of one setting (RFC 9113, section 6.5.1).
const SETTING: usize = 6;

/// Changes a frame, and says whether anything came of it. Dropping, doubling
/// and joining are not done here, since they are about more than one.
pub(super) fn apply(edit: &Edit, unit: &mut Unit) -> bool {
    match edit {
        Edit::Drop | Edit::Twice | Edit::Join => false,
        Edit::Flags { set, clear } => {
            let flags = (unit.flags & !clear) | set;
            std::mem::replace(&mut unit.flags, flags) != flags
        }
        Edit::Stream(stream) => std::mem::replace(&mut unit.stream, *stream) != *stream,
        Edit::Pad(octets) => {
            let can = unit.data().is_some() || matches!(unit.body, Body::List(_));
            if can {
                unit.pad = Some(*octets);
            }
            can
        }
        Edit::Chop(size) => {
            let size = (*size).max(1);
            let can = match &unit.body {
                Body::List(_) => true,
                Body::Octets(_) => unit.data().is_some_and(|data| data.len() > size),
            };
            if can {
                unit.chop = size;
            }
            can
        }
        Edit::Payload(edit) => payload(edit, unit.octets()),
        Edit::Setting { id, value } => setting(unit, *id, *value),
        Edit::Fields(edit) => match &mut unit.body {
            Body::List(list) => fields(edit, list),
            Body::Octets(_) => false,
        },
    }
}

fn payload(edit: &OctetEdit, octets: &mut Vec<u8>) -> bool {
    let before = octets.clone();
    match edit {
        OctetEdit::Set(at, new) => {
            let room = octets.get_mut(*at..).unwrap_or_default();
            let count = room.len().min(new.len());
            room[..count].copy_from_slice(&new[..count]);
        }
        OctetEdit::Flip(at, bits) => {
            if let Some(octet) = octets.get_mut(*at) {
                *octet ^= bits;
            }
        }
        OctetEdit::Truncate(at) => octets.truncate(*at),
        OctetEdit::Append(new) => octets.extend_from_slice(new),
        OctetEdit::Replace(new) => octets.clone_from(new),
    }
    *octets != before
}

fn setting(unit: &mut Unit, id: u16, value: u32) -> bool {
    if unit.kind != SETTINGS || unit.flags & ACK != 0 {
        return false;
    }
    let octets = unit.octets();
    let before = octets.clone();
    let mut settings = octets.chunks_exact_mut(SETTING);
    match settings.find(|setting| setting[..2] == id.to_be_bytes()) {
        Some(setting) => setting[2..].copy_from_slice(&value.to_be_bytes()),
        None => {
            octets.extend(id.to_be_bytes());
            octets.extend(value.to_be_bytes());
        }
    }
    *octets != before
}

fn fields(edit: &FieldEdit, list: &mut List) -> bool {
    let fields = &mut list.fields;
    let before = fields.clone();
    match edit {
        FieldEdit::Remove(name) => fields.retain(|field| field.0 != *name),
        FieldEdit::Set(new) => match find(fields, &new.0) {
            Some(at) => fields[at] = new.clone(),
            None => fields.push(new.clone()),
        },
        FieldEdit::AddFirst(new) => fields.insert(0, new.clone()),
        FieldEdit::AddLast(new) => fields.push(new.clone()),
        FieldEdit::Twice(name) => {
            if let Some(at) = find(fields, name) {
                fields.insert(at, fields[at].clone());
            }
        }
        FieldEdit::Rename(from, to) => {
            let named = fields.iter_mut().filter(|field| field.0 == *from);
            named.for_each(|field| field.0.clone_from(to));
        }
        FieldEdit::ToFront(name) => fields.sort_by_key(|field| field.0 != *name),
        FieldEdit::ToBack(name) => fields.sort_by_key(|field| field.0 == *name),
        FieldEdit::Reverse => fields.reverse(),
    }
    *fields != before
}

fn find(fields: &[Field], name: &[u8]) -> Option<usize> {
    fields.iter().position(|field| field.0 == name)
}

/// Appends DATA to DATA of the same stream that wait.
pub(super) fn join(waiting: &mut Unit, next: &Unit) {
    let (Some(data), Some(more)) = (waiting.data(), next.data()) else {
        return;
    };
    let joined = [data, more].concat();
    waiting.flags = next.flags & !crate::wire::frame::PADDED;
    waiting.body = Body::Octets(joined);
}

/// DATA in which padding is left out, so that others can be joined with it.
pub(super) fn without_padding(unit: Unit) -> Unit {
    let Body::Octets(octets) = &unit.body else {
        return unit;
    };
    match unpadded(unit.flags, octets).map(<[u8]>::to_vec) {
        Some(data) if unit.kind == DATA => Unit {
            flags: unit.flags & !crate::wire::frame::PADDED,
            body: Body::Octets(data),
            ..unit
        },
        _ => unit,
    }
}

/// What is inserted beside a frame of this stream, as it stands on the wire.
pub(super) fn inserted(what: &Inserted, beside: u32) -> Vec<u8> {
    match what {
        Inserted::Frame {
            kind,
            flags,
            stream,
            payload,
        } => frame(*kind, *flags, stream.unwrap_or(beside), payload),
        Inserted::Headers {
            flags,
            stream,
            fields,
        } => {
            let flags = flags | END_HEADERS;
            frame(HEADERS, flags, stream.unwrap_or(beside), &block(fields))
        }
        Inserted::Octets(octets) => octets.clone(),
    }
}
