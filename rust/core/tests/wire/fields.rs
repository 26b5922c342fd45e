//! Messages as fields.

use proptest::collection::vec;
use proptest::prelude::*;
use wirecheck_core::wire::protobuf::{
    FieldValue, Fields, Limits, WireType, fields, text_format, value_text,
};

use super::schema::{everything, legacy};

fn without_schema(bytes: &[u8]) -> Fields {
    fields(bytes, None, Limits::default())
}

fn with_schema(bytes: &[u8]) -> Fields {
    fields(bytes, Some(&everything()), Limits::default())
}

#[test]
fn a_name_is_read_without_a_schema() {
    let found = without_schema(b"\x0a\x05World");
    let [field] = &found.fields[..] else {
        panic!("{found:?}")
    };
    assert_eq!(
        (field.number, field.wire_type, field.name.clone()),
        (1, WireType::Len, None)
    );
    assert_eq!(
        (
            field.range.clone(),
            field.tag_range.clone(),
            field.value_range.clone()
        ),
        (0..7, 0..1, 2..7)
    );
    assert_eq!(field.value.as_text(), Some("World"));
    assert!(field.children.is_empty());
    assert_eq!(text_format(&found), "1: \"World\"\n");
}

#[test]
fn bytes_that_can_be_text_and_a_message_are_shown_as_both() {
    // The text `\n\x05Hello` would have a control character; `2\x01 ` too.
    // `(0` is text, and field 5 with the value 48.
    insta::assert_snapshot!(text_format(&without_schema(
        b"\x0a\x02(0\x12\x03\x08\x96\x01\x1a\x02\xff\xfe"
    )));
}

#[test]
fn all_kinds_of_fields_with_a_schema() {
    let singular = b"\x09\0\0\0\0\0\0\xf8\x3f\x15\0\0\x80\xff\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x38\x03\
        \x4d\x07\0\0\0\x5d\xff\xff\xff\xff\x68\x01\x72\x05a\"\n\xe2\x82\x7a\x02\0\xff\x80\x01\x01\x80\x01\x09";
    let packed = b"\x1a\x03\x01\x96\x01\x72\x01a\x72\x01b";
    let maps = b"\x62\x06\x0a\x01k\x12\x01v";
    let mut bytes = Vec::new();
    for (number, message) in [(1_u8, &singular[..]), (3, packed), (5, maps)] {
        bytes.extend([number << 3 | 2, message.len() as u8]);
        bytes.extend(message);
    }
    bytes.extend(b"\x9a\x06\x01x\x08\x05");
    insta::assert_snapshot!(text_format(&with_schema(&bytes)));
}

#[test]
fn ranges_count_from_the_outermost_message() {
    let found = with_schema(b"\x1a\x05\x1a\x03\x01\x96\x01");
    let packed = &found.fields[0].children[0];
    assert_eq!(
        (packed.range.clone(), packed.value_range.clone()),
        (2..7, 4..7)
    );
    let expected = FieldValue::Packed(vec![
        (4..5, FieldValue::Int(1)),
        (5..7, FieldValue::Int(150)),
    ]);
    assert_eq!(packed.value, expected);
    assert_eq!(packed.type_name.as_deref(), Some("repeated int32"));
    assert_eq!(value_text(&found.fields[0]), "{ int32_values: [1, 150] }");
    let map = fields(
        b"\x2a\x04\x62\x02\x0a\x00",
        Some(&everything()),
        Limits::default(),
    );
    assert_eq!(
        map.fields[0].children[0].type_name.as_deref(),
        Some("map<string, string>")
    );
}

#[test]
fn groups_have_children() {
    let found = fields(
        b"\x23\x0a\x01l\x24\x2b\x08\x01\x2c",
        Some(&legacy()),
        Limits::default(),
    );
    assert_eq!(
        text_format(&found),
        "pair {\n  left: \"l\"\n}\n5 {\n  1: 1\n}\n"
    );
    assert_eq!(
        (
            found.fields[0].range.clone(),
            found.fields[0].value_range.clone()
        ),
        (0..5, 1..4)
    );
}

#[test]
fn errors_stand_where_they_are() {
    let whole = without_schema(b"\x08\x01\x0a\x05Wor");
    let error = whole.error.clone().unwrap();
    assert_eq!(
        (error.offset, error.section),
        (3, "Length-Delimited Records")
    );
    assert_eq!(whole.fields.len(), 1, "what came before is there");

    let inside = with_schema(b"\x0a\x02\x18\x80\x1a\x03\x1a\x01\x80");
    assert_eq!(inside.error, None);
    assert_eq!(inside.fields[0].problem.as_ref().unwrap().offset, 3);
    let packed = &inside.fields[1].children[0];
    assert_eq!(packed.problem.as_ref().unwrap().offset, 8);

    let text = with_schema(b"\x0a\x04\x72\x02a\xff");
    let problem = text.fields[0].children[0].problem.clone().unwrap();
    assert_eq!(
        (problem.what, problem.offset),
        ("a `string` that is not UTF-8", 5)
    );
}

#[test]
fn a_wrong_wire_type_makes_a_field_unknown() {
    let found = with_schema(b"\x08\x05");
    assert_eq!(
        (found.fields[0].name.clone(), found.fields[0].value.clone()),
        (None, FieldValue::Varint(5))
    );
}

#[test]
fn depth_and_number_of_fields_are_limited() {
    let nested = b"\x3a\x04\x3a\x02\x3a\x00";
    let shallow = fields(
        nested,
        Some(&everything()),
        Limits {
            depth: 2,
            ..Limits::default()
        },
    );
    assert!(shallow.cut);
    assert!(
        shallow.fields[0].children[0].children[0]
            .children
            .is_empty()
    );

    let few = fields(
        &[8, 1].repeat(5),
        None,
        Limits {
            fields: 3,
            ..Limits::default()
        },
    );
    assert_eq!((few.fields.len(), few.cut), (3, true));
    assert_eq!(
        text_format(&few),
        "1: 1\n1: 1\n1: 1\n# more fields follow\n"
    );
    let packed = fields(
        b"\x1a\x06\x1a\x04\x01\x02\x03\x04",
        Some(&everything()),
        Limits {
            fields: 4,
            ..Limits::default()
        },
    );
    assert!(packed.cut);
}

proptest! {
    #[test]
    fn any_bytes_are_fields_or_an_error(bytes in vec(any::<u8>(), 0..200)) {
        for schema in [None, Some(everything()), Some(legacy())] {
            let found = fields(&bytes, schema.as_ref(), Limits::default());
            let end = found.fields.last().map_or(0, |field| field.range.end);
            let whole = found.error.is_none() && !found.cut;
            prop_assert_eq!(whole, end == bytes.len());
            let _ = text_format(&found);
        }
    }
}
