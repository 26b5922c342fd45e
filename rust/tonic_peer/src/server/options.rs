//! The options of a listener.

use std::time::Duration;

use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};

use super::versions;
use crate::coding::Codings;
use crate::contract::{ServerOptions, ServerTls};
use crate::features::{Refusal, in_full};

/// What tonic is told in each service and not in the server.
#[derive(Clone, Copy, Default)]
pub struct Limits {
    pub max_receive_message_size: Option<usize>,
    pub max_send_message_size: Option<usize>,
    pub codings: Codings,
}

/// A server with these options; what is unset has tonic's default.
pub fn configure(options: &ServerOptions) -> Result<(Server, Limits), Refusal> {
    if options.min_ping_interval_ms.is_some() {
        // Neither tonic nor hyper counts the pings of a client.
        return Err(Refusal::Unsupported(
            "option:min_ping_interval_ms".to_owned(),
        ));
    }
    let mut server = Server::builder()
        .max_concurrent_streams(options.max_concurrent_streams)
        .http2_max_header_list_size(options.max_header_list_size)
        .initial_stream_window_size(options.initial_stream_window)
        .initial_connection_window_size(options.initial_connection_window)
        .http2_keepalive_interval(options.keepalive_interval_ms.map(milliseconds))
        .http2_keepalive_timeout(options.keepalive_timeout_ms.map(milliseconds));
    if let Some(age) = options.max_connection_age_ms {
        server = server.max_connection_age(milliseconds(age));
    }
    if let Some(grace) = options.max_connection_age_grace_ms {
        server = versions::age_grace(server, milliseconds(grace))?;
    }
    let limits = Limits {
        max_receive_message_size: options.max_receive_message_size.map(|size| size as usize),
        max_send_message_size: options.max_send_message_size.map(|size| size as usize),
        codings: Codings::new(
            options.compression.as_deref(),
            options.accept_compression.as_deref(),
        )?,
    };
    Ok((server, limits))
}

/// The server with its certificate; it asks clients for theirs if the order
/// says who signs them.
pub fn secure(server: Server, tls: &ServerTls) -> Result<Server, Refusal> {
    let identity = Identity::from_pem(&tls.certificate_chain, &tls.private_key);
    let mut config = ServerTlsConfig::new().identity(identity);
    if !tls.client_ca.is_empty() {
        config = config.client_ca_root(Certificate::from_pem(&tls.client_ca));
    }
    server.tls_config(config).map_err(|error| {
        let why = in_full(&error);
        Refusal::CouldNotTry(format!("tonic takes no such certificate: {why}"))
    })
}

fn milliseconds(count: u32) -> Duration {
    Duration::from_millis(count.into())
}
