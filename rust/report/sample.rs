//! Runs, cases and exchanges for the tests of reports.

use std::fs::File;
use std::path::PathBuf;

use wirecheck_core::judge::outcome::Outcome;
use wirecheck_core::model::run::*;
use wirecheck_core::plan::cells::Plan;
use wirecheck_core::plan::known::{self, Known};
use wirecheck_core::plan::load::load;
use wirecheck_core::plan::resolve::resolve;
use wirecheck_core::plan::schema::Schema;
use wirecheck_core::plan::source::Source;
use wirecheck_core::plan::types::CasePlan;
use wirecheck_core::wire::decode::decode_capture;
use wirecheck_core::wire::exchange::{Exchange, Limits};

/// The peers of the samples.
pub const PEERS: [&str; 3] = ["rust-tonic", "python-grpcio", "python-grpcio-aio"];

const SUITE: &str = r#"
suite: greeter
about: The greeter of the article.
cases:
  - name: say-hello
    about: The name travels as the article prints it.
    keyword: MUST
    section: gRPC over HTTP2, "Requests"
    tags: [article]
    call: /Greeter/SayHello
    send: [{ name: World }]
    metadata: [{ key: x-request, value: one }, { key: x-bin, hex: "00 ff" }]
    expect:
      receive: [{ message: "Hello, World" }]
      handled: { /Greeter/SayHello: { times: 1, receive: [{ name: World }], call_end: returned } }
      wire:
        connections: 1
        request.headers.te: trailers
        request.message.0: { hex: "0a 05 57 6f 72 6c 64" }
        response.message.0: { canonical: "0a 0c 48 65 6c 6c 6f 2c 20 57 6f 72 6c 64" }
  - name: deadline
    about: The deadline passes in the handler, and both sides say so.
    limit: 20s
    repeat: 30
    server:
      listeners:
        main:
          scripts:
            /Greeter/SayHello:
              send:
                - wait: { released: done }
                - status: { code: NOT_FOUND, message: late, trailing: [{ key: x-end, value: z }] }
    calls:
      - id: late
        method: /Greeter/SayHello
        timeout: 100ms
        send: [{ message: { name: World } }]
    do:
      - tap: { hold: { from: client, type: RST_STREAM } }
      - wait: { call_ended: late }
      - release: done
      - tap: { let: client }
    expect:
      calls: { late: { status: { any_of: [DEADLINE_EXCEEDED, CANCELLED] } } }
      frames: { absent: [{ from: server, type: GOAWAY, error: ENHANCE_YOUR_CALM }] }
  - name: large
    about: A name of a million bytes.
    calls:
      - method: /helloworld.Greeter/SayHello
        parallel: 4
        send: [{ fill: { count: 1000000 } }]
    expect:
      calls: { call: { status: OK, receive: [{ size: 1000011 }] } }
"#;

const KNOWN: &str = r#"
[[known]]
cells = "*/rust-tonic/greeter/deadline"
finding = "expect/status"
got = "CANCELLED"
reason = "h2 resets the stream before the deadline is told"
link = "https://github.com/hyperium/tonic/issues/1"
since = "2026-11-22"
rate = "1..5/30"
"#;

/// The built-in schema.
pub fn schema() -> Schema {
    let set = include_bytes!(concat!(env!("OUT_DIR"), "/schemas.bin"));
    Schema::decode(set).expect("a complete set")
}

/// Three cases, resolved from YAML as a user writes it.
pub fn cases() -> Vec<CasePlan> {
    let loaded = load(Source::new("cases/greeter.yaml", SUITE));
    let resolved = loaded.and_then(|loaded| resolve(&loaded, &schema()));
    resolved.unwrap_or_else(|problem| panic!("{}", problem.render(false)))
}

/// The ids of all cells of the cases with the peers.
pub fn ids() -> Vec<String> {
    let peers = || PEERS.map(str::to_owned).to_vec();
    Plan::new(peers(), peers(), cases()).ids()
}

