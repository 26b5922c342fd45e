//! Holds the answers of two servers to the same call against each other, and
//! names what kind of difference each is.

use std::collections::BTreeMap;

use super::answer::{COUNT, DETAILS, MESSAGE, METADATA, STATUS};
use super::encoding::{How, OtherBytes, same_without_schema};
use super::leaves::{Difference, Leaves, PathPattern, differences, general, unhex};

/// What kind of difference it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Another status code. What else is told differs with it.
    StatusCode,
    /// Another status message.
    StatusMessage,
    /// Other error details (`grpc-status-details-bin`).
    ErrorDetails,
    /// The same value under another name, or under none.
    MetadataKey,
    /// Another value of the same name.
    MetadataValue,
    /// The same messages in another order.
    StreamOrder,
    /// More or fewer messages.
    StreamLength,
    /// A field with presence that one side sets to its default and the other
    /// leaves out.
    DefaultLeftOut,
    /// A field that the schema lacks and that one side does not give back.
    UnknownFieldLost,
    /// Another value of an enum.
    EnumValue,
    /// Texts that differ only in white space at their ends.
    TrailingWhitespace,
    /// Another value.
    Value,
    /// The same meaning in other bytes, which stacks may choose.
    OtherBytes,
}

/// One difference between two answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differs {
    /// Its kind.
    pub kind: Kind,
    /// The path, without indices and keys.
    pub path: String,
    /// What the left one says, at the first place.
    pub left: Option<String>,
    /// What the right one says there.
    pub right: Option<String>,
    /// Of the same meaning in other bytes, how they come to be others.
    pub how: Option<How>,
}

impl From<OtherBytes> for Differs {
    fn from(found: OtherBytes) -> Self {
        Self {
            kind: Kind::OtherBytes,
            path: general(&found.path),
            left: found.left,
            right: found.right,
            how: Some(found.how),
        }
    }
}

impl Kind {
    /// The name, as it is printed and filtered by.
    pub fn name(self) -> &'static str {
        match self {
            Self::StatusCode => "status-code",
            Self::StatusMessage => "status-message",
            Self::ErrorDetails => "error-details",
            Self::MetadataKey => "metadata-key",
            Self::MetadataValue => "metadata-value",
            Self::StreamOrder => "stream-order",
            Self::StreamLength => "stream-length",
            Self::DefaultLeftOut => "default-left-out",
            Self::UnknownFieldLost => "unknown-field-lost",
            Self::EnumValue => "enum-value",
            Self::TrailingWhitespace => "trailing-whitespace",
            Self::Value => "value",
            Self::OtherBytes => "other-bytes",
        }
    }

    /// Nobody who reads the answers with its schema sees this difference.
    pub fn is_lax(self) -> bool {
        self == Self::OtherBytes
    }
}

/// How two answers differ; paths that a pattern matches are not looked at. Of
/// several elements with the same difference the first stands for all.
pub fn compare(left: &Leaves, right: &Leaves, left_out: &[PathPattern]) -> Vec<Differs> {
    let is_left_out = |path: &str| left_out.iter().any(|pattern| pattern.matches(path));
    let found: Vec<Difference> = differences(left, right)
        .into_iter()
        .filter(|found| !is_left_out(&found.path))
        .collect();
    if let Some(status) = found.iter().find(|found| found.path == STATUS) {
        return vec![differs(Kind::StatusCode, status)];
    }
    let reordered = is_reordered(left, right, &is_left_out);
    let (mut out, found) = renamed(found);
    for found in &found {
        let is_of_messages = found.path.starts_with(COUNT) && found.path != COUNT;
        let kind = match is_of_messages && reordered {
            true => Kind::StreamOrder,
            false => kind(found, left, right),
        };
        let differs = match kind {
            Kind::StreamOrder => Differs {
                path: COUNT.into(),
                ..differs(kind, found)
            },
            kind => differs(kind, found),
        };
        let is_known = |known: &Differs| known.kind == differs.kind && known.path == differs.path;
        if !out.iter().any(is_known) {
            out.push(differs);
        }
    }
    out
}

/// Takes out values that are there under one name on the left and under another
/// on the right: each such pair is one difference.
fn renamed(mut found: Vec<Difference>) -> (Vec<Differs>, Vec<Difference>) {
    let mut out = Vec::new();
    let is_metadata = |found: &Difference| found.path.starts_with(METADATA);
    while let Some((left, right)) = found.iter().enumerate().find_map(|(at, left)| {
        let only_left = is_metadata(left) && left.left.is_some() && left.right.is_none();
        let other = found.iter().position(|right| {
            is_metadata(right) && right.left.is_none() && right.right == left.left
        });
        other.filter(|_| only_left).map(|other| (at, other))
    }) {
        let shown = |index: usize, value: &Option<String>| {
            let name = found[index]
                .path
                .trim_start_matches(METADATA)
                .trim_start_matches('.');
            value.as_ref().map(|value| format!("{name}: {value}"))
        };
        out.push(Differs {
            kind: Kind::MetadataKey,
            how: None,
            path: found[left].path.clone(),
            left: shown(left, &found[left].left),
            right: shown(right, &found[right].right),
        });
        let (first, second) = (left.max(right), left.min(right));
        found.remove(first);
        found.remove(second);
    }
    (out, found)
}

