//! The article's `server.py` in Rust: greets whoever calls, on port 50051.

use tonic::transport::Server;
use tonic::{Request, Response, Status};
use wirecheck_article::proto::greeter_server::{Greeter, GreeterServer};
use wirecheck_article::proto::{HelloReply, HelloRequest};

struct Hello;

#[tonic::async_trait]
impl Greeter for Hello {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let name = request.into_inner().name;
        Ok(Response::new(HelloReply {
            message: format!("Hello, {name}"),
        }))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // On all interfaces, as the article prints it.
    Server::builder()
        .add_service(GreeterServer::new(Hello))
        .serve("0.0.0.0:50051".parse()?)
        .await?;
    Ok(())
}
