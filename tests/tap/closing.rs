//! What is left of a tap when it ends: nothing.

use std::io::{self, Write};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UnixStream};
use wirecheck::tap::{Endpoint, Held, Tap, TapError, TapOptions};

use crate::support::{
    ClientToServer, PATIENT, Rig, Story, expect, expect_end, expect_reset, within,
};

#[tokio::test]
async fn close_waits_until_both_sides_have_ended() {
    within(async {
        let rig = Rig::open().await;
        let address = rig.tap.address().to_owned();
        let (mut client, mut server) = rig.connect().await;
        let mut closing = Box::pin(rig.tap.close(PATIENT, Held::LetGo));
        let talk = async {
            client.write_all(b"one moment").await.unwrap();
            expect(&mut server, b"one moment").await;
            client.shutdown().await.unwrap();
            expect_end(&mut server).await;
        };
        tokio::select! {
            biased;
            _ = &mut closing => panic!("the server has not ended"),
            () = talk => {}
        }
        server.shutdown().await.unwrap();
        let captured = closing.await;
        assert!(!captured.forced);
        assert_eq!(Story::of(&captured).lines.last().unwrap(), "1 closed");
        expect_refusal(&address).await;
    })
    .await;
}

#[tokio::test]
async fn close_resets_what_is_open_when_the_patience_ends() {
    within(async {
        let rig = Rig::open().await;
        let address = rig.tap.address().to_owned();
        let (mut client, mut server) = rig.connect().await;
        client.write_all(b"for ever").await.unwrap();
        expect(&mut server, b"for ever").await;
        let captured = rig.tap.close(Duration::ZERO, Held::LetGo).await;
        assert!(captured.forced);
        expect_reset(&mut client).await;
        expect_reset(&mut server).await;
        expect_refusal(&address).await;
        let expected = ["1 opened", "1 >", "1 closed"];
        assert_eq!(Story::of(&captured).lines, expected);
    })
    .await;
}

/// A client may have connected, sent and ended before the tap's task ran.
#[tokio::test]
async fn a_connection_that_nobody_accepted_yet_is_not_forgotten() {
    within(async {
        let rig = Rig::open().await;
        // The runtime has one thread, which this keeps.
        let mut client = std::net::TcpStream::connect(rig.tap.address()).unwrap();
        client.write_all(b"just in time").unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let serve = async {
            let (mut server, _) = rig.listener.accept().await.unwrap();
            expect(&mut server, b"just in time").await;
            expect_end(&mut server).await;
        };
        let (captured, ()) = tokio::join!(rig.tap.close(PATIENT, Held::LetGo), serve);
        assert!(!captured.forced);
        assert_eq!(captured.totals.connections, 1);
        let story = Story::of(&captured);
        assert_eq!(story.bytes(1, ClientToServer), b"just in time");
    })
    .await;
}

#[tokio::test]
async fn dropping_a_tap_leaves_neither_listener_nor_connections() {
    within(async {
        let rig = Rig::open().await;
        let address = rig.tap.address().to_owned();
        let (mut client, mut server) = rig.connect().await;
        let alive = tokio::runtime::Handle::current();
        drop(rig.tap);
        expect_reset(&mut client).await;
        expect_reset(&mut server).await;
        expect_refusal(&address).await;
        while alive.metrics().num_alive_tasks() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_socket_file_goes_with_the_tap() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tap.sock");
        let open = async || {
            let upstream = Endpoint::Unix(folder.path().join("server.sock"));
            let options = TapOptions::new(folder.path().join("cell.wirecap"));
            let listen = Endpoint::Unix(path.clone());
            Tap::open(&listen, upstream, options).await.unwrap()
        };
        let tap = open().await;
        assert!(path.exists());
        tap.close(PATIENT, Held::LetGo).await;
        assert!(!path.exists());
        // The path can be used again, and goes when the tap is dropped too.
        drop(open().await);
        while path.exists() {
            tokio::task::yield_now().await;
        }
        assert!(UnixStream::connect(&path).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn connections_beyond_the_limit_are_turned_away() {
    within(async {
        let rig = Rig::with(|options| options.max_connections = 2).await;
        let (first, second) = (rig.connect().await, rig.connect().await);
        let mut third = TcpStream::connect(rig.tap.address()).await.unwrap();
        expect_reset(&mut third).await;
        drop((first, second));
        let (captured, story) = rig.close().await;
        assert_eq!(captured.totals.connections, 2);
        assert_eq!(captured.totals.turned_away, 1);
        assert!(!story.lines.iter().any(|line| line.starts_with('3')));
    })
    .await;
}

#[tokio::test]
async fn an_address_that_cannot_be_listened_on_is_named() {
    let options = TapOptions::new("never-written.wirecap");
    let listen: Endpoint = "unix:/no/such/folder/tap.sock".parse().unwrap();
    let opened = Tap::open(&listen, Endpoint::any_port(), options).await;
    let error = opened.err().expect("an error");
    assert!(matches!(&error, TapError::Listen { .. }));
    let expected = "cannot listen on unix:/no/such/folder/tap.sock";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn endpoints_are_read_as_they_are_written() {
    for text in ["127.0.0.1:50051", "[::1]:80", "unix:/run/greeter.sock"] {
        let endpoint: Endpoint = text.parse().unwrap();
        assert_eq!(endpoint.to_string(), text);
    }
    let with_slashes: Endpoint = "unix:///run/greeter.sock".parse().unwrap();
    assert_eq!(with_slashes.to_string(), "unix:/run/greeter.sock");
    let error = "localhost:50051".parse::<Endpoint>().unwrap_err();
    let expected = "`localhost:50051` is neither `address:port` nor `unix:path`";
    assert_eq!(error.to_string(), expected);
}

async fn expect_refusal(address: &str) {
    let error = TcpStream::connect(address).await.expect_err("a refusal");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}
