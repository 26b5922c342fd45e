//! Channels.

use std::time::Duration;

use http::Uri;
use tonic::client::Grpc;
use tonic::transport::{self, Endpoint};

use crate::contract::{ChannelOptions, Open};
use crate::features::Refusal;

/// A channel and what its options say about each call.
#[derive(Clone)]
pub struct Channel {
    channel: transport::Channel,
    max_receive_message_size: Option<u32>,
    max_send_message_size: Option<u32>,
}

impl Channel {
    /// What the generated clients hold: tonic's client for any method.
    pub fn grpc(&self) -> Grpc<transport::Channel> {
        let mut grpc = Grpc::new(self.channel.clone());
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
    let endpoint = configure(endpoint(&order.target)?, &options)?;
    Ok(Channel {
        channel: endpoint.connect_lazy(),
        max_receive_message_size: options.max_receive_message_size,
        max_send_message_size: options.max_send_message_size,
    })
}

fn endpoint(target: &str) -> Result<Endpoint, Refusal> {
    let uri = if target.starts_with("unix:") {
        target.to_owned()
    } else {
        format!("http://{target}")
    };
    Endpoint::from_shared(uri).map_err(|error| could_not_open(&error))
}

fn configure(mut endpoint: Endpoint, options: &ChannelOptions) -> Result<Endpoint, Refusal> {
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
        let origin = Uri::try_from(format!("http://{authority}"));
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
    Refusal::CouldNotTry(format!("tonic makes no such channel: {error}"))
}
