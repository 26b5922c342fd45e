use super::*;

fn header(kind: u8, flags: u8, stream: u32, length: usize) -> FrameHeader {
    FrameHeader {
        length: length as u32,
        kind,
        flags,
        stream,
    }
}

fn parsed(
    kind: u8,
    flags: u8,
    stream: u32,
    payload: &[u8],
) -> Result<Body, (String, &'static str)> {
    parse(&header(kind, flags, stream, payload.len()), payload, 100)
        .map_err(|violation| (violation.what, violation.section))
}

#[test]
fn each_type_is_read() {
    assert_eq!(
        parsed(1, 4, 1, b"abc"),
        Ok(Body::Headers {
            fragment: 100..103,
            padding: 0
        })
    );
    assert_eq!(parsed(2, 0, 1, &[0; 5]), Ok(Body::Priority));
    assert_eq!(
        parsed(3, 0, 1, &[0, 0, 0, 8]),
        Ok(Body::RstStream(ErrorCode(8)))
    );
    let settings = [0, 3, 0, 0, 0, 7, 0xfe, 3, 0, 0, 0, 1];
    assert_eq!(
        parsed(4, 0, 0, &settings),
        Ok(Body::Settings(vec![(3, 7), (0xfe03, 1)]))
    );
    assert_eq!(parsed(4, 1, 0, &[]), Ok(Body::Settings(vec![])));
    let promise = Body::PushPromise {
        promised: 2,
        fragment: 104..106,
    };
    assert_eq!(parsed(5, 4, 1, &[0x80, 0, 0, 2, 9, 9]), Ok(promise));
    assert_eq!(parsed(6, 0, 0, b"12345678"), Ok(Body::Ping(*b"12345678")));
    let go_away = Body::GoAway {
        last_stream: 3,
        error: ErrorCode(2),
        debug: Bytes::from_static(b"x"),
    };
    assert_eq!(
        parsed(7, 0, 0, &[0x80, 0, 0, 3, 0, 0, 0, 2, b'x']),
        Ok(go_away)
    );
    assert_eq!(
        parsed(8, 0, 0, &[0x80, 0, 1, 0]),
        Ok(Body::WindowUpdate(256))
    );
    assert_eq!(parsed(9, 4, 1, b"ab"), Ok(Body::Continuation(100..102)));
    assert_eq!(
        parsed(0x42, 0, 0, b"?"),
        Ok(Body::Unknown(Bytes::from_static(b"?")))
    );
}

#[test]
fn padding_and_priority_are_left_out_of_the_fragment() {
    let padded = parsed(1, PADDED, 1, &[2, b'a', 0, 0]);
    assert_eq!(
        padded,
        Ok(Body::Headers {
            fragment: 101..102,
            padding: 3
        })
    );
    let both = parsed(1, PADDED | PRIORITY, 1, &[1, 0, 0, 0, 0, 16, b'a', 0]);
    assert_eq!(
        both,
        Ok(Body::Headers {
            fragment: 106..107,
            padding: 2
        })
    );
    let all_padding = parsed(1, PADDED, 1, &[2, 0, 0]);
    assert_eq!(
        all_padding,
        Ok(Body::Headers {
            fragment: 101..101,
            padding: 3
        })
    );
    let promise = parsed(5, PADDED, 1, &[1, 0, 0, 0, 2, b'a', 0]);
    assert_eq!(
        promise,
        Ok(Body::PushPromise {
            promised: 2,
            fragment: 105..106
        })
    );
    assert_eq!(
        data(&header(0, PADDED, 1, 8), Some(3), 100),
        Ok((101..105, 4))
    );
    assert_eq!(
        data(&header(0, PADDED, 1, 4), Some(3), 100),
        Ok((101..101, 4))
    );
    assert_eq!(data(&header(0, 0, 1, 4), None, 100), Ok((100..104, 0)));
}

