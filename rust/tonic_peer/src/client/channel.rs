//! Channels.

use std::time::Duration;

use http::Uri;
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use tonic::client::Grpc;
use tonic::transport::{self, Certificate, ClientTlsConfig, Endpoint, Identity};

use super::versions;
use crate::coding::{Codings, with_codings};
use crate::contract::{ChannelOptions, ClientTls, Open};
use crate::features::{Refusal, in_full};

/// A channel and what its options say about each call.
#[derive(Clone)]
pub struct Channel {
    channel: transport::Channel,
    max_receive_message_size: Option<u32>,
    max_send_message_size: Option<u32>,
    codings: Codings,
}

impl Channel {
    /// What the generated clients hold: tonic's client for any method.
    pub fn grpc(&self) -> Grpc<transport::Channel> {
        let mut grpc = with_codings!(Grpc::new(self.channel.clone()), self.codings);
        if let Some(size) = self.max_receive_message_size {
            grpc = grpc.max_decoding_message_size(size as usize);
        }
        if let Some(size) = self.max_send_message_size {
            grpc = grpc.max_encoding_message_size(size as usize);
        }
        grpc
    }
}

/// Makes a channel that connects with its first call. tonic never lets two of
/// them share a connection.
pub fn open(order: &Open) -> Result<Channel, Refusal> {
    let options = order.options.clone().unwrap_or_default();
    let codings = Codings::new(
        options.compression.as_deref(),
        options.accept_compression.as_deref(),
    )?;
    let scheme = order.tls.as_ref().map_or("http", |_| "https");
    let mut endpoint = endpoint(&order.target, scheme)?;
    if let Some(tls) = &order.tls {
        let secured = endpoint.tls_config(tls_config(tls)?);
        endpoint = secured.map_err(|error| could_not_open(&error))?;
    }
    let endpoint = configure(endpoint, scheme, &options)?;
    Ok(Channel {
        channel: versions::connect_lazy(&endpoint, &order.target),
        max_receive_message_size: options.max_receive_message_size,
        max_send_message_size: options.max_send_message_size,
        codings,
    })
}

fn endpoint(target: &str, scheme: &str) -> Result<Endpoint, Refusal> {
    let endpoint = match target.starts_with("unix:") {
        true => versions::unix_endpoint(target),
        false => Endpoint::from_shared(format!("{scheme}://{target}")),
    };
    endpoint.map_err(|error| could_not_open(&error))
}

/// Trusts nobody but the order's authority.
fn tls_config(tls: &ClientTls) -> Result<ClientTlsConfig, Refusal> {
    check_authority(&tls.ca)?;
    let config = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(&tls.ca))
        .domain_name(&tls.server_name);
    Ok(match tls.certificate_chain.is_empty() {
        true => config,
        false => config.identity(Identity::from_pem(&tls.certificate_chain, &tls.private_key)),
    })
}

/// Refuses what is no certificate. tonic passes over it in silence and then
/// trusts nobody, which would look like a fault of the server.
fn check_authority(pem: &[u8]) -> Result<(), Refusal> {
    let authority = CertificateDer::from_pem_slice(pem).map_err(|error| no_authority(&error))?;
    RootCertStore::empty()
        .add(authority)
        .map_err(|error| no_authority(&error))
}

fn no_authority(error: &dyn std::error::Error) -> Refusal {
    let why = in_full(error);
    Refusal::CouldNotTry(format!("rustls finds no authority to trust: {why}"))
}

fn configure(
    mut endpoint: Endpoint,
    scheme: &str,
    options: &ChannelOptions,
) -> Result<Endpoint, Refusal> {
    if let Some(size) = options.max_header_list_size {
        endpoint = endpoint.http2_max_header_list_size(size);
    }
    if let Some(interval) = options.keepalive_interval_ms {
        endpoint = endpoint.http2_keep_alive_interval(Duration::from_millis(interval.into()));
    }
    if let Some(limit) = options.keepalive_timeout_ms {
        endpoint = endpoint.keep_alive_timeout(Duration::from_millis(limit.into()));
    }
    if let Some(enabled) = options.keepalive_without_calls {
        endpoint = endpoint.keep_alive_while_idle(enabled);
    }
    if let Some(authority) = &options.authority {
        // tonic takes `:scheme` from here, too.
        let origin = Uri::try_from(format!("{scheme}://{authority}"));
        endpoint = endpoint.origin(origin.map_err(|error| could_not_open(&error))?);
    }
    if let Some(user_agent) = &options.user_agent {
        let named = endpoint.user_agent(user_agent.clone());
        endpoint = named.map_err(|error| could_not_open(&error))?;
    }
    Ok(endpoint
        .initial_stream_window_size(options.initial_stream_window)
        .initial_connection_window_size(options.initial_connection_window))
}

fn could_not_open(error: &dyn std::error::Error) -> Refusal {
    let why = in_full(error);
    Refusal::CouldNotTry(format!("tonic makes no such channel: {why}"))
}
