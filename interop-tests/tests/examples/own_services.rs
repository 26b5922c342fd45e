//! Wirecheck against the examples, as a team would use it: without a manifest, and with one.

use std::fs;
use std::path::Path;
use std::process::Command;

use wirecheck_interop_tests::prerequisite::project_root;

use crate::folder::{Folder, ORDERS, SHOP, absolute};
use crate::program::{Server, python, rust};

/// What aio does when a server answers before a request stream has ended is a matter of chance:
/// `grpc.aio` then reports INTERNAL in place of the status.
const WITHOUT_CHANCE: [&str; 2] = ["rust-tonic.dynamic", "python-grpcio.dynamic"];

/// The command of the shop's client.
fn shop_client() -> Vec<String> {
    let client = python("rust-server-python-client/client/client.py");
    let words = [client.get_program()].into_iter().chain(client.get_args());
    let words = words.map(|word| word.to_str().expect("text").to_owned());
    words.chain(["{target}".to_owned()]).collect()
}

fn with_address(mut command: Command, address: &str) -> String {
    command.args(["--addr", address]);
    let words = [command.get_program()]
        .into_iter()
        .chain(command.get_args());
    let words: Vec<String> = words
        .map(|word| format!("{:?}", word.to_str().expect("text")))
        .collect();
    format!("[{}]", words.join(", "))
}

#[test]
fn every_method_of_a_server_is_called_by_every_client() {
    let server = Server::start(rust("shop-server"));
    let folder = Folder::new();
    let proto = absolute(SHOP);
    let answer = folder.wirecheck(&[
        "run",
        "--server",
        server.address(),
        "--proto",
        &proto,
        "*.dynamic/server",
    ]);
    let run = folder.last();
    let clients: Vec<&str> = run
        .peers
        .iter()
        .filter(|peer| peer.role == "client")
        .map(|peer| peer.name.as_str())
        .collect();
    assert_eq!(
        clients,
        [
            "rust-tonic.dynamic",
            "python-grpcio.dynamic",
            "python-grpcio-aio.dynamic",
            "go-grpc.dynamic",
            "java-grpc.dynamic",
            "node-grpc-js.dynamic",
            "cpp-grpc.dynamic",
        ]
    );
    for method in ["get-item", "list-items", "place-order", "fill-basket"] {
        let of_method = |client: &str| {
            run.cells
                .iter()
                .filter(|cell| cell.client == client && cell.case.starts_with(method))
                .count()
        };
        assert!(
            of_method("rust-tonic.dynamic") >= 2,
            "{method}: {}",
            answer.stderr
        );
    }
    let certain = run
        .cells
        .iter()
        .filter(|cell| WITHOUT_CHANCE.contains(&cell.client.as_str()));
    for cell in certain {
        assert_eq!(cell.outcome, "pass", "{}\n{}", cell.id, answer.stderr);
    }
}

#[test]
fn a_method_that_the_server_lacks_is_named() {
    let server = Server::start(rust("shop-server"));
    let folder = Folder::new();
    folder.write("more.proto", "syntax = \"proto3\";\npackage shop.v1;\nmessage Nothing {}\nservice Shop { rpc Close(Nothing) returns (Nothing); }\n");
    let answer = folder.wirecheck(&["run", "--server", server.address(), "--proto", "more.proto"]);
    assert_eq!(answer.exit, Some(1), "{}", answer.stderr);
    assert!(
        answer
            .stderr
            .contains("the server does not implement /shop.v1.Shop/Close"),
        "{}",
        answer.stderr
    );
    assert!(
        answer.stderr.contains("culprit    server"),
        "{}",
        answer.stderr
    );
}

