//! What is kept of the bytes, where, and up to which limit.

use std::path::PathBuf;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wirecheck::tap::{CaptureLog, Captured, Held};

use crate::support::{
    ClientToServer, PATIENT, Rig, ServerToClient, Story, expect, expect_end, frame, within,
};

/// The bytes that a record has beside its content.
const RECORD: u64 = 17;

/// Sends the bytes through the tap to the server, which answers `thanks`.
async fn call(rig: &Rig, bytes: &[u8]) {
    let (mut client, mut server) = rig.connect().await;
    let send = async {
        client.write_all(bytes).await.unwrap();
        client.shutdown().await.unwrap();
    };
    let mut got = Vec::new();
    let receive = server.read_to_end(&mut got);
    let (_, received) = tokio::join!(send, receive);
    received.unwrap();
    assert!(got == bytes, "the server got other bytes");
    server.write_all(b"thanks").await.unwrap();
    server.shutdown().await.unwrap();
    expect(&mut client, b"thanks").await;
    expect_end(&mut client).await;
}

async fn call_and_close(rig: Rig, bytes: &[u8]) -> (Captured, Story) {
    call(&rig, bytes).await;
    rig.close().await
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length)
        .map(|place| (place / 251 + place) as u8)
        .collect()
}

#[tokio::test]
async fn a_small_capture_stays_in_memory() {
    within(async {
        let rig = Rig::open().await;
        let file = rig.folder.path().join("cell.wirecap");
        call(&rig, &pattern(1000)).await;
        assert!(!file.exists(), "nothing had to be spilled");
        let (captured, story) = rig.close().await;
        assert!(matches!(captured.log, CaptureLog::Memory(_)));
        assert_eq!(story.bytes(1, ClientToServer), pattern(1000));
        assert_eq!(story.bytes(1, ServerToClient), b"thanks");
        assert_eq!(captured.totals.left_out, 0);
    })
    .await;
}

#[tokio::test]
async fn a_large_capture_goes_to_its_file() {
    within(async {
        let sent = pattern(5 << 20);
        let rig = Rig::with(|options| options.spill_after = 10_000).await;
        let file = rig.folder.path().join("cell.wirecap");
        let (captured, story) = call_and_close(rig, &sent).await;
        assert!(matches!(captured.log, CaptureLog::File(path) if path == file));
        assert!(captured.log_failure.is_none());
        assert!(story.bytes(1, ClientToServer) == sent);
        assert_eq!(story.bytes(1, ServerToClient), b"thanks");
    })
    .await;
}

#[tokio::test]
async fn both_kinds_of_capture_can_be_saved() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        for (name, spill_after) in [("memory", 1 << 20), ("file", 100)] {
            let rig = Rig::with(|options| options.spill_after = spill_after).await;
            call(&rig, &pattern(1000)).await;
            let captured = rig.tap.close(PATIENT, Held::LetGo).await;
            let expected = Story::of(&captured);
            let path = folder.path().join(name);
            captured.log.save(&path).unwrap();
            let saved = Story::of_log(&CaptureLog::File(path));
            assert_eq!(saved, expected, "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_beyond_the_limit_is_forwarded_and_counted() {
    within(async {
        let limit = 100_000;
        let rig = Rig::with(|options| options.capture_limit = limit).await;
        let sent = pattern(1 << 20);
        let (captured, story) = call_and_close(rig, &sent).await;
        let kept = story.bytes(1, ClientToServer);
        assert!(sent.starts_with(kept));
        let records = story.times.len() as u64;
        // Six records follow the last bytes: what was left out and the ends
        // of both sides, the connection's end, and no bytes of the server.
        assert!(kept.len() as u64 + RECORD * (records - 5) == limit);
        let left_out = sent.len() - kept.len();
        let expected = [
            "1 opened".to_owned(),
            "1 >".to_owned(),
            format!("1 client left out {left_out}"),
            "1 client ended".to_owned(),
            "1 server left out 6".to_owned(),
            "1 server ended".to_owned(),
            "1 closed".to_owned(),
        ];
        assert_eq!(story.lines, expected);
        assert_eq!(captured.totals.client_bytes, 1 << 20);
        assert_eq!(captured.totals.server_bytes, 6);
        assert_eq!(captured.totals.left_out, left_out as u64 + 6);
    })
    .await;
}

/// A tap that could not count the records of tiny reads would keep eighteen
/// bytes for each of them.
#[tokio::test]
async fn tiny_reads_do_not_outgrow_the_limit() {
    within(async {
        let rig = Rig::with(|options| options.capture_limit = 10_000).await;
        let (mut client, mut server) = rig.connect().await;
        for _ in 0..2000 {
            client.write_all(b".").await.unwrap();
            expect(&mut server, b".").await;
        }
        drop((client, server));
        let (captured, story) = rig.close().await;
        let kept = story.bytes(1, ClientToServer).len() as u64;
        assert_eq!(kept, (10_000 - RECORD) / (RECORD + 1));
        assert_eq!(captured.totals.left_out, 2000 - kept);
    })
    .await;
}

#[tokio::test]
async fn traffic_goes_on_when_the_file_cannot_be_written() {
    within(async {
        let rig = Rig::with(|options| {
            options.capture = PathBuf::from("no/such/folder/cell.wirecap");
            options.spill_after = 1000;
        })
        .await;
        // More than may wait for the disk.
        call(&rig, &pattern(12 << 20)).await;
        let captured = rig.tap.close(PATIENT, Held::LetGo).await;
        assert!(captured.log_failure.is_some());
        assert_eq!(captured.totals.client_bytes, 12 << 20);
    })
    .await;
}

#[tokio::test]
async fn the_order_is_that_of_arrival_and_time_never_runs_back() {
    within(async {
        let rig = Rig::open().await;
        let (mut client, mut server) = rig.connect().await;
        for number in 0..50_u32 {
            let bytes = frame(0, 0, 1, &number.to_be_bytes());
            client.write_all(&bytes).await.unwrap();
            expect(&mut server, &bytes).await;
            server.write_all(&bytes).await.unwrap();
            expect(&mut client, &bytes).await;
        }
        drop(client);
        expect_end(&mut server).await;
        drop(server);
        let (_, story) = rig.close().await;
        let mut expected = vec!["1 opened"];
        expected.extend(["1 >", "1 <"].repeat(50));
        expected.extend(["1 client ended", "1 server ended", "1 closed"]);
        assert_eq!(story.lines, expected);
        assert!(story.times.is_sorted());
    })
    .await;
}
