//! As the test `corpora` of the core, for what needs more than the core.

#[path = "../../fuzz/outer/mod.rs"]
mod outer;

use std::path::PathBuf;

use wirecheck::import; // The body of `import` finds it here.

/// Runs a target's body on each file of its corpus.
fn replay(target: &str, run: fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    for file in files {
        println!("{}", file.display());
        run(&std::fs::read(&file).expect("an input"));
    }
}

#[test]
fn import() {
    replay("import", outer::import::run);
}

#[test]
fn h2_against() {
    replay("h2_against", outer::h2_against::run);
}
