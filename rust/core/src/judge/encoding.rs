//! Where two messages mean the same and are encoded otherwise, field by field.
//!
//! Protobuf leaves much to who writes: the order of fields, whether numbers are
//! packed, defaults, the length of a varint. None of it changes what a parser
//! reads, so none of it is a fault; who hashes or signs bytes wants to know.
//! The order of a map's entries is not told: most libraries choose it by chance.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::answer::COUNT;
use super::expectations::streams_of;
use crate::plan::types::CasePlan;
use crate::wire::canonical::canonical;
use crate::wire::diff::first_difference;
use crate::wire::exchange::{Exchange, Message};
use crate::wire::protobuf::record::{Content, MAX_DEPTH, ProtobufError, Record, Records};

/// The most bytes of an excerpt.
const EXCERPT: usize = 24;
/// Bytes of an excerpt before the first one that differs.
const BEFORE: usize = 4;
/// The most places that are told of one pair of messages.
const MOST: usize = 100;

/// How one meaning came to two encodings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// The fields stand in another order.
    FieldOrder,
    /// One side writes a default, the other leaves it out.
    DefaultWritten,
    /// One side packs the values of a repeated field, or packs them in more
    /// than one run.
    Packing,
    /// One side writes a field more often than it counts.
    WrittenAgain,
    /// A number has more bytes than it needs, or a tag or a length has.
    Number,
    /// Anything else.
    Other,
}

/// A place where the same meaning stands in other bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherBytes {
    /// The path of the field, with indices; of a message for its order.
    pub path: String,
    /// How they differ.
    pub how: How,
    /// An excerpt of the bytes on the left, in hex; `None` if there are none.
    pub left: Option<String>,
    /// Of those on the right.
    pub right: Option<String>,
}

impl How {
    /// In a few words.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::FieldOrder => "the fields stand in another order",
            Self::DefaultWritten => "one writes the default, the other leaves it out",
            Self::Packing => "the values are packed otherwise",
            Self::WrittenAgain => "one writes the field more often than it counts",
            Self::Number => "one writes a number in more bytes",
            Self::Other => "the encoding is another",
        }
    }
}

/// Where the replies to one call, as they stood on the wire, mean the same in
/// other bytes. Replies that are compressed, or of which not all was kept, are
/// not looked at.
pub fn of_replies(
    case: &CasePlan,
    call: usize,
    (left, right): (&Exchange, &Exchange),
    is_left_out: &dyn Fn(&str) -> bool,
) -> Vec<OtherBytes> {
    let (lefts, rights) = (replies(case, left, call), replies(case, right, call));
    let Some(planned) = case.calls.get(call) else {
        return Vec::new();
    };
    let pairs = lefts.iter().zip(rights).enumerate();
    let found = pairs.flat_map(|(index, (left, right))| {
        let (Some(left), Some(right)) = (whole(left), whole(right)) else {
            return Vec::new();
        };
        let path = format!("{COUNT}[{index}]");
        other_bytes(&path, (left, right), &planned.types.response, is_left_out)
    });
    found.collect()
}

fn replies<'a>(case: &CasePlan, exchange: &'a Exchange, call: usize) -> &'a [Message] {
    let streams = streams_of(case, exchange, call);
    let first = streams.first().map(|at| at.stream);
    first.map_or(&[], |stream| &stream.response.messages)
}

/// The bytes of a message that is not compressed and was kept in full.
fn whole(message: &Message) -> Option<&[u8]> {
    let is_whole = message.complete && message.head.len() == message.length as usize;
    (message.flag == 0 && is_whole).then_some(&message.head)
}

/// Where two encodings of messages at a path differ although they mean the
/// same. Fields whose meaning differs are passed over, and so are paths that
/// are left out. Bytes that are no message are not looked at.
pub fn other_bytes(
    path: &str,
    (left, right): (&[u8], &[u8]),
    kind: &MessageDescriptor,
    is_left_out: &dyn Fn(&str) -> bool,
) -> Vec<OtherBytes> {
    let mut walk = Walk {
        is_left_out,
        found: Vec::new(),
        passed_over: false,
    };
    if walk.message(path, (left, right), kind, MAX_DEPTH).is_err() {
        return Vec::new();
    }
    let is_unexplained = left != right && walk.found.is_empty() && !walk.passed_over;
    if is_unexplained && same_meaning((left, right), kind) {
        walk.add(path, How::Other, (left, right));
    }
    walk.found
}

/// Whether two encodings mean the same without a schema: as far as the order of
/// fields and the length of numbers go.
pub fn same_without_schema(left: &[u8], right: &[u8]) -> bool {
    let (left, right) = (canonical(left, None), canonical(right, None));
    left.is_ok() && left == right
}

