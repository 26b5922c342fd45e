//! Holding a direction from a frame on.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wirecheck::tap::{ConnectionEvent, FrameMatch, Held, Wanted};
use wirecheck_core::wire::frame::{END_HEADERS, END_STREAM};

use crate::support::{
    ClientToServer, DATA, HEADERS, PATIENT, PING, Rig, SETTINGS, ServerToClient, Story, expect,
    expect_end, expect_nothing_after_fence, expect_reset, frame, within,
};

fn settings() -> Vec<u8> {
    frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100])
}

fn headers() -> Vec<u8> {
    frame(HEADERS, END_HEADERS, 1, b"response headers")
}

fn trailers() -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, 1, b"trailers")
}

async fn send(stream: &mut TcpStream, frames: &[Vec<u8>]) {
    stream.write_all(&frames.concat()).await.unwrap();
}

#[tokio::test]
async fn the_frame_and_all_after_it_wait_for_the_release() {
    within(async {
        let rig = Rig::open().await;
        let held = FrameMatch::new(ServerToClient, HEADERS).stream(1);
        let hold = rig.tap.hold(held);
        let (mut client, mut server) = rig.connect_http2().await;
        send(&mut server, &[settings(), headers()]).await;
        send(&mut server, &[frame(DATA, 0, 1, b"message"), trailers()]).await;
        expect(&mut client, &settings()).await;
        // What is held is seen nevertheless.
        rig.tap.wait(Wanted::Frame(held)).await.unwrap();
        let last = Wanted::Frame(held.flags(END_STREAM));
        rig.tap.wait(last).await.unwrap();
        expect_nothing_after_fence(&mut client, &mut server).await;

        rig.tap.release(hold);
        expect(&mut client, &headers()).await;
        expect(&mut client, &frame(DATA, 0, 1, b"message")).await;
        expect(&mut client, &trailers()).await;
        // The direction is free from then on.
        send(&mut server, &[headers()]).await;
        expect(&mut client, &headers()).await;
    })
    .await;
}

#[tokio::test]
async fn no_byte_of_the_frame_leaks_when_it_comes_in_pieces() {
    within(async {
        let rig = Rig::open().await;
        let hold = rig.tap.hold(FrameMatch::new(ServerToClient, HEADERS));
        let (mut client, mut server) = rig.connect_http2().await;
        let all = [settings(), headers()].concat();
        for (place, byte) in all.iter().enumerate() {
            server.write_all(&[*byte]).await.unwrap();
            // A frame that may pass does so once its header is whole.
            if place + 1 == settings().len() {
                expect(&mut client, &settings()).await;
            }
        }
        let last = Wanted::Frame(FrameMatch::new(ServerToClient, HEADERS));
        rig.tap.wait(last).await.unwrap();
        expect_nothing_after_fence(&mut client, &mut server).await;
        rig.tap.release(hold);
        expect(&mut client, &headers()).await;
    })
    .await;
}

#[tokio::test]
async fn half_a_header_goes_when_the_hold_is_released() {
    within(async {
        let rig = Rig::open().await;
        let hold = rig.tap.hold(FrameMatch::new(ServerToClient, HEADERS));
        let (mut client, mut server) = rig.connect_http2().await;
        server.write_all(&headers()[..4]).await.unwrap();
        expect_nothing_after_fence(&mut client, &mut server).await;
        rig.tap.release(hold);
        expect(&mut client, &headers()[..4]).await;
    })
    .await;
}

#[tokio::test]
async fn half_a_header_goes_when_its_sender_ends() {
    within(async {
        let rig = Rig::open().await;
        rig.tap.hold(FrameMatch::new(ServerToClient, HEADERS));
        let (mut client, mut server) = rig.connect_http2().await;
        server.write_all(&headers()[..4]).await.unwrap();
        server.shutdown().await.unwrap();
        expect(&mut client, &headers()[..4]).await;
        expect_end(&mut client).await;
    })
    .await;
}

#[tokio::test]
async fn both_directions_are_held_apart_from_each_other() {
    for client_first in [true, false] {
        within(both_held(client_first)).await;
    }
}

