//! The built-in greeters, on tonic's generated code as its users have it.

use std::sync::Arc;

use prost::Message;
use tonic::service::{Routes, RoutesBuilder};
use tonic::{Request, Response, Status};

use super::handler::Desk;
use super::options::Limits;
use crate::contract::{CallEnd, hello, helloworld};
use crate::features::Refusal;

/// A generated server with these limits. The generated types have no trait in common.
macro_rules! limited {
    ($server:expr, $limits:expr) => {{
        let mut server = $server;
        if let Some(size) = $limits.max_receive_message_size {
            server = server.max_decoding_message_size(size);
        }
        if let Some(size) = $limits.max_send_message_size {
            server = server.max_encoding_message_size(size);
        }
        server
    }};
}

/// The library's router with the services of these names and nothing else.
pub fn routes(names: &[String], desk: &Arc<Desk>, limits: Limits) -> Result<Routes, Refusal> {
    let mut routes = RoutesBuilder::default();
    for name in names {
        let greeter = Greeter(Arc::clone(desk));
        match name.as_str() {
            "Greeter" => {
                let server = hello::greeter_server::GreeterServer::new(greeter);
                routes.add_service(limited!(server, limits));
            }
            "helloworld.Greeter" => {
                let server = helloworld::greeter_server::GreeterServer::new(greeter);
                routes.add_service(limited!(server, limits));
            }
            _ => return Err(Refusal::Unsupported(format!("service:{name}"))),
        }
    }
    Ok(routes.routes())
}

/// Whether these services have a method with this path.
pub fn serves(names: &[String], path: &str) -> bool {
    names.iter().any(|name| path == format!("/{name}/SayHello"))
}

struct Greeter(Arc<Desk>);

impl Greeter {
    /// Reports a call as begun and handled. `greet` makes the reply.
    fn handle<Q: Message, R>(
        &self,
        method: &str,
        request: Request<Q>,
        greet: impl FnOnce(Q) -> R,
    ) -> Response<R> {
        let mut handler = self.0.enter(method, request.metadata(), false);
        handler.received_one(&request.get_ref().encode_to_vec().into());
        let reply = greet(request.into_inner());
        handler.end(CallEnd::Returned);
        Response::new(reply)
    }
}

#[tonic::async_trait]
impl hello::greeter_server::Greeter for Greeter {
    async fn say_hello(
        &self,
        request: Request<hello::HelloRequest>,
    ) -> Result<Response<hello::HelloReply>, Status> {
        Ok(
            self.handle("/Greeter/SayHello", request, |request| hello::HelloReply {
                message: format!("Hello, {}", request.name),
            }),
        )
    }
}

#[tonic::async_trait]
impl helloworld::greeter_server::Greeter for Greeter {
    async fn say_hello(
        &self,
        request: Request<helloworld::HelloRequest>,
    ) -> Result<Response<helloworld::HelloReply>, Status> {
        let method = "/helloworld.Greeter/SayHello";
        Ok(
            self.handle(method, request, |request| helloworld::HelloReply {
                message: format!("Hello, {}", request.name),
            }),
        )
    }
}
