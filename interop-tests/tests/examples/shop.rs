//! `examples/rust-server-python-client`.

use crate::program::{Server, python, rust};

const CLIENT: &str = "rust-server-python-client/client/client.py";

#[test]
fn the_client_finds_the_shop_as_it_wants_it() {
    let server = Server::start(rust("shop-server"));
    let printed = server.satisfied(python(CLIENT));
    assert!(
        printed.lines().count() > 5 && printed.lines().all(|line| line.starts_with("ok  ")),
        "{printed}"
    );
}

#[test]
fn a_server_that_is_no_shop_does_not_pass() {
    let server = Server::start(rust("route-guide-server"));
    let answer = server.ask(python(CLIENT));
    assert_eq!(answer.exit, Some(1), "{}", answer.stderr);
    assert!(!answer.stdout.contains("ok  "), "{}", answer.stdout);
}
