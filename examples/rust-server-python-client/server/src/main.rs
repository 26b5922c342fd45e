//! Serves the shop. Says on stdout where, once it listens.

mod basket;
mod catalogue;
mod orders;
mod service;

use std::error::Error;
use std::net::SocketAddr;

use clap::Parser;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use proto::shop_server::ShopServer;
use service::ShopService;

mod proto {
    tonic::include_proto!("shop.v1");
    pub const FILES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/shop.binpb"));
}

/// Serves the shop over gRPC.
#[derive(Parser)]
struct Arguments {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:50051")]
    addr: SocketAddr,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let incoming = TcpIncoming::bind(arguments.addr)?.with_nodelay(Some(true));
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_serving::<ShopServer<ShopService>>().await;

    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::FILES)
        .build_v1()?;

    println!("listening on {}", incoming.local_addr()?);
    Server::builder()
        .add_service(health)
        .add_service(reflection)
        .add_service(ShopServer::new(ShopService::default()))
        .serve_with_incoming(incoming)
        .await?;
    Ok(())
}
