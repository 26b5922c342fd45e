use wirecheck_core::model::run::{SectionOf, WhereOf};

use super::*;
use crate::report::style::WIDTH;

fn finding(level: &str, sentence: &str) -> FindingTold {
    FindingTold {
        finding: FindingOf {
            code: "request/te-trailers".into(),
            level: level.into(),
            culprit: "client".into(),
            sentence: sentence.into(),
            place: WhereOf {
                stream: Some(1),
                sender: Some("client".into()),
                byte_range: Some((72, 172)),
                ..WhereOf::default()
            },
            section: Some(SectionOf {
                name: "gRPC over HTTP2, \"Requests\"".into(),
                quote: "TE → \"te\" \"trailers\"".into(),
                ..SectionOf::default()
            }),
            ..FindingOf::default()
        },
        times: 3,
        bytes: Some(Excerpt {
            offset: 72,
            bytes: (0..20).collect(),
            length: 100,
        }),
    }
}

fn told() -> ConnectionTold {
    ConnectionTold {
        connection: 2,
        ends: Some(["127.0.0.1:49152".into(), "127.0.0.1:50051".into()]),
        http2: true,
        calls: 1_200,
        messages: 2_400,
        bytes: [10, 20],
        notes: vec!["6 bytes of the server are not there, from byte 100 on".into()],
        findings: vec![
            finding("INFO", "it is so"),
            finding("MUST", "the request has no `te`"),
        ],
        more: 0,
        levels: [3, 0, 3],
    }
}

#[test]
fn a_connection_is_a_block_with_what_it_broke() {
    let mut text = Text::new(Style::Plain);
    let first = text.connection(&told());
    let again = text.connection(&told());
    let other = text.connection(&ConnectionTold {
        connection: 3,
        bytes: [500, 600],
        notes: vec!["the client speaks TLS, which cannot be read".into()],
        ..ConnectionTold::default()
    });
    let mut counts = Counts::default();
    counts.add(&told());
    let all = format!(
        "{}{first}{again}{other}{}{}",
        text.file("shop.pcapng", "pcapng"),
        text.left_out(&["3 packets which IP had cut into fragments".into()]),
        last_line(&counts, 1, Style::Plain),
    );
    assert!(all.lines().all(|line| text::width(line) <= WIDTH), "{all}");
    insta::assert_snapshot!(all);
}

#[test]
fn a_connection_as_json_has_its_findings_as_a_run_has_them() {
    let value = connection_json(&told());
    assert_eq!(value["client"], "127.0.0.1:49152");
    assert_eq!(value["findings"][1]["code"], "request/te-trailers");
    assert_eq!(value["findings"][1]["times"], 3);
    assert_eq!(value["findings"][1]["where"]["byte_range"][0], 72);
    assert_eq!(value["findings"][1]["bytes"]["offset"], 72);
}
