//! The built-in greeters, on tonic's generated code as its users have it.

use std::sync::Arc;

use prost::Message;
use tonic::{Request, Response, Status};

use super::handler::Desk;
use crate::contract::{CallEnd, hello, helloworld};

/// The handlers of both greeters of one listener.
pub struct Greeter(pub Arc<Desk>);

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
