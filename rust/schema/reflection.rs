//! The schema that a running server tells by itself, through
//! `grpc.reflection.v1.ServerReflection`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use prost::Message as _;
use prost_reflect::DescriptorPool;
use prost_reflect::prost_types::{FileDescriptorProto, FileDescriptorSet};
use tonic::transport::{Channel, Endpoint as Target};
use tonic::{Code, Status};
use tonic_reflection::pb::{v1, v1alpha};
use v1::server_reflection_client::ServerReflectionClient;
use v1::server_reflection_request::MessageRequest;
use v1::server_reflection_response::MessageResponse;
use wirecheck_core::plan::schema::Schema;

use super::SchemaError;
use crate::tap::Endpoint;

/// How long a server may take to tell all of its schema.
const LIMIT: Duration = Duration::from_secs(5);
/// The most files of a schema: the answers are not to be trusted.
const MOST_FILES: usize = 10_000;
/// Services of gRPC's own; a team's are wanted.
const OF_GRPC: &str = "grpc.";

/// Asks a server for its schema.
///
/// # Errors
///
/// It has no reflection, does not answer, or what it tells is not complete.
pub async fn load(address: &Endpoint) -> Result<Schema, SchemaError> {
    let failed = |why: String| SchemaError::Reflection {
        address: address.to_string(),
        why,
    };
    let asked = tokio::time::timeout(LIMIT, ask(address)).await;
    let files = asked
        .map_err(|_| failed(format!("it did not answer within {} s", LIMIT.as_secs())))?
        .map_err(failed)?;
    let set = FileDescriptorSet { file: files };
    let pool = DescriptorPool::from_file_descriptor_set(set);
    let pool = pool.map_err(|error| failed(error.to_string()))?;
    Ok(Schema::of_pool(pool, BTreeMap::new()))
}

async fn ask(address: &Endpoint) -> Result<Vec<FileDescriptorProto>, String> {
    let target = match address {
        Endpoint::Tcp(address) => format!("http://{address}"),
        Endpoint::Unix(path) => format!("unix://{}", path.display()),
    };
    let target = Target::from_shared(target).map_err(|error| error.to_string())?;
    let channel = target.connect().await;
    let channel = channel.map_err(|error| format!("it cannot be connected to: {error}"))?;
    let mut server = Server {
        channel,
        version: Version::V1,
    };
    let services = server.services().await?;
    let mut files = Files::default();
    for service in services
        .iter()
        .filter(|service| !service.starts_with(OF_GRPC))
    {
        let request = MessageRequest::FileContainingSymbol(service.clone());
        files.add(server.files(request).await?)?;
    }
    while let Some(name) = files.missing.pop_front() {
        if !files.known.contains_key(&name) {
            files.add(server.files(MessageRequest::FileByFilename(name)).await?)?;
        }
    }
    Ok(files.known.into_values().collect())
}

/// Files by their names, and the names of imports that are not known yet.
#[derive(Default)]
struct Files {
    known: BTreeMap<String, FileDescriptorProto>,
    missing: VecDeque<String>,
    asked: BTreeSet<String>,
}

impl Files {
    fn add(&mut self, encoded: Vec<Vec<u8>>) -> Result<(), String> {
        for bytes in encoded {
            let file = FileDescriptorProto::decode(bytes.as_slice())
                .map_err(|error| format!("a file that it tells cannot be read: {error}"))?;
            let new = file
                .dependency
                .iter()
                .filter(|name| self.asked.insert((*name).clone()));
            self.missing.extend(new.cloned());
            self.known.insert(file.name().to_owned(), file);
        }
        match self.known.len() {
            0..=MOST_FILES => Ok(()),
            _ => Err(format!("it tells more than {MOST_FILES} files")),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    V1,
    V1Alpha,
}

struct Server {
    channel: Channel,
    version: Version,
}

impl Server {
    async fn services(&mut self) -> Result<Vec<String>, String> {
        match self
            .request(MessageRequest::ListServices(String::new()))
            .await?
        {
            MessageResponse::ListServicesResponse(list) => Ok(list
                .service
                .into_iter()
                .map(|service| service.name)
                .collect()),
            other => Err(unexpected(other)),
        }
    }

    async fn files(&mut self, request: MessageRequest) -> Result<Vec<Vec<u8>>, String> {
        match self.request(request).await? {
            MessageResponse::FileDescriptorResponse(files) => Ok(files.file_descriptor_proto),
            other => Err(unexpected(other)),
        }
    }

    /// One question and its answer; the old version where the new one is not
    /// there.
    async fn request(&mut self, request: MessageRequest) -> Result<MessageResponse, String> {
        let answer = match self.version {
            Version::V1 => self.v1(request.clone()).await,
            Version::V1Alpha => self.v1alpha(request.clone()).await,
        };
        match answer {
            Err(status) if status.code() == Code::Unimplemented && self.version == Version::V1 => {
                self.version = Version::V1Alpha;
                Box::pin(self.request(request)).await
            }
            Err(status) if status.code() == Code::Unimplemented => {
                Err("it has no server reflection".into())
            }
            Err(status) => Err(format!(
                "it answers {:?}: {}",
                status.code(),
                status.message()
            )),
            Ok(answer) => Ok(answer),
        }
    }

    async fn v1(&self, request: MessageRequest) -> Result<MessageResponse, Status> {
        let request = v1::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(request),
        };
        let mut client = ServerReflectionClient::new(self.channel.clone());
        let requests = futures_util::stream::iter([request]);
        let mut answers = client.server_reflection_info(requests).await?.into_inner();
        let answer = answers.message().await?;
        answer
            .and_then(|answer| answer.message_response)
            .ok_or_else(nothing)
    }

    /// The versions have the same fields with the same numbers.
    async fn v1alpha(&self, request: MessageRequest) -> Result<MessageResponse, Status> {
        let request = v1::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(request),
        };
        let other = |error: prost::DecodeError| Status::internal(error.to_string());
        let request = request.encode_to_vec();
        let request =
            v1alpha::ServerReflectionRequest::decode(request.as_slice()).map_err(other)?;
        let mut client =
            v1alpha::server_reflection_client::ServerReflectionClient::new(self.channel.clone());
        let requests = futures_util::stream::iter([request]);
        let mut answers = client.server_reflection_info(requests).await?.into_inner();
        let answer = answers
            .message()
            .await?
            .ok_or_else(nothing)?
            .encode_to_vec();
        let answer = v1::ServerReflectionResponse::decode(answer.as_slice()).map_err(other)?;
        answer.message_response.ok_or_else(nothing)
    }
}

fn nothing() -> Status {
    Status::internal("an answer without anything in it")
}

fn unexpected(answer: MessageResponse) -> String {
    match answer {
        MessageResponse::ErrorResponse(error) => {
            format!(
                "it answers with error {}: {}",
                error.error_code, error.error_message
            )
        }
        _ => "it answers something else than was asked".into(),
    }
}
