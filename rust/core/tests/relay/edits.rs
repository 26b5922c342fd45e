//! Each change of a frame, octet by octet.

use wirecheck_core::wire::frame::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PADDED, PING, PREFACE, PRIORITY,
    RST_STREAM, SETTINGS,
};
use wirecheck_core::wire::relay::{
    Edit, Fault, FieldEdit, FrameAct, FrameMatch, Inserted, OctetEdit, Op, Relay,
};

use super::support::*;

#[test]
fn frames_are_dropped_and_doubled_by_their_number() {
    let sent = [b"a", b"b", b"c"].map(|data| frame(DATA, 0, 1, data));
    let second = |edit| Fault::Frame {
        which: FrameMatch::nth(SERVER, DATA, 2),
        act: FrameAct::Edit(edit),
    };
    let [a, b, c] = sent.clone();
    let all = sent.concat();
    assert_eq!(
        passed(&[second(Edit::Drop)], &all),
        [a.clone(), c.clone()].concat()
    );
    assert_eq!(
        passed(&[second(Edit::Twice)], &all),
        [a, b.clone(), b, c].concat()
    );
}

#[test]
fn only_what_matches_is_changed() {
    let which = FrameMatch {
        stream: Some(3),
        without: END_STREAM,
        ..FrameMatch::each(SERVER, Some(DATA))
    };
    let act = FrameAct::Edit(Edit::Drop);
    let mut relay = Relay::new(&[Fault::Frame { which, act }]);
    let kept = [
        frame(DATA, 0, 1, b"other stream"),
        frame(DATA, 1, 3, b"ends"),
    ];
    let sent = [&kept[0][..], &frame(DATA, 0, 3, b"gone"), &kept[1]].concat();
    assert_eq!(joined(&relay.take(SERVER, &sent)), kept.concat());
    assert_eq!(relay.applied(), [1]);
}

#[test]
fn flags_streams_and_octets_are_changed() {
    let edits = [
        (
            Edit::Flags {
                set: 0x40,
                clear: END_STREAM,
            },
            frame(DATA, 0x40, 1, b"abcd"),
        ),
        (Edit::Stream(9), frame(DATA, 1, 9, b"abcd")),
        (
            Edit::Payload(OctetEdit::Set(2, b"XYZ".to_vec())),
            frame(DATA, 1, 1, b"abXY"),
        ),
        (
            Edit::Payload(OctetEdit::Flip(0, 0x20)),
            frame(DATA, 1, 1, b"Abcd"),
        ),
        (
            Edit::Payload(OctetEdit::Truncate(1)),
            frame(DATA, 1, 1, b"a"),
        ),
        (
            Edit::Payload(OctetEdit::Append(b"e".to_vec())),
            frame(DATA, 1, 1, b"abcde"),
        ),
        (
            Edit::Payload(OctetEdit::Replace(b"new".to_vec())),
            frame(DATA, 1, 1, b"new"),
        ),
    ];
    for (edit, expected) in edits {
        let what = format!("{edit:?}");
        let got = passed(&[change(DATA, edit)], &frame(DATA, END_STREAM, 1, b"abcd"));
        assert_eq!(got, expected, "{what}");
    }
}

#[test]
fn what_changes_nothing_is_not_counted() {
    let nothing = [
        change(
            DATA,
            Edit::Flags {
                set: 0,
                clear: PADDED,
            },
        ),
        change(DATA, Edit::Stream(1)),
        change(DATA, Edit::Payload(OctetEdit::Set(4, b"x".to_vec()))),
        change(DATA, Edit::Payload(OctetEdit::Flip(4, 1))),
        change(DATA, Edit::Setting { id: 3, value: 1 }),
        change(DATA, Edit::Chop(4)),
    ];
    let mut relay = Relay::new(&nothing);
    let sent = frame(DATA, 0, 1, b"abcd");
    assert_eq!(joined(&relay.take(SERVER, &sent)), sent);
    assert_eq!(relay.applied(), [0; 6]);
}

