//! What is broken is found while it passes just as in a whole capture.

use wirecheck_core::judge::finding::{Culprit, Finding};
use wirecheck_core::judge::rules::{self, Lint};
use wirecheck_core::wire::capture::Reader;
use wirecheck_core::wire::decode::LiveDecoder;
use wirecheck_core::wire::exchange::Limits;

use crate::breaks::Break;
use crate::captures::{decode, names, read};
use crate::{http2, message, metadata, request, response, status};

/// Code, culprit, sentence, stream, bytes.
type Said = (String, Culprit, String, Option<u32>, Option<(u64, u64)>);

fn said(findings: Vec<Finding>) -> Vec<Said> {
    let mut said: Vec<Said> = findings
        .into_iter()
        .map(|finding| {
            let place = finding.place;
            let bytes = place.byte_range.map(|range| (range.start, range.end));
            let Finding {
                code,
                culprit,
                sentence,
                ..
            } = finding;
            (code, culprit, sentence, place.stream, bytes)
        })
        .collect();
    said.sort_by_key(|said| format!("{said:?}"));
    said
}

fn live(capture: &[u8]) -> Vec<Said> {
    let (mut lint, mut findings) = (Lint::default(), Vec::new());
    let mut decoder = LiveDecoder::new(Limits::default());
    let mut reader = Reader::new(capture).expect("a capture");
    while let Some(record) = reader.next_record().expect("whole records") {
        decoder.feed(record, &mut |seen| findings.extend(lint.hear(&seen)));
    }
    decoder.finish(&mut |seen| findings.extend(lint.hear(&seen)));
    said(findings)
}

#[test]
fn real_captures_break_the_same_live() {
    for name in names() {
        let capture = read(&name);
        assert_eq!(
            live(&capture),
            said(rules::check(&decode(&capture))),
            "{name}"
        );
    }
}

#[test]
fn every_break_is_found_live() {
    let tables: [&[Break]; 6] = [
        request::BREAKS,
        metadata::BREAKS,
        message::BREAKS,
        response::BREAKS,
        status::BREAKS,
        http2::BREAKS,
    ];
    for row in tables.into_iter().flatten() {
        let capture = row.capture();
        let found = live(&capture);
        let expected = said(rules::check(&decode(&capture)));
        let ours = |all: &[Said]| {
            let ours = all.iter().filter(|said| said.0 == row.rule());
            ours.cloned().collect::<Vec<_>>()
        };
        assert_eq!(ours(&found), ours(&expected), "{}", row.rule());
    }
}
