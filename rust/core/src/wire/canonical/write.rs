//! Protobuf values in their shortest form.

use super::scalar::Scalar;
use crate::wire::protobuf::record::{Content, ProtobufError, Record, Records};

const VARINT: u32 = 0;
const I64: u32 = 1;
const LEN: u32 = 2;
const START_GROUP: u32 = 3;
const END_GROUP: u32 = 4;
const I32: u32 = 5;

/// Writes a record whose meaning is not known. A group is known to consist of
/// records, which keep their order.
pub(super) fn write_record(out: &mut Vec<u8>, record: &Record<'_>) -> Result<(), ProtobufError> {
    match record.content {
        Content::Varint(value) => write_scalar(out, record.number, &Scalar::Varint(value)),
        Content::I64(value) => write_scalar(out, record.number, &Scalar::I64(value)),
        Content::I32(value) => write_scalar(out, record.number, &Scalar::I32(value)),
        Content::Len(bytes) => write_len(out, record.number, bytes),
        Content::Group(bytes) => {
            let mut inner = Vec::new();
            let mut records = Records::new(bytes, record.value.start);
            while let Some(record) = records.next()? {
                write_record(&mut inner, &record)?;
            }
            write_group(out, record.number, &inner);
        }
    }
    Ok(())
}

pub(super) fn write_scalar(out: &mut Vec<u8>, number: u32, scalar: &Scalar<'_>) {
    let wire_type = match scalar {
        Scalar::Varint(_) => VARINT,
        Scalar::I64(_) => I64,
        Scalar::I32(_) => I32,
        Scalar::Bytes(_) => LEN,
    };
    write_tag(out, number, wire_type);
    write_value(out, scalar);
}

/// A value without its tag.
pub(super) fn write_value(out: &mut Vec<u8>, scalar: &Scalar<'_>) {
    match scalar {
        Scalar::Varint(value) => write_varint(out, *value),
        Scalar::I64(value) => out.extend_from_slice(&value.to_le_bytes()),
        Scalar::I32(value) => out.extend_from_slice(&value.to_le_bytes()),
        Scalar::Bytes(bytes) => {
            write_varint(out, bytes.len() as u64);
            out.extend_from_slice(bytes);
        }
    }
}

pub(super) fn write_len(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    write_scalar(out, number, &Scalar::Bytes(bytes));
}

pub(super) fn write_group(out: &mut Vec<u8>, number: u32, content: &[u8]) {
    write_tag(out, number, START_GROUP);
    out.extend_from_slice(content);
    write_tag(out, number, END_GROUP);
}

fn write_tag(out: &mut Vec<u8>, number: u32, wire_type: u32) {
    write_varint(out, u64::from(number) << 3 | u64::from(wire_type));
}

fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
