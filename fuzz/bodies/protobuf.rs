//! Any bytes as a protobuf message: its fields, its text and its canonical
//! form, held against prost's reading of it.
//!
//! Input: which schema, then the message.

use std::path::PathBuf;
use std::sync::LazyLock;

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor};
use wirecheck_core::wire::canonical::canonical;
use wirecheck_core::wire::protobuf::{FieldView, Limits, WireType, fields, text_format};

use super::input::Input;

/// None, one of proto3, one of proto2.
static SCHEMAS: LazyLock<[Option<MessageDescriptor>; 3]> = LazyLock::new(|| {
    [
        None,
        Some(schema(
            "proto",
            "wirecheck/test/v1/scalars.proto",
            "wirecheck.test.v1.Everything",
        )),
        Some(schema(
            "rust/core/tests/schemas",
            "legacy.proto",
            "legacy.Legacy",
        )),
    ]
});

/// The repository: the folder above that of whoever includes this.
pub fn repository() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut above = here.ancestors();
    let found = above.find(|folder| folder.join("fuzz/bodies").is_dir());
    found.expect("the repository").to_owned()
}

fn schema(folder: &str, file: &str, name: &str) -> MessageDescriptor {
    let files = protox::compile([file], [repository().join(folder)]).expect("it compiles");
    let pool = DescriptorPool::from_file_descriptor_set(files).expect("a pool");
    pool.get_message_by_name(name).expect("the message")
}

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let schema = SCHEMAS[input.below(SCHEMAS.len())].as_ref();
    let bytes = input.rest();
    fields_cover(bytes, schema);
    let canonical_form = canonical(bytes, schema);
    if let Ok(once) = &canonical_form {
        let twice = canonical(once, schema);
        assert_eq!(twice.as_ref(), Ok(once), "once is enough");
    }
    if let Some(schema) = schema
        && let Ok(theirs) = DynamicMessage::decode(schema.clone(), bytes)
        && !has_other_map(
            &fields(bytes, Some(schema), Limits::default()).fields,
            schema,
        )
    {
        let Ok(ours) = canonical_form else {
            let has_maps = schema.full_name() != "legacy.Legacy";
            assert!(has_maps, "prost reads it: {canonical_form:?}");
            return;
        };
        let of_ours = DynamicMessage::decode(schema.clone(), &ours[..]).expect("prost reads ours");
        // In our form, since maps have no order and NaN equals nothing.
        let form = |message: DynamicMessage| {
            let bytes = message.encode_to_vec();
            canonical(&bytes, Some(schema)).expect("prost's own bytes")
        };
        assert_eq!(
            form(of_ours),
            form(theirs),
            "the canonical form says something else"
        );
    }
}

/// prost-reflect reads an entry of a map whatever its wire type says, where
/// others see an unknown field, or a group that does not end, and refuse the
/// message.
fn has_other_map(found: &[FieldView], schema: &MessageDescriptor) -> bool {
    found
        .iter()
        .any(|view| match schema.get_field(view.number) {
            Some(field) if field.is_map() && view.wire_type != WireType::Len => true,
            Some(field) => match field.kind() {
                Kind::Message(schema) => has_other_map(&view.children, &schema),
                _ => false,
            },
            None => false,
        })
}

fn fields_cover(bytes: &[u8], schema: Option<&MessageDescriptor>) {
    let limits = Limits {
        fields: 500,
        ..Limits::default()
    };
    let found = fields(bytes, schema, limits);
    let end = found.fields.last().map_or(0, |field| field.range.end);
    let is_whole = found.error.is_none() && !found.cut;
    assert_eq!(is_whole, end == bytes.len());
    let count: usize = found.fields.iter().map(nested).sum();
    assert!(count <= limits.fields, "{count} fields");
    text_format(&found);
}

/// A field and those in it, each inside of it and behind the one before.
fn nested(field: &FieldView) -> usize {
    assert!(
        field.range.start == field.tag_range.start
            && field.tag_range.end <= field.value_range.start
    );
    assert!(
        field.value_range.start <= field.value_range.end
            && field.value_range.end <= field.range.end
    );
    let mut at = field.value_range.start;
    let inside = field.children.iter().map(|child| {
        assert!(child.range.start >= at && child.range.end <= field.value_range.end);
        at = child.range.end;
        nested(child)
    });
    1 + inside.sum::<usize>()
}
