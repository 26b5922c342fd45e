//! FIN and RST pass through, each way, after the bytes before them.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use wirecheck::tap::{ConnectionEvent, Endpoint, Held, Tap, TapOptions, Wanted};

use crate::support::{
    ClientToServer, PATIENT, Rig, Story, expect, expect_end, expect_reset, within,
};

#[tokio::test]
async fn the_client_may_end_first() {
    within(async {
        let rig = Rig::open().await;
        let (mut client, mut server) = rig.connect().await;
        client.write_all(b"that is all").await.unwrap();
        client.shutdown().await.unwrap();
        expect(&mut server, b"that is all").await;
        expect_end(&mut server).await;
        server.write_all(b"I have more").await.unwrap();
        expect(&mut client, b"I have more").await;
        server.shutdown().await.unwrap();
        expect_end(&mut client).await;
        let expected = [
            "1 opened",
            "1 >",
            "1 client ended",
            "1 <",
            "1 server ended",
            "1 closed",
        ];
        assert_eq!(rig.close().await.1.lines, expected);
    })
    .await;
}

#[tokio::test]
async fn the_server_may_end_first() {
    within(async {
        let rig = Rig::open().await;
        let (mut client, mut server) = rig.connect().await;
        server.shutdown().await.unwrap();
        expect_end(&mut client).await;
        client.write_all(b"I have more").await.unwrap();
        expect(&mut server, b"I have more").await;
        client.shutdown().await.unwrap();
        expect_end(&mut server).await;
        let expected = [
            "1 opened",
            "1 server ended",
            "1 >",
            "1 client ended",
            "1 closed",
        ];
        assert_eq!(rig.close().await.1.lines, expected);
    })
    .await;
}

#[tokio::test]
async fn the_client_may_reset() {
    within(async {
        let rig = Rig::open().await;
        let (mut client, mut server) = rig.connect().await;
        client.write_all(b"never mind").await.unwrap();
        expect(&mut server, b"never mind").await;
        reset(client);
        assert_eq!(expect_reset(&mut server).await, b"");
        let expected = ["1 opened", "1 >", "1 client reset", "1 closed"];
        assert_eq!(rig.close().await.1.lines, expected);
    })
    .await;
}

#[tokio::test]
async fn the_server_may_reset() {
    within(async {
        let rig = Rig::open().await;
        let (mut client, mut server) = rig.connect().await;
        server.write_all(b"never mind").await.unwrap();
        expect(&mut client, b"never mind").await;
        reset(server);
        assert_eq!(expect_reset(&mut client).await, b"");
        let expected = ["1 opened", "1 <", "1 server reset", "1 closed"];
        assert_eq!(rig.close().await.1.lines, expected);
    })
    .await;
}

/// A server that closes without reading the request resets the connection;
/// the answer that it wrote before arrives nevertheless.
#[tokio::test]
async fn bytes_before_a_reset_arrive() {
    within(async {
        let rig = Rig::open().await;
        let (mut client, mut server) = rig.connect().await;
        client
            .write_all(b"a request that nobody reads")
            .await
            .unwrap();
        server.peek(&mut [0; 1]).await.unwrap();
        server.write_all(b"go away").await.unwrap();
        drop(server);
        assert_eq!(expect_reset(&mut client).await, b"go away");
        let expected = ["1 opened", "1 >", "1 <", "1 server reset", "1 closed"];
        assert_eq!(rig.close().await.1.lines, expected);
    })
    .await;
}

/// A server that has closed and is written to resets; the tap hears of it
/// only by its own writes, after it passed the server's FIN on.
#[tokio::test]
async fn writing_to_a_server_that_has_gone_resets_the_client() {
    within(async {
        let rig = Rig::open().await;
        let (mut client, server) = rig.connect().await;
        drop(server);
        expect_end(&mut client).await;
        let error = loop {
            if let Err(error) = client.write_all(b"are you there? ").await {
                break error;
            }
            tokio::task::yield_now().await;
        };
        let gone = [io::ErrorKind::BrokenPipe, io::ErrorKind::ConnectionReset];
        assert!(gone.contains(&error.kind()), "{error}");
        let expected = [
            "1 opened",
            "1 server ended",
            "1 >",
            "1 server reset",
            "1 closed",
        ];
        assert_eq!(rig.close().await.1.lines, expected);
    })
    .await;
}

#[tokio::test]
async fn a_refused_connection_is_reset_and_told() {
    within(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = Endpoint::Tcp(listener.local_addr().unwrap());
        drop(listener);
        let options = TapOptions::new("never-written.wirecap");
        let tap = Tap::open(&Endpoint::any_port(), upstream, options)
            .await
            .unwrap();
        let mut client = TcpStream::connect(tap.address()).await.unwrap();
        assert_eq!(expect_reset(&mut client).await, b"");
        let refused = Wanted::Connection(ConnectionEvent::Refused, 1);
        assert_eq!(tap.wait(refused).await.unwrap().connection, 1);
        let captured = tap.close(PATIENT, Held::LetGo).await;
        assert_eq!(captured.totals.refused, 1);
        let expected = ["1 opened", "1 server reset", "1 closed"];
        assert_eq!(Story::of(&captured).lines, expected);
    })
    .await;
}

#[tokio::test]
async fn a_unix_client_sees_the_end_when_the_upstream_refuses() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tap.sock");
        let nobody = Endpoint::Unix(folder.path().join("nobody.sock"));
        let options = TapOptions::new(folder.path().join("cell.wirecap"));
        let tap = Tap::open(&Endpoint::Unix(path.clone()), nobody, options)
            .await
            .unwrap();
        let mut client = UnixStream::connect(&path).await.unwrap();
        assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
        let captured = tap.close(PATIENT, Held::LetGo).await;
        assert_eq!(captured.totals.refused, 1);
    })
    .await;
}

#[tokio::test]
async fn the_upstream_is_reset_when_the_client_broke_first() {
    within(async {
        let rig = Rig::open().await;
        let (mut client, mut server) = rig.connect().await;
        // Unread bytes at close: the client's system sends RST.
        server.write_all(b"nobody reads this").await.unwrap();
        client.peek(&mut [0; 1]).await.unwrap();
        client.write_all(b"bye").await.unwrap();
        drop(client);
        assert_eq!(expect_reset(&mut server).await, b"bye");
        let reset = Wanted::Connection(ConnectionEvent::Reset(ClientToServer), 1);
        assert_eq!(rig.tap.wait(reset).await.unwrap().connection, 1);
        rig.close().await;
    })
    .await;
}

fn reset(stream: TcpStream) {
    stream.set_zero_linger().unwrap();
    drop(stream);
}
