//! `wirecheck run --client COMMAND --cases ...`: servers that answer as somebody says.

use std::fs;
use std::process::Command;

use wirecheck_core::model::run::Run;
use wirecheck_interop_tests::prerequisite::project_root;

use crate::folder::{Folder, SHOP, absolute};
use crate::program::{Server, rust};

/// A client that says what it was told: of one item, and of all of them.
const CLIENT: &str = r#"
import sys
import grpc
from shop.v1 import shop_pb2 as shop
from shop.v1.shop_pb2_grpc import ShopStub

with grpc.insecure_channel(sys.argv[1]) as channel:
    stub = ShopStub(channel)
    for item in stub.ListItems(shop.ListItemsRequest(), timeout=20):
        print(item.sku, item.name, item.price.minor_units)
    try:
        print(stub.GetItem(shop.GetItemRequest(), timeout=20).name)
    except grpc.RpcError as error:
        print(error.code().name, error.details())
"#;

fn python() -> String {
    project_root()
        .join(".venv/bin/python")
        .display()
        .to_string()
}

/// The command of the client, once its file is there.
fn client(folder: &Folder) -> String {
    let stubs = absolute("examples/rust-server-python-client/client");
    folder.write(
        "client.py",
        &format!("import sys\nsys.path.insert(0, {stubs:?})\n{CLIENT}"),
    );
    let file = folder.path().join("client.py");
    format!("{} {} {{target}}", python(), file.display())
}

/// The given cases of the latest run, with their outcomes.
fn outcomes(run: &Run) -> Vec<(String, String)> {
    let cells = run.cells.iter().map(|cell| {
        let server = cell.server.clone();
        (format!("{server} {}", cell.case), cell.outcome.clone())
    });
    cells.collect()
}

#[test]
fn what_a_server_answered_once_is_answered_in_every_language() {
    let folder = Folder::new();
    let client = client(&folder);
    let server = Server::start(rust("shop-server"));
    let mut real = Command::new(python());
    real.arg(folder.path().join("client.py"));
    folder.write("printed", &server.satisfied(real));
    let proto = absolute(SHOP);
    let patterns = ["list-items.default", "get-item.default"];
    let recorded = folder.wirecheck(
        &[
            &["record", "--from", server.address(), "--proto", &proto][..],
            &["--output", "replies.yaml"],
            &patterns,
        ]
        .concat(),
    );
    assert_eq!(recorded.exit, Some(0), "{}", recorded.stderr);
    drop(server);
    let words = ["run", "--client", &client, "--proto", &proto];
    let printed = ["--client-output", "printed"];
    let given = folder.wirecheck(&[&words[..], &printed, &["--cases", "replies.yaml"]].concat());
    assert_eq!(given.exit, Some(0), "{}", given.stderr);
    let outcomes = outcomes(&folder.last());
    for server in ["rust-tonic.dynamic", "python-grpcio.dynamic"] {
        let wanted = (format!("{server} answers.given"), "pass".to_owned());
        assert!(outcomes.contains(&wanted), "{outcomes:?}");
    }
    assert!(
        outcomes
            .iter()
            .all(|(cell, _)| cell.ends_with(" answers.given")),
        "{outcomes:?}"
    );
    // What is made up is another answer.
    let made_up = folder.wirecheck(&[&words[..], &printed].concat());
    assert_eq!(made_up.exit, Some(1), "{}", made_up.stderr);
}

