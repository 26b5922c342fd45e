//! Header lists with something wrong in them.

use wirecheck_core::judge::finding::Culprit;
use wirecheck_core::wire::frame::{Body, SETTINGS};
use wirecheck_core::wire::relay::{Edit, Fault, FieldEdit, FrameMatch};

use super::changes::{Mutant, add, edit, fields, remove, set, twice};
use super::places::{List, Part, Recorded};
use super::random::Random;

/// Values that are made up for one place.
const SAMPLES: usize = 3;

/// The lists of a call in which a rule can be broken.
const REQUESTS: &[Part] = &[Part::Request];
const ALL: &[Part] = &[
    Part::Request,
    Part::Response,
    Part::TrailersOnly,
    Part::Trailers,
];
const INITIAL: &[Part] = &[Part::Request, Part::Response];
const ANSWERS: &[Part] = &[Part::Response, Part::TrailersOnly];
const STATUS: &[Part] = &[Part::TrailersOnly, Part::Trailers];

pub fn of(rule: &'static str, recorded: &Recorded) -> Vec<Mutant> {
    let mut random = Random::of(&format!("{rule} {}", recorded.name));
    let mut mutants = Vec::new();
    for list in recorded.lists() {
        for change in changes(rule, list, &mut random) {
            mutants.push(mutant(rule, recorded, list, change));
        }
    }
    mutants
}

fn mutant(rule: &'static str, recorded: &Recorded, list: &List, changes: Vec<FieldEdit>) -> Mutant {
    let what = format!("{:?} of stream {}: {changes:?}", list.part, list.stream);
    let mut faults: Vec<_> = changes
        .into_iter()
        .map(|change| fields(list.which, change))
        .collect();
    if rule == "metadata/true-binary" {
        faults.extend(without_true_binary(recorded, list));
    }
    let mutant = Mutant::new(rule, list.culprit(), what, faults);
    let already = recorded.breaks(rule, mutant.culprit);
    match rule {
        "request/timeout-first" => mutant.equivalent_if(already, "it comes late as it is"),
        // Content-Type has to be wrong for a server to have to refuse it.
        "response/unsupported-media-type" => {
            let mutant = mutant.also(&["request/content-type"]);
            let unanswered = !recorded.is_answered(list.stream);
            let mutant = mutant.equivalent_if(unanswered, "nobody answers it");
            Mutant {
                culprit: Culprit::Server,
                ..mutant
            }
        }
        _ => mutant,
    }
}

/// The receiver takes back that it takes raw bytes, where it said so: 0xfe03.
fn without_true_binary(recorded: &Recorded, list: &List) -> Option<Fault> {
    let receiver = list.which.direction.reverse();
    let mut frames = recorded.connection().frames.iter();
    let said = frames.any(|frame| {
        let settings = match &frame.body {
            Body::Settings(settings) => &settings[..],
            _ => &[],
        };
        frame.direction == receiver && settings.contains(&(0xfe03, 1))
    });
    let setting = Edit::Setting {
        id: 0xfe03,
        value: 0,
    };
    said.then(|| edit(FrameMatch::nth(receiver, SETTINGS, 1), setting))
}

/// What breaks the rule in this list, each by itself.
fn changes(rule: &str, list: &List, random: &mut Random) -> Vec<Vec<FieldEdit>> {
    let parts: &[Part] = match rule.split('/').next() {
        Some("request") => REQUESTS,
        Some("metadata" | "http2") => ALL,
        Some("status") => STATUS,
        _ => ANSWERS,
    };
    let parts = match rule {
        "response/unsupported-media-type" | "http2/pseudo-header-first" => INITIAL,
        "status/only-in-trailers" => &[Part::Response],
        _ => parts,
    };
    if !parts.contains(&list.part) {
        return Vec::new();
    }
    let mut changes = Vec::new();
    for _ in 0..SAMPLES {
        changes.extend(sampled(rule, list, random));
    }
    changes.extend(fixed(rule, list));
    changes
}