fn differs(kind: Kind, found: &Difference) -> Differs {
    Differs {
        kind,
        path: general(&found.path),
        left: found.left.clone(),
        right: found.right.clone(),
        how: (kind == Kind::OtherBytes).then_some(How::Other),
    }
}

fn kind(found: &Difference, left: &Leaves, right: &Leaves) -> Kind {
    let path = found.path.as_str();
    if path == MESSAGE {
        return text_kind(found).unwrap_or(Kind::StatusMessage);
    }
    if path == DETAILS {
        return match is_other_encoding(found) {
            true => Kind::OtherBytes,
            false => Kind::ErrorDetails,
        };
    }
    if path == COUNT {
        return Kind::StreamLength;
    }
    if path.starts_with(METADATA) {
        return metadata_kind(found);
    }
    let name = path.rsplit('.').next().unwrap_or(path);
    match (&found.left, &found.right) {
        (Some(_), None) | (None, Some(_)) if name.starts_with('#') => Kind::UnknownFieldLost,
        (Some(value), None) if is_default(value, path, right) => Kind::DefaultLeftOut,
        (None, Some(value)) if is_default(value, path, left) => Kind::DefaultLeftOut,
        (Some(left), Some(right)) if is_enum(left) && is_enum(right) => Kind::EnumValue,
        (Some(value), None) | (None, Some(value)) if is_enum(value) => Kind::EnumValue,
        _ => text_kind(found).unwrap_or(Kind::Value),
    }
}

/// Error details are compared as they came, and are a message themselves.
fn is_other_encoding(found: &Difference) -> bool {
    let bytes = |text: &Option<String>| unhex(text.as_deref()?.strip_prefix("hex ")?);
    match (bytes(&found.left), bytes(&found.right)) {
        (Some(left), Some(right)) => same_without_schema(&left, &right),
        _ => false,
    }
}

/// A value that is there under another name only: metadata has no schema that
/// could say which name is meant.
fn metadata_kind(found: &Difference) -> Kind {
    match (&found.left, &found.right) {
        (Some(_), Some(_)) => match text_kind(found) {
            Some(kind) => kind,
            None => Kind::MetadataValue,
        },
        _ => Kind::MetadataKey,
    }
}

fn text_kind(found: &Difference) -> Option<Kind> {
    let (left, right) = (found.left.as_deref()?, found.right.as_deref()?);
    let inner = |text: &str| Some(text.strip_prefix('"')?.strip_suffix('"')?.to_owned());
    let (left, right) = (inner(left)?, inner(right)?);
    let trimmed = |text: &str| {
        let ends: &[char] = &[' '];
        // Escapes of white space, as the leaves write them.
        let mut text = text.trim_end_matches(ends);
        while let Some(rest) = ["\\n", "\\r", "\\t"]
            .iter()
            .find_map(|end| text.strip_suffix(end))
        {
            text = rest.trim_end_matches(ends);
        }
        text.to_owned()
    };
    (trimmed(&left) == trimmed(&right)).then_some(Kind::TrailingWhitespace)
}

/// The default of its type; the message that it stands in is on both sides, or
/// it would be the message that is left out.
fn is_default(value: &str, path: &str, other: &Leaves) -> bool {
    let is_default = matches!(value, "0" | "0.0" | "\"\"" | "false" | "hex " | "{}");
    let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent);
    is_default && other.paths().any(|path| path.starts_with(parent))
}

/// Leaves write enums by their names, which nothing else looks like.
fn is_enum(value: &str) -> bool {
    let mut characters = value.chars();
    characters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !matches!(value, "true" | "false" | "inf" | "NaN")
}

/// The same messages, as often each, but not in the same order.
fn is_reordered(left: &Leaves, right: &Leaves, is_left_out: &impl Fn(&str) -> bool) -> bool {
    let (left, right) = (messages(left, is_left_out), messages(right, is_left_out));
    let sorted = |messages: &[String]| {
        let mut sorted = messages.to_vec();
        sorted.sort();
        sorted
    };
    left.len() > 1 && left != right && sorted(&left) == sorted(&right)
}

