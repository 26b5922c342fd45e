//! Canonical bytes: equal for equal meaning, different for different meaning.

use proptest::collection::vec;
use proptest::prelude::*;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};
use wirecheck_core::wire::canonical::canonical;

use super::schema::{everything, legacy};

fn nested(field: &str) -> MessageDescriptor {
    let field = everything().get_field_by_name(field).unwrap();
    field.kind().as_message().unwrap().clone()
}

/// All of these mean the same, and canonical is the first.
fn same(schema: &MessageDescriptor, encodings: &[&[u8]]) {
    for encoding in encodings {
        assert_eq!(
            canonical(encoding, Some(schema)).unwrap(),
            encodings[0],
            "{}",
            encoding.escape_ascii()
        );
    }
}

fn different(schema: &MessageDescriptor, one: &[u8], other: &[u8]) {
    assert_ne!(canonical(one, Some(schema)), canonical(other, Some(schema)));
}

#[test]
fn singular_fields() {
    let schema = nested("singular");
    same(
        &schema,
        &[
            b"\x18\x05\x72\x01a",
            b"\x72\x01a\x18\x05",
            b"\x18\x07\x72\x01b\x72\x01a\x18\x05",
        ],
    );
    same(
        &schema,
        &[
            b"",
            b"\x18\x00",
            b"\x72\x00",
            b"\x68\x00",
            b"\x4d\0\0\0\0\x15\0\0\0\0",
        ],
    );
    same(&schema, &[b"\x18\x05", b"\x98\x00\x85\x80\x00"]);
    same(&schema, &[b"\x68\x01", b"\x68\x02", b"\x68\xff\x01"]);
    // An int32 reads the low 32 bits, and -1 is written in ten bytes.
    let minus_one = b"\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    same(&schema, &[minus_one, b"\x18\xff\xff\xff\xff\x0f"]);
    // A wrong wire type makes a field unknown: it stays, behind the others.
    same(
        &schema,
        &[b"\x72\x01a\x18\x05\x1a\x01x"; 1].map(|_| &b"\x18\x05\x72\x01a\x1a\x01x"[..]),
    );
    same(&schema, &[b"\x18\x05\x1a\x01x", b"\x1a\x01x\x18\x05"]);
}

#[test]
fn floats_are_compared_bit_for_bit() {
    let schema = nested("singular");
    let float = |value: f32| [&[0x15][..], &value.to_le_bytes()].concat();
    different(&schema, &float(0.0), &float(-0.0));
    different(
        &schema,
        &float(f32::NAN),
        &float(f32::from_bits(0x7fc0_0001)),
    );
    same(&schema, &[&float(-0.0)]);
}

#[test]
fn presence_is_part_of_the_meaning() {
    let schema = nested("present");
    different(&schema, b"\x18\x00", b"");
    same(&schema, &[b"\x18\x00", b"\x18\x05\x18\x00"]);
}

#[test]
fn repeated_fields_are_packed_as_the_schema_says() {
    same(
        &nested("packed"),
        &[
            b"\x1a\x02\x01\x02",
            b"\x18\x01\x18\x02",
            b"\x1a\x01\x01\x18\x02",
        ],
    );
    same(
        &nested("unpacked"),
        &[b"\x18\x01\x18\x02", b"\x1a\x02\x01\x02"],
    );
    same(&nested("packed"), &[b"", b"\x1a\x00"]);
    different(&nested("packed"), b"\x1a\x02\x01\x02", b"\x1a\x02\x02\x01");
}

