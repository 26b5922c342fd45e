//! What differs between the schema that generated code carries and the schema
//! itself: messages, fields, enums and methods. Comments, options and the order
//! of things make no difference to what is sent.

use std::collections::BTreeMap;

use prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
use prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
};

/// What a part of a schema is called, and what it is part of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// The package or the syntax of the file.
    File(&'static str),
    Message(String),
    /// By the message and the number.
    Field(String, i32),
    Enum(String),
    /// By the enum and the name.
    Value(String, String),
    Service(String),
    /// By the service and the name.
    Method(String, String),
}

/// What is said of a part: its name where it is known by a number, and its type.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    name: String,
    kind: String,
}

/// A sentence for each difference, in the order of the kinds of parts.
pub fn drift(code: &FileDescriptorProto, schema: &FileDescriptorProto) -> Vec<String> {
    let (code, schema) = (parts(code), parts(schema));
    let missing = schema.iter().filter(|(part, _)| !code.contains_key(part));
    let missing = missing
        .filter(|(part, _)| has_parent(part, &code))
        .map(|(part, said)| (part, format!("{} is missing", shown(part, said))));
    let extra = code.iter().filter(|(part, _)| !schema.contains_key(part));
    let extra = extra
        .filter(|(part, _)| has_parent(part, &schema))
        .map(|(part, said)| (part, format!("{} is not in the schema", shown(part, said))));
    let changed = code.iter().filter_map(|(part, said)| {
        let wanted = schema.get(part)?;
        (said != wanted).then(|| (part, change(part, said, wanted)))
    });
    let mut found: Vec<(&Part, String)> = missing.chain(extra).chain(changed).collect();
    found.sort();
    found.into_iter().map(|(_, sentence)| sentence).collect()
}

/// A part of a message that is not there at all is told with it.
fn has_parent(part: &Part, of: &BTreeMap<Part, Said>) -> bool {
    match part {
        Part::Field(message, _) => of.contains_key(&Part::Message(message.clone())),
        Part::Value(parent, _) => of.contains_key(&Part::Enum(parent.clone())),
        Part::Method(service, _) => of.contains_key(&Part::Service(service.clone())),
        Part::File(_) | Part::Message(_) | Part::Enum(_) | Part::Service(_) => true,
    }
}

fn shown(part: &Part, said: &Said) -> String {
    match part {
        Part::File(what) => format!("the {what} `{}`", said.kind),
        Part::Message(name) => format!("the message `{name}`"),
        Part::Field(message, number) => format!("the field `{message}.{}` ({number})", said.name),
        Part::Enum(name) => format!("the enum `{name}`"),
        Part::Value(parent, name) => format!("the value `{parent}.{name}`"),
        Part::Service(name) => format!("the service `{name}`"),
        Part::Method(service, name) => format!("the method `{service}/{name}`"),
    }
}

fn change(part: &Part, said: &Said, wanted: &Said) -> String {
    if said.name != wanted.name {
        let Part::Field(message, number) = part else {
            return format!("{} is another", shown(part, said));
        };
        let (name, other) = (&said.name, &wanted.name);
        return format!("the field `{message}.{name}` ({number}) is `{other}` in the schema");
    }
    let (kind, other) = (&said.kind, &wanted.kind);
    match part {
        Part::File(what) => format!("the {what} is `{kind}`, in the schema `{other}`"),
        part => format!("{} is `{kind}`, in the schema `{other}`", shown(part, said)),
    }
}

fn parts(file: &FileDescriptorProto) -> BTreeMap<Part, Said> {
    let mut parts = BTreeMap::new();
    let file_says = |kind: &str| Said {
        name: String::new(),
        kind: kind.to_owned(),
    };
    let syntax = file.syntax.as_deref().filter(|syntax| !syntax.is_empty());
    parts.insert(Part::File("package"), file_says(file.package()));
    parts.insert(Part::File("syntax"), file_says(syntax.unwrap_or("proto2")));
    for message in &file.message_type {
        add_message(&mut parts, file.package(), message);
    }
    for kind in &file.enum_type {
        add_enum(&mut parts, file.package(), kind);
    }
    for service in &file.service {
        let name = below(file.package(), service.name());
        for method in &service.method {
            let side = |is_stream: bool, kind: &str| {
                let stream = if is_stream { "stream " } else { "" };
                format!("{stream}{}", kind.trim_start_matches('.'))
            };
            let kind = format!(
                "({}) returns ({})",
                side(method.client_streaming(), method.input_type()),
                side(method.server_streaming(), method.output_type()),
            );
            let part = Part::Method(name.clone(), method.name().to_owned());
            parts.insert(part, file_says(&kind));
        }
        parts.insert(Part::Service(name), file_says(""));
    }
    parts
}

fn add_message(parts: &mut BTreeMap<Part, Said>, parent: &str, message: &DescriptorProto) {
    let name = below(parent, message.name());
    for field in &message.field {
        let said = Said {
            name: field.name().to_owned(),
            kind: kind_of(field, message),
        };
        parts.insert(Part::Field(name.clone(), field.number()), said);
    }
    for nested in message
        .nested_type
        .iter()
        .filter(|nested| !is_entry(nested))
    {
        add_message(parts, &name, nested);
    }
    for kind in &message.enum_type {
        add_enum(parts, &name, kind);
    }
    let said = Said {
        name: String::new(),
        kind: String::new(),
    };
    parts.insert(Part::Message(name), said);
}

