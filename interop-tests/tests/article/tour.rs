//! `make article`: the order of its parts, its lines, and its verdict.

use std::fs;
use std::path::Path;

use crate::checkout::{copy_folder, python, root, tour};
use crate::port::turn;

#[test]
fn the_tour_ends_with_the_articles_lines_and_the_four_pairings() {
    let _turn = turn();
    // grpcio would send even 127.0.0.1 through it, had the tour not taken it away.
    let assert = tour()
        .env("grpc_proxy", "http://127.0.0.1:1")
        .assert()
        .success();
    let stdout = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();

    let end = "\
The article's lines
  python    b'\\n\\x05World'   World        ok
  rust      b'\\n\\x05World'   World        ok

The four pairings
  client    server    prints
  python    python    Hello, World        ok
  rust      python    Hello, World        ok
  python    rust      Hello, World        ok
  rust      rust      Hello, World        ok

all 10 outputs are as the article prints them
";
    assert!(stdout.ends_with(end), "{stdout}");
    assert_in_order(
        &stdout,
        &[
            "The article in Python",
            "$ python main.py",
            "$ python client.py",
            "$ cargo build",
            "The article in Rust",
            "$ article-main",
            "$ article-client",
            "The article's lines",
        ],
    );
}

fn assert_in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let (_, after) = rest
            .split_once(part)
            .unwrap_or_else(|| panic!("`{part}` is not in its place in:\n{text}"));
        rest = after;
    }
}

#[test]
fn without_cargo_the_part_in_python_is_still_shown() {
    let _turn = turn();
    let nothing = tempfile::tempdir().expect("a temporary folder");
    let assert = tour().env("PATH", nothing.path()).assert().code(3).stderr(
        "error: cargo is not installed; the article's part in Python is done\n\n\
         hint: install Rust (rustup.rs says how), then: make article\n",
    );
    let stdout = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    assert!(
        stdout.contains("    Hello, World                   ok\n"),
        "{stdout}"
    );
}

#[test]
fn an_output_that_differs_is_named_and_exits_1() {
    let _turn = turn();
    let copy = copy_with_another_greeting();
    let assert = python(copy.path())
        .arg(copy.path().join("python/article_tour"))
        .env("PATH", path_with_cargo_for_this_checkout(copy.path()))
        .assert()
        .code(1);
    let stdout = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();

    for line in [
        "    Good day, World                X differs\n",
        "  python    python    Good day, World     X differs\n",
        "  rust      python    Good day, World     X differs\n",
        "  python    rust      Hello, World        ok\n",
        "  X rust/python: printed 'Good day, World\\n', and the article 'Hello, World\\n'\n",
    ] {
        assert!(stdout.contains(line), "no {line:?} in:\n{stdout}");
    }
    assert!(
        stdout.contains("\n3 of 10 outputs are not as the article prints them\n"),
        "{stdout}"
    );
}

/// The article's programs and the tour, with a server that greets in other words.
fn copy_with_another_greeting() -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a temporary folder");
    for folder in ["python/article", "python/article_tour"] {
        copy_folder(&root().join(folder), &copy.path().join(folder));
    }
    std::os::unix::fs::symlink(root().join(".venv"), copy.path().join(".venv"))
        .expect("the copy uses this checkout's environment");
    let server = copy.path().join("python/article/server.py");
    let text = fs::read_to_string(&server).expect("the server is a text");
    fs::write(&server, text.replace("Hello, ", "Good day, ")).expect("the copy can be written");
    copy
}

/// A `PATH` on which `cargo` builds this checkout, wherever it is called.
fn path_with_cargo_for_this_checkout(folder: &Path) -> String {
    let bin = folder.join("bin");
    fs::create_dir(&bin).expect("a folder for cargo");
    let script = format!(
        "#!/bin/sh\ncd '{}' && exec '{}' \"$@\"\n",
        root().display(),
        env!("CARGO")
    );
    let cargo = bin.join("cargo");
    fs::write(&cargo, script).expect("the script is written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&cargo, mode).expect("the script may be run");
    let path = std::env::var("PATH").expect("a PATH");
    format!("{}:{path}", bin.display())
}