/// Each message in one text.
fn messages(leaves: &Leaves, is_left_out: &impl Fn(&str) -> bool) -> Vec<String> {
    let mut messages: BTreeMap<usize, String> = BTreeMap::new();
    for path in leaves.paths().filter(|path| !is_left_out(path)) {
        let index = path
            .strip_prefix(COUNT)
            .and_then(|rest| rest.strip_prefix('['));
        let Some((index, below)) = index.and_then(|rest| rest.split_once(']')) else {
            continue;
        };
        let Ok(index) = index.parse() else { continue };
        let value = leaves.get(path).unwrap_or_default();
        let message = messages.entry(index).or_default();
        message.push_str(&format!("{below}={value}\n"));
    }
    messages.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(values: &[(&str, &str)]) -> Leaves {
        let mut leaves = Leaves::default();
        leaves.insert(STATUS, "OK");
        for (path, value) in values {
            leaves.insert(*path, *value);
        }
        leaves
    }

    fn kinds(left: &[(&str, &str)], right: &[(&str, &str)]) -> Vec<String> {
        let found = compare(&leaves(left), &leaves(right), &[]);
        let shown = found.into_iter();
        shown
            .map(|one| format!("{} {}", one.kind.name(), one.path))
            .collect()
    }

    #[test]
    fn equal_answers_do_not_differ() {
        let same = [("messages[0].a", "1"), ("metadata.x", "\"1\"")];
        assert_eq!(kinds(&same, &same), [""; 0]);
    }

    #[test]
    fn each_kind_is_told_from_the_others() {
        for (left, right, kind) in [
            (
                ("status", "NOT_FOUND"),
                ("status", "UNKNOWN"),
                "status-code status",
            ),
            (
                ("message", "\"a\""),
                ("message", "\"b\""),
                "status-message message",
            ),
            (
                ("message", "\"a\""),
                ("message", "\"a \""),
                "trailing-whitespace message",
            ),
            (("details", "hex 0a"), ("x", "1"), "error-details details"),
            (
                ("metadata.a", "\"1\""),
                ("metadata.a", "\"2\""),
                "metadata-value metadata.a",
            ),
            (
                ("messages[0].n", "0"),
                ("messages[0].m", "7"),
                "default-left-out messages[].n",
            ),
            (
                ("messages[0].#77", "ff"),
                ("messages[0].m", "7"),
                "unknown-field-lost messages[].#77",
            ),
            (
                ("messages[0].e", "RED"),
                ("messages[0].e", "BLUE"),
                "enum-value messages[].e",
            ),
            (
                ("messages[0].t", "\"thanks\""),
                ("messages[0].t", "\"thanks\\n \""),
                "trailing-whitespace messages[].t",
            ),
            (
                ("messages[0].n", "1"),
                ("messages[0].n", "2"),
                "value messages[].n",
            ),
            (
                ("messages", "2"),
                ("messages", "3"),
                "stream-length messages",
            ),
        ] {
            let shown = kinds(&[left], &[right]);
            assert!(shown.iter().any(|shown| shown == kind), "{kind}: {shown:?}");
        }
    }

    #[test]
    fn details_with_the_same_meaning_are_other_bytes() {
        let (one, other) = ("hex 08031200", "hex 12000803");
        let shown = kinds(&[("details", one)], &[("details", other)]);
        assert_eq!(shown, ["other-bytes details"]);
        assert!(Kind::OtherBytes.is_lax() && !Kind::ErrorDetails.is_lax());
    }

    #[test]
    fn another_name_for_a_value_is_a_key() {
        let shown = kinds(&[("metadata.x-a", "\"1\"")], &[("metadata.x-b", "\"1\"")]);
        assert_eq!(shown, ["metadata-key metadata.x-a"]);
        let shown = kinds(&[("metadata.x-a", "\"1\"")], &[("metadata.x-b", "\"2\"")]);
        assert_eq!(
            shown,
            ["metadata-key metadata.x-a", "metadata-key metadata.x-b"]
        );
    }

    #[test]
    fn messages_in_another_order_are_one_difference() {
        let one = [
            ("messages[0].n", "1"),
            ("messages[1].n", "2"),
            ("messages[2].n", "3"),
        ];
        let other = [
            ("messages[0].n", "3"),
            ("messages[1].n", "2"),
            ("messages[2].n", "1"),
        ];
        assert_eq!(kinds(&one, &other), ["stream-order messages"]);
    }

    #[test]
    fn elements_share_a_difference() {
        let one = [("messages[0].n", "1"), ("messages[1].n", "2")];
        let other = [("messages[0].n", "3"), ("messages[1].n", "4")];
        assert_eq!(kinds(&one, &other), ["value messages[].n"]);
    }

    #[test]
    fn what_is_left_out_is_not_looked_at() {
        let pattern = PathPattern::parse("n").expect("a pattern");
        let one = leaves(&[("messages[0].n", "1")]);
        let other = leaves(&[("messages[0].n", "2")]);
        assert_eq!(compare(&one, &other, &[pattern]), []);
    }
}
