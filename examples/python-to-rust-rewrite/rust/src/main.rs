//! The rewrite of the service. Says on stdout where it listens, once it does.
//!
//! It answers as the service in Python does, unless it is asked not to: what
//! `planted` names are the ways in which a rewrite goes wrong, for those who
//! want to see whether they would notice.

mod draft;
mod planted;
mod prices;
mod service;
mod store;

use std::error::Error;
use std::net::SocketAddr;

use clap::{Parser, Subcommand};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use planted::{Kind, Planted};
use proto::orders_server::OrdersServer;
use service::OrdersService;

mod proto {
    tonic::include_proto!("shop.orders.v1");
}

/// Serves the shop's orders over gRPC.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:50051")]
    addr: SocketAddr,
    /// Differ from the old service in these ways.
    #[arg(
        long,
        value_name = "KIND,...",
        value_delimiter = ',',
        conflicts_with = "planted_by"
    )]
    planted: Vec<Kind>,
    /// Differ in some ways, which the seed picks.
    #[arg(long, value_name = "SEED")]
    planted_by: Option<u64>,
}

#[derive(Subcommand)]
enum Command {
    /// Print what a seed picks, one kind a line.
    Planted {
        /// The seed.
        seed: u64,
    },
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    match arguments.command {
        Some(Command::Planted { seed }) => {
            print!("{}", Planted::by_seed(seed));
            Ok(())
        }
        None => {
            let planted = match arguments.planted_by {
                Some(seed) => Planted::by_seed(seed),
                None => arguments.planted.into_iter().collect(),
            };
            serve(arguments.addr, planted).await
        }
    }
}

async fn serve(addr: SocketAddr, planted: Planted) -> Result<(), Box<dyn Error>> {
    let incoming = TcpIncoming::bind(addr)?.with_nodelay(Some(true));
    println!("listening on {}", incoming.local_addr()?);
    Server::builder()
        .add_service(OrdersServer::new(OrdersService::new(planted)))
        .serve_with_incoming(incoming)
        .await?;
    Ok(())
}