#[test]
fn what_a_type_does_not_allow_is_a_violation_with_its_section() {
    let what =
        |kind, flags, stream, payload: &[u8]| parsed(kind, flags, stream, payload).unwrap_err();
    let cases = [
        (what(1, 0, 0, b"a"), "HEADERS on stream 0", "6.2"),
        (
            what(1, PADDED, 1, &[3, 0, 0]),
            "the padding is longer than the payload allows",
            "6.2",
        ),
        (
            what(1, PADDED, 1, &[]),
            "0 bytes of payload do not hold the 1 bytes that its flags ask for",
            "4.2",
        ),
        (
            what(1, PRIORITY, 1, &[0; 4]),
            "4 bytes of payload do not hold the 5 bytes that its flags ask for",
            "4.2",
        ),
        (what(2, 0, 0, &[0; 5]), "PRIORITY on stream 0", "6.3"),
        (
            what(2, 0, 1, &[0; 4]),
            "PRIORITY has 4 bytes of payload instead of 5",
            "6.3",
        ),
        (what(3, 0, 0, &[0; 4]), "RST_STREAM on stream 0", "6.4"),
        (
            what(3, 0, 1, &[0; 5]),
            "RST_STREAM has 5 bytes of payload instead of 4",
            "6.4",
        ),
        (
            what(4, 0, 1, &[]),
            "SETTINGS on stream 1 instead of 0",
            "6.5",
        ),
        (
            what(4, ACK, 0, &[0; 6]),
            "SETTINGS with ACK has 6 bytes of payload instead of 0",
            "6.5",
        ),
        (
            what(4, 0, 0, &[0; 7]),
            "SETTINGS has 7 bytes of payload, not a multiple of 6",
            "6.5",
        ),
        (what(5, 0, 0, &[0; 4]), "PUSH_PROMISE on stream 0", "6.6"),
        (
            what(5, PADDED, 1, &[1, 0, 0, 0, 2]),
            "the padding is longer than the payload allows",
            "6.6",
        ),
        (
            what(6, 0, 1, &[0; 8]),
            "PING on stream 1 instead of 0",
            "6.7",
        ),
        (
            what(6, 0, 0, &[0; 7]),
            "PING has 7 bytes of payload instead of 8",
            "6.7",
        ),
        (
            what(7, 0, 1, &[0; 8]),
            "GOAWAY on stream 1 instead of 0",
            "6.8",
        ),
        (
            what(7, 0, 0, &[0; 7]),
            "GOAWAY has 7 bytes of payload, at least 8 are needed",
            "4.2",
        ),
        (
            what(8, 0, 1, &[0; 3]),
            "WINDOW_UPDATE has 3 bytes of payload instead of 4",
            "6.9",
        ),
        (what(9, 0, 0, b""), "CONTINUATION on stream 0", "6.10"),
    ];
    for ((what, section), expected, number) in cases {
        assert_eq!(what, expected);
        assert_eq!(section, format!("RFC 9113, section {number}"), "{what}");
    }
    assert_eq!(
        data(&header(0, PADDED, 1, 3), Some(3), 0)
            .unwrap_err()
            .section,
        "RFC 9113, section 6.1"
    );
    assert_eq!(
        data(&header(0, PADDED, 1, 0), None, 0).unwrap_err().section,
        "RFC 9113, section 6.1"
    );
}

#[test]
fn values_have_limits() {
    use Direction::{ClientToServer, ServerToClient};
    let violations = |body, sender| {
        value_violations(&body, sender)
            .into_iter()
            .map(|violation| violation.what)
            .collect::<Vec<_>>()
    };
    let wrong = vec![(2, 2), (4, 0x8000_0000), (5, 16_383), (5, 16_777_216)];
    assert_eq!(
        violations(Body::Settings(wrong), ClientToServer),
        [
            "SETTINGS_ENABLE_PUSH is 2, only 0 and 1 are defined",
            "SETTINGS_INITIAL_WINDOW_SIZE is 2147483648, above 2^31 - 1",
            "SETTINGS_MAX_FRAME_SIZE is 16383, outside 16384 to 16777215",
            "SETTINGS_MAX_FRAME_SIZE is 16777216, outside 16384 to 16777215",
        ]
    );
    let push = || Body::Settings(vec![(2, 1)]);
    assert_eq!(
        violations(push(), ServerToClient),
        ["a server sets SETTINGS_ENABLE_PUSH to 1"]
    );
    assert!(violations(push(), ClientToServer).is_empty());
    let right = vec![(4, 0x7fff_ffff), (5, 16_384), (1, 0), (0xfe03, 9)];
    assert!(violations(Body::Settings(right), ServerToClient).is_empty());
    assert_eq!(
        violations(Body::WindowUpdate(0), ServerToClient),
        ["WINDOW_UPDATE with an increment of 0"]
    );
    let promise = Body::PushPromise {
        promised: 2,
        fragment: 0..0,
    };
    assert_eq!(
        violations(promise, ClientToServer),
        ["a client sends PUSH_PROMISE"]
    );
}
