//! Asks the route guide for everything, and prints the answers.

use std::error::Error;
use std::time::Duration;

use clap::Parser;
use futures_util::stream;
use route_guide::proto::route_guide_client::RouteGuideClient;
use route_guide::proto::{Point, Rectangle, RouteNote};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// For each call. It ends one that hangs, and is no measure.
const LIMIT: Duration = Duration::from_secs(10);

const BERLIN: Point = point(525_162_720, 133_777_220);
const DRESDEN: Point = point(510_519_640, 137_415_720);
const NOWHERE: Point = point(10, -10);
const GERMANY: Rectangle = Rectangle {
    lo: Some(point(470_000_000, 50_000_000)),
    hi: Some(point(550_000_000, 150_000_000)),
};

/// Asks a route guide for everything.
#[derive(Parser)]
struct Arguments {
    /// Where it listens, as in 127.0.0.1:50051.
    target: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let target = Arguments::parse().target;
    let channel = Endpoint::from_shared(format!("http://{target}"))?
        .connect()
        .await?;
    let mut stub = RouteGuideClient::new(channel);
    get_features(&mut stub).await?;
    list_features(&mut stub).await?;
    record_route(&mut stub).await?;
    chat(&mut stub).await?;
    Ok(())
}

type Stub = RouteGuideClient<Channel>;

async fn get_features(stub: &mut Stub) -> Result<(), Status> {
    for point in [BERLIN, NOWHERE] {
        let feature = stub.get_feature(limited(point)).await?.into_inner();
        let name = match feature.name.as_str() {
            "" => "nothing",
            name => name,
        };
        println!("at {}: {name}", place(feature.location));
    }
    Ok(())
}

async fn list_features(stub: &mut Stub) -> Result<(), Status> {
    let mut features = stub.list_features(limited(GERMANY)).await?.into_inner();
    while let Some(feature) = features.message().await? {
        println!("in Germany: {}", feature.name);
    }
    Ok(())
}

async fn record_route(stub: &mut Stub) -> Result<(), Status> {
    let route = stream::iter([BERLIN, DRESDEN, NOWHERE]);
    let summary = stub.record_route(limited(route)).await?.into_inner();
    println!(
        "a route of {} points by {} features, {} m",
        summary.point_count, summary.feature_count, summary.distance
    );
    Ok(())
}

async fn chat(stub: &mut Stub) -> Result<(), Status> {
    let notes = [(BERLIN, "one"), (DRESDEN, "two"), (BERLIN, "three")];
    let notes = notes.map(|(location, message)| RouteNote {
        location: Some(location),
        message: message.to_owned(),
    });
    let mut answers = stub
        .route_chat(limited(stream::iter(notes)))
        .await?
        .into_inner();
    while let Some(note) = answers.message().await? {
        println!("noted at {}: {}", place(note.location), note.message);
    }
    Ok(())
}

const fn point(latitude: i32, longitude: i32) -> Point {
    Point {
        latitude,
        longitude,
    }
}

fn place(point: Option<Point>) -> String {
    let point = point.unwrap_or_default();
    format!("{} {}", point.latitude, point.longitude)
}

/// A request that is given up after the limit, by the server too.
fn limited<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(LIMIT);
    request
}