/// One entry of a known list.
pub fn known() -> Vec<Known> {
    let loaded = known::load(&Source::new("cases/known.toml", KNOWN));
    loaded.unwrap_or_else(|problem| panic!("{}", problem.render(false)))
}

/// A real exchange, recorded between two grpcio programs.
pub fn exchange(case: &str) -> Exchange {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("rust/core/tests/captures");
    let file = folder.join(format!("python-grpcio.python-grpcio.{case}.wirecap"));
    let capture = File::open(file).expect("a capture of this case");
    decode_capture(capture, Limits::default()).expect("a whole capture")
}

/// A run in which everything is as expected, with every peer in both roles.
pub fn green() -> Run {
    let mut run = Run {
        schema_version: SCHEMA_VERSION,
        tool: "wirecheck 0.1.0".into(),
        id: "8c1e".into(),
        started: "2026-11-22T14:03:00Z".into(),
        wall_ms: 3_120,
        seed: 4711,
        machine: Machine {
            os: "linux".into(),
            arch: "x86_64".into(),
            cores: 2,
        },
        complete: true,
        peers: peers(),
        cases: model_cases(),
        ..Run::default()
    };
    for client in PEERS {
        for server in PEERS {
            run.cells.extend(
                run.cases
                    .clone()
                    .iter()
                    .map(|case| cell(client, server, case)),
            );
        }
    }
    run
}

fn model_cases() -> Vec<Case> {
    let cases = cases();
    let cases = cases.iter().map(|case| Case {
        id: case.id.clone(),
        about: case.about.clone(),
        file: case.at.file.display().to_string(),
        line: case.at.line,
        keyword: case.keyword.map(|_| "MUST".into()),
        section: case.section.clone(),
        ..Case::default()
    });
    cases.collect()
}

fn cell(client: &str, server: &str, case: &Case) -> Cell {
    let (suite, name) = case.id.split_once('/').expect("an id");
    Cell {
        id: format!("{client}/{server}/{}", case.id),
        client: client.into(),
        server: server.into(),
        suite: suite.into(),
        case: name.into(),
        outcome: "pass".into(),
        duration_ms: 14,
        ..Cell::default()
    }
}

fn peers() -> Vec<Peer> {
    let roles = PEERS
        .iter()
        .flat_map(|name| ["client", "server"].map(|role| (*name, role)));
    roles.map(|(name, role)| peer(name, role)).collect()
}

fn peer(name: &str, role: &str) -> Peer {
    let parts: &[(&str, &str)] = match name {
        "rust-tonic" => &[("rust", "1.95.0"), ("tonic", "0.14.9"), ("prost", "0.14.4")],
        _ => &[
            ("python", "3.11.2"),
            ("grpcio", "1.85.1"),
            ("protobuf", "6.33.0"),
        ],
    };
    let version = |(name, version): &(&str, &str)| VersionOf {
        name: (*name).into(),
        version: (*version).into(),
    };
    let features: &[&str] = match name {
        "rust-tonic" => &["raw-send", "reset"],
        _ => &["raw-send", "message-limits"],
    };
    Peer {
        name: name.into(),
        role: role.into(),
        source: "built-in".into(),
        command: vec!["peers/run me".into(), name.into(), role.into()],
        versions: parts.iter().map(version).collect(),
        features: features.iter().map(|name| (*name).to_owned()).collect(),
        log: Some(format!("logs/{name}.{role}.log")),
        ..Peer::default()
    }
}

/// The peers, of which one server does not start.
pub fn peers_with_a_broken_one() -> Vec<Peer> {
    let mut peers = peers();
    let broken = peers.last_mut().expect("there are peers");
    broken.versions.clear();
    broken.features.clear();
    broken.errors.push(PeerError {
        sentence: "was not ready within 10 s".into(),
        exit_status: Some("exit status: 1".into()),
        log_tail: vec![
            "Traceback (most recent call last):".into(),
            "ModuleNotFoundError: No module named 'grpc'\x1b[31m".into(),
        ],
        hint: Some("run `make python`".into()),
    });
    peers
}

