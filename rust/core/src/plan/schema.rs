//! The protobuf schema of a run: methods by path, JSON to bytes and back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use base64::engine::Engine as _;
use base64::prelude::BASE64_STANDARD;
use prost::Message as _;
use prost_reflect::prost_types::method_options::IdempotencyLevel;
use prost_reflect::prost_types::{FileDescriptorProto, FileDescriptorSet};
use prost_reflect::{
    DescriptorPool, DynamicMessage, FileDescriptor, MessageDescriptor, MethodDescriptor,
    SerializeOptions,
};
use serde_json::Value;

use super::source::Location;
use super::types::Types;

/// All types and services that the cases of a run may use.
#[derive(Debug, Clone)]
pub struct Schema {
    pool: DescriptorPool,
    /// The peers have it built in.
    built_in: bool,
    /// Where a file of the pool was read from.
    paths: BTreeMap<String, PathBuf>,
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

/// A method of a service, with what its schema says of it.
#[derive(Debug, Clone)]
pub struct ServiceMethod {
    /// The full name of the service.
    pub service: String,
    /// The method's own name.
    pub method: String,
    /// The path, such as `/helloworld.Greeter/SayHello`.
    pub path: String,
    /// Shape and types.
    pub types: Types,
    /// `idempotency_level` is IDEMPOTENT or NO_SIDE_EFFECTS.
    pub is_idempotent: bool,
    /// Where it is written, as far as that is known.
    pub at: Location,
}

impl ServiceMethod {
    /// `package.Service/Method`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.service, self.method)
    }

    /// The names that a pattern may mean: with the package, and without.
    pub fn names(&self) -> [String; 2] {
        let simple = self.service.rsplit('.').next().unwrap_or_default();
        [self.name(), format!("{simple}/{}", self.method)]
    }
}

impl Schema {
    /// The schema that the peers have built in, of a serialized
    /// `google.protobuf.FileDescriptorSet`.
    ///
    /// # Errors
    ///
    /// The set is not complete or not valid.
    pub fn decode(descriptor_set: &[u8]) -> Result<Self, prost_reflect::DescriptorError> {
        DescriptorPool::decode(descriptor_set).map(|pool| Self {
            pool,
            built_in: true,
            paths: BTreeMap::new(),
        })
    }

    /// The schema of somebody's own services: what a pool has, and where its
    /// files were read from.
    pub fn of_pool(pool: DescriptorPool, paths: BTreeMap<String, PathBuf>) -> Self {
        Self {
            pool,
            built_in: false,
            paths,
        }
    }

    /// Every method of every service, in the order of the files.
    pub fn methods(&self) -> Vec<ServiceMethod> {
        let services = self.pool.services();
        services
            .flat_map(|service| service.methods().collect::<Vec<_>>())
            .map(|method| self.service_method(&method))
            .collect()
    }

    fn service_method(&self, method: &MethodDescriptor) -> ServiceMethod {
        let service = method.parent_service().full_name().to_owned();
        let options = method.method_descriptor_proto().options.as_ref();
        let level = options.map(|options| options.idempotency_level());
        ServiceMethod {
            path: format!("/{service}/{}", method.name()),
            service,
            method: method.name().to_owned(),
            types: Types {
                shape: shape(method),
                request: method.input(),
                response: method.output(),
            },
            is_idempotent: level.is_some_and(|level| level != IdempotencyLevel::IdempotencyUnknown),
            at: self.location(method),
        }
    }

    fn location(&self, method: &MethodDescriptor) -> Location {
        let file = method.parent_file();
        let proto = file.file_descriptor_proto();
        let info = proto.source_code_info.as_ref();
        let found = info.and_then(|info| {
            let all = info.location.iter();
            all.into_iter().find(|at| at.path == method.path())
        });
        // Lines and columns are counted from 0 there.
        let at = |index: usize| {
            let counted = found.and_then(|at| at.span.get(index)).copied();
            u32::try_from(counted.unwrap_or_default()).unwrap_or_default() + 1
        };
        Location {
            file: self.path_of(file.name()),
            line: at(0),
            column: at(1),
        }
    }

