//! The records of a protobuf message: tag and value, whatever they mean
//! (protobuf encoding, "Message Structure").

use std::ops::Range;

/// The highest field number.
const MAX_NUMBER: u64 = (1 << 29) - 1;

/// The deepest nesting of groups and messages that is followed; what protobuf
/// libraries allow by default.
pub const MAX_DEPTH: usize = 100;

/// How a value is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WireType {
    /// A base 128 varint.
    Varint,
    /// Eight bytes.
    I64,
    /// A length and so many bytes.
    Len,
    /// A group, from its start tag to its end tag.
    Group,
    /// Four bytes.
    I32,
}

impl WireType {
    /// The name that the encoding page gives it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Varint => "VARINT",
            Self::I64 => "I64",
            Self::Len => "LEN",
            Self::Group => "SGROUP",
            Self::I32 => "I32",
        }
    }
}

/// Why bytes are not a protobuf message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at offset {offset} (protobuf encoding, \"{section}\")")]
pub struct ProtobufError {
    /// Where, from the beginning of the message.
    pub offset: usize,
    /// What is wrong, as a lower-case fragment.
    pub what: &'static str,
    /// The heading of the protobuf encoding page that says so.
    pub section: &'static str,
}

/// One record of a message. Ranges count from the beginning of the outermost
/// message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub number: u32,
    /// All of it; for a group with its end tag.
    pub range: Range<usize>,
    pub tag: Range<usize>,
    /// The value: of LEN without its length, of a group without its end tag.
    pub value: Range<usize>,
    pub content: Content<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content<'a> {
    Varint(u64),
    I64(u64),
    Len(&'a [u8]),
    Group(&'a [u8]),
    I32(u32),
}

impl Content<'_> {
    pub fn wire_type(&self) -> WireType {
        match self {
            Self::Varint(_) => WireType::Varint,
            Self::I64(_) => WireType::I64,
            Self::Len(_) => WireType::Len,
            Self::Group(_) => WireType::Group,
            Self::I32(_) => WireType::I32,
        }
    }
}

/// A value of a packed field, and where it stands.
type Packed<T> = (Range<usize>, T);

/// Reads the records of a message, and values that are packed in one.
#[derive(Debug)]
pub(crate) struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where `bytes` begin in the outermost message.
    base: usize,
}

/// A tag, or the tag that ends a group.
enum Tag {
    Value(u8),
    EndGroup,
}

impl<'a> Records<'a> {
    /// The records of `bytes`, which begin at `base` in the outermost message.
    pub fn new(bytes: &'a [u8], base: usize) -> Self {
        Self { bytes, at: 0, base }
    }

    /// The next record, or `None` at the end.
    pub fn next(&mut self) -> Result<Option<Record<'a>>, ProtobufError> {
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        let start = self.offset();
        match self.tag()? {
            (number, Tag::Value(wire_type)) => {
                self.value(start, number, wire_type, MAX_DEPTH).map(Some)
            }
            (_, Tag::EndGroup) => Err(error(
                start,
                "the end of a group that did not begin",
                "Groups",
            )),
        }
    }

    /// The next varint of a packed field, or `None` at the end.
    pub fn next_varint(&mut self) -> Result<Option<Packed<u64>>, ProtobufError> {
        let start = self.offset();
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        let value = self.varint()?;
        Ok(Some((start..self.offset(), value)))
    }

    /// The next value of `N` bytes of a packed field, or `None` at the end.
    pub fn next_fixed<const N: usize>(&mut self) -> Result<Option<Packed<[u8; N]>>, ProtobufError> {
        let start = self.offset();
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        let value = self.fixed()?;
        Ok(Some((start..self.offset(), value)))
    }

    fn value(
        &mut self,
        start: usize,
        number: u32,
        wire_type: u8,
        depth: usize,
    ) -> Result<Record<'a>, ProtobufError> {
        let tag = start..self.offset();
        let mut value_start = self.offset();
        let mut value_end = None;
        let content = match wire_type {
            0 => Content::Varint(self.varint()?),
            1 => Content::I64(u64::from_le_bytes(self.fixed()?)),
            2 => {
                let bytes = self.length_delimited()?;
                value_start = self.offset() - bytes.len();
                Content::Len(bytes)
            }
            3 => {
                let bytes = self.group(start, number, depth)?;
                value_end = Some(value_start + bytes.len());
                Content::Group(bytes)
            }
            _ => Content::I32(u32::from_le_bytes(self.fixed()?)),
        };
        let value = value_start..value_end.unwrap_or(self.offset());
        Ok(Record {
            number,
            range: start..self.offset(),
            tag,
            value,
            content,
        })
    }

    /// What lies between the start tag, which was read, and the end tag.
    fn group(
        &mut self,
        start: usize,
        number: u32,
        depth: usize,
    ) -> Result<&'a [u8], ProtobufError> {
        let Some(deeper) = depth.checked_sub(1) else {
            return Err(error(start, "groups are nested too deeply", "Groups"));
        };
        let content = self.at;
        while self.at < self.bytes.len() {
            let (end, offset) = (self.at, self.offset());
            match self.tag()? {
                (ended, Tag::EndGroup) if ended == number => return Ok(&self.bytes[content..end]),
                (_, Tag::EndGroup) => {
                    return Err(error(
                        offset,
                        "the end of a group with another field number",
                        "Groups",
                    ));
                }
                (inner, Tag::Value(wire_type)) => {
                    self.value(offset, inner, wire_type, deeper)?;
                }
            }
        }
        Err(error(start, "a group that does not end", "Groups"))
    }

    fn tag(&mut self) -> Result<(u32, Tag), ProtobufError> {
        const SECTION: &str = "Message Structure";
        let start = self.offset();
        let tag = self.varint()?;
        let number = tag >> 3;
        if number == 0 {
            return Err(error(start, "a tag with field number 0", SECTION));
        }
        if number > MAX_NUMBER {
            return Err(error(
                start,
                "a tag with a field number above 2^29 - 1",
                SECTION,
            ));
        }
        match (tag & 7) as u8 {
            4 => Ok((number as u32, Tag::EndGroup)),
            wire_type @ (6 | 7) => {
                let what = if wire_type == 6 {
                    "a tag with wire type 6"
                } else {
                    "a tag with wire type 7"
                };
                Err(error(start, what, SECTION))
            }
            wire_type => Ok((number as u32, Tag::Value(wire_type))),
        }
    }

    fn varint(&mut self) -> Result<u64, ProtobufError> {
        const SECTION: &str = "Base 128 Varints";
        let start = self.offset();
        let mut value = 0;
        for index in 0..10 {
            let Some(byte) = self.bytes.get(self.at) else {
                return Err(error(start, "a varint that does not end", SECTION));
            };
            self.at += 1;
            // Bits beyond the 64th are dropped, as parsers do.
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(error(start, "a varint of more than 10 bytes", SECTION))
    }

    fn length_delimited(&mut self) -> Result<&'a [u8], ProtobufError> {
        let start = self.offset();
        let length = self.varint()?;
        let rest = &self.bytes[self.at..];
        match usize::try_from(length)
            .ok()
            .and_then(|length| rest.get(..length))
        {
            Some(bytes) => {
                self.at += bytes.len();
                Ok(bytes)
            }
            None => Err(error(
                start,
                "a length beyond the end of the message",
                "Length-Delimited Records",
            )),
        }
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], ProtobufError> {
        let Some(bytes) = self.bytes[self.at..].first_chunk() else {
            let what = "a number of fixed size that the message ends in";
            return Err(error(self.offset(), what, "Non-varint Numbers"));
        };
        self.at += N;
        Ok(*bytes)
    }

    fn offset(&self) -> usize {
        self.base + self.at
    }
}