/// Gives cells of a run, by a part of their ids, an outcome and a reason.
pub fn set(run: &mut Run, part: &str, outcome: Outcome, reason: Option<(&str, &str)>) {
    let cells = run.cells.iter_mut().filter(|cell| cell.id.contains(part));
    for cell in cells {
        cell.outcome = outcome.name().into();
        cell.reason = reason.map(|(code, sentence)| Reason {
            code: code.into(),
            sentence: sentence.into(),
            ..Reason::default()
        });
    }
}

/// Adds a cause of the cells with this outcome whose ids have this part.
pub fn cause(
    run: &mut Run,
    part: &str,
    outcome: Outcome,
    culprit: &str,
    peer: &str,
    sentence: &str,
) {
    let cells = run
        .cells
        .iter()
        .filter(|cell| cell.id.contains(part) && cell.outcome == outcome.name());
    let cells = cells.map(|cell| cell.id.clone()).collect();
    run.causes.push(Cause {
        id: format!("{}", run.causes.len()),
        outcome: outcome.name().into(),
        sentence: sentence.into(),
        culprit: culprit.into(),
        peer: (!peer.is_empty()).then(|| peer.to_owned()),
        cells,
    });
}

/// A run with every outcome.
pub fn mixed() -> Run {
    let mut run = green();
    run.exit = 1;
    run.known = vec![known_of()];
    set(
        &mut run,
        "python-grpcio/rust-tonic/greeter/say-hello",
        Outcome::Fail,
        None,
    );
    set(
        &mut run,
        "rust-tonic/rust-tonic/greeter/deadline",
        Outcome::Known,
        None,
    );
    set(
        &mut run,
        "python-grpcio-aio/rust-tonic/greeter/deadline",
        Outcome::Stale,
        None,
    );
    set(
        &mut run,
        "rust-tonic/python-grpcio/greeter/large",
        Outcome::Lax,
        None,
    );
    set(
        &mut run,
        "rust-tonic/python-grpcio-aio/greeter/large",
        Outcome::Unsupported,
        None,
    );
    set(
        &mut run,
        "python-grpcio/python-grpcio/greeter/large",
        Outcome::Flaky,
        None,
    );
    let never_ready = "the python-grpcio-aio server was not ready within 10 s";
    let stopped = Some(("peer", never_ready));
    set(
        &mut run,
        "python-grpcio/python-grpcio-aio/",
        Outcome::NotRun,
        stopped,
    );
    set(
        &mut run,
        "python-grpcio-aio/python-grpcio-aio/",
        Outcome::Error,
        stopped,
    );
    for cell in &mut run.cells {
        if matches!(cell.outcome.as_str(), "known" | "stale") {
            cell.known_entry = vec![0];
        }
        if !matches!(cell.outcome.as_str(), "not-run" | "error") {
            cell.attempts = vec![Attempt::default()];
        }
    }
    let sentence = "request message #1 differs at byte 4: 73, expected 72";
    cause(
        &mut run,
        "",
        Outcome::Error,
        "server",
        "python-grpcio-aio",
        never_ready,
    );
    cause(
        &mut run,
        "",
        Outcome::Stale,
        "",
        "",
        "listed as known, but passes now",
    );
    cause(
        &mut run,
        "",
        Outcome::Fail,
        "client",
        "python-grpcio",
        sentence,
    );
    cause(
        &mut run,
        "",
        Outcome::Flaky,
        "undetermined",
        "",
        "the call ended with UNAVAILABLE, expected OK",
    );
    run
}

/// The entry of the known list as the model has it.
pub fn known_of() -> KnownOf {
    KnownOf {
        pattern: "*/rust-tonic/greeter/deadline".into(),
        finding: "expect/status".into(),
        reason: "h2 resets the stream before the deadline is told".into(),
        link: Some("https://github.com/hyperium/tonic/issues/1".into()),
        since: "2026-11-22".into(),
        rate: Some("1..5/30".into()),
        at: "cases/known.toml:2".into(),
        matched: Vec::new(),
    }
}