async fn both_held(client_first: bool) {
    let rig = Rig::open().await;
    let reset = FrameMatch::new(ClientToServer, 0x03);
    let trailing = FrameMatch::new(ServerToClient, HEADERS).flags(END_STREAM);
    let of_client = rig.tap.hold(reset);
    let of_server = rig.tap.hold(trailing);
    let (mut client, mut server) = rig.connect_http2().await;
    let cancel = frame(0x03, 0, 1, &[0, 0, 0, 8]);
    send(&mut client, std::slice::from_ref(&cancel)).await;
    send(&mut server, &[headers(), trailers()]).await;
    expect(&mut client, &headers()).await;
    rig.tap.wait(Wanted::Frame(reset)).await.unwrap();
    rig.tap.wait(Wanted::Frame(trailing)).await.unwrap();
    assert!(client.try_read(&mut [0; 1]).is_err());
    assert!(server.try_read(&mut [0; 1]).is_err());
    if client_first {
        rig.tap.release(of_client);
        expect(&mut server, &cancel).await;
        expect_nothing_after_fence(&mut client, &mut server).await;
        rig.tap.release(of_server);
        expect(&mut client, &trailers()).await;
    } else {
        rig.tap.release(of_server);
        expect(&mut client, &trailers()).await;
        expect_nothing_after_fence(&mut server, &mut client).await;
        rig.tap.release(of_client);
        expect(&mut server, &cancel).await;
    }
}

#[tokio::test]
async fn a_hold_released_before_its_frame_holds_nothing() {
    within(async {
        let rig = Rig::open().await;
        let hold = rig.tap.hold(FrameMatch::new(ServerToClient, HEADERS));
        rig.tap.release(hold);
        let (mut client, mut server) = rig.connect_http2().await;
        send(&mut server, &[headers()]).await;
        expect(&mut client, &headers()).await;
    })
    .await;
}

#[tokio::test]
async fn one_hold_follows_the_other() {
    within(async {
        let rig = Rig::open().await;
        let data = FrameMatch::new(ServerToClient, DATA);
        let first = rig.tap.hold(data.nth(2));
        let second = rig.tap.hold(data.nth(3));
        let (mut client, mut server) = rig.connect_http2().await;
        let part = |number| frame(DATA, 0, 1, &[number; 10]);
        send(&mut server, &[part(1), part(2), part(3), part(4)]).await;
        expect(&mut client, &part(1)).await;
        rig.tap.wait(Wanted::Frame(data.nth(4))).await.unwrap();
        rig.tap.release(first);
        expect(&mut client, &part(2)).await;
        expect_nothing_after_fence(&mut client, &mut server).await;
        rig.tap.release(second);
        expect(&mut client, &[part(3), part(4)].concat()).await;
    })
    .await;
}

#[tokio::test]
async fn only_the_connection_of_the_frame_is_held() {
    within(async {
        let rig = Rig::open().await;
        let held = FrameMatch::new(ServerToClient, HEADERS);
        let hold = rig.tap.hold(held.connection(2));
        let (mut first, mut first_server) = rig.connect_http2().await;
        let (mut second, mut second_server) = rig.connect_http2().await;
        send(&mut second_server, &[headers()]).await;
        send(&mut first_server, &[headers()]).await;
        expect(&mut first, &headers()).await;
        expect_nothing_after_fence(&mut second, &mut second_server).await;
        rig.tap.release(hold);
        expect(&mut second, &headers()).await;
    })
    .await;
}

#[tokio::test]
async fn the_end_of_a_held_direction_waits_too() {
    within(async {
        let rig = Rig::open().await;
        let hold = rig.tap.hold(FrameMatch::new(ServerToClient, HEADERS));
        let (mut client, mut server) = rig.connect_http2().await;
        send(&mut server, &[headers()]).await;
        server.shutdown().await.unwrap();
        let ended = ConnectionEvent::HalfClosed(ServerToClient);
        rig.tap.wait(Wanted::Connection(ended, 1)).await.unwrap();
        expect_nothing_after_fence(&mut client, &mut server).await;
        rig.tap.release(hold);
        expect(&mut client, &headers()).await;
        expect_end(&mut client).await;
    })
    .await;
}

