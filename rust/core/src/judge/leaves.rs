//! A message or a whole answer as flat leaves: a path and a text for each
//! value, so that two can be held against each other field by field.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{DynamicMessage, Kind, MapKey, MessageDescriptor, Value};

/// The most leaves of one message; one with more is compared by its hash.
const MOST: usize = 20_000;

/// Leaves by their path, such as `items[0].price` or `labels["a"]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Leaves(BTreeMap<String, String>);

/// A path at which two differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The path.
    pub path: String,
    /// The value on the left; `None` if nothing is there.
    pub left: Option<String>,
    /// The value on the right.
    pub right: Option<String>,
}

/// Paths that are not compared: field names with dots between them, at any
/// depth, with everything below. `*` stands for any one name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathPattern(Vec<String>);

impl Leaves {
    /// Adds a leaf.
    pub fn insert(&mut self, path: impl Into<String>, value: impl Into<String>) {
        self.0.insert(path.into(), value.into());
    }

    /// The value at a path.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// All paths.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Adds the fields of a message below a path. Fields without presence that
    /// have their default are no leaves; unknown fields are, by their number.
    ///
    /// # Errors
    ///
    /// The bytes are no message of this type, or it has too many fields.
    pub fn add_message(
        &mut self,
        path: &str,
        kind: &MessageDescriptor,
        bytes: &[u8],
    ) -> Result<(), String> {
        let message =
            DynamicMessage::decode(kind.clone(), bytes).map_err(|error| error.to_string())?;
        let mut own = Self::default();
        own.add_fields(path, &message);
        if own.0.len() > MOST {
            return Err(format!("it has more than {MOST} values"));
        }
        self.0.extend(own.0);
        Ok(())
    }

    fn add_fields(&mut self, path: &str, message: &DynamicMessage) {
        let mut is_empty = true;
        for (field, value) in message.fields() {
            is_empty = false;
            self.add_value(&below(path, field.name()), &field.kind(), value);
        }
        for unknown in message.unknown_fields() {
            is_empty = false;
            let mut bytes = Vec::new();
            unknown.encode(&mut bytes);
            self.insert(below(path, &format!("#{}", unknown.number())), hex(&bytes));
        }
        if is_empty {
            self.insert(path, "{}");
        }
    }

    fn add_value(&mut self, path: &str, kind: &Kind, value: &Value) {
        if self.0.len() > MOST {
            return;
        }
        match value {
            Value::Message(message) => self.add_fields(path, message),
            Value::List(values) => {
                for (index, value) in values.iter().enumerate() {
                    self.add_value(&format!("{path}[{index}]"), kind, value);
                }
            }
            Value::Map(entries) => {
                let Kind::Message(entry) = kind else { return };
                let kind = entry.map_entry_value_field().kind();
                for (key, value) in entries {
                    self.add_value(&format!("{path}[{}]", key_text(key)), &kind, value);
                }
            }
            scalar => self.insert(path, scalar_text(kind, scalar)),
        }
    }
}

/// Where two differ, in the order of the paths.
pub fn differences(left: &Leaves, right: &Leaves) -> Vec<Difference> {
    let mut paths: Vec<&String> = left.0.keys().chain(right.0.keys()).collect();
    paths.sort();
    paths.dedup();
    let differing = paths
        .into_iter()
        .filter(|path| left.0.get(*path) != right.0.get(*path));
    differing
        .map(|path| Difference {
            path: path.clone(),
            left: left.0.get(path).cloned(),
            right: right.0.get(path).cloned(),
        })
        .collect()
}

/// A path without its indices and keys: the same one for all elements.
pub fn general(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(start) = rest.find('[') {
        out.push_str(&rest[..start]);
        out.push_str("[]");
        rest = after_bracket(&rest[start + 1..]);
    }
    out.push_str(rest);
    out
}

