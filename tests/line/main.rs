//! The line on real sockets: what one side sends, what the other gets, and how
//! both are told of the end.

mod support;

use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use wirecheck::line::LineOptions;
use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::relay::{Edit, Fault, FrameAct, FrameMatch, GaveUp, Line, OctetAct};

use support::{CLIENT, Ends, PATIENCE, SERVER, frame, in_time};

fn at(direction: Direction, at: u64, line: Line) -> Fault {
    let act = OctetAct::Line(line);
    Fault::Octet { direction, at, act }
}

#[tokio::test]
async fn without_a_fault_everything_passes_both_ways_and_ends() {
    let (line, mut ends) = Ends::with(LineOptions::new(Vec::new())).await;
    ends.client.write_all(b"asked").await.expect("it is open");
    assert_eq!(ends.server_reads(5).await, b"asked");
    ends.client.shutdown().await.expect("it is open");
    assert_eq!(ends.server_reads_to_the_end().await.expect("in order"), b"");
    // The other direction goes on.
    ends.server
        .write_all(b"answered")
        .await
        .expect("it is open");
    ends.server.shutdown().await.expect("it is open");
    assert_eq!(
        ends.client_reads_to_the_end().await.expect("in order"),
        b"answered"
    );
    let told = line.close(PATIENCE).await;
    assert_eq!((told.connections, told.refused, told.forced), (1, 0, false));
    assert_eq!(told.failure, None);
}

#[tokio::test]
async fn frames_are_changed_on_their_way() {
    let which = FrameMatch::each(SERVER, Some(0));
    let act = FrameAct::Edit(Edit::Chop(1));
    let (line, mut ends) = Ends::with(LineOptions::new(vec![Fault::Frame { which, act }])).await;
    ends.server
        .write_all(&frame(0, 1, 1, b"abc"))
        .await
        .expect("it is open");
    let expected = [
        frame(0, 0, 1, b"a"),
        frame(0, 0, 1, b"b"),
        frame(0, 1, 1, b"c"),
    ]
    .concat();
    assert_eq!(ends.client_reads(expected.len()).await, expected);
    drop(ends);
    assert_eq!(line.close(PATIENCE).await.applied, [1]);
}

#[tokio::test]
async fn a_cut_is_an_end_in_order_to_both() {
    let (line, mut ends) = Ends::with(LineOptions::new(vec![at(SERVER, 3, Line::Close)])).await;
    ends.client.write_all(b"request").await.expect("it is open");
    assert_eq!(ends.server_reads(7).await, b"request");
    ends.server.write_all(b"answer").await.expect("it is open");
    assert_eq!(
        ends.client_reads_to_the_end().await.expect("in order"),
        b"ans"
    );
    assert_eq!(ends.server_reads_to_the_end().await.expect("in order"), b"");
    drop(ends);
    let told = line.close(PATIENCE).await;
    assert_eq!((told.applied, told.forced), (vec![1], false));
}

