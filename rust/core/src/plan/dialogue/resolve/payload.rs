//! Field blocks, messages and bytes of a dialogue.

use bytes::Bytes;

use super::super::super::case;
use super::super::super::message::encoded;
use super::super::super::resolve::fault::{Fault, Resolved};
use super::super::super::resolve::step::{fill_byte, fill_payload, filled_value, number as count};
use super::super::super::resolve::text::{exactly_one, hex};
use super::super::super::types::{Payload, Piece};
use super::super::written::{self, Coding};
use super::super::{DataPlan, StreamPlan};
use super::LineResolver;
use super::number::{number, optional, status};
use crate::plan::case::Party;
use crate::wire::write::block::{self, Item};

/// The fields of a block, in order.
pub(super) fn block(headers: &written::Headers) -> Resolved<Vec<Item>> {
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, value: &str| fields.push((name.to_owned(), value.to_owned()));
    if let Some(path) = &headers.request {
        add(":method", "POST");
        add(":scheme", "http");
        add(":path", path);
        add(":authority", "localhost");
        add("te", "trailers");
        add("content-type", "application/grpc");
    }
    if let Some(code) = &headers.response {
        let code: u32 = number(code).map_err(|fault| fault.under("response"))?;
        add(":status", &code.to_string());
        add("content-type", "application/grpc");
    }
    if let Some(code) = &headers.status {
        let code = status(code).map_err(|fault| fault.under("status"))?;
        add("grpc-status", &code);
    }
    let mut items: Vec<Item> = fields
        .into_iter()
        .map(|(name, value)| Item::Field(coded(headers, None, None, name, value.into_bytes())))
        .collect();
    for (index, written) in headers.fields.iter().enumerate() {
        let item = item(headers, written).map_err(|fault| fault.under(index).under("fields"))?;
        items.push(item);
    }
    Ok(items)
}

fn item(headers: &written::Headers, field: &written::Field) -> Resolved<Item> {
    let mut others = Vec::new();
    if let Some(index) = &field.index {
        let index = number(index).map_err(|fault| fault.under("index"))?;
        others.push(Item::Index(index));
    }
    if let Some(size) = &field.size_update {
        let size = number(size).map_err(|fault| fault.under("size_update"))?;
        others.push(Item::SizeUpdate(size));
    }
    if let Some(text) = &field.raw {
        let bytes = hex(text).map_err(|fault| fault.under("raw"))?;
        others.push(Item::Raw(bytes.into()));
    }
    if let Some(name) = &field.name {
        let value = match (&field.value, &field.hex, &field.fill) {
            (Some(value), None, None) => value.clone().into_bytes(),
            (None, Some(text), None) => hex(text).map_err(|fault| fault.under("hex"))?,
            (None, None, Some(fill)) => filled_value(fill).map_err(|fault| fault.under("fill"))?,
            _ => return Err(Fault::new("a field has either `value`, `hex` or `fill`")),
        };
        let field = coded(headers, field.coding, field.huffman, name.clone(), value);
        others.push(Item::Field(field));
    }
    exactly_one(others, "a part of a block")
}

/// The name and the value of a part of a block that is a field.
pub(in crate::plan) fn named(field: &written::Field) -> Resolved<(Vec<u8>, Vec<u8>)> {
    match item(&written::Headers::default(), field)? {
        Item::Field(field) => Ok((field.name.to_vec(), field.value.to_vec())),
        Item::Index(_) | Item::SizeUpdate(_) | Item::Raw(_) => {
            Err(Fault::new("here a field is a name and a value"))
        }
    }
}

fn coded(
    headers: &written::Headers,
    coding: Option<Coding>,
    huffman: Option<bool>,
    name: String,
    value: Vec<u8>,
) -> block::Field {
    let coding = coding.or(headers.coding).unwrap_or(Coding::Plain);
    block::Field {
        coding: match coding {
            Coding::Indexed => block::Coding::Indexed,
            Coding::Incremental => block::Coding::Incremental,
            Coding::WithoutIndexing | Coding::Plain => block::Coding::WithoutIndexing,
            Coding::NeverIndexed => block::Coding::NeverIndexed,
        },
        name_index: coding != Coding::Plain,
        huffman: huffman.unwrap_or(headers.huffman),
        ..block::Field::new(Bytes::from(name), Bytes::from(value))
    }
}

/// Bytes as they are.
pub(super) fn raw(raw: &written::Raw) -> Resolved<Payload> {
    let mut kinds = Vec::new();
    if let Some(text) = &raw.hex {
        let bytes = hex(text).map_err(|fault| fault.under("hex"))?;
        kinds.push(Payload::bytes(bytes));
    }
    kinds.extend(
        raw.text
            .clone()
            .map(|text| Payload::bytes(text.into_bytes())),
    );
    if let Some(fill) = &raw.fill {
        kinds.push(filled(fill).map_err(|fault| fault.under("fill"))?);
    }
    exactly_one(kinds, "bytes that are sent")
}

fn filled(fill: &case::Fill) -> Resolved<Payload> {
    let byte = fill_byte(fill)?;
    let Some(written) = &fill.count else {
        return Err(Fault::new("here, `fill` takes `count`"));
    };
    let count = count(written).map_err(|fault| fault.under("count"))?;
    Ok(Payload {
        pieces: vec![Piece::Fill { byte, count }],
    })
}

