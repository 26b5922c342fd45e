//! The peers that come with Wirecheck: where they are, how they are built, and
//! what one lacks that is not there.

use std::path::{Path, PathBuf};

use super::install::Installable;
use super::process::{Program, find_program};
use super::spec::{Absent, Body, Build, PeerSpec};

/// The Rust peer.
const RUST_PEER: &str = "rust-tonic";
/// The Python peers, with the scripts that start them.
pub const PYTHON_PEERS: [(&str, &str); 2] = [
    ("python-grpcio", "python/peers/grpcio_sync.py"),
    ("python-grpcio-aio", "python/peers/grpcio_aio.py"),
];

/// A peer of a checkout that is built there, when its toolchain is there.
#[derive(Debug, Clone, Copy)]
struct Built {
    name: &'static str,
    /// The programs that build it. Without them nobody knows whether what is
    /// there is current.
    tools: &'static [&'static str],
    /// What brings a tool that is not there.
    mend: &'static str,
    /// What builds it, below the checkout, and the command that a user types.
    script: &'static str,
    hint: &'static str,
    /// What runs it, if anything, and the program below the checkout.
    runner: Option<&'static str>,
    program: &'static str,
    /// Variables that it is run with.
    env: &'static [(&'static str, &'static str)],
}

/// Go collects garbage each time that the heap has doubled, which with a heap as
/// small as a peer's is after a few large messages: a tenth of its time.
const FEWER_COLLECTIONS: [(&str, &str); 1] = [("GOGC", "400")];

/// The peers that are built, in the order of the matrix.
const BUILT: [Built; 4] = [
    Built {
        name: "go-grpc",
        tools: &["go"],
        mend: "install Go 1.26 or newer, see https://go.dev/doc/install",
        script: "go/setup_env.sh",
        hint: "make go",
        runner: None,
        program: "go/bin/go-grpc",
        env: &FEWER_COLLECTIONS,
    },
    Built {
        name: "java-grpc",
        tools: &["java", "mvn"],
        mend: "apt-get install openjdk-17-jdk-headless maven",
        script: "java/setup_env.sh",
        hint: "make java",
        runner: None,
        program: "java/bin/java-grpc",
        env: &[],
    },
    Built {
        name: "node-grpc-js",
        tools: &["node", "npm"],
        mend: "install Node.js 20 or newer, see https://nodejs.org",
        script: "node/setup_env.sh",
        hint: "make node",
        runner: Some("node"),
        program: "node/grpc-js.js",
        env: &[],
    },
    Built {
        name: "cpp-grpc",
        tools: &["cmake", "c++", "protoc", "grpc_cpp_plugin"],
        mend: "apt-get install cmake g++ make pkg-config libgrpc++-dev libssl-dev \
               protobuf-compiler protobuf-compiler-grpc",
        script: "cpp/setup_env.sh",
        hint: "make cpp",
        runner: None,
        program: "cpp/bin/cpp-grpc",
        env: &[],
    },
];

impl Built {
    /// Built before it is started, with what the checkout has.
    fn of_checkout(self, home: &Path) -> PeerSpec {
        let missing = self
            .tools
            .iter()
            .find(|tool| find_program(tool, None).is_none());
        let build = Build {
            program: Program {
                argv: vec![below(home, self.script)],
                cwd: Some(home.to_owned()),
                env: Vec::new(),
            },
            hint: self.hint.into(),
        };
        let runner = self.runner.map(str::to_owned);
        PeerSpec {
            name: self.name.into(),
            source: "built-in".into(),
            body: Body::Contract(Program {
                argv: runner
                    .into_iter()
                    .chain([below(home, self.program)])
                    .collect(),
                env: self
                    .env
                    .iter()
                    .map(|(name, value)| owned(name, value))
                    .collect(),
                ..Program::default()
            }),
            build: missing.is_none().then_some(build),
            absent: missing.map(|tool| Absent {
                why: format!("{tool} not found"),
                mend: self.mend.into(),
                is_required: false,
            }),
        }
    }
}

/// What the peers are looked for with.
#[derive(Debug, Clone, Copy)]
pub struct Whereabouts<'a> {
    /// The folder of Wirecheck's sources, if this is a checkout.
    pub home: Option<&'a Path>,
    /// The folder of Wirecheck's caches, for what was installed.
    pub cache: Option<&'a Path>,
    /// This program.
    pub executable: &'a Path,
}

/// The peers that come with Wirecheck, in the order of the matrix, also those
/// that cannot be started here.
pub fn built_in(whereabouts: Whereabouts<'_>) -> Vec<PeerSpec> {
    let mut peers = vec![rust_tonic(whereabouts.executable)];
    match whereabouts.home {
        Some(home) => {
            peers.extend(python_of_checkout(home));
            peers.extend(BUILT.map(|peer| peer.of_checkout(home)));
        }
        // The others cannot be installed apart yet.
        None => peers.extend(python_installed(whereabouts.cache)),
    }
    peers
}