/// Changes with a value that is made up.
fn sampled(rule: &str, list: &List, random: &mut Random) -> Option<Vec<FieldEdit>> {
    let change = match rule {
        "request/method" => set(
            ":method",
            random.of_these(&["GET", "PUT", "post", "CONNECT", ""]),
        ),
        "request/scheme" => set(":scheme", random.word()),
        "request/path" => {
            let (service, method) = (random.word(), random.word());
            let path = match random.below(4) {
                0 => [&service[..], b"/", &method].concat(),
                1 => [b"/", &service[..]].concat(),
                2 => [b"/", &service[..], b"/"].concat(),
                _ => [b"//", &method[..]].concat(),
            };
            set(":path", path)
        }
        "request/te-trailers" => set("te", random.word()),
        "request/content-type" => set("content-type", media_type(random)),
        "request/timeout" => set("grpc-timeout", timeout(random)),
        "request/user-agent" => set("user-agent", [&random.word()[..], b"/1.0"].concat()),
        "metadata/name-characters" => add(random.word_with(b"ABCXYZ !\"()@[]~\x7f"), "1"),
        "metadata/ascii-value" => add("x-m", random.word_with(b"\x01\x07\n\r\x7f\x80\xc3\xff")),
        "metadata/value-whitespace" => {
            let word = random.word();
            let padded = match random.below(2) {
                0 => [b" ", &word[..]].concat(),
                _ => [&word[..], b" "].concat(),
            };
            add("x-m", padded)
        }
        "metadata/reserved-name" => add([b"grpc-x", &random.word()[..]].concat(), "1"),
        "metadata/message-type" => add("grpc-message-type", random.word_with(b"/ -+")),
        "metadata/binary-base64" => add("x-m-bin", random.word_with(b"-_*! ")),
        "metadata/true-binary" => add("x-m-bin", [b"\0", &random.word()[..]].concat()),
        "response/http-status" => {
            let status = 201 + random.below(398);
            set(":status", status.to_string())
        }
        "response/content-type" => set("content-type", media_type(random)),
        "status/decimal" => set("grpc-status", not_decimal(random)),
        "status/known-code" if list.value("grpc-status") != Some(b"0") => {
            set("grpc-status", (17 + random.below(983)).to_string())
        }
        "status/message-encoding" if fails(list) => {
            set("grpc-message", random.word_with(b"%\x01\n\x7f\x80\xe9"))
        }
        "status/message-utf8" if fails(list) => {
            let octet = 0x80 + random.below(0x80);
            set("grpc-message", format!("bad %{octet:02X}"))
        }
        "status/message-with-ok" if !fails(list) => set("grpc-message", random.word()),
        _ => return None,
    };
    Some(vec![change])
}

