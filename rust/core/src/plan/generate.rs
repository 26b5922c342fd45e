//! Requests for methods that nobody has written a case for: the defaults, the
//! extremes, and valid messages by chance, the same ones for the same seed.

use fastrand::Rng;
use prost_reflect::{
    Cardinality, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MapKey, MessageDescriptor,
    OneofDescriptor, Value,
};

/// How deep messages are nested at most: a tree may be endless.
const DEPTH: u32 = 4;

/// How the values of a message are chosen.
#[derive(Debug)]
pub enum Choice {
    /// The smallest numbers, empty texts, the first member of each oneof and
    /// one element in each list.
    Lowest,
    /// The largest numbers, texts of several bytes a character, the last member
    /// of each oneof and three elements in each list.
    Highest,
    /// By chance. Floats are finite: the bits of a NaN may change on their way
    /// through a language.
    Random(Rng),
}

/// A valid message of a type.
pub fn message(kind: &MessageDescriptor, choice: &mut Choice) -> DynamicMessage {
    nested(kind, choice, DEPTH)
}

fn nested(kind: &MessageDescriptor, choice: &mut Choice, depth: u32) -> DynamicMessage {
    if let Some(known) = well_known(kind, choice) {
        return known;
    }
    let mut message = DynamicMessage::new(kind.clone());
    for field in kind.fields() {
        let oneof = field
            .containing_oneof()
            .filter(|oneof| !oneof.is_synthetic());
        if oneof.is_none() && is_filled(&field, choice, depth) {
            let value = field_value(&field, choice, depth);
            message.set_field(&field, value);
        }
    }
    for oneof in kind.oneofs().filter(|oneof| !oneof.is_synthetic()) {
        if let Some(field) = member(&oneof, choice, depth) {
            let value = field_value(&field, choice, depth);
            message.set_field(&field, value);
        }
    }
    message
}

fn is_filled(field: &FieldDescriptor, choice: &mut Choice, depth: u32) -> bool {
    if field.cardinality() == Cardinality::Required {
        return true;
    }
    let has_room = depth > 0 || !holds_messages(field);
    has_room && choice.fills()
}

fn holds_messages(field: &FieldDescriptor) -> bool {
    match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            matches!(entry.map_entry_value_field().kind(), Kind::Message(_))
        }
        kind => matches!(kind, Kind::Message(_)),
    }
}

/// The member of a oneof that is set, if one is.
fn member(oneof: &OneofDescriptor, choice: &mut Choice, depth: u32) -> Option<FieldDescriptor> {
    let members: Vec<FieldDescriptor> = oneof
        .fields()
        .filter(|field| depth > 0 || !holds_messages(field))
        .collect();
    match choice {
        Choice::Lowest => members.first().cloned(),
        Choice::Highest => members.last().cloned(),
        Choice::Random(rng) => members.get(rng.usize(..=members.len())).cloned(),
    }
}

fn field_value(field: &FieldDescriptor, choice: &mut Choice, depth: u32) -> Value {
    if let (true, Kind::Message(entry)) = (field.is_map(), field.kind()) {
        let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
        let entries = (0..choice.count()).filter_map(|index| {
            let key = map_key(single(&key, choice, depth), index)?;
            Some((key, single(&value, choice, depth)))
        });
        return Value::Map(entries.collect());
    }
    match field.is_list() {
        true => Value::List(
            (0..choice.count())
                .map(|_| single(field, choice, depth))
                .collect(),
        ),
        false => single(field, choice, depth),
    }
}

/// Keys of a map, each another one as far as the type has so many.
fn map_key(value: Value, index: usize) -> Option<MapKey> {
    let small = u8::try_from(index).unwrap_or(u8::MAX);
    Some(match value {
        Value::String(text) if index > 0 => MapKey::String(format!("{text}{index}")),
        Value::I32(number) => MapKey::I32(number.wrapping_add(small.into())),
        Value::I64(number) => MapKey::I64(number.wrapping_add(small.into())),
        Value::U32(number) => MapKey::U32(number.wrapping_add(small.into())),
        Value::U64(number) => MapKey::U64(number.wrapping_add(small.into())),
        other => other.into_map_key()?,
    })
}

fn single(field: &FieldDescriptor, choice: &mut Choice, depth: u32) -> Value {
    match field.kind() {
        Kind::Double => Value::F64(choice.double()),
        Kind::Float => Value::F32(choice.float()),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(choice.int32()),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(choice.int64()),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(choice.uint32()),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(choice.uint64()),
        Kind::Bool => Value::Bool(choice.bool()),
        Kind::String => Value::String(choice.text()),
        Kind::Bytes => Value::Bytes(choice.bytes().into()),
        Kind::Message(kind) => Value::Message(nested(&kind, choice, depth.saturating_sub(1))),
        Kind::Enum(kind) => Value::EnumNumber(choice.enum_number(&kind)),
    }
}

impl Choice {
    /// By chance, with a seed.
    pub fn random(seed: u64) -> Self {
        Self::Random(Rng::with_seed(seed))
    }

    fn fills(&mut self) -> bool {
        match self {
            Self::Lowest | Self::Highest => true,
            Self::Random(rng) => rng.u8(..4) > 0,
        }
    }

    /// How many elements a list has, or entries a map.
    fn count(&mut self) -> usize {
        match self {
            Self::Lowest => 1,
            Self::Highest => 3,
            Self::Random(rng) => rng.usize(..5),
        }
    }

    fn double(&mut self) -> f64 {
        match self {
            Self::Lowest => f64::MIN,
            Self::Highest => f64::MAX,
            Self::Random(rng) => *pick(
                rng,
                &[0.0, -0.0, 1.5, -1e-300, 5e-324, f64::INFINITY, 1e100],
            ),
        }
    }

