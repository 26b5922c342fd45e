//! The peers that come with Wirecheck: where they are and how they are built.

use std::path::{Path, PathBuf};

use super::process::Program;
use super::spec::{Body, Build, PeerSpec};

/// The peers that come with Wirecheck, in the order of the matrix. `home` is
/// the folder of Wirecheck's sources.
pub fn built_in(home: &Path, executable: &Path) -> Vec<PeerSpec> {
    vec![
        rust_tonic(executable),
        python(home, "python-grpcio", "grpcio_sync.py"),
        python(home, "python-grpcio-aio", "grpcio_aio.py"),
    ]
}

/// The Rust peer is a part of this very program.
fn rust_tonic(executable: &Path) -> PeerSpec {
    let argv = [
        executable.display().to_string(),
        "peer".into(),
        "rust-tonic".into(),
    ]
    .to_vec();
    PeerSpec {
        name: "rust-tonic".into(),
        source: "built-in".into(),
        body: Body::Contract(Program {
            argv,
            env: allocator(),
            ..Program::default()
        }),
        build: None,
    }
}

fn python(home: &Path, name: &str, script: &str) -> PeerSpec {
    let path = |parts: &[&str]| {
        parts
            .iter()
            .fold(home.to_owned(), |path, part| path.join(part))
            .display()
            .to_string()
    };
    let argv = vec![
        path(&[".venv", "bin", "python"]),
        "-P".into(),
        path(&["python", "peers", script]),
    ];
    let set_up = set_up_command(
        &path(&[".venv", "bin", "python"]),
        path(&["python", "setup_env.py"]),
    );
    PeerSpec {
        name: name.into(),
        source: "built-in".into(),
        body: Body::Contract(Program {
            argv,
            env: allocator(),
            ..Program::default()
        }),
        build: Some(Build {
            program: Program {
                argv: set_up,
                cwd: Some(home.to_owned()),
                env: Vec::new(),
            },
            hint: "make python".into(),
        }),
    }
}

/// glibc gives a block of the size of these messages back to the kernel when it
/// is freed, and pays for the next with a page fault for each 4 KiB: a tenth of
/// the time of a run. Other allocators do not know these names.
fn allocator() -> Vec<(String, String)> {
    const KEEP: [(&str, &str); 2] = [
        ("MALLOC_MMAP_THRESHOLD_", "33554432"),
        ("MALLOC_TRIM_THRESHOLD_", "268435456"),
    ];
    KEEP.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

/// The project's own Python starts three times as fast without its packages,
/// and a Python that is found through a shim slower still.
fn set_up_command(venv_python: &str, script: String) -> Vec<String> {
    match Path::new(venv_python).exists() {
        true => vec![venv_python.to_owned(), "-I".into(), "-S".into(), script],
        false => vec!["python3".into(), script],
    }
}

/// The folder of Wirecheck's sources: this one or one above it, or where the
/// program was built.
pub fn home(current: &Path, executable: &Path) -> Option<PathBuf> {
    let is_home = |folder: &&Path| {
        folder.join("interop-tests/cases").is_dir() && folder.join("python/peers").is_dir()
    };
    let above = current.ancestors().find(is_home);
    above
        .or_else(|| executable.ancestors().find(is_home))
        .map(Path::to_owned)
}
