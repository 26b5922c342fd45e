//! What is found in folders as teams have them, and that it can be run.

use std::path::{Path, PathBuf};

use wirecheck_core::plan::manifest as format;
use wirecheck_core::plan::source::Source;

use super::tree::Tree;
use super::{Found, manifest, peers};
use crate::report::{self, Style};
use crate::schema::SchemaFiles;

/// What is said of a tree, and the manifest that is written for it.
fn init(tree: &Tree) -> (String, String) {
    let found = Found::of(tree);
    let entries = peers::entries(&found);
    let said = report::found(&found, &entries, None, Style::Plain);
    (said, manifest::text(&found, &entries))
}

fn load(text: &str) -> format::Manifest {
    match format::load(&Source::new(format::FILE, text)) {
        Ok(manifest) => manifest,
        Err(problem) => panic!("{}\n{text}", problem.render(false)),
    }
}

/// The manifest without its comments.
fn keys(text: &str) -> String {
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.collect::<Vec<_>>().join("\n")
}

fn example(name: &str) -> PathBuf {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    examples.join(name)
}

/// The keys of an example's manifest, with the Python that `make python` sets up.
fn keys_of_example(name: &str) -> String {
    let (_, text) = init(&Tree::read(&example(name)).expect("a folder"));
    keys(&text).replace("\"../../.venv/bin/python\"", "\"python3\"")
}

#[test]
fn what_is_written_for_each_example_loads_and_its_schema_compiles() {
    for name in [
        "rust-server-python-client",
        "python-to-rust-rewrite",
        "route-guide",
    ] {
        let (said, text) = init(&Tree::read(&example(name)).expect("a folder"));
        let manifest = load(&text);
        assert!(!manifest.peers.is_empty(), "{said}");
        let below = |paths: &[PathBuf]| paths.iter().map(|path| example(name).join(path)).collect();
        let files = SchemaFiles {
            protos: below(&manifest.protos),
            import_paths: below(&manifest.import_paths),
            descriptor_sets: Vec::new(),
        };
        assert!(files.load().is_ok(), "{:?}", files.load());
    }
}

