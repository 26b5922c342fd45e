//! `make python`: what it says when it cannot do its work, and that it rests when there is none.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use tempfile::TempDir;

const LOCKS: [&str; 2] = ["python/requirements.txt", "python/requirements-dev.txt"];

#[test]
fn with_nothing_changed_it_says_and_does_nothing() {
    let stamp = root().join("python/generated/.wirecheck-stamp");
    let before = fs::metadata(&stamp).and_then(|stamp| stamp.modified());
    set_up(&root()).assert().success().stdout("").stderr("");
    let after = fs::metadata(&stamp).and_then(|stamp| stamp.modified());
    assert_eq!(
        before.expect("run `make python` first"),
        after.expect("it is kept")
    );
}

#[test]
fn packages_that_cannot_be_fetched_are_one_sentence_and_exit_3() {
    let checkout = checkout();
    let cache = tempfile::tempdir().expect("a temporary folder");
    let assert = set_up(checkout.path())
        .env("PIP_INDEX_URL", "http://127.0.0.1:1/") // nobody listens there ...
        .env("PIP_RETRIES", "0")
        .env_remove("PIP_FIND_LINKS")
        .env("PIP_CACHE_DIR", cache.path()) // ... and nothing kept from before
        .assert()
        .code(3)
        .stdout("");
    assert_says(
        &assert.get_output().stderr,
        "error: the packages of python/requirements.txt cannot be fetched\n",
        "\n\nhint: check the network or name an index that can be reached: \
         PIP_INDEX_URL=<its address> make python\n",
    );
    assert!(
        !checkout.path().join(".venv/.wirecheck-stamp").exists(),
        "a set-up that failed looks done"
    );
}

#[test]
fn packages_that_may_not_be_fetched_are_told_how_to_bring() {
    let checkout = checkout();
    let assert = set_up(checkout.path())
        .env("PIP_NO_INDEX", "1")
        .env_remove("PIP_FIND_LINKS")
        .assert()
        .code(3)
        .stdout("");
    assert_says(
        &assert.get_output().stderr,
        "error: the packages are not all here, and nothing may be fetched",
        "bring the folder here, then: PIP_FIND_LINKS=$PWD/wheels make python\n",
    );
}

#[test]
fn a_python_without_ensurepip_is_one_sentence_and_exit_3() {
    let checkout = checkout();
    let site = tempfile::tempdir().expect("a temporary folder");
    fs::write(site.path().join("sitecustomize.py"), WITHOUT_ENSUREPIP).expect("it is written");
    let assert = set_up(checkout.path())
        .env("PYTHONPATH", site.path())
        .assert()
        .code(3)
        .stdout("");
    assert_says(
        &assert.get_output().stderr,
        "error: this Python cannot make virtual environments: it lacks `ensurepip`\n",
        "\n\nhint: apt-get install python3-venv (or your system's package of that kind), \
         then: make python\n",
    );
}

/// Debian's python3 without python3-venv, as far as an import can tell.
const WITHOUT_ENSUREPIP: &str = "import sys\nsys.modules['ensurepip'] = None\n";

#[test]
fn the_lock_files_hash_every_package_and_name_no_host() {
    for lock in LOCKS {
        let text = fs::read_to_string(root().join(lock)).expect("a lock file");
        assert!(!text.contains("://"), "{lock} names a host");
        let mut packages = 0;
        for requirement in text.replace("\\\n", " ").lines() {
            if requirement.is_empty() || requirement.trim_start().starts_with('#') {
                continue;
            }
            assert!(
                !requirement.starts_with('-'),
                "{lock} has an option: {requirement}"
            );
            assert!(
                requirement.contains("=="),
                "{lock} leaves open: {requirement}"
            );
            assert!(
                requirement.contains("--hash=sha256:"),
                "{lock} has no hash: {requirement}"
            );
            packages += 1;
        }
        assert!(packages > 1, "{lock} locks nothing");
    }
}

/// What the set-up needs of a checkout, without an environment.
fn checkout() -> TempDir {
    let copy = tempfile::tempdir().expect("a temporary folder");
    for folder in ["python", "proto"] {
        fs::create_dir(copy.path().join(folder)).expect("a new folder");
    }
    for file in ["Makefile", "python/setup_env.py", "proto/hello.proto"]
        .iter()
        .chain(&LOCKS)
    {
        fs::copy(root().join(file), copy.path().join(file)).expect("a file of the checkout");
    }
    copy
}

fn set_up(checkout: &Path) -> Command {
    // The Python that made `.venv`: another one would have to make a new one.
    let mut command = Command::new(root().join(".venv/bin/python"));
    command
        .arg(checkout.join("python/setup_env.py"))
        .timeout(Duration::from_secs(300));
    command
}

/// After the lines of progress comes the sentence, then any quoted output, then the hint.
fn assert_says(stderr: &[u8], sentence: &str, hint: &str) {
    let stderr = String::from_utf8_lossy(stderr);
    let error = stderr.find("error: ").unwrap_or(stderr.len());
    assert!(stderr[error..].starts_with(sentence), "{stderr}");
    assert!(stderr.ends_with(hint), "{stderr}");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the test driver is a folder of the checkout")
        .to_owned()
}
