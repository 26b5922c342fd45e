//! Numbers and names of a dialogue: each has its range, and nothing is cut in
//! silence.

use serde_json::Value;

use super::super::super::case::Number;
use super::super::super::resolve::fault::{Fault, Resolved};
use super::super::super::resolve::text::status_code;
use super::super::super::source::did_you_mean;
use super::super::StreamPlan;
use super::super::written::Stream;
use crate::wire::frame::{self, END_HEADERS, PADDED, PRIORITY};
use crate::wire::names;

/// A number from 0 to the most that `T` holds.
pub(in crate::plan) fn number<T: TryFrom<u64>>(number: &Number) -> Resolved<T> {
    let fits = number.0.as_u64().and_then(|value| T::try_from(value).ok());
    fits.ok_or_else(|| {
        let bits = 8 * size_of::<T>();
        Fault::new(format!("{} is no whole number of {bits} bits", number.0))
    })
}

pub(in crate::plan) fn optional<T: TryFrom<u64>>(
    written: Option<&Number>,
    key: &str,
) -> Resolved<Option<T>> {
    let value = written.map(number).transpose();
    value.map_err(|fault| fault.under(key))
}

/// A number of at most so much.
pub(super) fn at_most(written: &Number, most: u32) -> Resolved<u32> {
    match number::<u32>(written)? {
        value if value <= most => Ok(value),
        value => Err(Fault::new(format!("{value} is more than {most}"))),
    }
}

/// A name of a list, or its number.
fn named(written: &Number, what: &str, known: &[&str]) -> Resolved<u32> {
    let Value::String(name) = &written.0 else {
        return number(written);
    };
    let place = known.iter().position(|known| known == name);
    place.map(|place| place as u32).ok_or_else(|| {
        Fault::new(format!("unknown {what} `{name}`"))
            .hint(did_you_mean(name, known.iter().copied()))
    })
}

pub(super) fn error(written: Option<&Number>) -> Resolved<Option<u32>> {
    let code = written.map(|written| named(written, "error code", names::error_names()));
    code.transpose().map_err(|fault| fault.under("error"))
}

pub(in crate::plan) fn kind(written: Option<&Number>) -> Resolved<Option<u8>> {
    let known: Vec<_> = (0..=9).filter_map(frame::type_name).collect();
    let kind = written.map(|written| {
        let kind = named(written, "frame type", &known)?;
        u8::try_from(kind).map_err(|_| Fault::new("a frame's type is 0 to 255"))
    });
    kind.transpose().map_err(|fault| fault.under("type"))
}

/// A setting's identifier, by name or number.
pub(in crate::plan) fn setting(name: &str) -> Resolved<u16> {
    let number = match name.strip_prefix("0x") {
        Some(digits) => u16::from_str_radix(digits, 16).ok(),
        None => name.parse().ok(),
    };
    let ids = (1..=8).chain([0xfe03]);
    let known: Vec<(u16, &str)> = ids
        .filter_map(|id| Some((id, names::setting_name(id)?)))
        .collect();
    let by_name = known.iter().find(|(_, known)| *known == name);
    number.or(by_name.map(|(id, _)| *id)).ok_or_else(|| {
        let names = known.iter().map(|(_, name)| *name);
        Fault::new(format!("unknown setting `{name}`")).hint(did_you_mean(name, names))
    })
}

/// A status, by name or any number.
pub(super) fn status(written: &Number) -> Resolved<String> {
    match &written.0 {
        Value::String(name) => status_code(name).map(|code| code.to_string()),
        _ => number::<u64>(written).map(|code| code.to_string()),
    }
}

/// Flags: a number, or a list of names.
pub(in crate::plan) fn flags(written: Option<&Value>) -> Resolved<u8> {
    const NAMES: [(&str, u8); 5] = [
        ("END_STREAM", 1),
        ("ACK", 1),
        ("END_HEADERS", END_HEADERS),
        ("PADDED", PADDED),
        ("PRIORITY", PRIORITY),
    ];
    let of_name = |name: &Value| {
        let name = name.as_str().unwrap_or_default();
        let known = NAMES.iter().find(|(known, _)| *known == name);
        known.map(|(_, flag)| *flag).ok_or_else(|| {
            let names = NAMES.iter().map(|(name, _)| *name);
            Fault::new(format!("unknown flag `{name}`")).hint(did_you_mean(name, names))
        })
    };
    let flags = match written {
        None => Ok(0),
        Some(Value::Array(names)) => names.iter().enumerate().try_fold(0, |all, (index, name)| {
            Ok(all | of_name(name).map_err(|fault| fault.under(index))?)
        }),
        Some(Value::String(name)) => of_name(&Value::String(name.clone())),
        Some(value) => number(&Number(value.clone())),
    };
    flags.map_err(|fault: Fault| fault.under("flags"))
}

/// A stream: a number below 2^31, or `call N`.
pub(in crate::plan) fn stream(written: Option<&Stream>, unset: StreamPlan) -> Resolved<StreamPlan> {
    let Some(Stream(value)) = written else {
        return Ok(unset);
    };
    let call = value.as_str().and_then(|text| text.strip_prefix("call "));
    let call = call.and_then(|nth| nth.parse().ok()).filter(|nth| *nth > 0);
    let number = value.as_u64().filter(|number| *number < 1 << 31);
    let plan = match (number, call) {
        (Some(number), _) => Some(StreamPlan::Number(number as u32)),
        (None, call) => call.map(StreamPlan::Call),
    };
    plan.ok_or_else(|| {
        let fault = Fault::new(format!("{value} is no stream"));
        let how = "write its number, or `call 1` for the first that the peer opens";
        fault.hint(Some(how.into())).under("stream")
    })
}