/// Changes of which there is one, or one for each of a few names.
fn fixed(rule: &str, list: &List) -> Vec<Vec<FieldEdit>> {
    let each = |names: &[&str], change: fn(&str) -> FieldEdit| {
        let names = names.iter().filter(|name| list.has(name));
        names.map(|name| vec![change(name)]).collect::<Vec<_>>()
    };
    let to_back = |name: &str| FieldEdit::ToBack(name.into());
    const PSEUDO: [&str; 5] = [":method", ":scheme", ":path", ":authority", ":status"];
    match rule {
        "request/method" => each(&[":method"], remove),
        "request/scheme" => each(&[":scheme"], remove),
        "request/path" => each(&[":path"], remove),
        "request/authority" => each(&[":authority"], remove),
        "request/te-trailers" => [each(&["te"], remove), each(&["te"], twice)].concat(),
        "request/content-type" | "response/content-type" => {
            let name = &["content-type"];
            [each(name, remove), each(name, twice)].concat()
        }
        "request/timeout" => each(&["grpc-timeout"], twice),
        "request/timeout-first" if list.has("grpc-timeout") => each(&["grpc-timeout"], to_back),
        "request/timeout-first" => vec![vec![add("grpc-timeout", "1S")]],
        "request/definition-first" => {
            let names = ["te", "content-type", "grpc-accept-encoding", "user-agent"];
            let names = names.iter().filter(|name| list.has(name));
            names
                .map(|name| vec![add("x-m", "1"), to_back(name)])
                .collect()
        }
        "request/user-agent" => each(&["user-agent"], remove),
        "metadata/empty-value" => vec![vec![add("x-m", "")]],
        "metadata/connection-specific" => connection_specific(list),
        "metadata/content-coding" => vec![
            vec![set("grpc-encoding", "gzip,deflate")],
            vec![set("grpc-encoding", "")],
            vec![set("grpc-accept-encoding", "identity,,gzip")],
        ],
        "metadata/list-size" => vec![vec![add("x-m", vec![b'm'; 8192])]],
        "metadata/binary-unpadded" => vec![vec![add("x-m-bin", "q80=")]],
        "response/http-status" => each(&[":status"], remove),
        "response/content-subtype" => vec![vec![set("content-type", "application/grpc+proto")]],
        "response/trailers-only-error" if list.part == Part::TrailersOnly => {
            vec![vec![set("grpc-status", "0")]]
        }
        "response/unsupported-media-type" if list.part == Part::Request => {
            vec![vec![set("content-type", "text/html")]]
        }
        "status/present" => each(&["grpc-status"], remove),
        "status/only-in-trailers" => vec![
            vec![add("grpc-status", "0")],
            vec![add("grpc-message", "early")],
        ],
        "status/once" => [
            each(&["grpc-status", "grpc-message"], twice),
            vec![vec![add("grpc-status", "13")]],
        ]
        .concat(),
        "status/message-hex-case" if fails(list) => vec![vec![set("grpc-message", "%c3%9F")]],
        "status/message-over-encoded" if fails(list) => vec![vec![set("grpc-message", "a%20b")]],
        "status/message-empty" if fails(list) => vec![vec![set("grpc-message", "")]],
        "http2/pseudo-header-known" => vec![
            vec![FieldEdit::AddFirst((b":version".into(), b"2".into()))],
            vec![FieldEdit::AddFirst((
                other_pseudo(list).into(),
                b"200".into(),
            ))],
        ],
        "http2/pseudo-header-once" => each(&PSEUDO, twice),
        "http2/pseudo-header-first" => each(&PSEUDO, to_back),
        _ => Vec::new(),
    }
}

/// A pseudo-header of the other side; trailers have none at all.
fn other_pseudo(list: &List) -> &'static str {
    match list.part {
        Part::Request | Part::Trailers => ":status",
        Part::Response | Part::TrailersOnly => ":path",
    }
}

fn connection_specific(list: &List) -> Vec<Vec<FieldEdit>> {
    let mut names = vec![
        "connection",
        "keep-alive",
        "proxy-connection",
        "transfer-encoding",
        "upgrade",
    ];
    if list.part != Part::Request {
        names.push("te");
    }
    names
        .into_iter()
        .map(|name| vec![add(name, "trailers")])
        .collect()
}

fn media_type(random: &mut Random) -> Vec<u8> {
    let word = random.word();
    match random.below(3) {
        0 => [b"application/", &word[..]].concat(),
        1 => [b"application/grpc", &word[..]].concat(),
        _ => word,
    }
}

/// No TimeoutValue with its unit, or one that is not positive.
fn timeout(random: &mut Random) -> Vec<u8> {
    match random.below(5) {
        0 => random.octets(b"123456789", 3),
        1 => [random.octets(b"123456789", 9), b"m".to_vec()].concat(),
        2 => b"0S".to_vec(),
        3 => [random.octets(b"123456789", 2), random.octets(b"smhMSx", 2)].concat(),
        _ => b"1.5S".to_vec(),
    }
}

fn not_decimal(random: &mut Random) -> Vec<u8> {
    match random.below(4) {
        0 => random.word(),
        1 => [b"0", &random.octets(b"0123456789", 1)[..]].concat(),
        2 => [b"-", &random.octets(b"123456789", 1)[..]].concat(),
        _ => [random.octets(b"123456789", 1), b".0".to_vec()].concat(),
    }
}

/// The call ends with another status than OK.
fn fails(list: &List) -> bool {
    list.value("grpc-status")
        .is_some_and(|status| status != b"0")
}