#[test]
fn excluded_methods_are_not_called_and_that_is_said() {
    let server = Server::start(rust("shop-server"));
    let folder = Folder::new();
    let proto = absolute(SHOP);
    let base = [
        "run",
        "--server",
        server.address(),
        "--proto",
        &proto,
        "--exclude",
    ];
    let answer = folder.wirecheck(&[&base[..], &["Shop/FillBasket"]].concat());
    assert!(
        answer
            .stderr
            .contains("not called    shop.v1.Shop/FillBasket: excluded"),
        "{}",
        answer.stderr
    );
    assert!(
        folder
            .last()
            .cells
            .iter()
            .all(|cell| !cell.case.starts_with("fill-basket"))
    );
    let wrong = folder.wirecheck(&[&base[..], &["Shop/FilBasket"]].concat());
    assert_eq!(wrong.exit, Some(2));
    assert!(
        wrong
            .stderr
            .contains("the schema has no method that matches `Shop/FilBasket`"),
        "{}",
        wrong.stderr
    );
    assert!(
        wrong.stderr.contains("`Shop/FillBasket`"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn a_foreign_pair_is_run_and_a_client_that_is_not_content_fails() {
    let server = Server::start(rust("shop-server"));
    let folder = Folder::new();
    let client = shop_client().join(" ");
    let answer = folder.wirecheck(&["run", "--client", &client, "--server", server.address()]);
    assert_eq!(answer.exit, Some(0), "{}", answer.stderr);
    let orders = Server::start(rust("shop-rewrite"));
    let answer = folder.wirecheck(&["run", "--client", &client, "--server", orders.address()]);
    assert_eq!(answer.exit, Some(1), "{}", answer.stderr);
    assert!(
        answer
            .stderr
            .contains("the client ended with exit status: 1"),
        "{}",
        answer.stderr
    );
    let answer = folder.wirecheck(&["run", "--client", "true", "--server", orders.address()]);
    assert_eq!(answer.exit, Some(1), "{}", answer.stderr);
    assert!(
        answer.stderr.contains("the client made no call"),
        "{}",
        answer.stderr
    );
}

#[test]
fn servers_in_every_language_answer_a_client() {
    let folder = Folder::new();
    // It is not content with made-up answers, but it calls, and its calls are answered.
    let client = shop_client().join(" ");
    let answer = folder.wirecheck(&["run", "--client", &client, "--proto", &absolute(SHOP)]);
    assert_eq!(answer.exit, Some(1), "{}", answer.stderr);
    let run = folder.last();
    assert_eq!(
        run.cells.len(),
        2 * 7,
        "two cases, and a server of every peer: {}",
        answer.stderr
    );
    for cell in &run.cells {
        let handled: usize = cell
            .attempts
            .iter()
            .map(|attempt| attempt.handled.len())
            .sum();
        assert!(handled >= 4, "{} was called {handled} times", cell.id);
    }
}

#[test]
fn a_manifest_starts_the_servers_and_runs_the_clients() {
    let folder = Folder::new();
    let client: Vec<String> = shop_client()
        .iter()
        .map(|word| format!("{word:?}"))
        .collect();
    let server = with_address(rust("shop-server"), "{address}");
    folder.write("wirecheck.toml", &format!(
        "protos = [{:?}]\nwith = [\"rust-tonic\", \"python-grpcio\"]\n\n[peer.rust-shop]\nrun = {server}\nready = \"grpc-health\"\n\n[peer.python-shop]\nrun = [{}]\n",
        absolute(SHOP), client.join(", "),
    ));
    let answer = folder.wirecheck(&["run"]);
    assert_eq!(answer.exit, Some(0), "{}", answer.stderr);
    let run = folder.last();
    assert_eq!(
        run.cells[0].id, "python-shop/rust-shop/program/run",
        "{}",
        answer.stderr
    );
    assert!(
        answer.stderr.contains("all as expected"),
        "{}",
        answer.stderr
    );
}

#[test]
fn what_is_no_grpc_server_is_named() {
    let folder = Folder::new();
    let proto = absolute(SHOP);
    let http1 = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = http1.local_addr().expect("an address").to_string();
    let server = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        // The look whether anybody accepts, and the probe.
        for mut stream in http1.incoming().flatten() {
            let mut buffer = [0; 64];
            if stream.read(&mut buffer).is_ok_and(|read| read > 0) {
                stream
                    .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    .expect("an answer");
                return;
            }
        }
    });
    let answer = folder.wirecheck(&["run", "--server", &address, "--proto", &proto]);
    server.join().expect("it was asked");
    assert_eq!(answer.exit, Some(3), "{}", answer.stderr);
    assert!(
        answer.stderr.contains("speaks HTTP/1.1"),
        "{}",
        answer.stderr
    );
    assert_eq!(
        answer.stderr.matches("speaks HTTP/1.1").count(),
        2,
        "{}",
        answer.stderr
    );
}

#[test]
fn a_server_tells_its_schema_by_itself() {
    let server = Server::start(rust("shop-server"));
    let folder = Folder::new();
    let answer = folder.wirecheck(&[
        "run",
        "--server",
        server.address(),
        "--reflection",
        "rust-tonic.dynamic/server/*/get-item.default",
    ]);
    assert_eq!(answer.exit, Some(0), "{}", answer.stderr);
    let without = Server::start(rust("shop-rewrite"));
    let answer = folder.wirecheck(&["run", "--server", without.address(), "--reflection"]);
    assert_eq!(answer.exit, Some(2), "{}", answer.stderr);
    assert!(
        answer.stderr.contains("it has no server reflection"),
        "{}",
        answer.stderr
    );
}

/// Certificates for a server of this name, by an authority that nobody else knows.
fn certificates(folder: &Folder, name: &str) {
    let authority_key = rcgen::KeyPair::generate().expect("a key");
    let mut authority = rcgen::CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let signed = authority
        .self_signed(&authority_key)
        .expect("a certificate");
    folder.write("ca.pem", &signed.pem());
    let key = rcgen::KeyPair::generate().expect("a key");
    let server = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("a name");
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let server = server.signed_by(&key, &issuer).expect("a certificate");
    folder.write("server.pem", &server.pem());
    folder.write("server.key", &key.serialize_pem());
}

#[test]
fn a_server_behind_tls_is_called_through_wirechecks_own() {
    let folder = Folder::new();
    certificates(&folder, "greeter.test");
    let mut command = Command::new(project_root().join(".venv/bin/python"));
    command.arg(project_root().join("interop-tests/foreign/tls_greeter.py"));
    command
        .args(["server.pem", "server.key"])
        .current_dir(folder.path());
    let server = Server::start_with_stdin(command);
    let proto = absolute("proto/helloworld.proto");
    let base = [
        "run",
        "--server",
        server.address(),
        "--proto",
        &proto,
        "rust-tonic.dynamic",
    ];
    let tls = ["--ca", "ca.pem", "--authority", "greeter.test"];
    let answer = folder.wirecheck(&[&base[..], &tls].concat());
    assert_eq!(answer.exit, Some(0), "{}", answer.stderr);
    let plain = folder.wirecheck(&base);
    assert_eq!(plain.exit, Some(3), "{}", plain.stderr);
    let other =
        folder.wirecheck(&[&base[..], &["--ca", "ca.pem", "--authority", "other.test"]].concat());
    assert_eq!(other.exit, Some(3), "{}", other.stderr);
    assert!(
        other.stderr.contains("TLS that cannot be used"),
        "{}",
        other.stderr
    );
    folder.write("empty.pem", "");
    let empty = folder.wirecheck(&[&base[..], &["--ca", "empty.pem"]].concat());
    assert_eq!(empty.exit, Some(3), "{}", empty.stderr);
    assert!(
        empty
            .stderr
            .contains("`empty.pem` has no certificate in it"),
        "{}",
        empty.stderr
    );
}

#[test]
fn the_doctor_names_each_fault_with_what_mends_it() {
    let folder = Folder::new();
    let server = with_address(rust("shop-server"), "{address}");
    folder.write("wirecheck.toml", &format!(
        "protos = [{:?}]\nwith = [\"rust-tonic\"]\n\n[peer.good]\nrun = {server}\n\n[peer.absent]\nrole = \"server\"\nbuild = \"make absent\"\nrun = [\"./absent\", \"{{port}}\"]\n\n[peer.silent]\nrun = [\"sh\", \"-c\", \"echo I am lost; exit 7\", \"{{port}}\"]\n",
        absolute(SHOP),
    ));
    let answer = folder.wirecheck(&["doctor", "--format", "json"]);
    assert_eq!(answer.exit, Some(3), "{}{}", answer.stdout, answer.stderr);
    let found: serde_json::Value = serde_json::from_str(&answer.stdout).expect("JSON");
    let of = |subject: &str, what: &str| {
        let checks = found["checks"].as_array().expect("a list").iter();
        checks
            .into_iter()
            .find(|check| check["subject"] == subject && check["what"] == what)
            .unwrap_or_else(|| panic!("no {what} of {subject}: {}", answer.stdout))
            .clone()
    };
    assert_eq!(of("schema", "compiles")["found"], "1 service, 4 methods");
    assert_eq!(of("good", "starts")["verdict"], "ok");
    assert_eq!(of("absent", "program")["mend"], "make absent");
    let silent = of("silent", "starts");
    assert_eq!(silent["verdict"], "fix");
    assert!(
        silent["found"]
            .as_str()
            .expect("text")
            .contains("I am lost"),
        "{silent}"
    );
}

/// All files below a folder, with what is in them.
fn files_below(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() {
            files_below(&path, found);
        } else if path.is_file() {
            found.push((path.display().to_string(), fs::read(&path).expect("a file")));
        }
    }
}

