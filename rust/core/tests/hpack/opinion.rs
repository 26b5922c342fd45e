//! What each decoder makes of a block, in one form.

use loona_hpack::decoder::DecoderError;
use wirecheck_core::wire::hpack::{Block, Decoder, HpackError, Representation};

/// What a decoder makes of one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opinion {
    /// A header list.
    Accepted {
        /// Names and values in hexadecimal: `name:value,name:value`.
        list: String,
        /// For each field whether it must never be indexed, as `0` or `1`;
        /// `None` if the decoder does not say.
        never_indexed: Option<String>,
        /// Whether the block lacks a size update that it owes.
        lacks_size_update: bool,
    },
    /// A decoding error, by the name that the decoder has for it.
    Refused { error: String, cause: Cause },
}

/// Why a block is refused, as finely as all three decoders tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// An index for which there is no field.
    Index,
    /// A table larger than the limit.
    TableSize,
    /// Any other octets that are no header block.
    Octets,
}

impl Opinion {
    /// The verdict without the header list.
    pub fn verdict(&self) -> &str {
        match self {
            Self::Accepted { .. } if self.lacks_size_update() => "accepted, lacks a size update",
            Self::Accepted { .. } => "accepted",
            Self::Refused { error, .. } => error,
        }
    }

    /// Whether both refuse the block for the same cause, or accept it with the
    /// same header list.
    pub fn agrees_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Refused { cause, .. }, Self::Refused { cause: other, .. }) => cause == other,
            _ => self.same_list(other),
        }
    }

    /// Whether the header lists are the same, as far as both say.
    pub fn same_list(&self, other: &Self) -> bool {
        let (
            Self::Accepted {
                list,
                never_indexed,
                ..
            },
            Self::Accepted {
                list: other_list,
                never_indexed: other_never_indexed,
                ..
            },
        ) = (self, other)
        else {
            return false;
        };
        let same_flags = match (never_indexed, other_never_indexed) {
            (Some(flags), Some(other_flags)) => flags == other_flags,
            _ => true,
        };
        list == other_list && same_flags
    }

    pub fn lacks_size_update(&self) -> bool {
        matches!(
            self,
            Self::Accepted {
                lacks_size_update: true,
                ..
            }
        )
    }

    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted { .. })
    }
}

/// The opinion of the decoder under test.
pub fn ours(decoder: &mut Decoder, block: &[u8]) -> Opinion {
    match decoder.decode(block) {
        Ok(block) => accept(&block),
        Err(error) => Opinion::Refused {
            error: variant_name(&error),
            cause: cause_of(&error),
        },
    }
}

fn variant_name(error: &HpackError) -> String {
    let debug = format!("{error:?}");
    let name = debug.split_whitespace().next();
    name.expect("a variant with fields").to_owned()
}

fn cause_of(error: &HpackError) -> Cause {
    match error {
        HpackError::IndexZero { .. } | HpackError::IndexBeyondTables { .. } => Cause::Index,
        HpackError::SizeUpdateOverLimit { .. } => Cause::TableSize,
        _ => Cause::Octets,
    }
}

fn accept(block: &Block) -> Opinion {
    assert!(!block.is_cut(), "the test compares whole lists");
    let never_indexed = |representation| {
        matches!(
            representation,
            Representation::LiteralNeverIndexed { name_index: _ }
        )
    };
    let flag = |never: bool| if never { '1' } else { '0' };
    let fields = || block.fields.iter();
    Opinion::Accepted {
        list: spell(fields().map(|field| (&field.name[..], &field.value[..]))),
        never_indexed: Some(
            fields()
                .map(|field| flag(never_indexed(field.representation)))
                .collect(),
        ),
        lacks_size_update: block.missing_size_update.is_some(),
    }
}

/// The opinion of loona-hpack.
pub fn loona(decoder: &mut loona_hpack::Decoder<'_>, block: &[u8]) -> Opinion {
    match decoder.decode(block) {
        Ok(headers) => Opinion::Accepted {
            list: spell(headers.iter().map(|(name, value)| (&name[..], &value[..]))),
            never_indexed: None,
            lacks_size_update: false,
        },
        Err(error) => Opinion::Refused {
            error: format!("{error:?}"),
            cause: match error {
                DecoderError::HeaderIndexOutOfBounds => Cause::Index,
                DecoderError::InvalidMaxDynamicSize => Cause::TableSize,
                _ => Cause::Octets,
            },
        },
    }
}

/// An opinion of Python's hpack, as `referee.py` spells it.
pub fn python(word: &str) -> Option<Opinion> {
    if let Some(error) = word.strip_prefix('R') {
        return Some(Opinion::Refused {
            error: error.to_owned(),
            cause: match error {
                "InvalidTableIndex" => Cause::Index,
                "InvalidTableSizeError" => Cause::TableSize,
                _ => Cause::Octets,
            },
        });
    }
    let (flags, list) = word.strip_prefix('A')?.split_once(';')?;
    Some(Opinion::Accepted {
        list: list.to_owned(),
        never_indexed: Some(flags.to_owned()),
        lacks_size_update: false,
    })
}

fn spell<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push(',');
        }
        spell_octets(&mut text, name);
        text.push(':');
        spell_octets(&mut text, value);
    }
    text
}

pub fn spell_octets(text: &mut String, octets: &[u8]) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    text.reserve(2 * octets.len());
    for &octet in octets {
        text.push(DIGITS[usize::from(octet >> 4)]);
        text.push(DIGITS[usize::from(octet & 0x0f)]);
    }
}
