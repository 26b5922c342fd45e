//! The article's `client.py` in Rust: one call, and the greeting printed.

use wirecheck_article::proto::HelloRequest;
use wirecheck_article::proto::greeter_client::GreeterClient;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut stub = GreeterClient::connect("http://127.0.0.1:50051").await?;
    let rsp = stub
        .say_hello(HelloRequest {
            name: "World".to_owned(),
        })
        .await?;
    println!("{}", rsp.into_inner().message);
    Ok(())
}
