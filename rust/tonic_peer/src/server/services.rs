//! The built-in services of a listener, in the library's own router.

use std::sync::Arc;

use tonic::service::{Routes, RoutesBuilder};

use super::echo::Echo;
use super::greeter::Greeter;
use super::handler::Desk;
use super::library;
use super::options::Limits;
use super::test_service::{self, TestService};
use crate::coding::with_codings;
use crate::contract::testing::test_service_server::TestServiceServer;
use crate::contract::{hello, helloworld};
use crate::features::Refusal;

/// A generated server with these limits and codings. The generated types have no
/// trait in common.
macro_rules! limited {
    ($server:expr, $limits:expr) => {{
        let mut server = with_codings!($server, $limits.codings);
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
        let desk = Arc::clone(desk);
        match name.as_str() {
            "Greeter" => {
                let server = hello::greeter_server::GreeterServer::new(Greeter(desk));
                routes.add_service(limited!(server, limits));
            }
            "helloworld.Greeter" => {
                let server = helloworld::greeter_server::GreeterServer::new(Greeter(desk));
                routes.add_service(limited!(server, limits));
            }
            test_service::NAME => {
                let server = TestServiceServer::new(TestService(desk));
                routes.add_service(Echo(limited!(server, limits)));
            }
            library::HEALTH => {
                routes.add_service(limited!(library::health(names), limits));
            }
            library::REFLECTION => {
                let server = library::reflection(names).build_v1();
                routes.add_service(limited!(server.map_err(library::refused)?, limits));
            }
            library::REFLECTION_ALPHA => {
                let server = library::reflection(names).build_v1alpha();
                routes.add_service(limited!(server.map_err(library::refused)?, limits));
            }
            _ => return Err(Refusal::Unsupported(format!("service:{name}"))),
        }
    }
    Ok(routes.routes())
}

/// Whether these services have a method with this path.
pub fn serves(names: &[String], path: &str) -> bool {
    names.iter().any(|name| match name.as_str() {
        test_service::NAME => test_service::serves(path),
        name if library::NAMES.contains(&name) => library::serves(name, path),
        greeter => path == format!("/{greeter}/SayHello"),
    })
}
