use std::time::Duration;

use super::*;
use crate::plan::source::Source;

fn read(text: &str) -> Manifest {
    match load(&Source::new("wirecheck.toml", text)) {
        Ok(manifest) => manifest,
        Err(problem) => panic!("{}", problem.render(false)),
    }
}

fn problem(text: &str) -> String {
    let problem = load(&Source::new("wirecheck.toml", text)).expect_err("a problem");
    problem.render(false)
}

const WHOLE: &str = r#"
protos = ["proto"]
with = ["rust-tonic"]
limit = "20s"

[calls]
exclude = ["Shop/Delete*"]
leave_out = ["created_at"]
headers = { x-team = "shop" }

[peer.rust-shop]
build = "cargo build -p shop-server"
run = ["target/debug/shop-server", "--addr", "{address}"]
ready = { log = "listening" }
within = "5s"

[peer.staging]
address = "127.0.0.1:50051"
ready = "grpc-health"

[peer.python-shop]
run = "python client.py {target}"
exit = 3

[peer.mine]
run = ["./peer"]
ready = "contract"
"#;

#[test]
fn a_manifest_is_understood() {
    let manifest = read(WHOLE);
    let shown: Vec<String> = manifest
        .peers
        .iter()
        .map(|peer| format!("{} {:?} {:?}", peer.name, peer.role, peer.runs))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    rust-shop Server { ready: Log("listening"), within: 5s, tls: None } Command { argv: ["target/debug/shop-server", "--addr", "{address}"], address: None }
    staging Server { ready: Health, within: 30s, tls: None } At("127.0.0.1:50051")
    python-shop Client { exit: 3, output: None } Command { argv: ["python", "client.py", "{target}"], address: None }
    mine Contract Command { argv: ["./peer"], address: None }
    "#);
    assert_eq!(manifest.limit, Some(Duration::from_secs(20)));
    assert_eq!(manifest.peers[0].at.line, 11);
    assert_eq!(manifest.peers[0].build.as_ref().map(Vec::len), Some(4));
}

