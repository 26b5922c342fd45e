//! What must not be held against anybody: real calls as they are, cut off at
//! any place, and the ways in which a call may end early.

use wirecheck_core::judge::finding::{Culprit, Finding, Level};
use wirecheck_core::judge::rules::{self, MAX_FINDINGS};
use wirecheck_core::wire::decode::decode_capture;
use wirecheck_core::wire::exchange::{Exchange, Limits};
use wirecheck_core::wire::frame::END_STREAM;

use crate::captures::{BASE64, SAY_HELLO, STREAMING, TEN_CALLS, decode, names, read};
use crate::editor::{
    CLIENT, DATA, Edit, EditFrame, GOAWAY, HEADERS, PING, RST_STREAM, SERVER, add, edit, set,
};

#[test]
fn real_captures_break_no_must() {
    for name in names() {
        assert_no_must(&decode(&read(&name)), &name);
    }
}

#[test]
fn taking_a_capture_apart_and_together_changes_no_finding() {
    for name in names() {
        let original = read(&name);
        let again = Edit::of(&original).capture();
        assert_ne!(
            original, again,
            "{name}: the header lists are written in another way"
        );
        assert_eq!(
            summary(&decode(&original)),
            summary(&decode(&again)),
            "{name}"
        );
    }
}

/// What does not depend on how header lists are encoded.
fn summary(exchange: &Exchange) -> Vec<(String, Culprit, String, Option<u32>)> {
    let findings = rules::check(exchange).into_iter();
    findings
        .map(|f| (f.code, f.culprit, f.sentence, f.place.stream))
        .collect()
}

#[test]
fn a_capture_that_stops_anywhere_breaks_no_must() {
    for name in names() {
        let capture = read(&name);
        // Long messages make no difference but that of time.
        for end in (8..capture.len().min(2_500)).chain([capture.len() - 1]) {
            assert_no_must(
                &decode(&capture[..end]),
                &format!("{name} up to byte {end}"),
            );
        }
    }
}

/// Each of these is legal, or nobody can say whose fault it is.
#[test]
fn calls_that_end_early_break_no_must() {
    let reset = |side, code: u8| EditFrame::new(side, RST_STREAM, 0, 1, &[0, 0, 0, code]);
    let go_away = || EditFrame::new(SERVER, GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0]);
    let edits = [
        (
            "the call still runs",
            edit(SAY_HELLO).cut_after(CLIENT, DATA, 0),
        ),
        (
            "the connection is lost in a response",
            edit(STREAMING).cut_after(SERVER, DATA, 1),
        ),
        (
            "the client cancels before the response",
            edit(SAY_HELLO)
                .cut_after(CLIENT, DATA, 0)
                .insert_after((CLIENT, DATA, 0), [reset(CLIENT, 8)]),
        ),
        (
            "the client cancels inside a message",
            edit(SAY_HELLO)
                .frame(CLIENT, DATA, 0, |frame| {
                    frame.flags &= !END_STREAM;
                    frame.change_bytes(|data| data.truncate(8));
                })
                .cut_after(CLIENT, DATA, 0)
                .insert_after((CLIENT, DATA, 0), [reset(CLIENT, 8)]),
        ),
        (
            "the server resets instead of sending trailers",
            edit(STREAMING)
                .cut_after(SERVER, DATA, 1)
                .insert_after((SERVER, DATA, 1), [reset(SERVER, 2)]),
        ),
        (
            "the server answers early and resets with NO_ERROR",
            edit(SAY_HELLO)
                .frame(CLIENT, DATA, 0, |frame| frame.flags &= !END_STREAM)
                .insert_after((SERVER, HEADERS, 1), [reset(SERVER, 0)]),
        ),
        (
            "the server goes away with a call open",
            edit(SAY_HELLO)
                .cut_after(SERVER, HEADERS, 0)
                .insert_after((SERVER, HEADERS, 0), [go_away()]),
        ),
        (
            "a PING stays without an answer at the end",
            edit(SAY_HELLO).drop_frame(SERVER, PING, 1),
        ),
        (
            "an interim response comes first",
            edit(SAY_HELLO).insert_after(
                (SERVER, PING, 0),
                [EditFrame::headers(
                    SERVER,
                    0,
                    1,
                    &[(":status", "103"), ("link", "<a>")],
                )],
            ),
        ),
    ];
    for (what, edit) in edits {
        assert_no_must(&decode(&edit.capture()), what);
    }
}

#[test]
fn an_http_server_may_refuse_what_is_not_grpc() {
    let refused = edit(SAY_HELLO)
        .request(set("content-type", "text/plain"))
        .response(set(":status", "415"));
    assert_eq!(musts(&decode(&refused.capture())), ["request/content-type"]);
}

#[test]
fn a_page_of_html_is_no_message() {
    let page = edit(SAY_HELLO)
        .response(set(":status", "502"))
        .response(set("content-type", "text/html"))
        .data(SERVER, 0, |data| {
            *data = b"<html>Bad Gateway</html>".to_vec()
        });
    assert_eq!(musts(&decode(&page.capture())), ["response/http-status"]);
}

#[test]
fn padded_and_joined_base64_is_legal() {
    let values = ["", "qw==", "qw", "q83v", "AAEC,qw==,q80", "//+/"];
    let edited = values.iter().fold(edit(BASE64), |edited, value| {
        edited.request(add("x-joined-bin", value))
    });
    assert_no_must(
        &decode(&edited.capture()),
        "values of one name, with and without padding",
    );
}

#[test]
fn who_says_goaway_may_close() {
    let go_away = EditFrame::new(SERVER, GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0]);
    let closed = edit(SAY_HELLO).closed_first_by(SERVER);
    let said_so = closed.insert_after((SERVER, PING, 1), [go_away]);
    let findings = rules::check(&decode(&said_so.capture()));
    assert!(
        findings
            .iter()
            .all(|finding| finding.code != "http2/goaway-before-close")
    );
}

#[test]
fn what_a_limit_cut_off_is_not_missing() {
    let limits = Limits {
        fields: 2,
        messages: 0,
        ..Limits::default()
    };
    for name in names() {
        let exchange = decode_capture(&*read(&name), limits).expect("a capture");
        assert!(!exchange.cuts.is_empty(), "{name} is cut");
        assert_no_must(&exchange, &name);
    }
}

#[test]
fn one_rule_tells_a_bounded_number_of_times() {
    let breaks = MAX_FINDINGS + 15;
    let edited = (0..breaks).fold(edit(TEN_CALLS), |edited, index| {
        let name = format!("X-{index}");
        edited.request(add(&name, "1")).trailers(add(&name, "1"))
    });
    let findings = rules::by_id("metadata/name-characters")
        .expect("the rule")
        .check(&decode(&edited.capture()));
    for culprit in [Culprit::Client, Culprit::Server] {
        let ours: Vec<_> = findings.iter().filter(|f| f.culprit == culprit).collect();
        assert_eq!(ours.len(), MAX_FINDINGS);
        assert!(
            ours[MAX_FINDINGS - 1]
                .sentence
                .ends_with("(15 more like it)")
        );
    }
}

fn assert_no_must(exchange: &Exchange, what: &str) {
    let findings: Vec<Finding> = rules::check(exchange);
    let must = findings.iter().find(|finding| finding.level == Level::Must);
    assert!(must.is_none(), "{what}: {must:#?}");
}

/// The ids of the MUST rules that are broken.
fn musts(exchange: &Exchange) -> Vec<String> {
    let findings = rules::check(exchange).into_iter();
    let musts = findings.filter(|finding| finding.level == Level::Must);
    musts.map(|finding| finding.code).collect()
}
