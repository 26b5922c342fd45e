//! The same message built by Python itself, by keyword arguments, from Rust's values.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::embedded::Stubs;
use crate::schema::scalars::choice::Value;
use crate::schema::scalars::{Choice, Everything, Maps, Packed, Present, Singular, Unpacked};

/// A message that Python can build without seeing a byte that prost wrote.
pub trait ToPython {
    /// Calls the message's class with a keyword argument for each field.
    fn to_python<'py>(&self, stubs: &Stubs<'py>) -> PyResult<Bound<'py, PyAny>>;
}

/// Field for field: `name=value`; an absent optional is `None`, which sets nothing.
macro_rules! with_fields {
    ($message:ident: $($field:ident)+) => {
        impl ToPython for $message {
            fn to_python<'py>(&self, stubs: &Stubs<'py>) -> PyResult<Bound<'py, PyAny>> {
                let arguments = PyDict::new(stubs.scalars.py());
                $(arguments.set_item(stringify!($field), &self.$field)?;)+
                build(stubs, stringify!($message), &arguments)
            }
        }
    };
}

with_fields!(Singular:
    double_value float_value int32_value int64_value uint32_value uint64_value
    sint32_value sint64_value fixed32_value fixed64_value sfixed32_value sfixed64_value
    bool_value string_value bytes_value enum_value
);
with_fields!(Present:
    double_value float_value int32_value int64_value uint32_value uint64_value
    sint32_value sint64_value fixed32_value fixed64_value sfixed32_value sfixed64_value
    bool_value string_value bytes_value enum_value
);
with_fields!(Packed:
    double_values float_values int32_values int64_values uint32_values uint64_values
    sint32_values sint64_values fixed32_values fixed64_values sfixed32_values sfixed64_values
    bool_values string_values bytes_values enum_values
);
with_fields!(Unpacked:
    double_values float_values int32_values int64_values uint32_values uint64_values
    sint32_values sint64_values fixed32_values fixed64_values sfixed32_values sfixed64_values
    bool_values enum_values
);

impl ToPython for Maps {
    fn to_python<'py>(&self, stubs: &Stubs<'py>) -> PyResult<Bound<'py, PyAny>> {
        let arguments = PyDict::new(stubs.scalars.py());
        macro_rules! set {
            ($($field:ident)+) => { $(arguments.set_item(stringify!($field), &self.$field)?;)+ };
        }
        set!(by_int32 by_int64 by_uint32 by_uint64 by_sint32 by_sint64 by_fixed32 by_fixed64
            by_sfixed32 by_sfixed64 by_bool by_string bytes_by_string int32_by_string
            int64_by_string enum_by_string);
        let messages = PyDict::new(stubs.scalars.py());
        for (key, message) in &self.message_by_string {
            messages.set_item(key, message.to_python(stubs)?)?;
        }
        arguments.set_item("message_by_string", messages)?;
        build(stubs, "Maps", &arguments)
    }
}

impl ToPython for Choice {
    fn to_python<'py>(&self, stubs: &Stubs<'py>) -> PyResult<Bound<'py, PyAny>> {
        let arguments = PyDict::new(stubs.scalars.py());
        match &self.value {
            None => Ok(()),
            Some(Value::DoubleValue(value)) => arguments.set_item("double_value", value),
            Some(Value::FloatValue(value)) => arguments.set_item("float_value", value),
            Some(Value::Int32Value(value)) => arguments.set_item("int32_value", value),
            Some(Value::Int64Value(value)) => arguments.set_item("int64_value", value),
            Some(Value::Uint32Value(value)) => arguments.set_item("uint32_value", value),
            Some(Value::Uint64Value(value)) => arguments.set_item("uint64_value", value),
            Some(Value::Sint32Value(value)) => arguments.set_item("sint32_value", value),
            Some(Value::Sint64Value(value)) => arguments.set_item("sint64_value", value),
            Some(Value::Fixed32Value(value)) => arguments.set_item("fixed32_value", value),
            Some(Value::Fixed64Value(value)) => arguments.set_item("fixed64_value", value),
            Some(Value::Sfixed32Value(value)) => arguments.set_item("sfixed32_value", value),
            Some(Value::Sfixed64Value(value)) => arguments.set_item("sfixed64_value", value),
            Some(Value::BoolValue(value)) => arguments.set_item("bool_value", value),
            Some(Value::StringValue(value)) => arguments.set_item("string_value", value),
            Some(Value::BytesValue(value)) => arguments.set_item("bytes_value", value),
            Some(Value::EnumValue(value)) => arguments.set_item("enum_value", value),
            Some(Value::MessageValue(value)) => {
                arguments.set_item("message_value", value.to_python(stubs)?)
            }
        }?;
        build(stubs, "Choice", &arguments)
    }
}

impl ToPython for Everything {
    fn to_python<'py>(&self, stubs: &Stubs<'py>) -> PyResult<Bound<'py, PyAny>> {
        let arguments = PyDict::new(stubs.scalars.py());
        macro_rules! set {
            ($($field:ident)+) => { $(if let Some(message) = &self.$field {
                arguments.set_item(stringify!($field), message.to_python(stubs)?)?;
            })+ };
        }
        set!(singular present packed unpacked maps choice);
        let nested: Vec<_> = self
            .nested
            .iter()
            .map(|message| message.to_python(stubs))
            .collect::<PyResult<_>>()?;
        arguments.set_item("nested", nested)?;
        build(stubs, "Everything", &arguments)
    }
}

fn build<'py>(
    stubs: &Stubs<'py>,
    name: &str,
    arguments: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyAny>> {
    stubs.scalars.getattr(name)?.call((), Some(arguments))
}
