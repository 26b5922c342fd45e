//! Messages for proptest: every field, leaning to the values at which encodings change.

use std::collections::BTreeMap;
use std::fmt::Debug;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use crate::schema::scalars::choice::Value;
use crate::schema::scalars::{Choice, Everything, Maps, Packed, Present, Singular, Unpacked};

/// Any message, three levels deep at most.
pub fn everything() -> impl Strategy<Value = Everything> {
    flat().prop_recursive(2, 3, 2, |inner| {
        (flat(), vec(inner, 0..3)).prop_map(|(message, nested)| Everything { nested, ..message })
    })
}

/// Any message without nested ones.
fn flat() -> impl Strategy<Value = Everything> {
    let some = 0.3; // of the fields that may be absent, so that most kinds stand alone often
    (
        proptest::option::weighted(some, singular()),
        proptest::option::weighted(some, present()),
        proptest::option::weighted(some, packed()),
        proptest::option::weighted(some, unpacked()),
        proptest::option::weighted(some, maps()),
        proptest::option::weighted(some, choice()),
    )
        .prop_map(
            |(singular, present, packed, unpacked, maps, choice)| Everything {
                singular,
                present,
                packed,
                unpacked,
                maps,
                choice,
                nested: Vec::new(),
            },
        )
}

/// A strategy for a message from one for each field. Pairs in pairs, since proptest's
/// tuples end at twelve; boxed, since such a value is too large for a test thread's stack.
macro_rules! message {
    ($message:ident { $($field:ident: $strategy:expr),+ $(,)? }) => {
        pairs!($($strategy.boxed()),+)
            .prop_map(|pairs_pattern!($($field),+)| $message { $($field),+ })
            .boxed()
    };
}

macro_rules! pairs {
    ($last:expr) => { $last };
    ($first:expr, $($rest:expr),+) => { ($first, pairs!($($rest),+)) };
}

macro_rules! pairs_pattern {
    ($last:ident) => { $last };
    ($first:ident, $($rest:ident),+) => { ($first, pairs_pattern!($($rest),+)) };
}

fn singular() -> impl Strategy<Value = Singular> {
    message!(Singular {
        double_value: double().prop_map(without_minus_zero),
        float_value: float().prop_map(without_minus_zero),
        int32_value: int32(),
        int64_value: int64(),
        uint32_value: uint32(),
        uint64_value: uint64(),
        sint32_value: int32(),
        sint64_value: int64(),
        fixed32_value: uint32(),
        fixed64_value: uint64(),
        sfixed32_value: int32(),
        sfixed64_value: int64(),
        bool_value: any::<bool>(),
        string_value: string(),
        bytes_value: bytes(),
        enum_value: colour(),
    })
}

fn present() -> impl Strategy<Value = Present> {
    use proptest::option::of;
    message!(Present {
        double_value: of(double()),
        float_value: of(float()),
        int32_value: of(int32()),
        int64_value: of(int64()),
        uint32_value: of(uint32()),
        uint64_value: of(uint64()),
        sint32_value: of(int32()),
        sint64_value: of(int64()),
        fixed32_value: of(uint32()),
        fixed64_value: of(uint64()),
        sfixed32_value: of(int32()),
        sfixed64_value: of(int64()),
        bool_value: of(any::<bool>()),
        string_value: of(string()),
        bytes_value: of(bytes()),
        enum_value: of(colour()),
    })
}

fn packed() -> impl Strategy<Value = Packed> {
    message!(Packed {
        double_values: few(double()),
        float_values: few(float()),
        int32_values: few(int32()),
        int64_values: few(int64()),
        uint32_values: few(uint32()),
        uint64_values: few(uint64()),
        sint32_values: few(int32()),
        sint64_values: few(int64()),
        fixed32_values: few(uint32()),
        fixed64_values: few(uint64()),
        sfixed32_values: few(int32()),
        sfixed64_values: few(int64()),
        bool_values: few(any::<bool>()),
        string_values: few(string()),
        bytes_values: few(bytes()),
        enum_values: few(colour()),
    })
}

