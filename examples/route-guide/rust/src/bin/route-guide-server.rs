//! Serves the route guide. Says on stdout where, once it listens.

use std::error::Error;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Instant;

use clap::Parser;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use route_guide::distance::metres;
use route_guide::features;
use route_guide::proto::route_guide_server::{RouteGuide, RouteGuideServer};
use route_guide::proto::{Feature, Point, Rectangle, RouteNote, RouteSummary};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

type Replies<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

struct Guide {
    features: Vec<Feature>,
}

#[tonic::async_trait]
impl RouteGuide for Guide {
    async fn get_feature(&self, request: Request<Point>) -> Result<Response<Feature>, Status> {
        let feature = features::at(&self.features, request.get_ref());
        Ok(Response::new(feature))
    }

    type ListFeaturesStream = Replies<Feature>;

    async fn list_features(
        &self,
        request: Request<Rectangle>,
    ) -> Result<Response<Replies<Feature>>, Status> {
        let found = features::within(&self.features, request.get_ref());
        Ok(Response::new(Box::pin(stream::iter(found).map(Ok))))
    }

    async fn record_route(
        &self,
        request: Request<Streaming<Point>>,
    ) -> Result<Response<RouteSummary>, Status> {
        let began = Instant::now();
        let mut points = request.into_inner();
        let mut summary = RouteSummary::default();
        let (mut distance, mut last) = (0.0, None);
        while let Some(point) = points.message().await? {
            summary.point_count += 1;
            let is_named = !features::at(&self.features, &point).name.is_empty();
            summary.feature_count += i32::from(is_named);
            distance += last.map_or(0.0, |last| metres(&last, &point));
            last = Some(point);
        }
        summary.distance = distance as i32;
        summary.elapsed_time = began.elapsed().as_secs() as i32;
        Ok(Response::new(summary))
    }

    type RouteChatStream = Replies<RouteNote>;

    async fn route_chat(
        &self,
        request: Request<Streaming<RouteNote>>,
    ) -> Result<Response<Replies<RouteNote>>, Status> {
        let mut chat = Chat::default();
        let answers = request
            .into_inner()
            .map_ok(move |note| stream::iter(chat.answers(note)).map(Ok))
            .try_flatten();
        Ok(Response::new(Box::pin(answers)))
    }
}

/// The notes of one call.
#[derive(Default)]
struct Chat {
    earlier: Vec<RouteNote>,
}

impl Chat {
    /// The earlier notes at a note's place.
    fn answers(&mut self, note: RouteNote) -> Vec<RouteNote> {
        let is_there = |other: &&RouteNote| other.location == note.location;
        let answers = self.earlier.iter().filter(is_there).cloned().collect();
        self.earlier.push(note);
        answers
    }
}

/// Serves the route guide over gRPC.
#[derive(Parser)]
struct Arguments {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:50051")]
    addr: SocketAddr,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let guide = Guide {
        features: features::load()?,
    };
    let incoming = TcpIncoming::bind(arguments.addr)?.with_nodelay(Some(true));
    println!("listening on {}", incoming.local_addr()?);
    Server::builder()
        .add_service(RouteGuideServer::new(guide))
        .serve_with_incoming(incoming)
        .await?;
    Ok(())
}
