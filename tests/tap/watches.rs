//! Waiting for what comes to the tap.

use tokio::io::AsyncWriteExt;
use wirecheck::tap::{ConnectionEvent, FrameMatch, Held, NotSeen, Sighted, Wanted};
use wirecheck_core::wire::frame::{END_HEADERS, END_STREAM, FrameHeader};

use crate::support::{
    ClientToServer, DATA, HEADERS, PATIENT, PING, Rig, SETTINGS, ServerToClient, expect, frame,
    within,
};

fn first(direction: wirecheck_core::wire::capture::Direction, kind: u8) -> Wanted {
    Wanted::Frame(FrameMatch::new(direction, kind))
}

#[tokio::test]
async fn a_frame_is_seen_by_its_type_stream_flags_and_number() {
    within(async {
        let rig = Rig::open().await;
        let (mut client, mut server) = rig.connect_http2().await;
        let frames = [
            frame(SETTINGS, 0, 0, &[]),
            frame(HEADERS, END_HEADERS, 1, b"one"),
            frame(DATA, 0, 1, b"two-"),
            frame(HEADERS, END_HEADERS, 3, b"three"),
            frame(DATA, END_STREAM, 1, b"four--"),
            frame(DATA, END_STREAM, 3, b"five---"),
        ];
        let data = FrameMatch::new(ClientToServer, DATA);
        let headers = FrameMatch::new(ClientToServer, HEADERS);
        let table = [
            (headers, 3),
            (headers.nth(2), 5),
            (headers.stream(3), 5),
            (data, 4),
            (data.flags(END_STREAM), 6),
            (data.flags(END_STREAM).nth(2), 7),
            (data.stream(3).flags(END_STREAM), 7),
            (data.connection(1).nth(3), 7),
        ];
        let before: Vec<_> = table
            .iter()
            .map(|(wanted, _)| rig.tap.watch(Wanted::Frame(*wanted)))
            .collect();
        client.write_all(&frames.concat()).await.unwrap();
        expect(&mut server, &frames.concat()).await;
        for ((wanted, length), watch) in table.into_iter().zip(before) {
            let seen = watch.seen().await.unwrap();
            let Sighted::Frame(ClientToServer, header) = seen.what else {
                panic!("{seen:?}");
            };
            assert_eq!(header.length, length, "{wanted:?}");
            assert_eq!(seen.connection, 1);
            // Asked again, when it has passed: the same one.
            assert_eq!(rig.tap.wait(Wanted::Frame(wanted)).await, Ok(seen));
        }
    })
    .await;
}

#[tokio::test]
async fn a_frame_has_come_when_its_last_byte_has() {
    within(async {
        let rig = Rig::open().await;
        let (_client, mut server) = rig.connect_http2().await;
        let ping = frame(PING, 1, 0, &[1; 8]);
        let mut watch = Box::pin(rig.tap.wait(first(ServerToClient, PING)));
        let (last, rest) = ping.split_last().unwrap();
        let mut client = _client;
        for byte in rest {
            server.write_all(&[*byte]).await.unwrap();
            expect(&mut client, &[*byte]).await;
        }
        tokio::select! {
            biased;
            seen = &mut watch => panic!("too early: {seen:?}"),
            () = std::future::ready(()) => {}
        }
        server.write_all(&[*last]).await.unwrap();
        let header = FrameHeader {
            length: 8,
            kind: PING,
            flags: 1,
            stream: 0,
        };
        let seen = watch.await.unwrap();
        assert_eq!(seen.what, Sighted::Frame(ServerToClient, header));
    })
    .await;
}

#[tokio::test]
async fn connections_are_seen_to_begin_and_to_end() {
    within(async {
        let rig = Rig::open().await;
        let second = rig
            .tap
            .watch(Wanted::Connection(ConnectionEvent::Opened, 2));
        let (first_client, first_server) = rig.connect().await;
        let (_client, _server) = rig.connect().await;
        assert_eq!(second.seen().await.unwrap().connection, 2);
        drop(first_client);
        let half = ConnectionEvent::HalfClosed(ClientToServer);
        rig.tap.wait(Wanted::Connection(half, 1)).await.unwrap();
        drop(first_server);
        let closed = Wanted::Connection(ConnectionEvent::Closed, 1);
        assert_eq!(rig.tap.wait(closed).await.unwrap().connection, 1);
    })
    .await;
}

#[tokio::test]
async fn a_watch_ends_with_its_tap() {
    within(async {
        let rig = Rig::open().await;
        let watch = rig.tap.watch(first(ClientToServer, DATA));
        rig.tap.close(PATIENT, Held::LetGo).await;
        assert_eq!(watch.seen().await, Err(NotSeen::TapClosed));

        let rig = Rig::open().await;
        let watch = rig.tap.watch(first(ClientToServer, DATA));
        drop(rig.tap);
        assert_eq!(watch.seen().await, Err(NotSeen::TapClosed));
    })
    .await;
}

/// The memory for what has passed is bounded. A watch set in time counts
/// beyond it; one set too late must not count wrongly.
#[tokio::test]
async fn a_watch_set_too_late_says_so() {
    within(async {
        let rig = Rig::open().await;
        let (mut client, mut server) = rig.connect_http2().await;
        let pings = FrameMatch::new(ClientToServer, PING);
        let in_time = rig.tap.watch(Wanted::Frame(pings.nth(5000)));
        let burst = frame(PING, 0, 0, &[1; 8]).repeat(5000);
        client.write_all(&burst).await.unwrap();
        expect(&mut server, &burst).await;
        in_time.seen().await.unwrap();
        let late = rig.tap.wait(Wanted::Frame(pings.nth(5000))).await;
        assert_eq!(late, Err(NotSeen::TooLate));
        rig.tap.wait(Wanted::Frame(pings.nth(100))).await.unwrap();
    })
    .await;
}
