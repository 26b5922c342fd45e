//! The services that come with tonic: health and reflection. Their handlers are
//! the library's own, so nothing is reported of their calls.

use futures_util::FutureExt;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::server::health_reporter;
use tonic_reflection::server::{Builder, Error};

use crate::contract::SERVICES;
use crate::features::Refusal;

pub const HEALTH: &str = "grpc.health.v1.Health";
pub const REFLECTION: &str = "grpc.reflection.v1.ServerReflection";
pub const REFLECTION_ALPHA: &str = "grpc.reflection.v1alpha.ServerReflection";

pub const NAMES: [&str; 3] = [HEALTH, REFLECTION, REFLECTION_ALPHA];

/// Says of every service of the listener, and of the whole, that it serves.
pub fn health(names: &[String]) -> HealthServer<impl Health> {
    let (reporter, server) = health_reporter();
    for name in names {
        // Nobody else has the reporter yet, so there is nothing to wait for. A
        // clone, since some versions of tonic want one that can change.
        reporter
            .clone()
            .set_service_status(name, ServingStatus::Serving)
            .now_or_never();
    }
    server
}

/// Tells of the services of the listener and their schemas.
pub fn reflection(names: &[String]) -> Builder<'static> {
    let builder = Builder::configure()
        .register_encoded_file_descriptor_set(SERVICES)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
    names.iter().fold(builder, Builder::with_service_name)
}

pub fn refused(error: Error) -> Refusal {
    Refusal::CouldNotTry(format!("cannot reflect: {error}"))
}

/// Whether the service of this name has a method with this path.
pub fn serves(name: &str, path: &str) -> bool {
    let methods: &[&str] = match name {
        HEALTH => &["Check", "Watch"],
        _ => &["ServerReflectionInfo"],
    };
    let method = path
        .strip_prefix('/')
        .and_then(|path| path.strip_prefix(name));
    let method = method.and_then(|method| method.strip_prefix('/'));
    method.is_some_and(|method| methods.contains(&method))
}