    fn path_of(&self, name: &str) -> PathBuf {
        let known = self.paths.get(name).cloned();
        known.unwrap_or_else(|| Path::new(name).to_owned())
    }

    /// The types of a method as a serialized `google.protobuf.FileDescriptorSet`
    /// for peers that do not have them: its files and what they import, each
    /// after what it imports. Empty where the peers have them.
    pub fn descriptors_of(&self, method: &ServiceMethod) -> Vec<u8> {
        self.descriptors([&method.types.request, &method.types.response])
    }

    /// Likewise, of some types.
    pub fn descriptors<'a>(
        &self,
        types: impl IntoIterator<Item = &'a MessageDescriptor>,
    ) -> Vec<u8> {
        let mut files = Files::default();
        for kind in types {
            if !(self.built_in && peers_have(kind)) {
                files.add(&kind.parent_file());
            }
        }
        // Nothing at all, rather than a set of nothing.
        FileDescriptorSet {
            file: files.in_order,
        }
        .encode_to_vec()
    }

    /// Everything as a serialized `google.protobuf.FileDescriptorSet`, imports
    /// and all.
    pub fn descriptor_set(&self) -> Vec<u8> {
        self.pool.encode_to_vec()
    }

    /// Every file, with where it was read from, as far as that is known.
    pub fn files(&self) -> Vec<(FileDescriptorProto, Option<PathBuf>)> {
        let files = self.pool.files().map(|file| {
            let path = self.paths.get(file.name()).cloned();
            (file.file_descriptor_proto().clone(), path)
        });
        files.collect()
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

    /// Whether the peers have it built in.
    pub fn is_built_in(&self) -> bool {
        self.built_in
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

/// Files, each after those that it imports.
#[derive(Default)]
struct Files {
    names: BTreeSet<String>,
    in_order: Vec<FileDescriptorProto>,
}

impl Files {
    fn add(&mut self, file: &FileDescriptor) {
        if !self.names.insert(file.name().to_owned()) {
            return;
        }
        for import in file.dependencies() {
            self.add(&import);
        }
        let mut proto = file.file_descriptor_proto().clone();
        // Comments need not travel.
        proto.source_code_info = None;
        self.in_order.push(proto);
    }
}

/// The packages that peers have built in. Further schemas that come with
/// Wirecheck are sent to them.
const BUILT_INTO_PEERS: [&str; 3] = ["", "helloworld", "grpc.testing"];

fn peers_have(kind: &MessageDescriptor) -> bool {
    BUILT_INTO_PEERS.contains(&kind.package_name())
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
    DynamicMessage::deserialize(kind.clone(), with_zeros(json)?)
        .map(|message| message.encode_to_vec())
        .map_err(|e| e.to_string())
}

/// The key of a value that stands for so many bytes of zero. No field has a
/// name like it.
const ZEROS: &str = "$zeros";
/// The most bytes that it may stand for.
const MOST_ZEROS: u64 = 64 * 1024 * 1024;

/// The JSON of a message, with base64 in place of `{ $zeros: N }`.
fn with_zeros(json: &Value) -> Result<Value, String> {
    Ok(match json {
        Value::Object(fields) if fields.len() == 1 && fields.contains_key(ZEROS) => {
            zeros(&fields[ZEROS])?.into()
        }
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields = fields.map(|(key, value)| Ok((key.clone(), with_zeros(value)?)));
            Value::Object(fields.collect::<Result<_, String>>()?)
        }
        Value::Array(items) => {
            let items = items.iter().map(with_zeros);
            Value::Array(items.collect::<Result<_, String>>()?)
        }
        other => other.clone(),
    })
}

fn zeros(count: &Value) -> Result<String, String> {
    let count = count.as_u64().filter(|count| *count <= MOST_ZEROS);
    let count =
        count.ok_or_else(|| format!("`{ZEROS}` takes a number of bytes from 0 to {MOST_ZEROS}"))?;
    Ok(BASE64_STANDARD.encode(vec![0; count as usize]))
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
