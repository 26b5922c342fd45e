use super::*;

fn shown(expected: &[u8], got: &[u8]) -> String {
    diff(expected, got, 4).to_string()
}

fn lines(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn equal_bytes_have_no_rows() {
    assert_eq!(shown(b"same", b"same"), "");
    assert_eq!(shown(b"", b""), "");
    assert_eq!(first_difference(b"same", b"same"), None);
}

#[test]
fn a_changed_byte_is_marked() {
    let expected = b"\x00\x00\x00\x00\x07\x0a\x05World";
    let got = b"\x00\x00\x00\x00\x07\x0a\x05Worle";
    assert_eq!(first_difference(expected, got), Some(11));
    assert_eq!(
        shown(expected, got),
        lines(&[
            "0000  -  00 00 00 00 07 0a 05 57  6f 72 6c 64",
            "0000  +  00 00 00 00 07 0a 05 57  6f 72 6c 65",
            "                                           ^^",
        ])
    );
}

#[test]
fn an_inserted_byte_leaves_the_rest_in_place() {
    assert_eq!(
        shown(b"\x0a\x03abc\x10\x01", b"\x0a\x04abXc\x10\x01"),
        lines(&[
            "0000  -  0a 03 61 62 .. 63 10 01",
            "0000  +  0a 04 61 62 58 63 10 01",
            "            ^^       ^^",
        ])
    );
}

#[test]
fn a_missing_end_is_marked() {
    assert_eq!(
        shown(b"\x0a\x05World", b"\x0a\x05Wor"),
        lines(&[
            "0000  -  0a 05 57 6f 72 6c 64",
            "0000  +  0a 05 57 6f 72 .. ..",
            "                        ^^ ^^"
        ])
    );
    assert_eq!(first_difference(b"World", b"Wor"), Some(3));
}

#[test]
fn nothing_against_something() {
    assert_eq!(
        shown(b"", b"\x08"),
        lines(&["0000  -  ..", "0000  +  08", "         ^^"])
    );
}

#[test]
fn packed_against_unpacked() {
    let expected = b"\x00\x00\x00\x00\x0d\x0a\x03A-7\x10\x96\x01\x22\x03\x01\x02\x03";
    let got = b"\x00\x00\x00\x00\x0e\x0a\x03A-7\x10\x96\x01\x20\x01\x20\x02\x20\x03";
    assert_eq!(
        shown(expected, got),
        lines(&[
            "0000  -  00 00 00 00 0d 0a 03 41  2d 37 10 96 01 22 03 01",
            "0000  +  00 00 00 00 0e 0a 03 41  2d 37 10 96 01 20 01 20",
            "                     ^^                          ^^ ^^ ^^",
            "0010  -  02 .. 03",
            "0010  +  02 20 03",
            "            ^^",
        ])
    );
}

#[test]
fn equal_rows_are_left_out_and_offsets_go_apart() {
    let mut expected = vec![0x11; 100];
    let mut got = expected.clone();
    got.insert(20, 0x22);
    expected[90] = 0x33;
    assert_eq!(
        shown(&expected, &got),
        lines(&[
            "0010  -  11 11 11 11 .. 11 11 11  11 11 11 11 11 11 11 11",
            "0010  +  11 11 11 11 22 11 11 11  11 11 11 11 11 11 11 11",
            "                     ^^",
            "004f  -  11 11 11 11 11 11 11 11  11 11 11 33 11 11 11 11",
            "0050  +  11 11 11 11 11 11 11 11  11 11 11 11 11 11 11 11",
            "                                           ^^",
        ])
    );
}

#[test]
fn only_the_first_rows_are_kept() {
    let found = diff(&[0; 64], &[1; 64], 2);
    assert_eq!(found.rows.len(), 2);
    assert!(found.more);
    assert!(found.to_string().ends_with("      more rows differ\n"));
    assert!(!diff(&[0; 32], &[1; 32], 2).more);
}

#[test]
fn long_inputs_are_compared_in_place() {
    let expected: Vec<u8> = (0..100_000_u32).map(|at| (at % 251) as u8).collect();
    let mut got = expected[1..].to_vec();
    got[0] = 0xff;
    *got.last_mut().unwrap() = 0xff;
    let found = diff(&expected, &got, 1);
    assert_eq!(found.rows[0].columns.len(), COLUMNS);
    assert!(found.rows[0].columns.iter().all(|column| column.differs()));
}
