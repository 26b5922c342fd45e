//! The inputs that fuzzing has kept, through the bodies of their targets: what
//! once was found stays mended. `make fuzz` looks for more.

#[path = "../../../fuzz/bodies/mod.rs"]
mod bodies;

use std::path::PathBuf;

/// Runs a target's body on each file of its corpus.
fn replay(target: &str, run: fn(&[u8])) {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folder = manifest.join("../../fuzz/corpus").join(target);
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

macro_rules! replayed {
    ($($target:ident)*) => {
        $(#[test]
        fn $target() {
            replay(stringify!($target), bodies::$target::run);
        })*
    };
}

replayed! {
    capture case_file connection dialogue hpack hpack_against manifest masking
    messages protobuf relay run_json segments
}