/// Whether a general path is one of these, or lies below one.
pub fn lies_in(paths: &BTreeSet<String>, general: &str) -> bool {
    paths.iter().any(|path| {
        let rest = general.strip_prefix(path.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    })
}

/// What follows the bracket that closes an index or a key, which may itself
/// have brackets between its quotes.
fn after_bracket(text: &str) -> &str {
    let quoted = text.strip_prefix('"').map(|inside| {
        let mut escaped = false;
        let end = inside.char_indices().find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        end.map_or("", |(at, _)| &inside[at + 1..])
    });
    let rest = quoted.unwrap_or(text);
    rest.find(']').map_or("", |end| &rest[end + 1..])
}

impl PathPattern {
    /// Reads `created_at`, `order.created_at` or `*.id`.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<String> = text.split('.').map(str::to_owned).collect();
        let is_name = |part: &String| {
            part == "*"
                || !part.is_empty()
                    && part
                        .chars()
                        .all(|c| c.is_alphanumeric() || "_-#".contains(c))
        };
        parts.iter().all(is_name).then_some(Self(parts))
    }

    /// Whether a path lies at it or below.
    pub fn matches(&self, path: &str) -> bool {
        let general = general(path).replace("[]", "");
        let parts: Vec<&str> = general.split('.').collect();
        parts.windows(self.0.len()).any(|window| {
            let pairs = self.0.iter().zip(window);
            pairs
                .into_iter()
                .all(|(wanted, part)| wanted == "*" || wanted == part)
        })
    }
}

fn below(path: &str, name: &str) -> String {
    match path.is_empty() {
        true => name.to_owned(),
        false => format!("{path}.{name}"),
    }
}

fn key_text(key: &MapKey) -> String {
    match key {
        MapKey::Bool(value) => value.to_string(),
        MapKey::I32(value) => value.to_string(),
        MapKey::I64(value) => value.to_string(),
        MapKey::U32(value) => value.to_string(),
        MapKey::U64(value) => value.to_string(),
        MapKey::String(text) => format!("{text:?}"),
    }
}

fn scalar_text(kind: &Kind, value: &Value) -> String {
    match (kind, value) {
        (Kind::Enum(kind), Value::EnumNumber(number)) => match kind.get_value(*number) {
            Some(named) => named.name().to_owned(),
            None => number.to_string(),
        },
        (_, Value::String(text)) => format!("{text:?}"),
        (_, Value::Bytes(bytes)) => format!("hex {}", hex(bytes)),
        (_, Value::Bool(value)) => value.to_string(),
        (_, Value::I32(value)) => value.to_string(),
        (_, Value::I64(value)) => value.to_string(),
        (_, Value::U32(value)) => value.to_string(),
        (_, Value::U64(value)) => value.to_string(),
        // Bit for bit: a NaN is not equal to itself.
        (_, Value::F32(value)) if value.is_nan() => format!("NaN {:#x}", value.to_bits()),
        (_, Value::F64(value)) if value.is_nan() => format!("NaN {:#x}", value.to_bits()),
        (_, Value::F32(value)) => format!("{value:?}"),
        (_, Value::F64(value)) => format!("{value:?}"),
        (_, other) => format!("{other:?}"),
    }
}

/// Lower-case hex without spaces.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of such hex; `None` if it is none.
pub fn unhex(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(values: &[(&str, &str)]) -> Leaves {
        let mut leaves = Leaves::default();
        for (path, value) in values {
            leaves.insert(*path, *value);
        }
        leaves
    }

    #[test]
    fn what_differs_is_told_path_by_path() {
        let left = leaves(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let right = leaves(&[("a", "1"), ("b", "4"), ("d", "5")]);
        let shown: Vec<String> = differences(&left, &right)
            .into_iter()
            .map(|found| format!("{} {:?} {:?}", found.path, found.left, found.right))
            .collect();
        assert_eq!(
            shown,
            [
                r#"b Some("2") Some("4")"#,
                r#"c Some("3") None"#,
                r#"d None Some("5")"#
            ]
        );
    }

    #[test]
    fn a_general_path_has_no_indices_and_no_keys() {
        assert_eq!(general("items[0].price"), "items[].price");
        assert_eq!(general(r#"labels["a]\"b"].x[12]"#), "labels[].x[]");
        assert_eq!(general("status"), "status");
        assert_eq!(general("broken[0"), "broken[]");
    }

    #[test]
    fn a_pattern_matches_at_any_depth_and_below() {
        let matches = |pattern, path| {
            PathPattern::parse(pattern)
                .expect("a pattern")
                .matches(path)
        };
        assert!(matches("created_at", "messages[0].created_at.seconds"));
        assert!(matches("order.id", "messages[0].order.id"));
        assert!(matches("items.*", "messages[0].items[2].price"));
        assert!(!matches("order.id", "messages[0].order.item.id"));
        assert!(!matches("created", "messages[0].created_at"));
        assert_eq!(PathPattern::parse("a..b"), None);
        assert_eq!(PathPattern::parse(""), None);
    }
}