#[test]
fn an_unknown_key_is_an_error_with_a_suggestion() {
    insta::assert_snapshot!(problem("[peer.shop]\nrole = \"server\"\nadress = \"127.0.0.1:1\"\n"), @r#"
    error: unknown key `adress`
     --> wirecheck.toml:3:1
      |
    3 | adress = "127.0.0.1:1"
      | ^^^^^^
      |
    hint: did you mean `address`?
    "#);
}

#[test]
fn what_a_peer_lacks_is_said_where_it_stands() {
    insta::assert_snapshot!(problem("[peer.shop]\nrun = [\"./shop\"]\n"), @r#"
    error: whether `shop` is a server or a client is not clear
     --> wirecheck.toml:1:1
      |
    1 | [peer.shop]
      | ^^^^^^^^^^^
      |
    hint: say `role = "server"` or `role = "client"`
    "#);
    insta::assert_snapshot!(problem("[peer.shop]\nrole = \"server\"\nrun = [\"./shop\"]\n"), @r#"
    error: `shop` is not told where to listen
     --> wirecheck.toml:3:7
      |
    3 | run = ["./shop"]
      |       ^^^^^^^^^^
      |
    hint: put `{port}` or `{address}` into `run` or `env`, or say its fixed `address`
    "#);
    insta::assert_snapshot!(problem("[peer.shop]\nrole = \"client\"\naddress = \"a:1\"\n"), @r#"
    error: how `shop` is had is not said
     --> wirecheck.toml:1:1
      |
    1 | [peer.shop]
      | ^^^^^^^^^^^
      |
    hint: add `run = [...]`, or, of a server that runs, `address = "..."`, or, of one in a container, `image = "..."`
    "#);
}

#[test]
fn an_image_is_a_server() {
    let manifest = read(
        "[peer.shop]\nimage = \"shop:1\"\nport = 50051\nrun = [\"--port\", \"{port}\"]\n\
         build = \"docker build -t shop:1 .\"\nready = \"grpc-health\"\nwithin = \"20s\"\n\
         env = { SHOP = \"here\" }\n",
    );
    let shop = &manifest.peers[0];
    let runs = Runs::Image {
        image: "shop:1".into(),
        port: 50051.try_into().expect("no zero"),
        arguments: vec!["--port".into(), "{port}".into()],
    };
    assert_eq!(shop.runs, runs);
    let role = Role::Server {
        ready: Readiness::Health,
        within: Duration::from_secs(20),
        tls: None,
    };
    assert_eq!(shop.role, role);
    assert_eq!(shop.build.as_ref().map(Vec::len), Some(5));
    assert_eq!(shop.env["SHOP"], "here");
}

#[test]
fn an_images_own_command_needs_no_port() {
    let manifest = read("[peer.shop]\nimage = \"team/shop\"\nport = 50051\n");
    let Runs::Image { arguments, .. } = &manifest.peers[0].runs else {
        panic!("{:?}", manifest.peers[0].runs);
    };
    assert!(arguments.is_empty());
}

#[test]
fn what_an_image_lacks_is_said_where_it_stands() {
    insta::assert_snapshot!(problem("[peer.shop]\nimage = \"shop:1\"\n"), @r#"
    error: on which port `shop` listens in its container is not said
     --> wirecheck.toml:2:9
      |
    2 | image = "shop:1"
      |         ^^^^^^^^
      |
    hint: add `port = 50051`, with the port inside
    "#);
    insta::assert_snapshot!(problem("[peer.shop]\nrun = \"./shop {address}\"\nport = 50051\n"), @r#"
    error: `port` is the one inside a container, and `shop` has no `image`
     --> wirecheck.toml:3:8
      |
    3 | port = 50051
      |        ^^^^^
      |
    hint: add `image = "..."`, or put `{port}` into `run`
    "#);
    let client = "[peer.shop]\nimage = \"shop:1\"\nport = 50051\nrole = \"client\"\n";
    insta::assert_snapshot!(problem(client), @r#"
    error: `shop` has an `image`: a server in a container is no client
     --> wirecheck.toml:4:8
      |
    4 | role = "client"
      |        ^^^^^^^^
    "#);
}

#[test]
fn wrong_values_are_pointed_at() {
    for (text, message) in [
        ("limit = \"10\"\n", "`10` is no span of time"),
        (
            "[calls]\nleave_out = [\"a..b\"]\n",
            "`a..b` is no path of fields",
        ),
        (
            "[calls]\nheaders = { X-Team = \"a\" }\n",
            "`X-Team` cannot be sent",
        ),
        (
            "[peer.Shop]\naddress = \"a:1\"\n",
            "`Shop` cannot be the name",
        ),
        (
            "[peer.a]\naddress = \"a:1\"\noutput = \"x\"\n",
            "`output` is for a client",
        ),
        (
            "[peer.a]\nrun = \"sh -c 'x {target}\"\n",
            "this is no command",
        ),
        (
            "variants = [\"tcp\", \"mtls\"]\n",
            "`mtls` is only for cases between Wirecheck's own peers",
        ),
        ("[peer.a]\nready = \"soon\"\n", "data did not match"),
        (
            "[peer.a]\nimage = \"--privileged\"\nport = 1\n",
            "`--privileged` cannot be the name of an image",
        ),
        (
            "[peer.a]\nimage = \"a\"\nport = 1\naddress = \"a:1\"\n",
            "a server in a container has no other `address`",
        ),
        (
            "[peer.a]\nimage = \"a\"\nport = 1\nready = \"contract\"\n",
            "does not keep the contract",
        ),
        ("[peer.a]\nimage = \"a\"\nport = 0\n", "integer `0`"),
        ("[peer.a]\nimage = \"a\"\nport = 70000\n", "integer `70000`"),
    ] {
        let shown = problem(text);
        assert!(shown.contains(message), "{shown}");
    }
}