pub(crate) fn error(offset: usize, what: &'static str, section: &'static str) -> ProtobufError {
    ProtobufError {
        offset,
        what,
        section,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<Record<'_>>, ProtobufError> {
        let mut records = Records::new(bytes, 100);
        let mut found = Vec::new();
        while let Some(record) = records.next()? {
            found.push(record);
        }
        Ok(found)
    }

    fn refused(bytes: &[u8]) -> (usize, &'static str) {
        let error = read(bytes).expect_err("refused");
        (error.offset, error.section)
    }

    #[test]
    fn each_wire_type_has_its_ranges() {
        let bytes = b"\x08\x96\x01\x11\x01\0\0\0\0\0\0\0\x1a\x02hi\x25\x02\0\0\0";
        let found = read(bytes).unwrap();
        let ranges: Vec<_> = found
            .iter()
            .map(|r| (r.range.clone(), r.tag.clone(), r.value.clone()))
            .collect();
        let expected = [
            (100..103, 100..101, 101..103),
            (103..112, 103..104, 104..112),
            (112..116, 112..113, 114..116),
            (116..121, 116..117, 117..121),
        ];
        assert_eq!(ranges, expected);
        let contents: Vec<_> = found.iter().map(|record| record.content).collect();
        let expected = [
            Content::Varint(150),
            Content::I64(1),
            Content::Len(b"hi"),
            Content::I32(2),
        ];
        assert_eq!(contents, expected);
    }

    #[test]
    fn a_group_spans_to_its_own_end() {
        // Group 1 { group 1 { field 2: 5 } field 3: 6 }, then field 4.
        let found = read(&[0x0b, 0x0b, 0x10, 5, 0x0c, 0x18, 6, 0x0c, 0x20, 7]).unwrap();
        assert_eq!(
            found[0].content,
            Content::Group(&[0x0b, 0x10, 5, 0x0c, 0x18, 6])
        );
        assert_eq!(
            (found[0].range.clone(), found[0].value.clone()),
            (100..108, 101..107)
        );
        assert_eq!(found[1].number, 4);
    }

    #[test]
    fn what_is_no_message_is_refused_with_offset_and_section() {
        assert_eq!(refused(b"\x08"), (101, "Base 128 Varints"));
        assert_eq!(
            refused(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
            (101, "Base 128 Varints")
        );
        assert_eq!(refused(b"\x00\x01"), (100, "Message Structure"));
        assert_eq!(refused(b"\x0e"), (100, "Message Structure"));
        assert_eq!(
            refused(b"\x80\x80\x80\x80\x80\x01"),
            (100, "Message Structure")
        );
        assert_eq!(refused(b"\x0a\x05Worl"), (101, "Length-Delimited Records"));
        assert_eq!(
            refused(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
            (101, "Length-Delimited Records")
        );
        assert_eq!(refused(b"\x0d\0\0\0"), (101, "Non-varint Numbers"));
        assert_eq!(refused(b"\x09\0\0\0\0"), (101, "Non-varint Numbers"));
        assert_eq!(refused(b"\x0c"), (100, "Groups"));
        assert_eq!(refused(b"\x08\x01\x0b\x14"), (103, "Groups"));
        assert_eq!(refused(b"\x08\x01\x0b\x08\x01"), (102, "Groups"));
        assert_eq!(refused(&[0x0b; 200]).1, "Groups");
    }
}