#[test]
fn a_tonic_server_and_a_grpcio_client() {
    let (said, text) = init(&Tree::read(&example("rust-server-python-client")).expect("a folder"));
    insta::assert_snapshot!(said, @r"
    found   server/Cargo.toml          tonic 0.14, server `shop-server`
    found   client/requirements.txt    grpcio, client `client.py`
    found   proto/shop/v1/shop.proto   1 service, 4 methods (2 unary, 1 server streaming, 1 bidirectional)
    ");
    insta::assert_snapshot!(text.replace("../../.venv/bin/python", "python3"), @r#"
    #:schema https://github.com/wirecheck/wirecheck/blob/main/docs/manifest.schema.json?raw=true
    # What Wirecheck runs here. `wirecheck init` wrote it; paths in it are relative to this
    # file, and every key is in https://github.com/wirecheck/wirecheck/blob/main/docs/services.md

    # The schema: .proto files, or folders of them.
    protos = ["proto"]

    # Which of Wirecheck's own peers call your servers, or answer your clients. All, if unset.
    # with = ["rust-tonic", "python-grpcio"]

    [calls]
    # Methods that must not be called.
    # exclude = ["Shop/Delete*"]
    # Fields that clients need not agree in. Times and ids are found without.
    # leave_out = ["created_at"]

    # tonic 0.14: server/src/main.rs
    [peer.rust-shop]
    build = ["cargo", "build", "--manifest-path", "server/Cargo.toml", "--bin", "shop-server"]
    run = ["../../target/debug/shop-server", "--addr", "127.0.0.1:{port}"]
    ready = "grpc-health"

    # grpcio: client/client.py
    [peer.python-shop]
    run = ["python3", "client/client.py", "{target}"]
    "#);
}

#[test]
fn programs_of_one_language_are_told_apart_by_their_roles() {
    insta::assert_snapshot!(keys_of_example("route-guide"), @r#"
    protos = ["proto"]
    [calls]
    [peer.rust-routeguide-client]
    build = ["cargo", "build", "--manifest-path", "rust/Cargo.toml", "--bin", "route-guide-client"]
    run = ["../../target/debug/route-guide-client", "{target}"]
    [peer.rust-routeguide-server]
    build = ["cargo", "build", "--manifest-path", "rust/Cargo.toml", "--bin", "route-guide-server"]
    run = ["../../target/debug/route-guide-server", "--addr", "127.0.0.1:{port}"]
    [peer.python-routeguide-client]
    run = ["python3", "python/client.py", "{target}"]
    [peer.python-routeguide-server]
    run = ["python3", "python/server.py", "--addr", "127.0.0.1:{port}"]
    "#);
}

#[test]
fn a_client_beside_the_server_of_its_language() {
    insta::assert_snapshot!(keys_of_example("python-to-rust-rewrite"), @r#"
    protos = ["proto"]
    [calls]
    [peer.rust-orders]
    build = ["cargo", "build", "--manifest-path", "rust/Cargo.toml", "--bin", "shop-rewrite"]
    run = ["../../target/debug/shop-rewrite", "--addr", "127.0.0.1:{port}"]
    [peer.python-orders-client]
    run = ["python3", "python/client.py", "{target}"]
    [peer.python-orders-server]
    run = ["python3", "python/server.py", "--addr", "127.0.0.1:{port}"]
    "#);
}

#[test]
fn go_java_and_node_projects() {
    let tree = Tree::of(
        &[
            (
                "backend/go.mod",
                "module example.org/stock/backend\n\nrequire (\n\tgoogle.golang.org/grpc v1.76.0\n)\n",
            ),
            (
                "backend/cmd/stockd/main.go",
                "package main\nvar addr = flag.String(\"listen\", \":7000\", \"\")\ns := grpc.NewServer()\n",
            ),
            ("backend/internal/x.go", "package x\ngrpc.NewServer()\n"),
            (
                "till/pom.xml",
                "<grpc.version>1.77.0</grpc.version><groupId>io.grpc</groupId>",
            ),
            (
                "till/src/main/java/org/example/Till.java",
                "package org.example;\npublic static void main(String[] args) {\nManagedChannelBuilder.forTarget(args[0])\n",
            ),
            (
                "label/build.gradle.kts",
                "implementation(\"io.grpc:grpc-netty-shaded:1.75.0\")",
            ),
            ("label/gradlew", ""),
            (
                "label/src/main/kotlin/Labels.kt",
                "package labels\nfun main() { ServerBuilder.forPort(System.getenv(\"PORT\").toInt()) }\n",
            ),
            (
                "web/package.json",
                r#"{"dependencies": {"@grpc/grpc-js": "^1.14.0"}}"#,
            ),
            (
                "web/client.js",
                "const grpc = require('@grpc/grpc-js');\nnew Stock(process.argv[2], grpc.credentials.createInsecure());\n",
            ),
            (
                "web/server.ts",
                "import * as grpc from '@grpc/grpc-js';\nnew grpc.Server().bindAsync(`0.0.0.0:${process.env.PORT}`, grpc.ServerCredentials.createInsecure());\n",
            ),
        ],
        &[],
    );
    let (said, text) = init(&tree);
    insta::assert_snapshot!(said, @r"
    found   backend/go.mod           grpc-go 1.76.0, server `stockd`
    found   label/build.gradle.kts   grpc-java 1.75.0, server `Labels`
    found   till/pom.xml             grpc-java 1.77.0, client `Till`
    found   web/package.json         grpc-js 1.14.0, client `client.js`, server `server.ts`
    ");
    insta::assert_snapshot!(keys(&text), @r#"
    [calls]
    [peer.go-stockd]
    cwd = "backend"
    build = ["go", "build", "-o", ".wirecheck/bin/stockd", "./cmd/stockd"]
    run = [".wirecheck/bin/stockd", "--listen", "127.0.0.1:{port}"]
    [peer.java-labels]
    cwd = "label"
    build = ["./gradlew", "-q", "classes"]
    run = ["./gradlew", "-q", "run"]
    env = { PORT = "{port}" }
    [peer.java-till]
    cwd = "till"
    build = ["mvn", "-q", "compile"]
    run = ["mvn", "-q", "exec:java", "-Dexec.mainClass=org.example.Till", "-Dexec.args={target}"]
    [peer.node-web-client]
    cwd = "web"
    run = ["node", "client.js", "{target}"]
    [peer.node-web-server]
    cwd = "web"
    run = ["npx", "tsx", "server.ts"]
    env = { PORT = "{port}" }
    "#);
    assert_eq!(load(&text).peers.len(), 5);
}

#[test]
fn pythons_tools_packages_and_fixed_addresses() {
    let tree = Tree::of(
        &[
            ("api/pyproject.toml", "dependencies = [\"grpcio>=1.70\"]\n"),
            ("api/uv.lock", ""),
            ("api/shop/__init__.py", ""),
            ("api/shop/rpc/__init__.py", ""),
            (
                "api/shop/rpc/serve.py",
                "s = grpc.aio.server()\ns.add_insecure_port('[::]:7001')\nif __name__ == \"__main__\":\n",
            ),
            (
                "api/shop/rpc/channels.py",
                "grpc.insecure_channel(target)\n",
            ),
            (
                "tool.py",
                "grpc.insecure_channel('localhost:7001')\nif __name__ == \"__main__\":\n",
            ),
            (
                "api/tests/test_rpc.py",
                "grpc.insecure_channel('x')\n__main__",
            ),
        ],
        &[],
    );
    let (said, text) = init(&tree);
    insta::assert_snapshot!(said, @r"
    found   api/pyproject.toml   grpcio, server `shop/rpc/serve.py`
    found   tool.py              grpcio, client `tool.py`
    open    python-tool          it always calls localhost:7001, and must be told whom to call
    ");
    insta::assert_snapshot!(text.split_once("leave_out").map(|(_, peers)| peers).unwrap_or_default(), @r#"
     = ["created_at"]

    # grpcio: api/shop/rpc/serve.py
    [peer.python-serve]
    role = "server"
    cwd = "api"
    run = ["uv", "run", "python", "-m", "shop.rpc.serve"]
    address = "127.0.0.1:7001"

    # Not complete: it always calls localhost:7001, and must be told whom to call.
    # Put {port}, {address} or {target} into `run` or `env`, and take the `#` away.
    # # grpcio: tool.py
    # [peer.python-tool]
    # role = "client"
    # run = ["python3", "tool.py"]
    "#);
    assert_eq!(load(&text).peers.len(), 1);
}

#[test]
fn a_crate_of_its_own_is_built_by_its_manifest() {
    let tree = Tree::of(
        &[
            (
                "srv/Cargo.toml",
                "[package]\nname = \"shopd\"\n[dependencies]\ntonic = { version = \"0.12.3\" }\n\
                 [[bin]]\nname = \"shopctl\"\npath = \"src/ctl.rs\"\n",
            ),
            ("srv/src/main.rs", "mod rpc;\n// env::args().nth(1)\n"),
            ("srv/src/rpc.rs", "Server::builder()"),
            (
                "srv/src/ctl.rs",
                "ShopClient::connect(env::var(\"SERVER_ADDR\"))",
            ),
        ],
        &[],
    );
    let (said, text) = init(&tree);
    insta::assert_snapshot!(said, @"found   srv/Cargo.toml   tonic 0.12, client `shopctl`, server `shopd`");
    insta::assert_snapshot!(keys(&text), @r#"
    [calls]
    [peer.rust-ctl]
    build = ["cargo", "build", "--manifest-path", "srv/Cargo.toml", "--bin", "shopctl"]
    run = ["srv/target/debug/shopctl"]
    env = { SERVER_ADDR = "{target}" }
    [peer.rust-shopd]
    build = ["cargo", "build", "--manifest-path", "srv/Cargo.toml", "--bin", "shopd"]
    run = ["srv/target/debug/shopd", "127.0.0.1:{port}"]
    "#);
}

#[test]
fn cargo_may_build_elsewhere() {
    let files = [
        (
            "Cargo.toml",
            "[package]\nname = \"shopd\"\n[dependencies]\ntonic = \"0.14\"\n",
        ),
        ("src/main.rs", "Server::builder() // env::args().nth(1)\n"),
    ];
    let config = ("../.cargo/config.toml", "[build]\ntarget-dir = \"built\"\n");
    let program = |tree: Tree| {
        let text = init(&tree).1;
        let run = text.lines().find(|line| line.starts_with("run = "));
        run.expect("a peer").to_owned()
    };
    let tree = || Tree::of(&files, &[]);
    let root = Path::new("/home/shop");
    for (tree, path) in [
        (tree(), "target/debug/shopd"),
        (
            Tree::of(&[&files[..], &[config]].concat(), &[]),
            "../built/debug/shopd",
        ),
        (
            tree().with_cargo_target(Some("/var/built".into()), root),
            "/var/built/debug/shopd",
        ),
        (
            tree().with_cargo_target(Some("/home/shop/built".into()), root),
            "built/debug/shopd",
        ),
    ] {
        let run = format!("run = [\"{path}\", \"127.0.0.1:{{port}}\"]");
        assert_eq!(program(tree), run);
    }
}

#[test]
fn copies_of_a_schema_are_named_and_imports_decide_the_root() {
    let service = "syntax = \"proto3\";\npackage shop;\nimport \"common/money.proto\";\nservice Shop { rpc Get(M) returns (M); }\nmessage M {}\n";
    let tree = Tree::of(
        &[
            ("api/common/money.proto", "syntax = \"proto3\";"),
            ("api/services/shop.proto", service),
            ("client/protos/services/shop.proto", service),
            (
                "old/client/protos/shop.proto",
                &service.replace("Get(M)", "Get(stream M)"),
            ),
            ("api/broken.proto", "service {"),
        ],
        &[],
    );
    let (said, text) = init(&tree);
    insta::assert_snapshot!(said, @r"
    found     api/services/shop.proto             1 service, 1 method (1 unary)
    same      client/protos/services/shop.proto   a copy of api/services/shop.proto
    differs   old/client/protos/shop.proto        has the services of api/services/shop.proto, and is another
    unread    api/broken.proto                    expected an identifier, but found '{'
    ");
    insta::assert_snapshot!(keys(&text), @r#"
    protos = ["api/services/shop.proto"]
    import_paths = ["api"]
    [calls]
    "#);
}
