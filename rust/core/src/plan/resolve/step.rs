//! The steps of a lane, and the bytes that they send.

use super::super::case;
use super::super::message::encoded;
use super::super::types::*;
use super::fault::{Fault, Resolved, each};
use super::text::{exactly_one, hex, status_code};

pub(super) fn step_plan(
    step: &case::Step,
    kind: &prost_reflect::MessageDescriptor,
) -> Resolved<StepPlan> {
    let mut kinds = Vec::new();
    if let Some(json) = &step.message {
        let bytes = encoded(kind, json).map_err(|fault| fault.under("message"))?;
        kinds.push(StepKind::Message(Payload::bytes(bytes)));
    }
    if let Some(text) = &step.hex {
        kinds.push(StepKind::Message(Payload::bytes(
            hex(text).map_err(|fault| fault.under("hex"))?,
        )));
    }
    if let Some(text) = &step.raw {
        kinds.push(StepKind::Raw(Payload::bytes(
            hex(text).map_err(|fault| fault.under("raw"))?,
        )));
    }
    if let Some(fill) = &step.fill {
        kinds.push(StepKind::Message(
            fill_payload(fill).map_err(|fault| fault.under("fill"))?,
        ));
    }
    if let Some(entries) = &step.headers {
        kinds.push(StepKind::Headers(
            metadata(entries).map_err(|fault| fault.under("headers"))?,
        ));
    }
    if let Some(status) = &step.status {
        kinds.push(status_step(status).map_err(|fault| fault.under("status"))?);
    }
    if let Some(wait) = &step.wait {
        kinds.push(wait_step(wait).map_err(|fault| fault.under("wait"))?);
    }
    kinds.extend(step.half_close.map(|_| StepKind::HalfClose));
    kinds.extend(step.await_headers.map(|_| StepKind::AwaitHeaders));
    kinds.extend(step.receive.map(StepKind::Receive));
    kinds.extend(step.cancel.map(|_| StepKind::Cancel));
    kinds.extend(step.reset.map(StepKind::Reset));
    kinds.extend(step.panic.clone().map(StepKind::Panic));
    let kind = exactly_one(kinds, "a step")?;
    let is_message = matches!(kind, StepKind::Message(_) | StepKind::Raw(_));
    if step.uncompressed && !is_message {
        return Err(Fault::new("only a message can be sent uncompressed").under("uncompressed"));
    }
    Ok(StepPlan {
        name: step.name.clone(),
        kind,
        uncompressed: step.uncompressed,
    })
}

fn status_step(status: &case::Status) -> Resolved<StepKind> {
    Ok(StepKind::Status {
        code: status_code(&status.code).map_err(|fault| fault.under("code"))?,
        message: status.message.clone(),
        details: status
            .details
            .as_deref()
            .map(hex)
            .transpose()
            .map_err(|fault| fault.under("details"))?
            .unwrap_or_default(),
        trailing: metadata(&status.trailing).map_err(|fault| fault.under("trailing"))?,
    })
}

fn wait_step(wait: &case::Wait) -> Resolved<StepKind> {
    match (&wait.released, &wait.step) {
        (Some(name), None) => Ok(StepKind::WaitRelease(name.clone())),
        (None, Some(name)) => Ok(StepKind::WaitStep(name.clone())),
        _ => Err(Fault::new(
            "`wait` names one release, or one step of the other lane",
        )),
    }
}

/// A message that is text field 1, so many characters long.
pub(in crate::plan) fn fill_payload(fill: &case::Fill) -> Resolved<Payload> {
    let byte = fill_byte(fill)?;
    let count = match (&fill.count, &fill.encoded_size) {
        (Some(count), None) => number(count).map_err(|fault| fault.under("count"))?,
        (None, Some(size)) => count_for_size(
            number(size).map_err(|fault| fault.under("encoded_size"))?,
        )
        .ok_or_else(|| {
            Fault::new("no text field gives a message of exactly this size").under("encoded_size")
        })?,
        _ => return Err(Fault::new("`fill` takes either `count` or `encoded_size`")),
    };
    let mut head = vec![0x0a]; // field 1, wire type LEN
    varint(count, &mut head);
    Ok(Payload {
        pieces: vec![Piece::Bytes(head), Piece::Fill { byte, count }],
    })
}

pub(in crate::plan) fn fill_byte(fill: &case::Fill) -> Resolved<u8> {
    match fill.byte.as_deref().unwrap_or("a").as_bytes() {
        [byte] if byte.is_ascii_graphic() => Ok(*byte),
        _ => Err(Fault::new("`byte` is one ASCII character").under("byte")),
    }
}

/// The length of a text field that makes the message with it `size` bytes
/// long: one byte of tag, the length as a varint, the text.
fn count_for_size(size: u64) -> Option<u64> {
    (1..=10)
        .map(|prefix| size.checked_sub(1 + prefix))
        .zip(1u64..)
        .find_map(|(count, prefix)| {
            let count = count?;
            let mut length = Vec::new();
            varint(count, &mut length);
            (length.len() as u64 == prefix).then_some(count)
        })
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(in crate::plan) fn metadata(entries: &[case::Metadatum]) -> Resolved<Metadata> {
    each(entries, "metadata", |entry| {
        let value = match (&entry.value, &entry.hex, &entry.fill) {
            (Some(value), None, None) => value.clone().into_bytes(),
            (None, Some(text), None) => hex(text).map_err(|fault| fault.under("hex"))?,
            (None, None, Some(fill)) => filled_value(fill).map_err(|fault| fault.under("fill"))?,
            _ => return Err(Fault::new("metadata has either `value`, `hex` or `fill`")),
        };
        Ok((entry.key.clone(), value))
    })
}

/// The most bytes of one value that a case may ask for. No peer takes as much.
const MOST_OF_A_VALUE: u64 = 1024 * 1024;

pub(in crate::plan) fn filled_value(fill: &case::Fill) -> Resolved<Vec<u8>> {
    let byte = fill_byte(fill)?;
    let Some(count) = &fill.count else {
        return Err(Fault::new("in metadata, `fill` takes `count`"));
    };
    match number(count).map_err(|fault| fault.under("count"))? {
        count @ ..=MOST_OF_A_VALUE => Ok(vec![byte; count as usize]),
        _ => Err(Fault::new(format!("a value has at most {MOST_OF_A_VALUE} bytes")).under("count")),
    }
}

pub(in crate::plan) fn number(number: &case::Number) -> Resolved<u64> {
    number
        .0
        .as_u64()
        .ok_or_else(|| Fault::new(format!("`{}` is not a number of bytes", number.0)))
}