    fn float(&mut self) -> f32 {
        match self {
            Self::Lowest => f32::MIN,
            Self::Highest => f32::MAX,
            Self::Random(rng) => *pick(rng, &[0.0, -0.0, 1.5, -1e-30, 1e-45, f32::INFINITY, 1e30]),
        }
    }

    fn int32(&mut self) -> i32 {
        match self {
            Self::Lowest => i32::MIN,
            Self::Highest => i32::MAX,
            Self::Random(rng) => match rng.bool() {
                true => *pick(rng, &[0, 1, -1, 127, 128, i32::MIN, i32::MAX]),
                false => rng.i32(..),
            },
        }
    }

    fn int64(&mut self) -> i64 {
        match self {
            Self::Lowest => i64::MIN,
            Self::Highest => i64::MAX,
            Self::Random(rng) => match rng.bool() {
                // The last one is the first that a JavaScript number cannot hold.
                true => *pick(rng, &[0, 1, -1, i64::MIN, i64::MAX, (1 << 53) + 1]),
                false => rng.i64(..),
            },
        }
    }

    fn uint32(&mut self) -> u32 {
        match self {
            Self::Lowest => 0,
            Self::Highest => u32::MAX,
            Self::Random(rng) => match rng.bool() {
                true => *pick(rng, &[0, 1, 127, 128, 1 << 31, u32::MAX]),
                false => rng.u32(..),
            },
        }
    }

    fn uint64(&mut self) -> u64 {
        match self {
            Self::Lowest => 0,
            Self::Highest => u64::MAX,
            Self::Random(rng) => match rng.bool() {
                true => *pick(rng, &[0, 1, 127, 128, (1 << 53) + 1, 1 << 63, u64::MAX]),
                false => rng.u64(..),
            },
        }
    }

    fn bool(&mut self) -> bool {
        match self {
            Self::Lowest => false,
            Self::Highest => true,
            Self::Random(rng) => rng.bool(),
        }
    }

    fn text(&mut self) -> String {
        const TEXTS: [&str; 7] = [
            "a",
            "two words",
            " with spaces around ",
            "Grüße",
            "世界",
            "👋🏽",
            "line\nbreak\ttab \"quoted\" \\",
        ];
        match self {
            Self::Lowest => String::new(),
            // Longer than a length of one byte can say, and four bytes to a
            // character at its end.
            Self::Highest => format!("{}🌍", "Größe 世界 ".repeat(10)),
            Self::Random(rng) => (*pick(rng, &TEXTS)).to_owned(),
        }
    }

    fn bytes(&mut self) -> Vec<u8> {
        match self {
            Self::Lowest => Vec::new(),
            Self::Highest => (0..=u8::MAX).collect(),
            Self::Random(rng) => {
                let length = rng.usize(..20);
                (0..length).map(|_| rng.u8(..)).collect()
            }
        }
    }

    /// A value that the enum names: what a server makes of another one is a
    /// matter of its language.
    fn enum_number(&mut self, kind: &EnumDescriptor) -> i32 {
        let numbers: Vec<i32> = kind.values().map(|value| value.number()).collect();
        match self {
            Self::Lowest => numbers.iter().min().copied(),
            Self::Highest => numbers.iter().max().copied(),
            Self::Random(rng) => Some(*pick(rng, &numbers)),
        }
        .unwrap_or_default()
    }
}

fn pick<'a, T>(rng: &mut Rng, values: &'a [T]) -> &'a T {
    &values[rng.usize(..values.len())]
}

/// Types whose values have rules of their own (their comments in
/// `google/protobuf/*.proto`).
fn well_known(kind: &MessageDescriptor, choice: &mut Choice) -> Option<DynamicMessage> {
    /// 9999-12-31T23:59:59Z.
    const LAST_SECOND: i64 = 253_402_300_799;
    /// 0001-01-01T00:00:00Z.
    const FIRST_SECOND: i64 = -62_135_596_800;
    /// About 10,000 years.
    const LONGEST: i64 = 315_576_000_000;
    let mut message = DynamicMessage::new(kind.clone());
    match kind.full_name() {
        "google.protobuf.Timestamp" => {
            let (seconds, nanos) = match choice {
                Choice::Lowest => (FIRST_SECOND, 0),
                Choice::Highest => (LAST_SECOND, 999_999_999),
                Choice::Random(rng) => (rng.i64(0..4_000_000_000), rng.i32(0..1_000_000_000)),
            };
            set_span(&mut message, seconds, nanos);
        }
        "google.protobuf.Duration" => {
            let (seconds, nanos) = match choice {
                Choice::Lowest => (-LONGEST, 0),
                Choice::Highest => (LONGEST, 0),
                Choice::Random(rng) => (rng.i64(0..100_000), rng.i32(0..1_000_000_000)),
            };
            set_span(&mut message, seconds, nanos);
        }
        "google.protobuf.Any" => {
            let url = "type.googleapis.com/google.protobuf.Duration".to_owned();
            message.set_field_by_name("type_url", Value::String(url));
        }
        "google.protobuf.FieldMask" => {
            let paths = vec![
                Value::String("name".into()),
                Value::String("nested.id".into()),
            ];
            message.set_field_by_name("paths", Value::List(paths));
        }
        // One kind must be set.
        "google.protobuf.Value" => {
            message.set_field_by_name("string_value", Value::String(choice.text()));
        }
        _ => return None,
    }
    Some(message)
}

fn set_span(message: &mut DynamicMessage, seconds: i64, nanos: i32) {
    message.set_field_by_name("seconds", Value::I64(seconds));
    message.set_field_by_name("nanos", Value::I32(nanos));
}