#[test]
fn secrets_stand_in_no_output() {
    const SECRET: &str = "s3cr3t-0f-the-sh0p";
    let server = Server::start(rust("shop-server"));
    let folder = Folder::new();
    let proto = absolute(SHOP);
    // The server lacks a method, so that there is a failure to report.
    folder.write("more.proto", "syntax = \"proto3\";\npackage shop.v1;\nmessage Nothing {}\nservice Shop { rpc Close(Nothing) returns (Nothing); }\n");
    let bearer = format!("authorization: Bearer {SECRET}");
    let other = format!("x-shop-key: {SECRET}");
    let mut shown = Vec::new();
    for proto in [proto.as_str(), "more.proto"] {
        let answer = folder.wirecheck(&[
            "run",
            "--server",
            server.address(),
            "--proto",
            proto,
            "--header",
            &bearer,
            "--header",
            &other,
            "--report",
            "junit=out/junit.xml",
            "--report",
            "markdown=out/report.md",
            "--report",
            "github=out/github.txt",
            "--report",
            "json=out/run.json",
            "--github",
            "always",
        ]);
        shown.push(answer.stdout);
        shown.push(answer.stderr);
        let cell = folder.last().cells[0].id.clone();
        let show = folder.wirecheck(&["show", &cell]);
        assert!(show.stdout.contains("authorization"), "{}", show.stdout);
        shown.push(show.stdout);
        folder.wirecheck(&["show", &cell, "--pcapng", "out/cell.pcapng"]);
        shown.push(folder.wirecheck(&["show", &cell, "--issue"]).stdout);
    }
    let mut files = Vec::new();
    files_below(folder.path(), &mut files);
    assert!(files.iter().any(|(name, _)| name.ends_with(".wirecap")));
    assert!(files.iter().any(|(name, _)| name.ends_with(".pcapng")));
    files.extend(
        shown
            .into_iter()
            .map(|text| ("what was printed".to_owned(), text.into_bytes())),
    );
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    let spaced: String = SECRET.bytes().map(|byte| format!("{byte:02x} ")).collect();
    for (name, bytes) in files {
        let text = String::from_utf8_lossy(&bytes);
        for form in [SECRET, hex.as_str(), spaced.trim_end()] {
            assert!(!text.contains(form), "{name} holds the secret");
        }
    }
}

