//! The same case over TCP, Unix sockets and TLS.

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
        answer.stderr.contains("one of tcp, ipv6, uds, tls, mtls"),
        "{}",
        answer.stderr
    );
}

/// Over TLS nothing that was not seen may look met.
#[test]
fn over_tls_the_tap_tells_what_the_hellos_say_and_no_more() {
    let place = Place::new();
    let suite = "suite: over\nabout: Over TLS.\ncases:\n  - name: say-hello\n    about: Over TLS.\n    \
                 variants: [tls, mtls]\n    call: /Greeter/SayHello\n    send: [{ name: World }]\n    \
                 expect:\n      receive: [{ message: \"Hello, World\" }]\n      wire:\n        \
                 connections: 1\n        request.path: /Greeter/SayHello\n";
    let cases = place.write("over.yaml", suite);
    let cases = cases.to_str().expect("a path in UTF-8");
    let answer = place.run(&["--cases", cases, "python-grpcio/rust-tonic/over"]);
    assert_eq!(answer.exit, Some(0), "{}", answer.stderr);
    let run = place.last();
    for variant in ["tls", "mtls"] {
        let id = format!("python-grpcio/rust-tonic/over/say-hello+{variant}");
        let attempt = &cell(&run, &id).attempts[0];
        let state = |path: &str| {
            let check = attempt.checks.iter().find(|check| check.path == path);
            check.map(|check| check.state.as_str())
        };
        assert_eq!(state("tls"), Some("met"), "{id}");
        assert_eq!(state("wire.connections"), Some("met"), "{id}");
        assert_eq!(state("wire.request.path"), Some("unreadable"), "{id}");
        let tls = attempt.connections[0].tls.as_ref().expect("what TLS says");
        assert_eq!(tls.server_name.as_deref(), Some("localhost"));
        assert!(tls.offered_alpn.contains(&"h2".to_owned()), "{tls:?}");
    }
    let shown = place.show(&["say-hello+mtls"]).stdout;
    assert!(shown.contains("TLS 1.3, server name localhost"), "{shown}");
    assert!(shown.contains("cannot be read"), "{shown}");
    assert!(!shown.contains("World\""), "{shown}");
}

/// A frame that nobody can see would be waited for in vain.
#[test]
fn over_tls_no_frame_can_be_waited_for() {
    let place = Place::new();
    let suite = "suite: over\nabout: Over TLS.\ncases:\n  - name: held\n    about: Over TLS.\n    \
                 variants: [tls]\n    call: /Greeter/SayHello\n    send: [{ name: World }]\n    \
                 do:\n      - tap: { hold: { from: server, ends_stream: true } }\n";
    let cases = place.write("over.yaml", suite);
    let answer = place.run(&["--cases", cases.to_str().expect("a path in UTF-8")]);
    assert_eq!(answer.exit, Some(2), "{}", answer.stderr);
    let said = "over `tls` the tap cannot see the frames that `do` is about";
    assert!(answer.stderr.contains(said), "{}", answer.stderr);
}

/// What takes long runs only where it is asked for.
#[test]
fn a_suite_on_request_runs_where_a_pattern_names_it() {
    let place = Place::new();
    let suite = "suite: long\nabout: Takes long.\non_request: true\ncases:\n  - name: many\n    \
                 about: Many in turn.\n    channels: { main: { count: 2 } }\n    calls:\n      \
                 - method: /Greeter/SayHello\n        in_turn: 4\n        \
                 send: [{ message: { name: World } }]\n    expect:\n      \
                 receive: [{ message: \"Hello, World\" }]\n      wire: { connections: 2 }\n";
    let cases = place.write("long.yaml", suite);
    let cases = cases.to_str().expect("a path in UTF-8");
    let unasked = place.run(&["--cases", cases, "rust-tonic/rust-tonic/**"]);
    assert_ne!(unasked.exit, Some(0), "{}", unasked.stderr);
    let asked = place.run(&["--cases", cases, "rust-tonic/rust-tonic/long"]);
    assert_eq!(asked.exit, Some(0), "{}", asked.stderr);
    let run = place.last();
    let many = cell(&run, "rust-tonic/rust-tonic/long/many");
    assert_eq!(many.attempts[0].calls["call"].len(), 4);
}