fn unpacked() -> impl Strategy<Value = Unpacked> {
    message!(Unpacked {
        double_values: few(double()),
        float_values: few(float()),
        int32_values: few(int32()),
        int64_values: few(int64()),
        uint32_values: few(uint32()),
        uint64_values: few(uint64()),
        sint32_values: few(int32()),
        sint64_values: few(int64()),
        fixed32_values: few(uint32()),
        fixed64_values: few(uint64()),
        sfixed32_values: few(int32()),
        sfixed64_values: few(int64()),
        bool_values: few(any::<bool>()),
        enum_values: few(colour()),
    })
}

/// One in five may hold defaults, whose bytes differ by design (see `checks`); the others
/// are compared byte for byte.
fn maps() -> impl Strategy<Value = Maps> {
    prop_oneof![4 => any_maps().prop_map(Maps::without_defaults), 1 => any_maps()]
}

fn any_maps() -> impl Strategy<Value = Maps> {
    message!(Maps {
        by_int32: map(int32(), double().prop_map(without_minus_zero)),
        by_int64: map(int64(), float().prop_map(without_minus_zero)),
        by_uint32: map(uint32(), int32()),
        by_uint64: map(uint64(), int64()),
        by_sint32: map(int32(), uint32()),
        by_sint64: map(int64(), uint64()),
        by_fixed32: map(uint32(), int32()),
        by_fixed64: map(uint64(), int64()),
        by_sfixed32: map(int32(), uint32()),
        by_sfixed64: map(int64(), uint64()),
        by_bool: map(any::<bool>(), any::<bool>()),
        by_string: map(string(), string()),
        bytes_by_string: map(string(), bytes()),
        int32_by_string: map(string(), int32()),
        int64_by_string: map(string(), int64()),
        enum_by_string: map(string(), colour()),
        message_by_string: map(string(), singular()),
    })
}

/// Applies `$apply` to each of the maps, whose types all differ.
macro_rules! each_map {
    ($maps:expr, $apply:ident) => {
        [
            $apply!($maps.by_int32),
            $apply!($maps.by_int64),
            $apply!($maps.by_uint32),
            $apply!($maps.by_uint64),
            $apply!($maps.by_sint32),
            $apply!($maps.by_sint64),
            $apply!($maps.by_fixed32),
            $apply!($maps.by_fixed64),
            $apply!($maps.by_sfixed32),
            $apply!($maps.by_sfixed64),
            $apply!($maps.by_bool),
            $apply!($maps.by_string),
            $apply!($maps.bytes_by_string),
            $apply!($maps.int32_by_string),
            $apply!($maps.int64_by_string),
            $apply!($maps.enum_by_string),
            $apply!($maps.message_by_string),
        ]
    };
}

impl Maps {
    fn without_defaults(mut self) -> Self {
        macro_rules! drop_defaults {
            ($map:expr) => {
                $map.retain(|key, value| !is_default(key) && !is_default(value))
            };
        }
        each_map!(self, drop_defaults);
        self
    }

    fn holds_a_default(&self) -> bool {
        macro_rules! any_default {
            ($map:expr) => {
                $map.iter()
                    .any(|(key, value)| is_default(key) || is_default(value))
            };
        }
        each_map!(self, any_default).contains(&true)
    }
}