#[test]
fn what_is_recorded_of_one_server_is_held_against_another() {
    let old = Server::start(python("python-to-rust-rewrite/python/server.py"));
    let folder = Folder::new();
    let proto = absolute(ORDERS);
    let recorded = folder.wirecheck(&[
        "record",
        "--from",
        old.address(),
        "--proto",
        &proto,
        "--output",
        "cases/orders.yaml",
    ]);
    assert_eq!(recorded.exit, Some(0), "{}", recorded.stderr);
    let run = |server: &Server| {
        let patterns = ["rust-tonic.dynamic/server/orders"];
        folder.wirecheck(
            &[
                &[
                    "run",
                    "--server",
                    server.address(),
                    "--proto",
                    &proto,
                    "--cases",
                    "cases",
                ],
                &patterns[..],
            ]
            .concat(),
        )
    };
    let same = run(&old);
    assert_eq!(same.exit, Some(0), "{}", same.stderr);
    assert!(
        folder
            .last()
            .cells
            .iter()
            .filter(|cell| cell.suite == "orders")
            .count()
            >= 10
    );
    let mut command = rust("shop-rewrite");
    command.args(["--planted", "enum-value"]);
    let other = run(&Server::start(command));
    assert_eq!(other.exit, Some(1), "{}", other.stderr);
}