#[test]
fn data_is_padded_chopped_and_joined() {
    let sent = frame(DATA, END_STREAM, 1, b"abc");
    let padded = frame(DATA, END_STREAM | PADDED, 1, b"\x02abc\0\0");
    assert_eq!(passed(&[change(DATA, Edit::Pad(2))], &sent), padded);
    // Padding that is there is not padded again.
    assert_eq!(passed(&[change(DATA, Edit::Pad(2))], &padded), padded);
    let chopped = [frame(DATA, 0, 1, b"ab"), frame(DATA, END_STREAM, 1, b"c")].concat();
    assert_eq!(passed(&[change(DATA, Edit::Chop(2))], &sent), chopped);
    assert_eq!(passed(&[change(DATA, Edit::Join)], &chopped), sent);
}

#[test]
fn joined_data_goes_before_what_follows_on_its_stream() {
    let join = [change(DATA, Edit::Join)];
    let trailers = frame(HEADERS, 5, 1, &[0x88]);
    let sent = [
        frame(DATA, 0, 1, b"ab"),
        frame(PING, 0, 0, b"12345678"),
        frame(DATA, PADDED, 1, b"\x01cd\0"),
        trailers.clone(),
    ];
    let expected = [
        frame(PING, 0, 0, b"12345678"),
        frame(DATA, 0, 1, b"abcd"),
        trailers,
    ];
    assert_eq!(passed(&join, &sent.concat()), expected.concat());
    // More than a frame may hold, and another stream, are not waited for.
    let long = frame(DATA, 0, 1, &[7; 16_000]);
    let other = frame(DATA, 0, 3, b"x");
    let sent = [long.clone(), long, other].concat();
    assert_eq!(passed(&join, &sent), sent);
}

#[test]
fn a_setting_is_changed_or_added() {
    let set = |value| change(SETTINGS, Edit::Setting { id: 3, value });
    let before = frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 9]);
    let after = frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 1]);
    assert_eq!(passed(&[set(1)], &before), after);
    assert_eq!(passed(&[set(1)], &frame(SETTINGS, 0, 0, b"")), after);
    let ack = frame(SETTINGS, ACK, 0, b"");
    assert_eq!(passed(&[set(1)], &ack), ack);
}

#[test]
fn header_fields_are_changed() {
    let name = |name: &str| name.as_bytes().to_vec();
    let field = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
    let edits = [
        (FieldEdit::Remove(name("a")), vec![("b", "2")]),
        (
            FieldEdit::Set(field("b", "9")),
            vec![("a", "1"), ("b", "9")],
        ),
        (
            FieldEdit::Set(field("c", "9")),
            vec![("a", "1"), ("b", "2"), ("c", "9")],
        ),
        (
            FieldEdit::AddFirst(field("b", "9")),
            vec![("b", "9"), ("a", "1"), ("b", "2")],
        ),
        (
            FieldEdit::AddLast(field("a", "9")),
            vec![("a", "1"), ("b", "2"), ("a", "9")],
        ),
        (
            FieldEdit::Twice(name("a")),
            vec![("a", "1"), ("a", "1"), ("b", "2")],
        ),
        (
            FieldEdit::Rename(name("a"), name("A")),
            vec![("A", "1"), ("b", "2")],
        ),
        (FieldEdit::ToFront(name("b")), vec![("b", "2"), ("a", "1")]),
        (FieldEdit::ToBack(name("a")), vec![("b", "2"), ("a", "1")]),
        (FieldEdit::Reverse, vec![("b", "2"), ("a", "1")]),
    ];
    for (edit, expected) in edits {
        let what = format!("{edit:?}");
        let sent = frame(HEADERS, END_HEADERS, 1, &block(&[("a", "1"), ("b", "2")]));
        let got = passed(&[change(HEADERS, Edit::Fields(edit))], &sent);
        assert_eq!(
            got,
            frame(HEADERS, END_HEADERS, 1, &block(&expected)),
            "{what}"
        );
    }
}

/// CONTINUATION is joined, padding and priority are understood, and an entry of
/// the dynamic table is there for the list after it.
#[test]
fn lists_are_read_however_they_are_framed() {
    let mut first = vec![3, 0, 0, 0, 0, 0xff];
    // Enters the table as 62.
    first.extend(b"\x40\x01a");
    first.extend([0; 3]);
    let sent = [
        frame(HEADERS, PADDED | PRIORITY | END_STREAM, 1, &first),
        frame(CONTINUATION, END_HEADERS, 1, b"\x011"),
        frame(HEADERS, END_HEADERS, 3, &[0x80 | 62]),
    ];
    let set = FieldEdit::AddLast((b"b".to_vec(), b"2".to_vec()));
    let got = passed(&[change(HEADERS, Edit::Fields(set))], &sent.concat());
    let list = block(&[("a", "1"), ("b", "2")]);
    let flags = PRIORITY | END_STREAM | END_HEADERS;
    let expected = [
        frame(
            HEADERS,
            flags,
            1,
            &[&[0, 0, 0, 0, 0xff][..], &list].concat(),
        ),
        frame(HEADERS, END_HEADERS, 3, &list),
    ];
    assert_eq!(got, expected.concat());
}