fn same_meaning((left, right): (&[u8], &[u8]), kind: &MessageDescriptor) -> bool {
    let (left, right) = (canonical(left, Some(kind)), canonical(right, Some(kind)));
    left.is_ok() && left == right
}

/// The records of a message by the number of their field, and the order in
/// which these numbers stand; of neighbours with one number only the first.
struct Fields<'a> {
    by_number: BTreeMap<u32, Vec<Record<'a>>>,
    order: Vec<u32>,
}

impl<'a> Fields<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, ProtobufError> {
        let mut by_number: BTreeMap<u32, Vec<Record<'a>>> = BTreeMap::new();
        let mut order = Vec::new();
        let mut records = Records::new(bytes, 0);
        while let Some(record) = records.next()? {
            order.push(record.number);
            by_number.entry(record.number).or_default().push(record);
        }
        order.dedup();
        Ok(Self { by_number, order })
    }

    fn of(&self, number: u32) -> &[Record<'a>] {
        self.by_number.get(&number).map_or(&[], Vec::as_slice)
    }
}

/// One field on both sides.
struct Field<'a> {
    path: String,
    /// `None` if the schema lacks it.
    kind: Option<FieldDescriptor>,
    records: (&'a [Record<'a>], &'a [Record<'a>]),
    bytes: (Vec<u8>, Vec<u8>),
}

struct Walk<'a> {
    is_left_out: &'a dyn Fn(&str) -> bool,
    found: Vec<OtherBytes>,
    /// Something differs that is not to be told.
    passed_over: bool,
}

impl Walk<'_> {
    fn message(
        &mut self,
        path: &str,
        (left, right): (&[u8], &[u8]),
        kind: &MessageDescriptor,
        depth: usize,
    ) -> Result<(), ProtobufError> {
        let Some(depth) = depth.checked_sub(1).filter(|_| left != right) else {
            return Ok(());
        };
        let fields = (Fields::read(left)?, Fields::read(right)?);
        let numbers = fields.0.by_number.keys().chain(fields.1.by_number.keys());
        let mut compared = BTreeSet::new();
        for number in numbers.copied().collect::<BTreeSet<u32>>() {
            let schema = kind.get_field(number);
            let name = match &schema {
                Some(field) => field.name().to_owned(),
                None => format!("#{number}"),
            };
            let path = format!("{path}.{name}");
            let records = (fields.0.of(number), fields.1.of(number));
            let field = Field {
                bytes: (bytes_of(records.0, left), bytes_of(records.1, right)),
                kind: schema,
                records,
                path,
            };
            if (self.is_left_out)(&field.path) {
                self.passed_over = true;
                continue;
            }
            compared.insert(number);
            self.field(&field, kind, depth)?;
        }
        let both = |number: &u32| {
            compared.contains(number)
                && !fields.0.of(*number).is_empty()
                && !fields.1.of(*number).is_empty()
        };
        let order = |fields: &Fields<'_>| {
            let mut order = fields.order.clone();
            order.retain(both);
            order.dedup();
            order
        };
        if order(&fields.0) != order(&fields.1) {
            self.add(path, How::FieldOrder, (left, right));
        }
        Ok(())
    }

    fn field(
        &mut self,
        field: &Field<'_>,
        kind: &MessageDescriptor,
        depth: usize,
    ) -> Result<(), ProtobufError> {
        let bytes = (field.bytes.0.as_slice(), field.bytes.1.as_slice());
        if bytes.0 == bytes.1 {
            return Ok(());
        }
        if let Some((schema, is_map)) = schema_of(field.kind.as_ref()) {
            if is_map && self.entries(field, &schema, depth)? {
                return Ok(());
            }
            if !is_map && self.messages(field, &schema, depth)? {
                return Ok(());
            }
        }
        if same_meaning(bytes, kind) {
            self.add(&field.path, how(field), bytes);
        }
        Ok(())
    }

    /// Messages pair by pair. `false` if they cannot be paired, or if only what
    /// is around them differs.
    fn messages(
        &mut self,
        field: &Field<'_>,
        schema: &MessageDescriptor,
        depth: usize,
    ) -> Result<bool, ProtobufError> {
        let (left, right) = field.records;
        let contents = |records: &[Record<'_>]| -> Option<Vec<Vec<u8>>> {
            records.iter().map(content).collect()
        };
        let (Some(lefts), Some(rights)) = (contents(left), contents(right)) else {
            return Ok(false);
        };
        let is_list = field.kind.as_ref().is_some_and(FieldDescriptor::is_list);
        let can_be_paired = lefts.len() == rights.len() && (is_list || lefts.len() == 1);
        if !can_be_paired || lefts == rights {
            return Ok(false);
        }
        for (index, (left, right)) in lefts.iter().zip(&rights).enumerate() {
            let path = match is_list {
                true => format!("{}[{index}]", field.path),
                false => field.path.clone(),
            };
            self.message(&path, (left, right), schema, depth)?;
        }
        Ok(true)
    }

    /// The entries of a map by what they mean, in whatever order. `false` if
    /// some key stands there more than once.
    fn entries(
        &mut self,
        field: &Field<'_>,
        schema: &MessageDescriptor,
        depth: usize,
    ) -> Result<bool, ProtobufError> {
        let by_meaning = |records: &[Record<'_>]| -> Option<BTreeMap<Vec<u8>, Vec<u8>>> {
            let entries = records.iter().map(|record| {
                let bytes = content(record)?;
                Some((entry_meaning(&bytes, schema)?, bytes))
            });
            let entries: BTreeMap<_, _> = entries.collect::<Option<_>>()?;
            (entries.len() == records.len()).then_some(entries)
        };
        let (left, right) = field.records;
        let (Some(lefts), Some(rights)) = (by_meaning(left), by_meaning(right)) else {
            return Ok(false);
        };
        self.passed_over = true;
        for (meaning, left) in &lefts {
            if let Some(right) = rights.get(meaning) {
                let path = format!("{}[]", field.path);
                self.message(&path, (left, right), schema, depth)?;
            }
        }
        Ok(true)
    }

    fn add(&mut self, path: &str, how: How, (left, right): (&[u8], &[u8])) {
        if self.found.len() == MOST {
            return;
        }
        let from = first_difference(left, right).unwrap_or(0);
        let from = from.saturating_sub(BEFORE);
        self.found.push(OtherBytes {
            path: path.to_owned(),
            how,
            left: excerpt(left, from),
            right: excerpt(right, from),
        });
    }
}

