//! Messages of any type as bytes that went through the codec.

use std::sync::Arc;

use bytes::{Buf as _, BufMut as _, Bytes};
use prost::{DecodeError, Message};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use thiserror::Error;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use crate::contract::{hello, helloworld, testing};
use crate::features::Refusal;

/// A message type that this peer can decode and encode.
#[derive(Clone, Debug)]
pub enum MessageType {
    /// Generated code: what decodes a message and encodes it again.
    BuiltIn(fn(Bytes) -> Result<Bytes, DecodeError>),
    /// A type that came in a descriptor set.
    Dynamic(MessageDescriptor),
}

impl MessageType {
    /// Decodes a message and encodes it again.
    pub fn recode(&self, message: Bytes) -> Result<Bytes, DecodeError> {
        match self {
            Self::BuiltIn(recode) => recode(message),
            Self::Dynamic(descriptor) => {
                let message = DynamicMessage::decode(descriptor.clone(), message)?;
                Ok(message.encode_to_vec().into())
            }
        }
    }
}

/// The types of one call or listener.
pub struct Types(Option<DescriptorPool>);

impl Types {
    /// The built-in types, and those of a serialized descriptor set if it is not empty.
    pub fn new(descriptor_set: &[u8]) -> Result<Self, Refusal> {
        if descriptor_set.is_empty() {
            return Ok(Self(None));
        }
        DescriptorPool::decode(descriptor_set)
            .map(|pool| Self(Some(pool)))
            .map_err(|error| {
                Refusal::CouldNotTry(format!("cannot read the descriptor set: {error}"))
            })
    }

    /// Finds a type by its full name. One of the descriptor set goes before one
    /// that is built in: prost's own would drop unknown fields.
    pub fn find(&self, name: &str) -> Result<MessageType, Refusal> {
        self.dynamic(name)
            .or_else(|| built_in(name))
            .ok_or_else(|| Refusal::CouldNotTry(format!("there is no message type {name:?}")))
    }

    fn dynamic(&self, name: &str) -> Option<MessageType> {
        let descriptor = self.0.as_ref()?.get_message_by_name(name)?;
        Some(MessageType::Dynamic(descriptor))
    }
}

fn built_in(name: &str) -> Option<MessageType> {
    Some(MessageType::BuiltIn(match name {
        "HelloRequest" => recode::<hello::HelloRequest>,
        "HelloReply" => recode::<hello::HelloReply>,
        "helloworld.HelloRequest" => recode::<helloworld::HelloRequest>,
        "helloworld.HelloReply" => recode::<helloworld::HelloReply>,
        "grpc.testing.Empty" => recode::<testing::Empty>,
        "grpc.testing.SimpleRequest" => recode::<testing::SimpleRequest>,
        "grpc.testing.SimpleResponse" => recode::<testing::SimpleResponse>,
        "grpc.testing.StreamingInputCallRequest" => recode::<testing::StreamingInputCallRequest>,
        "grpc.testing.StreamingInputCallResponse" => recode::<testing::StreamingInputCallResponse>,
        "grpc.testing.StreamingOutputCallRequest" => recode::<testing::StreamingOutputCallRequest>,
        "grpc.testing.StreamingOutputCallResponse" => {
            recode::<testing::StreamingOutputCallResponse>
        }
        _ => return None,
    }))
}

fn recode<M: Message + Default>(message: Bytes) -> Result<Bytes, DecodeError> {
    Ok(M::decode(message)?.encode_to_vec().into())
}

/// Why prost refused a message. It is the source of the status that tonic
/// hands on, so that whoever gets the status can tell what it stands for.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct CodecError(DecodeError);

impl CodecError {
    /// Finds it behind a status.
    pub fn find(status: &Status) -> Option<&Self> {
        std::error::Error::source(status)?.downcast_ref()
    }
}

/// The codec of all calls and of all scripted handlers. Outgoing bytes have been
/// through the codec or are raw; incoming ones are decoded and encoded again.
#[derive(Clone)]
pub struct BytesCodec {
    pub incoming: MessageType,
}

impl Codec for BytesCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        self.clone()
    }

    fn decoder(&mut self) -> Self {
        self.clone()
    }
}

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let message = buffer.copy_to_bytes(buffer.remaining());
        self.incoming.recode(message).map(Some).map_err(|error| {
            // The code and the text are those of tonic-prost, which generated code uses.
            let mut status = Status::internal(error.to_string());
            status.set_source(Arc::new(CodecError(error)));
            status
        })
    }
}