#[test]
fn maps_are_in_the_order_of_their_keys() {
    let schema = nested("maps");
    // map<sint32, fixed32> by_sint32 = 5: -1 before 0 before 1.
    let entry = |key: u8, value: u8| vec![0x2a, 7, 0x08, key, 0x15, value, 0, 0, 0];
    let in_order = [entry(1, 7), entry(0, 8), entry(2, 9)].concat();
    same(
        &schema,
        &[&in_order, &[entry(2, 9), entry(1, 7), entry(0, 8)].concat()],
    );
    same(
        &schema,
        &[&entry(2, 9), &[entry(2, 1), entry(2, 9)].concat()],
    );
    // A missing key or value is the default.
    same(&schema, &[&entry(0, 0), b"\x2a\x00", b"\x2a\x02\x08\x00"]);
    same(&schema, &[&entry(2, 0), b"\x2a\x02\x08\x02"]);
    same(&schema, &[&entry(0, 3), b"\x2a\x05\x15\x03\0\0\0"]);
    // map<string, Singular> message_by_string = 17.
    same(
        &schema,
        &[b"\x8a\x01\x05\x0a\x01k\x12\x00", b"\x8a\x01\x03\x0a\x01k"],
    );
}

#[test]
fn the_last_member_of_a_oneof_stays() {
    let schema = nested("choice");
    same(&schema, &[b"\x68\x00", b"\x18\x05\x68\x00"]);
    // A message is merged with itself, but not across another member.
    same(
        &schema,
        &[
            b"\x8a\x01\x04\x18\x05\x68\x01",
            b"\x8a\x01\x02\x18\x05\x8a\x01\x02\x68\x01",
        ],
    );
    same(
        &schema,
        &[
            b"\x8a\x01\x02\x68\x01",
            b"\x8a\x01\x02\x18\x05\x68\x01\x8a\x01\x02\x68\x01",
        ],
    );
}

#[test]
fn unknown_fields_come_last_in_wire_order() {
    let schema = nested("singular");
    same(
        &schema,
        &[
            b"\x18\x05\xa8\x06\x02\xa0\x06\x01",
            b"\xa8\x06\x82\x00\x18\x05\xa0\x06\x01",
        ],
    );
    different(
        &schema,
        b"\xa0\x06\x01\xa8\x06\x02",
        b"\xa8\x06\x02\xa0\x06\x01",
    );
}

#[test]
fn groups_are_messages() {
    let schema = legacy();
    same(
        &schema,
        &[
            b"\x23\x0a\x01l\x12\x01r\x24",
            b"\x23\x12\x01r\x0a\x01l\x24",
            b"\x23\x12\x01r\x24\x23\x0a\x01l\x24",
        ],
    );
    // Length-delimited it is another field than the group.
    same(&schema, &[b"\x23\x24\x22\x00", b"\x22\x00\x23\x24"]);
}

#[test]
fn without_a_schema_only_the_layout_is_known() {
    let canonical = |bytes: &[u8]| canonical(bytes, None).unwrap();
    assert_eq!(
        canonical(b"\x12\x01b\x0a\x01a\x12\x01c"),
        b"\x0a\x01a\x12\x01b\x12\x01c"
    );
    assert_eq!(canonical(b"\x08\x85\x80\x00"), b"\x08\x05");
    assert_eq!(canonical(b"\x0b\x10\x81\x00\x0c"), b"\x0b\x10\x01\x0c");
}

#[test]
fn what_is_no_message_has_no_canonical_form() {
    assert_eq!(
        canonical(b"\x0a\x05a", Some(&nested("singular")))
            .unwrap_err()
            .offset,
        1
    );
    let deep = (0..200).fold(Vec::new(), |inner: Vec<u8>, _| {
        let mut message = vec![0x3a];
        prost::encoding::encode_varint(inner.len() as u64, &mut message);
        message.extend(inner);
        message
    });
    let error = canonical(&deep, Some(&everything())).unwrap_err();
    assert_eq!(error.what, "messages are nested too deeply");
}

/// Turns any bytes into a valid encoding of a message: fields in any order,
/// repeated, packed or not, numbers longer than needed.
struct Writer<'a> {
    entropy: std::slice::Iter<'a, u8>,
}