#[tokio::test]
async fn the_reset_of_a_held_direction_waits_too() {
    within(async {
        let rig = Rig::open().await;
        let hold = rig.tap.hold(FrameMatch::new(ServerToClient, HEADERS));
        let (mut client, mut server) = rig.connect_http2().await;
        send(&mut server, &[headers()]).await;
        rig.tap
            .wait(Wanted::Frame(FrameMatch::new(ServerToClient, HEADERS)))
            .await
            .unwrap();
        server.set_zero_linger().unwrap();
        drop(server);
        let reset = ConnectionEvent::Reset(ServerToClient);
        rig.tap.wait(Wanted::Connection(reset, 1)).await.unwrap();
        assert!(client.try_read(&mut [0; 1]).is_err());
        rig.tap.release(hold);
        assert_eq!(expect_reset(&mut client).await, headers());
    })
    .await;
}

/// What a held direction may occupy is bounded: its sender has to wait.
#[tokio::test]
async fn a_held_sender_feels_it() {
    within(async {
        let rig = Rig::open().await;
        let hold = rig.tap.hold(FrameMatch::new(ServerToClient, DATA));
        let (mut client, server) = rig.connect_http2().await;
        let part = frame(DATA, 0, 1, &[9; 16_384]);
        let (mut from_client, mut to_client) = server.into_split();
        let sent = part.repeat(1024);
        let all = sent.clone();
        let sending = tokio::spawn(async move { to_client.write_all(&all).await });
        while rig.tap.totals().server_bytes < 256 * 1024 {
            tokio::task::yield_now().await;
        }
        for _ in 0..100 {
            let fence = frame(PING, 0, 0, &[7; 8]);
            client.write_all(&fence).await.unwrap();
            from_client.read_exact(&mut [0; 17]).await.unwrap();
        }
        // The limit and the one read that may go beyond it.
        assert!(rig.tap.totals().server_bytes <= (256 + 128) * 1024);
        assert!(!sending.is_finished());
        rig.tap.release(hold);
        expect(&mut client, &sent).await;
        sending.await.unwrap().unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_hold_does_not_touch_what_is_not_http2() {
    within(async {
        let rig = Rig::open().await;
        rig.tap.hold(FrameMatch::new(ClientToServer, HEADERS));
        let (mut client, mut server) = rig.connect().await;
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        expect(&mut server, b"GET / HTTP/1.1\r\n\r\n").await;
        client.write_all(&headers()).await.unwrap();
        expect(&mut server, &headers()).await;
    })
    .await;
}

#[tokio::test]
async fn closing_lets_go_of_what_is_held() {
    within(async {
        let rig = Rig::open().await;
        rig.tap.hold(FrameMatch::new(ServerToClient, HEADERS));
        let (mut client, mut server) = rig.connect_http2().await;
        send(&mut server, &[headers()]).await;
        let peers = async {
            expect(&mut client, &headers()).await;
            drop(client);
            expect_end(&mut server).await;
            drop(server);
        };
        let (captured, ()) = tokio::join!(rig.tap.close(PATIENT, Held::LetGo), peers);
        assert!(!captured.forced);
    })
    .await;
}

#[tokio::test]
async fn closing_drops_what_is_held_if_told() {
    within(async {
        let rig = Rig::open().await;
        let held = FrameMatch::new(ServerToClient, HEADERS);
        rig.tap.hold(held);
        let (mut client, mut server) = rig.connect_http2().await;
        send(&mut server, &[settings(), headers()]).await;
        rig.tap.wait(Wanted::Frame(held)).await.unwrap();
        let captured = rig.tap.close(PATIENT, Held::Drop).await;
        assert!(!captured.forced);
        assert_eq!(expect_reset(&mut client).await, settings());
        assert_eq!(expect_reset(&mut server).await, b"");
        let seen = [settings(), headers()].concat();
        assert_eq!(Story::of(&captured).bytes(1, ServerToClient), seen);
    })
    .await;
}