impl LineResolver<'_> {
    pub(super) fn data(&self, data: &written::Data, stream: StreamPlan) -> Resolved<DataPlan> {
        let payload = self.carried(data, stream)?;
        let skip = optional(data.skip.as_ref(), "skip")?.unwrap_or(0);
        let cut = optional(data.cut.as_ref(), "cut")?.unwrap_or(u64::MAX);
        if cut > payload.len() && data.cut.is_some() {
            let length = payload.len();
            return Err(Fault::new(format!("there are only {length} bytes to cut")).under("cut"));
        }
        let frame_size: Option<u32> = optional(data.frame_size.as_ref(), "frame_size")?;
        if frame_size == Some(0) {
            return Err(Fault::new("a frame has at least one byte here").under("frame_size"));
        }
        Ok(DataPlan {
            stream,
            payload: part(payload, skip, cut),
            flags: super::number::flags(data.flags.as_ref())?,
            end_stream: data.end_stream,
            padding: optional(data.pad.as_ref(), "pad")?,
            frame_size: frame_size.map(|size| size as usize),
        })
    }

    /// What DATA carries, with its prefix.
    fn carried(&self, data: &written::Data, stream: StreamPlan) -> Resolved<Payload> {
        let mut messages = Vec::new();
        if let Some(json) = &data.message {
            let kind = self.type_of(data, stream)?;
            let bytes = encoded(&kind, json).map_err(|fault| fault.under("message"))?;
            messages.push(Payload::bytes(bytes));
        }
        if let Some(text) = &data.hex {
            let bytes = hex(text).map_err(|fault| fault.under("hex"))?;
            messages.push(Payload::bytes(bytes));
        }
        if let Some(fill) = &data.fill {
            messages.push(fill_payload(fill).map_err(|fault| fault.under("fill"))?);
        }
        match (&data.raw, messages.is_empty()) {
            (Some(bytes), true) if data.prefix.is_none() => {
                raw(bytes).map_err(|fault| fault.under("raw"))
            }
            (Some(_), true) => {
                Err(Fault::new("`raw` is without a prefix, `hex` has one").under("prefix"))
            }
            (None, true) if data.prefix.is_none() => Ok(Payload::default()),
            (None, true) => prefixed(data.prefix.as_ref(), Payload::default()),
            (Some(_), false) => Err(Fault::new("DATA carries one thing, this one several")),
            (None, false) => {
                let message = exactly_one(messages, "DATA")?;
                prefixed(data.prefix.as_ref(), message)
            }
        }
    }

    /// The type of the messages that the script sends on a stream.
    fn type_of(
        &self,
        data: &written::Data,
        stream: StreamPlan,
    ) -> Resolved<prost_reflect::MessageDescriptor> {
        let asked = match stream {
            StreamPlan::Number(number) => self.paths.borrow().get(&number).cloned(),
            StreamPlan::Call(_) => None,
        };
        let call = match stream {
            StreamPlan::Call(nth) => self.calls.get(nth as usize - 1),
            StreamPlan::Number(_) => None,
        };
        let call = call.or(self.calls.first());
        if let (None, None, Some(call)) = (&data.method, &asked, call) {
            return Ok(self.half(&call.types.request, &call.types.response));
        }
        let path = data.method.as_ref().or(asked.as_ref());
        let method = path.and_then(|path| self.schema.method(path));
        let method = method.ok_or_else(|| {
            let fault = Fault::new("of which method is this message?");
            fault.hint(Some(
                "`method: PATH` says it, or `hex` needs no type".into(),
            ))
        })?;
        Ok(self.half(&method.request, &method.response))
    }

    fn half(
        &self,
        request: &prost_reflect::MessageDescriptor,
        response: &prost_reflect::MessageDescriptor,
    ) -> prost_reflect::MessageDescriptor {
        match self.against {
            Party::Client => response.clone(),
            Party::Server => request.clone(),
        }
    }
}

fn prefixed(prefix: Option<&written::Prefix>, message: Payload) -> Resolved<Payload> {
    let unset = written::Prefix::default();
    let prefix = prefix.unwrap_or(&unset);
    let at = |fault: Fault| fault.under("prefix");
    let flag: u8 = optional(prefix.flag.as_ref(), "flag")
        .map_err(at)?
        .unwrap_or(0);
    let declared: Option<u32> = optional(prefix.length.as_ref(), "length").map_err(at)?;
    let length = declared.unwrap_or(message.len() as u32);
    let head = crate::wire::write::message::Prefix {
        flag,
        length: Some(length),
    };
    let mut pieces = vec![Piece::Bytes(head.before(&[]))];
    pieces.extend(message.pieces);
    Ok(Payload { pieces })
}

/// The bytes from `start` to `end`.
fn part(payload: Payload, start: u64, end: u64) -> Payload {
    let mut at = 0;
    let mut pieces = Vec::new();
    for piece in payload.pieces {
        let length = match &piece {
            Piece::Bytes(bytes) => bytes.len() as u64,
            Piece::Fill { count, .. } => *count,
        };
        let from = start.clamp(at, at + length) - at;
        let to = end.clamp(at, at + length) - at;
        at += length;
        if from >= to {
            continue;
        }
        pieces.push(match piece {
            Piece::Bytes(bytes) => Piece::Bytes(bytes[from as usize..to as usize].to_vec()),
            Piece::Fill { byte, .. } => Piece::Fill {
                byte,
                count: to - from,
            },
        });
    }
    Payload { pieces }
}