impl Everything {
    /// Whether a map, here or in a nested message, has an entry with a default in it.
    pub fn holds_a_default_in_a_map(&self) -> bool {
        self.maps.as_ref().is_some_and(Maps::holds_a_default)
            || self.nested.iter().any(Self::holds_a_default_in_a_map)
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn choice() -> impl Strategy<Value = Choice> {
    let value = prop_oneof![
        double().prop_map(Value::DoubleValue),
        float().prop_map(Value::FloatValue),
        int32().prop_map(Value::Int32Value),
        int64().prop_map(Value::Int64Value),
        uint32().prop_map(Value::Uint32Value),
        uint64().prop_map(Value::Uint64Value),
        int32().prop_map(Value::Sint32Value),
        int64().prop_map(Value::Sint64Value),
        uint32().prop_map(Value::Fixed32Value),
        uint64().prop_map(Value::Fixed64Value),
        int32().prop_map(Value::Sfixed32Value),
        int64().prop_map(Value::Sfixed64Value),
        any::<bool>().prop_map(Value::BoolValue),
        string().prop_map(Value::StringValue),
        bytes().prop_map(Value::BytesValue),
        colour().prop_map(Value::EnumValue),
        singular().prop_map(Value::MessageValue),
    ];
    proptest::option::weighted(0.9, value).prop_map(|value| Choice { value })
}

// --- scalars ----------------------------------------------------------------

/// Where a varint grows by a byte, and the ends of the type's range.
macro_rules! integer {
    ($name:ident: $type:ident, $($edge:expr),+) => {
        fn $name() -> impl Strategy<Value = $type> + Clone {
            let edges = vec![0, 1, 127, 128, 16_383, 16_384, $type::MIN, $type::MAX, $($edge),+];
            any_or_one_of(edges, any::<$type>())
        }
    };
}

integer!(int32: i32, -1, -64, -65);
integer!(int64: i64, -1, -64, -65, 1 << 32, 1 << 53);
integer!(uint32: u32, 1 << 28, 1 << 31);
integer!(uint64: u64, 1 << 32, 1 << 56, 1 << 63);

fn double() -> impl Strategy<Value = f64> + Clone {
    let edges = vec![
        0.0,
        -0.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN,
        f64::MAX,
        f64::MIN_POSITIVE,
        f64::from_bits(1), // the smallest subnormal
    ];
    any_or_one_of(edges, any::<u64>().prop_map(f64::from_bits)).prop_map(quiet_double)
}

fn float() -> impl Strategy<Value = f32> + Clone {
    let edges = vec![
        0.0,
        -0.0,
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::MIN,
        f32::MAX,
        f32::MIN_POSITIVE,
        f32::from_bits(1), // the smallest subnormal
    ];
    any_or_one_of(edges, any::<u32>().prop_map(f32::from_bits)).prop_map(quiet_float)
}

/// One of `edges` every second time, and when shrunk the first of them. A choice by index,
/// since `prop_oneof` for each of a hundred fields took most of the test's time.
fn any_or_one_of<T, S>(edges: Vec<T>, any: S) -> impl Strategy<Value = T> + Clone
where
    T: Clone + Debug,
    S: Strategy<Value = T> + Clone,
{
    let choices = 2 * edges.len();
    (0..choices, any).prop_map(move |(at, any)| edges.get(at).cloned().unwrap_or(any))
}

/// Python has only doubles, and widening a signalling NaN makes it a quiet one: no message
/// that Python builds holds one in a `float`. The payload stays.
fn quiet_float(value: f32) -> f32 {
    let quiet_bit = if value.is_nan() { 1 << 22 } else { 0 };
    f32::from_bits(value.to_bits() | quiet_bit)
}

fn quiet_double(value: f64) -> f64 {
    let quiet_bit = if value.is_nan() { 1 << 51 } else { 0 };
    f64::from_bits(value.to_bits() | quiet_bit)
}

/// For fields without presence, in which prost loses it; `checks` has a test of that.
fn without_minus_zero<T: PartialEq + Default>(value: T) -> T {
    if is_default(&value) {
        T::default()
    } else {
        value
    }
}

/// Every second one is a number without a name.
fn colour() -> impl Strategy<Value = i32> + Clone {
    any_or_one_of(vec![0, 1, -1], any::<i32>())
}

fn string() -> impl Strategy<Value = String> + Clone {
    let edges = ["", "World", "\0", "世界", "e\u{301}", "👩‍👩‍👧", "\u{10ffff}"].map(String::from);
    let any_characters = vec(any::<char>(), 0..8).prop_map(String::from_iter);
    any_or_one_of(edges.to_vec(), any_characters)
}

/// Now and then long enough for a length prefix of two bytes.
fn bytes() -> impl Strategy<Value = Vec<u8>> + Clone {
    prop_oneof![9 => vec(any::<u8>(), 0..8), 1 => vec(any::<u8>(), 126..130)]
}

fn few<S: Strategy>(element: S) -> impl Strategy<Value = Vec<S::Value>> {
    vec(element, 0..4)
}

fn map<K, V>(key: K, value: V) -> impl Strategy<Value = BTreeMap<K::Value, V::Value>>
where
    K: Strategy<Value: Ord>,
    V: Strategy<Value: Debug>,
{
    btree_map(key, value, 0..3)
}