/// A peer as it is built and started in another folder of the same layout: a
/// copy of its sources.
pub fn from_folder(name: &str, folder: &Path) -> Option<PeerSpec> {
    let built = BUILT.iter().find(|peer| peer.name == name);
    let peer = match built {
        Some(peer) => peer.of_checkout(folder),
        None if name == RUST_PEER => rust_from_folder(folder),
        None => {
            let mut python = python_of_checkout(folder).into_iter();
            python.find(|peer| peer.name == name)?
        }
    };
    Some(peer)
}

/// The Rust peer as a program of its own.
fn rust_from_folder(folder: &Path) -> PeerSpec {
    let absent = find_program("cargo", None).is_none().then(|| Absent {
        why: "cargo not found".into(),
        mend: "install Rust with rustup, see https://rustup.rs".into(),
        is_required: false,
    });
    PeerSpec {
        name: RUST_PEER.into(),
        source: "built-in".into(),
        body: Body::Contract(Program {
            argv: vec![below(folder, "target/debug/tonic-peer")],
            env: allocator(),
            ..Program::default()
        }),
        build: None,
        absent,
    }
}

/// The Rust peer is a part of this very program.
fn rust_tonic(executable: &Path) -> PeerSpec {
    let argv = [
        executable.display().to_string(),
        "peer".into(),
        RUST_PEER.into(),
    ]
    .to_vec();
    PeerSpec {
        name: RUST_PEER.into(),
        source: "built-in".into(),
        body: Body::Contract(Program {
            argv,
            env: allocator(),
            ..Program::default()
        }),
        build: None,
        absent: None,
    }
}

/// Built before they are started, with what the checkout has.
fn python_of_checkout(home: &Path) -> Vec<PeerSpec> {
    let venv_python = below(home, ".venv/bin/python");
    let can_be_built = Path::new(&venv_python).exists() || find_program("python3", None).is_some();
    let absent = (!can_be_built).then(|| Absent {
        why: "python3 not found".into(),
        mend: "apt-get install python3 python3-venv".into(),
        is_required: false,
    });
    let build = Build {
        program: Program {
            argv: set_up_command(&venv_python, below(home, "python/setup_env.py")),
            cwd: Some(home.to_owned()),
            env: Vec::new(),
        },
        hint: "make python".into(),
    };
    let build = absent.is_none().then_some(build);
    python(home, "built-in", build, absent).into()
}

/// Set up once, when a user asked for it; never on the way.
fn python_installed(cache: Option<&Path>) -> Vec<PeerSpec> {
    let folder = cache.map(|cache| Installable::Python.folder(cache));
    let absent = match &folder {
        Some(folder) if Installable::Python.is_installed(folder) => None,
        _ => Some(Absent {
            why: "not installed".into(),
            mend: Installable::Python.command(),
            is_required: false,
        }),
    };
    let source = match absent {
        None => "installed",
        Some(_) => "-",
    };
    python(&folder.unwrap_or_default(), source, None, absent).into()
}

/// The peers of a language in the folder where they were installed.
pub fn installed(language: Installable, folder: &Path) -> Vec<PeerSpec> {
    match language {
        Installable::Python => python(folder, "installed", None, None).into(),
    }
}

fn python(
    folder: &Path,
    source: &str,
    build: Option<Build>,
    absent: Option<Absent>,
) -> [PeerSpec; 2] {
    PYTHON_PEERS.map(|(name, script)| PeerSpec {
        name: name.into(),
        source: source.into(),
        body: Body::Contract(Program {
            argv: vec![
                below(folder, ".venv/bin/python"),
                "-P".into(),
                below(folder, script),
            ],
            env: allocator(),
            ..Program::default()
        }),
        build: build.clone(),
        absent: absent.clone(),
    })
}

fn below(folder: &Path, path: &str) -> String {
    folder.join(path).display().to_string()
}

/// glibc gives a block of the size of these messages back to the kernel when it
/// is freed, and pays for the next with a page fault for each 4 KiB: a tenth of
/// the time of a run. Other allocators do not know these names.
fn allocator() -> Vec<(String, String)> {
    const KEEP: [(&str, &str); 2] = [
        ("MALLOC_MMAP_THRESHOLD_", "33554432"),
        ("MALLOC_TRIM_THRESHOLD_", "268435456"),
    ];
    KEEP.map(|(name, value)| owned(name, value)).to_vec()
}

fn owned(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
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
