//! `examples/route-guide`.

use std::process::Command;

use crate::program::{Server, python, rust};

#[test]
fn every_client_gets_the_same_from_every_server() {
    let servers = [
        Server::start(python("route-guide/python/server.py")),
        Server::start(rust("route-guide-server")),
    ];
    let clients: [fn() -> Command; 2] = [
        || python("route-guide/python/client.py"),
        || rust("route-guide-client"),
    ];
    let printed: Vec<String> = servers
        .iter()
        .flat_map(|server| clients.map(|client| server.satisfied(client())))
        .collect();
    for line in [
        "at 525162720 133777220: Brandenburger Tor, Berlin\nat 10 -10: nothing\n",
        "in Germany: Zugspitze\n",
        "a route of 3 points by 2 features, 5987510 m\n",
        "noted at 525162720 133777220: one\n",
    ] {
        assert!(printed[0].contains(line), "no {line:?} in:\n{}", printed[0]);
    }
    for other in &printed[1..] {
        assert_eq!(*other, printed[0]);
    }
}