#[test]
fn a_manifest_names_the_replies_as_it_names_cases() {
    let folder = Folder::new();
    let words = client(&folder);
    let words: Vec<&str> = words.split(' ').collect();
    fs::create_dir(folder.path().join("cases")).expect("a folder");
    folder.write(
        "cases/replies.yaml",
        "suite: replies\nabout: What the client is told.\ncases:\n  \
         - name: one\n    about: One item.\n    call: /shop.v1.Shop/ListItems\n    \
         expect: { receive: [{ sku: tea, name: Green tea, price: { minor_units: 5 } }] }\n  \
         - name: none\n    about: No item.\n    call: /shop.v1.Shop/ListItems\n    \
         expect: { status: UNAVAILABLE, message: { contains: closed } }\n  \
         - name: lost\n    about: A case that says no reply.\n    call: /shop.v1.Shop/GetItem\n",
    );
    folder.write(
        "wirecheck.toml",
        &format!(
            "protos = [{:?}]\ncases = \"cases\"\nwith = [\"rust-tonic\"]\n\n[peer.client]\nrun = {words:?}\nexit = 0\noutput = \"printed\"\n",
            absolute(SHOP)
        ),
    );
    folder.write("printed", "tea Green tea 5\n\n");
    let answer = folder.wirecheck(&["run"]);
    let outcomes = outcomes(&folder.last());
    assert!(
        outcomes.contains(&("rust-tonic.dynamic answers.given".into(), "pass".into())),
        "{outcomes:?}\n{}",
        answer.stderr
    );
    // The second reply of the method is another run of the client, which then fails.
    assert!(
        outcomes.contains(&("rust-tonic.dynamic answers.given-2".into(), "fail".into())),
        "{outcomes:?}\n{}",
        answer.stderr
    );
    let left_out = folder.last().left_out;
    assert_eq!(
        left_out,
        ["replies/lost: gives no reply, since it does not say what is received"]
    );
    assert_eq!(answer.exit, Some(1), "{}", answer.stderr);
}

#[test]
fn a_mistake_in_a_reply_is_pointed_at() {
    let folder = Folder::new();
    let client = client(&folder);
    let proto = absolute(SHOP);
    let words = ["run", "--client", &client, "--proto", &proto];
    let mut answers = Vec::new();
    for (call, expect) in [
        ("/shop.v1.Shop/GetItm", "{ receive: [{ sku: tea }] }"),
        ("/shop.v1.Shop/GetItem", "{ recieve: [{ sku: tea }] }"),
        ("/shop.v1.Shop/GetItem", "{ receive: [{ skuu: tea }] }"),
        ("/shop.v1.Shop/GetItem", "{ status: NOT_FUOND }"),
    ] {
        folder.write(
            "replies.yaml",
            &format!(
                "suite: replies\nabout: a\ncases:\n  - name: one\n    about: a\n    call: {call}\n    expect: {expect}\n"
            ),
        );
        let answer = folder.wirecheck(&[&words[..], &["--cases", "replies.yaml"]].concat());
        assert_eq!(answer.exit, Some(2), "{}", answer.stderr);
        assert!(answer.stderr.contains("replies.yaml:"), "{}", answer.stderr);
        assert!(answer.stderr.contains("^^^"), "{}", answer.stderr);
        answers.push(answer.stderr);
    }
    for (answer, hint) in answers.iter().zip([
        "did you mean `/shop.v1.Shop/GetItem`?",
        "did you mean `receive`?",
        "did you mean `sku`?",
        "did you mean `NOT_FOUND`?",
    ]) {
        assert!(answer.contains(hint), "{hint}\n{answer}");
    }
}

#[test]
fn cases_without_a_reply_are_refused() {
    let folder = Folder::new();
    let client = client(&folder);
    folder.write(
        "replies.yaml",
        "suite: replies\nabout: a\ncases:\n  - name: one\n    about: a\n    call: /shop.v1.Shop/GetItem\n",
    );
    let proto = absolute(SHOP);
    let words = ["run", "--client", &client, "--proto", &proto];
    let answer = folder.wirecheck(&[&words[..], &["--cases", "replies.yaml"]].concat());
    assert_eq!(answer.exit, Some(2), "{}", answer.stderr);
    for line in [
        "no case gives a reply: replies/one: gives no reply, since it does not say what is received",
        "hint: a case gives one with `call` and what it expects",
    ] {
        assert!(answer.stderr.contains(line), "{line}\n{}", answer.stderr);
    }
}
