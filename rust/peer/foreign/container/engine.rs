//! The container engine, each of whose answers is waited for within a limit:
//! its client alone would wait for two minutes.

use std::error::Error as _;
use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use testcontainers::bollard::Docker;
use testcontainers::bollard::container::LogOutput;
use testcontainers::bollard::errors::Error;
use testcontainers::bollard::query_parameters::{
    InspectContainerOptions, LogsOptionsBuilder, RemoveContainerOptionsBuilder,
    StopContainerOptionsBuilder, WaitContainerOptions,
};
use testcontainers::core::client::{ClientError, docker_client_instance};

use super::ContainerFault;

/// How long an engine may take to answer. It does within milliseconds; of one
/// that hangs the user is to know within five seconds.
const LIMIT: Duration = Duration::from_secs(4);
/// Between two questions for the end of a container, where waiting for it failed.
const PAUSE: Duration = Duration::from_millis(500);
/// What Docker itself takes without DOCKER_HOST.
const USUAL: &str = "unix:///var/run/docker.sock";

/// An engine that has answered.
#[derive(Debug, Clone)]
pub(super) struct Engine {
    client: Docker,
    host: String,
}

impl Engine {
    /// The engine that DOCKER_HOST names, or the one where they usually are.
    ///
    /// # Errors
    ///
    /// None answers there.
    pub(super) async fn answering() -> Result<Self, ContainerFault> {
        let host = std::env::var("DOCKER_HOST").ok();
        let host = host.filter(|host| !host.is_empty());
        let host = host.unwrap_or_else(|| USUAL.into());
        if is_elsewhere(&host) {
            return Err(ContainerFault::Elsewhere { host });
        }
        let nobody = |why: String| ContainerFault::NoEngine {
            host: host.clone(),
            why,
        };
        let client = docker_client_instance().await;
        let client = client.map_err(|error| {
            nobody(match &error {
                ClientError::Init(cause) => innermost(cause),
                other => innermost(other),
            })
        })?;
        let engine = Self { client, host };
        match engine.answer("ping", engine.client.ping()).await? {
            Ok(_) => Ok(engine),
            Err(error) => Err(ContainerFault::NoEngine {
                host: engine.host,
                why: innermost(&error),
            }),
        }
    }

    /// Where it is.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// The id of an image, if it is here.
    pub(super) async fn image_id(&self, image: &str) -> Result<Option<String>, ContainerFault> {
        let inspect = self.client.inspect_image(image);
        match self.answer("inspect image", inspect).await? {
            Ok(found) => Ok(found.id),
            Err(Error::DockerResponseServerError {
                status_code: 404, ..
            }) => Ok(None),
            Err(error) => Err(refused(&error)),
        }
    }

    /// Asks a container to end, and kills it after some seconds.
    pub(super) async fn stop(&self, name: &str, grace: Duration) -> Result<(), ContainerFault> {
        let seconds = i32::try_from(grace.as_secs()).unwrap_or(i32::MAX);
        let options = StopContainerOptionsBuilder::new().t(seconds).build();
        let stop = self.client.stop_container(name, Some(options));
        let stopped = self.answer_within(LIMIT + grace, "stop", stop).await?;
        stopped.map_err(|error| refused(&error))
    }

    /// Removes a container with its volumes, running or not, and says whether
    /// there was one.
    pub(super) async fn remove(&self, name: &str) -> Result<bool, ContainerFault> {
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true);
        let remove = self.client.remove_container(name, Some(options.build()));
        match self.answer("remove", remove).await? {
            Ok(()) => Ok(true),
            Err(Error::DockerResponseServerError {
                status_code: 404, ..
            }) => Ok(false),
            // It is being removed already.
            Err(Error::DockerResponseServerError {
                status_code: 409, ..
            }) => Ok(true),
            Err(error) => Err(refused(&error)),
        }
    }

    /// What a container prints, from its start to its end.
    pub(super) fn log(&self, name: &str) -> impl Stream<Item = Result<LogOutput, Error>> + use<> {
        let options = LogsOptionsBuilder::new().follow(true).stdout(true);
        let options = options.stderr(true).tail("all").build();
        self.client.logs(name, Some(options))
    }

    /// Waits until a container has ended, and gives its exit code, if it can be
    /// had.
    pub(super) async fn exit_code(&self, name: &str) -> Option<i64> {
        loop {
            let mut end = Box::pin(
                self.client
                    .wait_container(name, None::<WaitContainerOptions>),
            );
            match end.next().await {
                Some(Ok(ended)) => return Some(ended.status_code),
                Some(Err(Error::DockerContainerWaitError { code, .. })) => return Some(code),
                Some(Err(_)) | None => {}
            }
            // An engine may give up a wait that takes long: it is for the state to say.
            let inspect = self
                .client
                .inspect_container(name, None::<InspectContainerOptions>);
            let state = self.answer("inspect container", inspect).await.ok()?.ok()?;
            let state = state.state.filter(|state| state.running == Some(true));
            state?;
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn answer<T>(
        &self,
        request: &'static str,
        answer: impl Future<Output = T>,
    ) -> Result<T, ContainerFault> {
        self.answer_within(LIMIT, request, answer).await
    }

    async fn answer_within<T>(
        &self,
        limit: Duration,
        request: &'static str,
        answer: impl Future<Output = T>,
    ) -> Result<T, ContainerFault> {
        let answered = tokio::time::timeout(limit, answer).await;
        answered.map_err(|_| ContainerFault::Hangs {
            host: self.host.clone(),
            request,
            limit,
        })
    }
}

/// The innermost cause, which says what happened; what is around it, only that
/// something did.
pub(super) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// What the engine said against a request.
pub(super) fn refused(error: &Error) -> ContainerFault {
    let message = match error {
        Error::DockerResponseServerError { message, .. } => message.clone(),
        other => match other.source() {
            Some(source) => innermost(source),
            None => other.to_string(),
        },
    };
    ContainerFault::Refused(message)
}

/// Whether an address names another machine.
fn is_elsewhere(host: &str) -> bool {
    let Some((scheme, rest)) = host.split_once("://") else {
        return false;
    };
    if !matches!(scheme, "tcp" | "http" | "https") {
        return false;
    }
    let authority = rest.split('/').next().unwrap_or(rest);
    let name = authority
        .rsplit_once(':')
        .map_or(authority, |(name, _)| name);
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let is_here = name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    !is_here
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_of_another_machine_is_known_by_its_address() {
        for here in [
            "unix:///var/run/docker.sock",
            "tcp://127.0.0.1:2375",
            "tcp://localhost:2375",
            "tcp://[::1]:2375",
            "/var/run/docker.sock",
        ] {
            assert!(!is_elsewhere(here), "{here}");
        }
        for elsewhere in ["tcp://docker:2375", "https://10.1.2.3:2376/", "tcp://host"] {
            assert!(is_elsewhere(elsewhere), "{elsewhere}");
        }
    }
}
