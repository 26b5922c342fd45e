//! The protobuf schema of a run: methods by path, JSON to bytes and back.

use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor, SerializeOptions,
};
use serde_json::Value;

/// All types and services that the cases of a run may use.
#[derive(Debug, Clone)]
pub struct Schema {
    pool: DescriptorPool,
}

/// How many messages go each way in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// One request, one response.
    Unary,
    /// Many requests, one response.
    ClientStreaming,
    /// One request, many responses.
    ServerStreaming,
    /// Many both ways.
    Bidirectional,
}

/// A method as its schema has it.
#[derive(Debug, Clone)]
pub struct Method {
    /// How many messages go each way.
    pub shape: Shape,
    /// The type of its requests.
    pub request: MessageDescriptor,
    /// The type of its responses.
    pub response: MessageDescriptor,
}

impl Schema {
    /// The schema of a serialized `google.protobuf.FileDescriptorSet`.
    ///
    /// # Errors
    ///
    /// The set is not complete or not valid.
    pub fn decode(descriptor_set: &[u8]) -> Result<Self, prost_reflect::DescriptorError> {
        DescriptorPool::decode(descriptor_set).map(|pool| Self { pool })
    }

    /// The schema of what a pool has.
    pub fn of_pool(pool: DescriptorPool) -> Self {
        Self { pool }
    }

    /// Everything as a serialized `google.protobuf.FileDescriptorSet`, imports
    /// and all.
    pub fn descriptor_set(&self) -> Vec<u8> {
        self.pool.encode_to_vec()
    }

    /// The method of a path such as `/helloworld.Greeter/SayHello`.
    pub fn method(&self, path: &str) -> Option<Method> {
        let (service, method) = split_path(path)?;
        let service = self.pool.get_service_by_name(service)?;
        service
            .methods()
            .find(|candidate| candidate.name() == method)
            .map(|method| Method {
                shape: shape(&method),
                request: method.input(),
                response: method.output(),
            })
    }

    /// Every path, for suggestions.
    pub fn paths(&self) -> Vec<String> {
        let methods = self.pool.services().flat_map(|service| {
            let service_name = service.full_name().to_owned();
            service
                .methods()
                .map(move |method| format!("/{service_name}/{}", method.name()))
                .collect::<Vec<_>>()
        });
        methods.collect()
    }

    /// Full names of services whose last part is `name`, to see that only the
    /// package differs.
    pub fn services_named(&self, name: &str) -> Vec<String> {
        let services = self
            .pool
            .services()
            .filter(|service| service.name() == name);
        services
            .map(|service| service.full_name().to_owned())
            .collect()
    }
}

/// Service and method of a path.
pub fn split_path(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix('/')?.split_once('/')
}

/// The encoding of a message that is given as JSON.
///
/// # Errors
///
/// What does not fit the type, as a fragment.
pub fn encode(kind: &MessageDescriptor, json: &Value) -> Result<Vec<u8>, String> {
    DynamicMessage::deserialize(kind.clone(), json)
        .map(|message| message.encode_to_vec())
        .map_err(|e| e.to_string())
}

/// A message as JSON, for readers.
///
/// # Errors
///
/// The bytes are not a message of this type.
pub fn decode(kind: &MessageDescriptor, bytes: &[u8]) -> Result<Value, String> {
    let message = DynamicMessage::decode(kind.clone(), bytes).map_err(|error| error.to_string())?;
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .skip_default_fields(true);
    message
        .serialize_with_options(serde_json::value::Serializer, &options)
        .map_err(|error| error.to_string())
}

fn shape(method: &MethodDescriptor) -> Shape {
    match (method.is_client_streaming(), method.is_server_streaming()) {
        (false, false) => Shape::Unary,
        (true, false) => Shape::ClientStreaming,
        (false, true) => Shape::ServerStreaming,
        (true, true) => Shape::Bidirectional,
    }
}