impl Writer<'_> {
    fn byte(&mut self) -> usize {
        usize::from(self.entropy.next().copied().unwrap_or(0))
    }

    fn message(&mut self, schema: &MessageDescriptor, depth: usize) -> Vec<u8> {
        let fields: Vec<_> = schema.fields().collect();
        let mut out = Vec::new();
        for _ in 0..self.byte() % 6 {
            let choice = self.byte() % (fields.len() + 1);
            match fields.get(choice) {
                Some(field) => self.field(&mut out, field, depth),
                // prost drops what is unknown in the entry of a map.
                None if !schema.is_map_entry() => {
                    self.varint(&mut out, 100 << 3);
                    let value = self.byte() as u64;
                    self.varint(&mut out, value);
                }
                None => {}
            }
        }
        out
    }

    fn field(&mut self, out: &mut Vec<u8>, field: &FieldDescriptor, depth: usize) {
        let number = u64::from(field.number()) << 3;
        let length_delimited = match field.kind() {
            Kind::Message(_) if depth == 0 => return,
            Kind::Message(schema) if field.is_group() => {
                self.varint(out, number | 3);
                out.extend(self.message(&schema, depth - 1));
                return self.varint(out, number | 4);
            }
            Kind::Message(schema) => self.message(&schema, depth - 1),
            kind @ (Kind::String | Kind::Bytes) => self.text(&kind),
            kind if field.is_list() && self.byte().is_multiple_of(2) => {
                let count = self.byte() % 4;
                let mut packed = Vec::new();
                (0..count).for_each(|_| self.scalar(&mut packed, &kind));
                packed
            }
            kind => {
                self.varint(out, number | u64::from(u32::from(kind.wire_type() as u8)));
                return self.scalar(out, &kind);
            }
        };
        self.varint(out, number | 2);
        self.varint(out, length_delimited.len() as u64);
        out.extend(length_delimited);
    }

    fn text(&mut self, kind: &Kind) -> Vec<u8> {
        let length = self.byte() % 4;
        let mask = if *kind == Kind::String { 0x7f } else { 0xff };
        (0..length).map(|_| self.byte() as u8 & mask).collect()
    }

    fn scalar(&mut self, out: &mut Vec<u8>, kind: &Kind) {
        // 1 in front: prost takes minus zero for the default.
        match kind {
            Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => {
                out.extend([1, 0, 0, 0, 0, 0, 0, self.byte() as u8])
            }
            Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => {
                out.extend([1, 0, 0, self.byte() as u8])
            }
            _ => {
                let value = match self.byte() % 4 {
                    0 => self.byte() as u64,
                    1 => u64::MAX - self.byte() as u64,
                    2 => (self.byte() as u64) << 28,
                    _ => 0,
                };
                self.varint(out, value);
            }
        }
    }

    fn varint(&mut self, out: &mut Vec<u8>, value: u64) {
        let mut varint = Vec::new();
        prost::encoding::encode_varint(value, &mut varint);
        if varint.len() < 4 && self.byte().is_multiple_of(8) {
            *varint.last_mut().unwrap() |= 0x80;
            varint.push(0);
        }
        out.extend(varint);
    }
}

proptest! {
    #[test]
    fn prost_understands_canonical_bytes_as_it_understood_the_others(entropy in vec(any::<u8>(), 0..400)) {
        for schema in [everything(), legacy()] {
            let bytes = Writer { entropy: entropy.iter() }.message(&schema, 3);
            let expected = canonical(&bytes, Some(&schema)).unwrap();
            prop_assert_eq!(&canonical(&expected, Some(&schema)).unwrap(), &expected, "once is enough");
            for input in [&bytes, &expected] {
                let through_prost = DynamicMessage::decode(schema.clone(), &input[..]).unwrap();
                let again = prost::Message::encode_to_vec(&through_prost);
                prop_assert_eq!(&canonical(&again, Some(&schema)).unwrap(), &expected);
            }
        }
    }

    #[test]
    fn any_bytes_have_a_canonical_form_or_an_error(bytes in vec(any::<u8>(), 0..100)) {
        for schema in [None, Some(everything()), Some(legacy())] {
            if let Ok(once) = canonical(&bytes, schema.as_ref()) {
                prop_assert_eq!(canonical(&once, schema.as_ref()).unwrap(), once);
            }
        }
    }
}