/// The message type of a field, and whether it is a map's entry.
fn schema_of(field: Option<&FieldDescriptor>) -> Option<(MessageDescriptor, bool)> {
    let field = field?;
    match field.kind() {
        Kind::Message(schema) => Some((schema, field.is_map())),
        _ => None,
    }
}

/// An entry means its key and its value, whether they are written or not.
fn entry_meaning(entry: &[u8], schema: &MessageDescriptor) -> Option<Vec<u8>> {
    use prost::Message as _;
    use prost_reflect::DynamicMessage;
    let message = DynamicMessage::decode(schema.clone(), entry).ok()?;
    let mut filled = DynamicMessage::new(schema.clone());
    for field in schema.fields() {
        filled.set_field(&field, message.get_field(&field).into_owned());
    }
    canonical(&filled.encode_to_vec(), Some(schema)).ok()
}

fn content(record: &Record<'_>) -> Option<Vec<u8>> {
    match record.content {
        Content::Len(bytes) | Content::Group(bytes) => Some(bytes.to_vec()),
        _ => None,
    }
}

fn bytes_of(records: &[Record<'_>], message: &[u8]) -> Vec<u8> {
    let ranges = records.iter().map(|record| &message[record.range.clone()]);
    ranges.flatten().copied().collect()
}

fn how(field: &Field<'_>) -> How {
    let (left, right) = field.records;
    let is_packed = |records: &[Record<'_>]| {
        let mut records = records.iter();
        records.any(|record| matches!(record.content, Content::Len(_)))
    };
    let is_list = field.kind.as_ref().is_some_and(FieldDescriptor::is_list);
    if left.is_empty() || right.is_empty() {
        How::DefaultWritten
    } else if is_packed(left) != is_packed(right) || is_list && left.len() != right.len() {
        How::Packing
    } else if left.len() != right.len() {
        How::WrittenAgain
    } else {
        How::Number
    }
}

/// Some bytes in hex, from an offset on; what is left out is said.
fn excerpt(bytes: &[u8], from: usize) -> Option<String> {
    if bytes.is_empty() {
        return None;
    }
    let from = from.min(bytes.len().saturating_sub(1));
    let end = bytes.len().min(from + EXCERPT);
    let hex = bytes[from..end].iter().map(|byte| format!("{byte:02x}"));
    let hex = hex.collect::<Vec<_>>().join(" ");
    Some(match (from, end == bytes.len()) {
        (0, true) => hex,
        _ => {
            let (before, after) = (from > 0, end < bytes.len());
            let dots = |are_there: bool| if are_there { ".. " } else { "" };
            let more = if after { " .." } else { "" };
            format!("{}{hex}{more} (of {} bytes)", dots(before), bytes.len())
        }
    })
}

#[cfg(test)]
mod tests;
