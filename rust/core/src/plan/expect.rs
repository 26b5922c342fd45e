//! What a case expects to see.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::case::{ByMethod, FrameMatch, Metadatum};

/// What must be seen: of the one call directly, of several by their ids.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// The status code by name; `OK` if nothing else is said of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Match>,
    /// The status message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Match>,
    /// `grpc-status-details-bin`, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Match>,
    /// Leading metadata that must be there, in this order within a key.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub leading: Vec<Metadatum>,
    /// Trailing metadata that must be there, in this order within a key.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trailing: Vec<Metadatum>,
    /// The messages, as JSON, or `{size: N}` for the encoded size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receive: Option<Vec<Value>>,
    /// Calls by id.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub calls: IndexMap<String, ExpectCall>,
    /// What handlers saw, by path. A path that is not named is not looked at.
    #[serde(skip_serializing_if = "ByMethod::is_empty")]
    pub handled: ByMethod<ExpectHandled>,
    /// What stands on the wire: keys such as `request.message.0`,
    /// `request.headers.te`, `request.path`, `response.trailers.grpc-status`,
    /// `connections`, for the first call's stream.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub wire: IndexMap<String, Value>,
    /// Frames that must, or must not, have passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames: Option<ExpectFrames>,
    /// This call must have been answered OK on the connection that the call
    /// before it used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub survives: Option<String>,
}

/// What must be seen of one call. See [`Expect`] for the keys.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct ExpectCall {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Match>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Match>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Match>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub leading: Vec<Metadatum>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trailing: Vec<Metadatum>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receive: Option<Vec<Value>>,
    /// How many of a `parallel` call must have come out like this; all if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<Match>,
}

/// What must be seen of the handlers of one method.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectHandled {
    /// How often it was entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<Match>,
    /// What each of them received, as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receive: Option<Vec<Value>>,
    /// Metadata that each of them must have seen, in this order within a key.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<Metadatum>,
    /// `half-closed`, `cancelled`, `error` or `unread`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_end: Option<Match>,
    /// `returned`, `cancelled`, `deadline`, `dropped`, `panicked` or `running`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_end: Option<Match>,
}

/// Frames that must, or must not, have passed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectFrames {
    /// Each of these, in any order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub present: Vec<FrameMatch>,
    /// None of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<FrameMatch>,
}

/// A value that is expected: a literal, or one of the matchers `any_of`,
/// `range`, `absent`, `present`, `contains` and `size`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Match(pub Value);

/// A [`Match`], understood.
#[derive(Debug, Clone, PartialEq)]
pub enum Matcher {
    /// Exactly this.
    Literal(Value),
    /// One of these.
    AnyOf(Vec<Value>),
    /// A number from the first to the second, both included.
    Range(i64, i64),
    /// Nothing is there.
    Absent,
    /// Something is there.
    Present,
    /// A text that contains this.
    Contains(String),
    /// So many bytes.
    Size(u64),
}

impl Matcher {
    const KEYS: [&'static str; 6] = ["any_of", "range", "absent", "present", "contains", "size"];

    /// Understands what was written.
    ///
    /// # Errors
    ///
    /// A lower-case fragment that says what a matcher lacks.
    pub fn parse(value: &Value) -> Result<Self, String> {
        let Some((key, argument)) = single_entry(value) else {
            return Ok(Self::Literal(value.clone()));
        };
        match (key, argument) {
            ("any_of", Value::Array(values)) => Ok(Self::AnyOf(values.clone())),
            ("range", Value::Array(ends)) => match ends.as_slice() {
                [low, high] => Ok(Self::Range(integer(low)?, integer(high)?)),
                _ => Err("`range` takes two numbers, as in `{ range: [1, 5] }`".into()),
            },
            ("absent", Value::Bool(true)) => Ok(Self::Absent),
            ("present", Value::Bool(true)) => Ok(Self::Present),
            ("contains", Value::String(text)) => Ok(Self::Contains(text.clone())),
            ("size", size) => Ok(Self::Size(
                integer(size)?
                    .try_into()
                    .map_err(|_| "`size` is negative")?,
            )),
            (key, _) if Self::KEYS.contains(&key) => {
                Err(format!("`{key}` has a value of the wrong type"))
            }
            _ => Ok(Self::Literal(value.clone())),
        }
    }

    /// Whether a value is as expected; `None` is a value that is not there.
    pub fn accepts(&self, got: Option<&Value>) -> bool {
        match (self, got) {
            (Self::Absent, got) => got.is_none(),
            (_, None) => false,
            (Self::Present, Some(_)) => true,
            (Self::Literal(expected), Some(got)) => expected == got,
            (Self::AnyOf(values), Some(got)) => values.contains(got),
            (Self::Range(low, high), Some(got)) => {
                got.as_i64().is_some_and(|n| (*low..=*high).contains(&n))
            }
            (Self::Contains(part), Some(got)) => got
                .as_str()
                .is_some_and(|text| text.contains(part.as_str())),
            (Self::Size(size), Some(got)) => {
                got.as_str().is_some_and(|text| text.len() as u64 == *size)
            }
        }
    }
}

impl std::fmt::Display for Matcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Literal(value) => f.write_str(&plain(value)),
            Self::AnyOf(values) => {
                let values: Vec<_> = values.iter().map(plain).collect();
                f.write_str(&values.join(" or "))
            }
            Self::Range(low, high) => write!(f, "{low} to {high}"),
            Self::Absent => f.write_str("(absent)"),
            Self::Present => f.write_str("(anything)"),
            Self::Contains(part) => write!(f, "something with {part:?} in it"),
            Self::Size(size) => write!(f, "{size} bytes"),
        }
    }
}

/// A value as a reader writes it: text without quotes.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn single_entry(value: &Value) -> Option<(&str, &Value)> {
    let entries = value.as_object()?;
    let (key, argument) = entries.iter().next()?;
    (entries.len() == 1).then_some((key.as_str(), argument))
}

fn integer(value: &Value) -> Result<i64, String> {
    value
        .as_i64()
        .ok_or_else(|| format!("`{value}` is not a whole number"))
}
