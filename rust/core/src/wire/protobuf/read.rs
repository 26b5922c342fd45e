//! Records to fields, within limits.

use bytes::Bytes;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::record::{Content, ProtobufError, Record, Records};
use super::{FieldValue, FieldView, Fields, Limits, typed};

pub(super) fn fields(bytes: &[u8], schema: Option<&MessageDescriptor>, limits: Limits) -> Fields {
    let whole = Bytes::copy_from_slice(bytes);
    let mut reader = FieldReader {
        whole: &whole,
        left: limits.fields,
        cut: false,
    };
    let (fields, error) = reader.message(bytes, 0, schema, limits.depth);
    Fields {
        fields,
        error,
        cut: reader.cut,
    }
}

pub(super) struct FieldReader<'a> {
    /// The outermost message; values are slices of it.
    whole: &'a Bytes,
    /// Fields that may still be shown.
    left: usize,
    cut: bool,
}

impl FieldReader<'_> {
    /// The fields of a message that begins at `base`, up to an error.
    fn message(
        &mut self,
        bytes: &[u8],
        base: usize,
        schema: Option<&MessageDescriptor>,
        depth: usize,
    ) -> (Vec<FieldView>, Option<ProtobufError>) {
        let mut records = Records::new(bytes, base);
        let mut found = Vec::new();
        loop {
            match records.next() {
                Ok(Some(record)) if self.take() => found.push(self.field(&record, schema, depth)),
                Ok(Some(_) | None) => return (found, None),
                Err(error) => return (found, Some(error)),
            }
        }
    }

    /// Counts a field or value, unless there were too many.
    pub fn take(&mut self) -> bool {
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => self.cut = true,
        }
        !self.cut
    }

    fn field(
        &mut self,
        record: &Record<'_>,
        schema: Option<&MessageDescriptor>,
        depth: usize,
    ) -> FieldView {
        let known = schema.and_then(|schema| schema.get_field(record.number));
        match known.filter(|field| typed::fits(field, record)) {
            Some(field) => self.known_field(record, &field, depth),
            None => self.unknown_field(record, depth),
        }
    }

    fn known_field(
        &mut self,
        record: &Record<'_>,
        field: &FieldDescriptor,
        depth: usize,
    ) -> FieldView {
        let mut view = self.view(record);
        view.name = Some(field.name().to_owned());
        view.type_name = Some(typed::type_name(field));
        match field.kind() {
            Kind::Message(schema) => {
                view.value = FieldValue::Message;
                if let Some(depth) = depth.checked_sub(1) {
                    (view.children, view.problem) = self.nested(record, Some(&schema), depth);
                } else {
                    self.cut = true;
                }
            }
            kind => (view.value, view.problem) = typed::value(self, &kind, record),
        }
        view
    }

    fn unknown_field(&mut self, record: &Record<'_>, depth: usize) -> FieldView {
        let mut view = self.view(record);
        let Some(depth) = depth.checked_sub(1) else {
            return view;
        };
        match record.content {
            Content::Group(_) => (view.children, view.problem) = self.nested(record, None, depth),
            Content::Len(bytes) if !bytes.is_empty() && is_message(bytes) => {
                (view.children, _) = self.nested(record, None, depth);
            }
            _ => {}
        }
        view
    }

    fn nested(
        &mut self,
        record: &Record<'_>,
        schema: Option<&MessageDescriptor>,
        depth: usize,
    ) -> (Vec<FieldView>, Option<ProtobufError>) {
        match record.content {
            Content::Len(bytes) | Content::Group(bytes) => {
                self.message(bytes, record.value.start, schema, depth)
            }
            _ => (Vec::new(), None),
        }
    }

    /// The record as it is without a schema, nested fields left out.
    fn view(&self, record: &Record<'_>) -> FieldView {
        let value = match record.content {
            Content::Varint(value) => FieldValue::Varint(value),
            Content::I64(value) => FieldValue::I64(value),
            Content::I32(value) => FieldValue::I32(value),
            Content::Group(_) => FieldValue::Message,
            Content::Len(_) => FieldValue::Len(self.slice(record)),
        };
        FieldView {
            number: record.number,
            name: None,
            type_name: None,
            wire_type: record.content.wire_type(),
            range: record.range.clone(),
            tag_range: record.tag.clone(),
            value_range: record.value.clone(),
            value,
            children: Vec::new(),
            problem: None,
        }
    }

    pub fn slice(&self, record: &Record<'_>) -> Bytes {
        self.whole.slice(record.value.clone())
    }
}

/// All bytes can be read as records.
fn is_message(bytes: &[u8]) -> bool {
    let mut records = Records::new(bytes, 0);
    loop {
        match records.next() {
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}