fn add_enum(parts: &mut BTreeMap<Part, Said>, parent: &str, kind: &EnumDescriptorProto) {
    let name = below(parent, kind.name());
    for value in &kind.value {
        let said = Said {
            name: String::new(),
            kind: value.number().to_string(),
        };
        parts.insert(Part::Value(name.clone(), value.name().to_owned()), said);
    }
    let said = Said {
        name: String::new(),
        kind: String::new(),
    };
    parts.insert(Part::Enum(name), said);
}

/// The type as a schema writes it.
fn kind_of(field: &FieldDescriptorProto, message: &DescriptorProto) -> String {
    let oneof = field.oneof_index.filter(|_| !field.proto3_optional());
    let oneof = oneof.and_then(|index| message.oneof_decl.get(usize::try_from(index).ok()?));
    let oneof = oneof.map_or(String::new(), |oneof| {
        format!(" in `oneof {}`", oneof.name())
    });
    let entry = message.nested_type.iter().find(|nested| {
        is_entry(nested) && field.type_name().rsplit('.').next() == Some(nested.name())
    });
    let kind = match entry.map(|entry| entry.field.as_slice()) {
        Some([key, value]) => format!("map<{}, {}>", simple_kind(key), simple_kind(value)),
        _ => {
            let label = match field.label() {
                Label::Repeated => "repeated ",
                Label::Required => "required ",
                Label::Optional if field.proto3_optional() => "optional ",
                Label::Optional => "",
            };
            format!("{label}{}", simple_kind(field))
        }
    };
    let default = field.default_value.as_ref();
    let default = default.map_or(String::new(), |value| format!(" with default {value}"));
    format!("{kind}{oneof}{default}")
}

fn simple_kind(field: &FieldDescriptorProto) -> String {
    match field.r#type() {
        Type::Message | Type::Enum | Type::Group => {
            field.type_name().trim_start_matches('.').to_owned()
        }
        scalar => scalar
            .as_str_name()
            .trim_start_matches("TYPE_")
            .to_ascii_lowercase(),
    }
}

fn is_entry(message: &DescriptorProto) -> bool {
    message
        .options
        .as_ref()
        .is_some_and(|options| options.map_entry())
}

fn below(parent: &str, name: &str) -> String {
    match parent.is_empty() {
        true => name.to_owned(),
        false => format!("{parent}.{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = r#"
syntax = "proto3";
package shop.v1;
service Shop { rpc Get(Item) returns (Item); rpc Watch(Item) returns (stream Item); }
message Item {
  string name = 1;
  optional int64 price = 2;
  map<string, int32> parts = 3;
  oneof label { string text = 4; bytes raw = 5; }
  message Inner { int32 a = 1; }
  enum Size { SIZE_UNSPECIFIED = 0; SIZE_LARGE = 1; }
}
"#;

    fn file(text: &str) -> FileDescriptorProto {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("shop.proto");
        std::fs::write(&path, text).expect("a file");
        let set = protox::compile([&path], [folder.path()]).expect("it compiles");
        set.file.into_iter().next().expect("one file")
    }

    /// What code that was generated from another text lacks.
    fn found(old: &str, new: &str) -> Vec<String> {
        assert!(NOW.contains(new), "{new}");
        drift(&file(&NOW.replacen(new, old, 1)), &file(NOW))
    }

    #[test]
    fn the_same_schema_is_no_drift() {
        assert!(drift(&file(NOW), &file(&NOW.replace("\n  ", "\n  // a\n  "))).is_empty());
    }

    #[test]
    fn each_difference_is_named() {
        for (old, new, sentence) in [
            (
                "",
                "string name = 1;",
                "the field `shop.v1.Item.name` (1) is missing",
            ),
            (
                "string name = 1; int32 old = 9;",
                "string name = 1;",
                "the field `shop.v1.Item.old` (9) is not in the schema",
            ),
            (
                "string title = 1;",
                "string name = 1;",
                "the field `shop.v1.Item.title` (1) is `name` in the schema",
            ),
            (
                "optional int32 price",
                "optional int64 price",
                "the field `shop.v1.Item.price` (2) is `optional int32`, in the schema `optional int64`",
            ),
            (
                "map<string, int64> parts",
                "map<string, int32> parts",
                "the field `shop.v1.Item.parts` (3) is `map<string, int64>`, in the schema `map<string, int32>`",
            ),
            (
                "oneof label { string text = 4; } bytes raw = 5;",
                "oneof label { string text = 4; bytes raw = 5; }",
                "the field `shop.v1.Item.raw` (5) is `bytes`, in the schema `bytes in `oneof label``",
            ),
            (
                "",
                "message Inner { int32 a = 1; }",
                "the message `shop.v1.Item.Inner` is missing",
            ),
            (
                "",
                " SIZE_LARGE = 1;",
                "the value `shop.v1.Item.Size.SIZE_LARGE` is missing",
            ),
            (
                "",
                "rpc Watch(Item) returns (stream Item);",
                "the method `shop.v1.Shop/Watch` is missing",
            ),
            (
                "returns (Item)",
                "returns (stream Item)",
                "the method `shop.v1.Shop/Watch` is `(shop.v1.Item) returns (shop.v1.Item)`, in the schema `(shop.v1.Item) returns (stream shop.v1.Item)`",
            ),
        ] {
            assert_eq!(found(old, new), [sentence]);
        }
    }
}
