//! The same case over TCP and over Unix sockets.

use super::wirecheck::{Place, cell};

fn suite(variants: &str) -> String {
    format!(
        "suite: over\nabout: Over both.\ncases:\n  - name: say-hello\n    about: Over both.\n    \
         variants: {variants}\n    call: /Greeter/SayHello\n    send: [{{ name: World }}]\n    \
         expect: {{ status: OK }}\n"
    )
}

fn run(place: &Place, variants: &str, pattern: &str) -> super::wirecheck::Answer {
    let cases = place.write("over.yaml", &suite(variants));
    let cases = cases.to_str().expect("a path in UTF-8");
    place.run(&["--cases", cases, pattern])
}

#[test]
fn each_variant_is_a_cell_and_both_sides_of_the_tap_are_what_it_says() {
    let place = Place::new();
    let answer = run(&place, "[tcp, uds]", "rust-tonic/rust-tonic");
    assert_eq!(answer.exit, Some(0), "{}", answer.stderr);
    let run = place.last();
    assert_eq!(
        cell(&run, "rust-tonic/rust-tonic/over/say-hello").variant,
        [""; 0]
    );
    let over_uds = cell(&run, "rust-tonic/rust-tonic/over/say-hello+uds");
    assert_eq!(over_uds.variant, ["uds"]);
    assert_eq!(over_uds.outcome, "pass");
    // tonic has no address to name there.
    let shown = place.show(&["say-hello+uds"]);
    assert!(shown.stdout.contains(":authority"), "{}", shown.stdout);
    assert!(!shown.stdout.contains("127.0.0.1"), "{}", shown.stdout);
}

#[test]
fn a_pattern_selects_by_variant() {
    let place = Place::new();
    let answer = run(
        &place,
        "[tcp, uds]",
        "python-grpcio/python-grpcio/over/*+uds",
    );
    assert_eq!(answer.exit, Some(0), "{}", answer.stderr);
    let ran = place.last().cells.into_iter();
    let ran: Vec<String> = ran
        .filter(|cell| cell.outcome == "pass")
        .map(|cell| cell.id)
        .collect();
    assert_eq!(ran, ["python-grpcio/python-grpcio/over/say-hello+uds"]);
}

/// A name that no variant has is pointed at, with those that there are.
#[test]
fn an_unknown_variant_is_a_usage_error() {
    let place = Place::new();
    let answer = run(&place, "[tcp, udp]", "**");
    assert_eq!(answer.exit, Some(2), "{}", answer.stderr);
    assert!(
        answer.stderr.contains("unknown value `udp`"),
        "{}",
        answer.stderr
    );
    assert!(
        answer.stderr.contains("one of tcp, uds"),
        "{}",
        answer.stderr
    );
}