#[test]
fn a_block_is_chopped_and_padded() {
    let list = block(&[("a", "1")]);
    let sent = frame(HEADERS, END_HEADERS | END_STREAM, 1, &list);
    let chopped = [
        frame(HEADERS, END_STREAM, 1, &list[..2]),
        frame(CONTINUATION, 0, 1, &list[2..4]),
        frame(CONTINUATION, END_HEADERS, 1, &list[4..]),
    ];
    assert_eq!(
        passed(&[change(HEADERS, Edit::Chop(2))], &sent),
        chopped.concat()
    );
    let padded = [&[1][..], &list, &[0]].concat();
    let padded = frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, &padded);
    assert_eq!(passed(&[change(HEADERS, Edit::Pad(1))], &sent), padded);
}

/// Lists after one that is dropped do not refer to what it put into the table.
#[test]
fn a_dropped_list_leaves_the_others_readable() {
    let sent = [
        frame(HEADERS, END_HEADERS, 1, b"\x40\x01a\x011"),
        frame(HEADERS, END_HEADERS, 3, &[0x80 | 62]),
    ];
    let first = FrameMatch::nth(SERVER, HEADERS, 1);
    let drop = Fault::Frame {
        which: first,
        act: FrameAct::Edit(Edit::Drop),
    };
    let expected = frame(HEADERS, END_HEADERS, 3, &block(&[("a", "1")]));
    assert_eq!(passed(&[drop], &sent.concat()), expected);
}

#[test]
fn frames_are_put_beside_others() {
    let reset = Inserted::Frame {
        kind: RST_STREAM,
        flags: 0,
        stream: None,
        payload: vec![0, 0, 0, 8],
    };
    let interim = Inserted::Headers {
        flags: 0,
        stream: None,
        fields: vec![(b":status".to_vec(), b"103".to_vec())],
    };
    let put = |after, what: &Inserted| {
        let frames = vec![what.clone()];
        act(DATA, FrameAct::Insert { after, frames })
    };
    let sent = frame(DATA, 0, 7, b"a");
    let got = passed(&[put(true, &reset), put(false, &interim)], &sent);
    let expected = [
        frame(HEADERS, END_HEADERS, 7, &block(&[(":status", "103")])),
        sent,
        frame(RST_STREAM, 0, 7, &[0, 0, 0, 8]),
    ];
    assert_eq!(got, expected.concat());
}

/// Which stream a call is on, the library of the client decides.
#[test]
fn a_fault_on_a_call_finds_the_stream_that_the_client_gave_it() {
    let drop = Fault::Frame {
        which: FrameMatch::each(SERVER, Some(DATA)).on_call(2),
        act: FrameAct::Edit(Edit::Drop),
    };
    let mut relay = Relay::new(&[drop]);
    let requests = [
        PREFACE.to_vec(),
        frame(HEADERS, END_HEADERS, 3, &block(&[("a", "1")])),
        frame(DATA, 0, 3, b"one"),
        frame(HEADERS, END_HEADERS, 5, &block(&[("a", "2")])),
        // Trailers open no stream.
        frame(HEADERS, END_HEADERS | END_STREAM, 3, &block(&[("b", "1")])),
    ];
    let passed = requests.concat();
    assert_eq!(relay.take(CLIENT, &passed), [Op::Pass(passed.clone())]);
    let answers =
        [(3, b"A"), (5, b"B"), (7, b"C")].map(|(stream, data)| frame(DATA, 0, stream, data));
    let [first, _, third] = answers.clone();
    let got = relay.take(SERVER, &answers.concat());
    assert_eq!(got, [Op::Pass([first, third].concat())]);
    assert_eq!(relay.applied(), [1]);
}
