//! A part of a message: what must be in it, whatever else there is. For replies
//! that differ from library to library, such as a list of services.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost_reflect::{DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::{Map, Value};

/// The key of a message that gives a part of it.
pub const HAS: &str = "$has";
/// The key of a value that gives a part of a text, or of bytes that hold a text.
const CONTAINS: &str = "$contains";

/// What must be in a message, as JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Part(Value);

impl Part {
    /// The part of a message that is given as `{ $has: ... }`; none for any
    /// other value.
    ///
    /// # Errors
    ///
    /// What is in it that cannot be in such a message, as a fragment.
    pub fn parse(written: &Value, kind: &MessageDescriptor) -> Result<Option<Self>, String> {
        let Some(part) = only(written, HAS) else {
            return Ok(None);
        };
        check(part, kind)?;
        Ok(Some(Self(part.clone())))
    }

    /// Whether an encoded message holds it.
    pub fn is_in(&self, kind: &MessageDescriptor, bytes: &[u8]) -> bool {
        let message = DynamicMessage::decode(kind.clone(), bytes);
        message.is_ok_and(|message| message_holds(&self.0, &as_json(&message), kind))
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The value of an object with this one key.
fn only<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    let entries = value.as_object().filter(|entries| entries.len() == 1)?;
    entries.get(key)
}

/// Every name in a part has to be one of the message's fields.
fn check(part: &Value, kind: &MessageDescriptor) -> Result<(), String> {
    let Some(entries) = part.as_object() else {
        return Err(format!("`{HAS}` takes fields of the message"));
    };
    for (name, part) in entries {
        let field = kind
            .get_field_by_name(name)
            .or_else(|| kind.get_field_by_json_name(name));
        let field = field.ok_or_else(|| format!("{} has no field `{name}`", kind.full_name()))?;
        let Some(inner) = field
            .kind()
            .as_message()
            .filter(|_| !field.is_map())
            .cloned()
        else {
            continue;
        };
        for part in part
            .as_array()
            .map_or(std::slice::from_ref(part), Vec::as_slice)
        {
            check(part, &inner)?;
        }
    }
    Ok(())
}

/// With the fields' names of the schema, and with those that are unset: a part
/// may ask for a zero.
fn as_json(message: &DynamicMessage) -> Value {
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .skip_default_fields(false)
        .stringify_64_bit_integers(false);
    let json = message.serialize_with_options(serde_json::value::Serializer, &options);
    json.unwrap_or_default()
}

fn message_holds(part: &Value, whole: &Value, kind: &MessageDescriptor) -> bool {
    let none = Map::new();
    let whole = whole.as_object().unwrap_or(&none);
    let entries = part.as_object().into_iter().flatten();
    entries.into_iter().all(|(name, part)| {
        let field = kind
            .get_field_by_name(name)
            .or_else(|| kind.get_field_by_json_name(name));
        let seen = field.as_ref().and_then(|field| whole.get(field.name()));
        field.zip(seen).is_some_and(|(field, seen)| {
            let inner = field
                .kind()
                .as_message()
                .filter(|_| !field.is_map())
                .cloned();
            holds(part, seen, inner.as_ref())
        })
    })
}

/// Of a list, each item that is asked for has to be somewhere in it.
fn holds(part: &Value, seen: &Value, kind: Option<&MessageDescriptor>) -> bool {
    if let (Value::Array(parts), Value::Array(items)) = (part, seen) {
        let is_there = |part| items.iter().any(|item| holds(part, item, kind));
        return parts.iter().all(is_there);
    }
    match (kind, only(part, CONTAINS), seen) {
        (Some(_), _, Value::Null) => false,
        (Some(kind), _, _) => message_holds(part, seen, kind),
        (None, Some(text), Value::String(seen)) => {
            contains(seen, text.as_str().unwrap_or_default())
        }
        (None, _, _) => part == seen,
    }
}

/// In JSON, bytes are Base64.
fn contains(seen: &str, text: &str) -> bool {
    let in_bytes = |bytes: Vec<u8>| {
        bytes
            .windows(text.len().max(1))
            .any(|window| window == text.as_bytes())
    };
    seen.contains(text) || STANDARD.decode(seen).is_ok_and(in_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::schema;
    use serde_json::json;

    const PROTO: &str = "syntax = \"proto3\";\n\
        message List { repeated Item items = 1; oneof what { Item one = 2; Item other = 3; } int32 n = 4; }\n\
        message Item { string name = 1; bytes raw = 2; }";

    fn kind() -> MessageDescriptor {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part.proto");
        std::fs::write(&path, PROTO).unwrap();
        let set = protox::compile([&path], [folder.path()]).unwrap();
        let pool = prost_reflect::DescriptorPool::from_file_descriptor_set(set).unwrap();
        pool.get_message_by_name("List").unwrap()
    }

    fn is_in(part: Value, message: Value) -> bool {
        let kind = kind();
        let part = Part::parse(&json!({ HAS: part }), &kind).unwrap().unwrap();
        part.is_in(&kind, &schema::encode(&kind, &message).unwrap())
    }

    #[test]
    fn a_part_is_in_what_holds_more() {
        let message = json!({ "items": [{ "name": "a" }, { "name": "b" }], "one": {} });
        assert!(is_in(json!({}), message.clone()));
        assert!(is_in(
            json!({ "items": [{ "name": "b" }] }),
            message.clone()
        ));
        assert!(is_in(json!({ "one": {}, "n": 0 }), message.clone()));
        assert!(!is_in(
            json!({ "items": [{ "name": "c" }] }),
            message.clone()
        ));
        assert!(!is_in(json!({ "other": {} }), message.clone()));
        assert!(!is_in(json!({ "n": 1 }), message));
    }

    #[test]
    fn a_text_is_found_in_text_and_in_bytes() {
        let message =
            json!({ "one": { "name": "say hello", "raw": STANDARD.encode(b"\0SayHello\xff") } });
        assert!(is_in(
            json!({ "one": { "raw": { CONTAINS: "SayHello" } } }),
            message.clone()
        ));
        assert!(is_in(
            json!({ "one": { "name": { CONTAINS: "hello" } } }),
            message.clone()
        ));
        assert!(!is_in(
            json!({ "one": { "raw": { CONTAINS: "SayBye" } } }),
            message
        ));
    }

    #[test]
    fn a_field_that_does_not_exist_is_named() {
        let part = json!({ HAS: { "items": [{ "nome": "a" }] } });
        assert_eq!(
            Part::parse(&part, &kind()),
            Err("Item has no field `nome`".into())
        );
        assert_eq!(Part::parse(&json!({ "n": 1 }), &kind()), Ok(None));
    }
}