#[tokio::test]
async fn a_reset_is_one_to_both() {
    let (line, mut ends) = Ends::with(LineOptions::new(vec![at(CLIENT, 2, Line::Reset)])).await;
    ends.client.write_all(b"request").await.expect("it is open");
    for error in [
        ends.client_reads_to_the_end().await.expect_err("a reset"),
        ends.server_reads_to_the_end().await.expect_err("a reset"),
    ] {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    assert_eq!(line.close(PATIENCE).await.applied, [1]);
}

#[tokio::test]
async fn one_direction_may_end_and_the_other_go_on() {
    let (line, mut ends) = Ends::with(LineOptions::new(vec![at(CLIENT, 2, Line::HalfClose)])).await;
    ends.client.write_all(b"request").await.expect("it is open");
    assert_eq!(
        ends.server_reads_to_the_end().await.expect("in order"),
        b"re"
    );
    ends.server.write_all(b"answer").await.expect("it is open");
    assert_eq!(ends.client_reads(6).await, b"answer");
    drop(ends);
    assert_eq!(line.close(PATIENCE).await.applied, [1]);
}

#[tokio::test]
async fn a_black_hole_takes_what_is_sent_and_passes_nothing() {
    let (line, mut ends) = Ends::with(LineOptions::new(vec![at(CLIENT, 2, Line::BlackHole)])).await;
    // More than all buffers on the way hold.
    let much = vec![7; 8 << 20];
    in_time(ends.client.write_all(&much))
        .await
        .expect("somebody reads");
    assert_eq!(ends.server_reads(2).await, [7, 7]);
    ends.server.write_all(b"answer").await.expect("it is open");
    assert_eq!(ends.client_reads(6).await, b"answer");
    drop(ends);
    assert!(!line.close(PATIENCE).await.forced);
}

#[tokio::test]
async fn a_stall_is_felt_by_the_sender_and_ended_with_the_line() {
    let (line, mut ends) = Ends::with(LineOptions::new(vec![at(CLIENT, 2, Line::Stall)])).await;
    let much = vec![7; 32 << 20];
    let written = tokio::time::timeout(Duration::from_millis(300), ends.client.write_all(&much));
    assert!(written.await.is_err(), "nobody reads");
    assert_eq!(ends.server_reads(2).await, [7, 7]);
    let told = line.close(Duration::from_millis(100)).await;
    assert!(told.forced);
    assert_eq!(told.applied, [1]);
    assert!(ends.server_reads_to_the_end().await.is_err(), "it is reset");
}

#[tokio::test]
async fn what_is_slowed_down_passes_whole() {
    let slow = Line::Throttle {
        octets: 2,
        each: Duration::from_millis(1),
    };
    let faults = vec![
        at(CLIENT, 1, slow),
        at(CLIENT, 0, Line::Delay(Duration::from_millis(1))),
    ];
    let (line, mut ends) = Ends::with(LineOptions::new(faults)).await;
    ends.client.write_all(b"request").await.expect("it is open");
    assert_eq!(ends.server_reads(7).await, b"request");
    drop(ends);
    assert_eq!(line.close(PATIENCE).await.applied, [1, 1]);
}

#[tokio::test]
async fn the_first_connections_are_refused() {
    let options = LineOptions {
        refuse: 2,
        ..LineOptions::new(Vec::new())
    };
    let place = support::Place::new().await;
    let line = place.line(options).await;
    for _ in 0..2 {
        let mut refused = support::connect(line.address()).await;
        let mut nothing = Vec::new();
        let read = in_time(refused.read_to_end(&mut nothing)).await;
        assert_eq!(
            read.map_err(|error| error.kind()),
            Err(ErrorKind::ConnectionReset)
        );
    }
    let mut ends = place.ends(&line).await;
    ends.client.write_all(b"third").await.expect("it is open");
    assert_eq!(ends.server_reads(5).await, b"third");
    drop(ends);
    let told = line.close(PATIENCE).await;
    assert_eq!((told.connections, told.refused), (1, 2));
}

#[tokio::test]
async fn faults_are_there_on_each_connection() {
    let place = support::Place::new().await;
    let line = place
        .line(LineOptions::new(vec![at(SERVER, 0, Line::Close)]))
        .await;
    for _ in 0..3 {
        let mut ends = place.ends(&line).await;
        assert_eq!(ends.client_reads_to_the_end().await.expect("in order"), b"");
    }
    assert_eq!(line.close(PATIENCE).await.applied, [3]);
}

#[tokio::test]
async fn what_cannot_be_followed_is_told() {
    let which = FrameMatch::each(CLIENT, None);
    let act = FrameAct::Edit(Edit::Drop);
    let (line, mut ends) = Ends::with(LineOptions::new(vec![Fault::Frame { which, act }])).await;
    ends.client
        .write_all(b"GET / HTTP/1.1\r\n")
        .await
        .expect("it is open");
    assert_eq!(ends.server_reads(16).await, b"GET / HTTP/1.1\r\n");
    drop(ends);
    let told = line.close(PATIENCE).await;
    assert_eq!(
        (told.gave_up, told.applied),
        (Some(GaveUp::Preface), vec![0])
    );
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_told() {
    let place = support::Place::new().await;
    let line = place.line_to_nobody().await;
    let mut client = support::connect(line.address()).await;
    let mut nothing = Vec::new();
    assert!(
        in_time(client.read_to_end(&mut nothing)).await.is_err(),
        "it is reset"
    );
    drop(client);
    let told = line.close(PATIENCE).await;
    assert!(told.failure.is_some_and(|why| why.contains("refused")));
}