/// A run of one cell with one attempt that shows this finding.
pub fn failing(client: &str, server: &str, finding: FindingOf) -> Run {
    let mut run = green();
    let id = format!("{client}/{server}/greeter/say-hello");
    run.exit = 1;
    run.cells.retain(|cell| cell.id == id);
    let cell = &mut run.cells[0];
    cell.outcome = "fail".into();
    cell.duration_ms = 214;
    cell.attempts = vec![attempt(finding)];
    run
}

fn attempt(finding: FindingOf) -> Attempt {
    let report = ClientOf {
        status: "OK".into(),
        message_count: 1,
        messages: vec![MessageOf {
            length: 14,
            hex: "0a0c48656c6c6f2c20576f726c64".into(),
            ..MessageOf::default()
        }],
        trailing: vec![
            MetadatumOf {
                key: "x-end".into(),
                value: Some("z\x1b[2J".into()),
                hex: None,
            },
            MetadatumOf {
                key: "x-api-token".into(),
                value: Some("secret".into()),
                hex: None,
            },
        ],
        duration_ns: 1_240_000,
        ..ClientOf::default()
    };
    let handled = HandledOf {
        method: "/Greeter/SayHello".into(),
        message_count: 1,
        messages: vec![MessageOf {
            length: 7,
            hex: "0a05576f726c64".into(),
            ..MessageOf::default()
        }],
        request_end: Some("half-closed".into()),
        call_end: Some("returned".into()),
        ..HandledOf::default()
    };
    Attempt {
        kind: "first".into(),
        outcome: "fail".into(),
        findings: vec![finding],
        calls: [("call".to_owned(), vec![report])].into(),
        handled: vec![handled],
        captures: vec![CaptureOf {
            beside: String::new(),
            path: "captures/say-hello.wirecap".into(),
            format: "wirecap-1".into(),
            length: 1_892,
            ..CaptureOf::default()
        }],
        ..Attempt::default()
    }
}

/// Bytes as one side of a difference.
pub fn bytes(bytes: &[u8]) -> ValueOf {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    ValueOf {
        value: "message".into(),
        hex: Some(hex),
        length: bytes.len() as u64,
        ..ValueOf::default()
    }
}

/// Text as one side of a difference.
pub fn words(text: &str) -> ValueOf {
    ValueOf {
        value: text.into(),
        length: text.len() as u64,
        ..ValueOf::default()
    }
}

/// A finding of bytes in the first request message.
pub fn of_bytes(sentence: &str, expected: &[u8], got: &[u8]) -> FindingOf {
    FindingOf {
        code: "expect/wire-bytes".into(),
        fingerprint: "a1".into(),
        level: "MUST".into(),
        culprit: "client".into(),
        sentence: sentence.into(),
        place: WhereOf {
            connection: Some(1),
            stream: Some(1),
            frame: Some(8),
            message: Some(0),
            sender: Some("client".into()),
            byte_range: Some((349, 361)),
            at_ns: Some(3_149_000),
        },
        expected: Some(bytes(expected)),
        got: Some(bytes(got)),
        path: Some("wire.request.message.0".into()),
        case_at: Some("cases/greeter.yaml:5".into()),
        ..FindingOf::default()
    }
}

/// One changed byte in the article's message.
pub fn changed_byte() -> Run {
    let sentence = "request message #1 differs at byte 4: 73, expected 72";
    let finding = of_bytes(sentence, b"\x0a\x05World", b"\x0a\x05Wosld");
    failing("python-grpcio", "rust-tonic", finding)
}

/// A run with so many causes of one cell each.
pub fn with_causes(count: usize) -> Run {
    let mut run = changed_byte();
    let cells = vec![run.cells[0].id.clone()];
    run.causes = (0..count)
        .map(|number| Cause {
            outcome: "fail".into(),
            sentence: format!("cause {number}"),
            culprit: "client".into(),
            peer: Some("python-grpcio".into()),
            cells: cells.clone(),
            ..Cause::default()
        })
        .collect();
    run
}
