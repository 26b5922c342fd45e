//! `make article`: the order of its parts, its lines, and its verdict.

use std::fs;

use crate::checkout::{copy_folder, go_is_here, path_with_cargo_alone, python, root, tour};
use crate::port::turn;

/// How a tour ends that has every language.
pub const END: &str = "\
The article's lines
  python    b'\\n\\x05World'   World        ok
  go        b'\\n\\x05World'   World        ok
  rust      b'\\n\\x05World'   World        ok

The nine pairings
  client    server    prints
  python    python    Hello, World        ok
  go        python    Hello, World        ok
  rust      python    Hello, World        ok
  python    go        Hello, World        ok
  go        go        Hello, World        ok
  rust      go        Hello, World        ok
  python    rust      Hello, World        ok
  go        rust      Hello, World        ok
  rust      rust      Hello, World        ok

all 18 outputs are as the article prints them
";

/// How it ends without Go.
const END_WITHOUT_GO: &str = "\
The article's lines
  python    b'\\n\\x05World'   World        ok
  go        not run: go not found
  rust      b'\\n\\x05World'   World        ok

The nine pairings
  client    server    prints
  python    python    Hello, World        ok
  go        python    not run: go not found
  rust      python    Hello, World        ok
  python    go        not run: go not found
  go        go        not run: go not found
  rust      go        not run: go not found
  python    rust      Hello, World        ok
  go        rust      not run: go not found
  rust      rust      Hello, World        ok

all 10 outputs are as the article prints them; 8 not run: go not found
";

#[test]
fn the_tour_ends_with_the_articles_lines_and_the_nine_pairings() {
    if !go_is_here() {
        return;
    }
    let _turn = turn();
    // grpcio would send even 127.0.0.1 through it, had the tour not taken it away.
    let assert = tour()
        .env("grpc_proxy", "http://127.0.0.1:1")
        .assert()
        .success();
    let stdout = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();

    assert!(stdout.ends_with(END), "{stdout}");
    assert_in_order(
        &stdout,
        &[
            "The article in Python",
            "$ python main.py",
            "$ python client.py",
            "$ go/setup_env.sh",
            "The article in Go",
            "$ go/bin/article/main",
            "$ go/bin/article/client",
            "$ cargo build",
            "The article in Rust",
            "$ article-main",
            "$ article-client",
            "The article's lines",
        ],
    );
}

#[test]
fn without_go_its_outputs_are_not_run_and_counted() {
    let _turn = turn();
    let path = path_with_cargo_alone();
    let assert = tour()
        .env("PATH", path.path())
        .env_remove("CI")
        .assert()
        .success();
    let stdout = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();

    assert!(stdout.ends_with(END_WITHOUT_GO), "{stdout}");
    assert_in_order(
        &stdout,
        &[
            "The article in Python",
            "The article in Go\n  main      not run: go not found\n",
            "  to run them: install Go 1.26 or newer, see https://go.dev/doc/install\n",
            "The article in Rust",
        ],
    );
}

/// CI must have what a developer's machine may lack.
#[test]
fn without_go_a_tour_in_ci_is_incomplete() {
    let _turn = turn();
    let path = path_with_cargo_alone();
    let assert = tour()
        .env("PATH", path.path())
        .env("CI", "true")
        .assert()
        .code(5);
    let output = assert.get_output();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();

    assert!(stdout.ends_with(END_WITHOUT_GO), "{stdout}");
    assert!(
        stderr.ends_with(
            "error: CI is true, so nothing may be missing: go not found\n\n\
             hint: install Go 1.26 or newer, see https://go.dev/doc/install\n"
        ),
        "{stderr}"
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
        "error: cargo is not installed, so the article's part in Rust cannot be run\n\n\
         hint: install Rust (rustup.rs says how), then: make article\n",
    );
    let stdout = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    assert!(
        stdout.contains("    Hello, World                   ok\n"),
        "{stdout}"
    );
}

/// Also where Go is missing in CI: an output that differs is the worse news.
#[test]
fn an_output_that_differs_is_named_and_exits_1() {
    let _turn = turn();
    let copy = copy_with_another_greeting();
    let path = path_with_cargo_alone();
    let assert = python(copy.path())
        .arg(copy.path().join("python/article_tour"))
        .env("PATH", path.path())
        .env("CI", "true")
        .assert()
        .code(1);
    let stdout = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();

    for line in [
        "    Good day, World                X differs\n",
        "  python    python    Good day, World     X differs\n",
        "  go        python    not run: go not found\n",
        "  rust      python    Good day, World     X differs\n",
        "  python    rust      Hello, World        ok\n",
        "  X rust/python: printed 'Good day, World\\n', and the article 'Hello, World\\n'\n",
    ] {
        assert!(stdout.contains(line), "no {line:?} in:\n{stdout}");
    }
    let verdict = "\n3 of 10 outputs are not as the article prints them; 8 not run: go not found\n";
    assert!(stdout.contains(verdict), "{stdout}");
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
