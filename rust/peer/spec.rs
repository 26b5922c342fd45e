//! What a peer is and how it is started, before it is.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use wirecheck_core::plan::dialogue::SCRIPTED;
use wirecheck_core::plan::types::PeerKind;
use wirecheck_core::plan::variant::Variant;

use super::process::Program;
use crate::tap::Endpoint;

pub use official::Official;
use official::can_be_run_over;

mod official;

/// What stands behind the name of a peer that handles types that it got with
/// its orders.
pub const DYNAMIC: &str = ".dynamic";

/// A peer by its name, with how it is started in a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerSpec {
    /// The name, part of a cell's id.
    pub name: String,
    /// Where it comes from: `built-in`, an option, or a place in a manifest.
    pub source: String,
    /// What it is.
    pub body: Body,
    /// What must have been done before it can be started.
    pub build: Option<Build>,
    /// Why it cannot be started here, if that is known before.
    pub absent: Option<Absent>,
}

/// Why a peer is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    /// In a few words, as they stand behind `not run:`.
    pub why: String,
    /// The command that brings it.
    pub mend: String,
    /// It was asked for, so that a run without it is not complete.
    pub is_required: bool,
}

/// What a peer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A program that keeps the contract, without the role, which is its last
    /// argument.
    Contract(Program),
    /// A server that knows nothing of Wirecheck.
    Server(ForeignServer),
    /// A client that knows nothing of Wirecheck: started anew for each cell.
    Client(ForeignClient),
    /// Programs with the command line of the official interop ones.
    Official(Official),
    /// It says what a case has it say, in either role. No program.
    Scripted,
}

/// A server that knows nothing of Wirecheck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignServer {
    /// How it is had.
    pub origin: Origin,
    /// When it is ready.
    pub ready: Readiness,
    /// How long that may take.
    pub within: Duration,
    /// How TLS is spoken to it, if it wants that.
    pub tls: Option<TlsFiles>,
    /// It speaks TLS to its clients, and Wirecheck leaves that to them: what
    /// passes the tap cannot be read.
    pub is_encrypted: bool,
    /// How it is started once more, for cells over TLS from end to end.
    pub over_tls: Option<Box<ForeignServer>>,
}

/// How a server is had that knows nothing of Wirecheck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It is started. `{port}` stands for a port that is free, `{address}` for
    /// `127.0.0.1:` and that port.
    Command {
        /// How.
        program: Program,
        /// Where it listens, if that is not chosen by Wirecheck.
        address: Option<Endpoint>,
    },
    /// It runs already, there.
    Runs(Endpoint),
    /// It is started in a container.
    Image(Image),
}

/// The image of a server, which is never pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its name, as it is written.
    pub name: String,
    /// The port on which the server listens inside.
    pub port: NonZeroU16,
    /// What comes after the image; its own command if there is nothing.
    /// `{port}` stands for the port inside, `{address}` for `0.0.0.0:` and that
    /// port, since from outside nobody hears what listens on 127.0.0.1 there.
    pub arguments: Vec<String>,
    /// Variables inside; the same words stand there.
    pub env: Vec<(String, String)>,
    /// The command that brings it here.
    pub get: String,
}

/// The files and the name with which TLS is spoken to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificates that are trusted, in PEM.
    pub ca: PathBuf,
    /// The certificate of the client, in PEM.
    pub cert: Option<PathBuf>,
    /// Its key, in PEM.
    pub key: Option<PathBuf>,
    /// The name of the server; that of its address if unset.
    pub authority: Option<String>,
}

/// How it is known that a server is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It accepts a connection.
    Tcp,
    /// It answers `SERVING` to `grpc.health.v1.Health/Check`, and accepts
    /// connections of course.
    Health,
    /// It has printed a line with this text.
    Log(String),
}

/// A client that knows nothing of Wirecheck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignClient {
    /// How it is started. `{target}` stands for where the server is, which
    /// `WIRECHECK_TARGET` says too.
    pub program: Program,
    /// The exit code that is expected.
    pub exit: i32,
    /// What is expected on its stdout, white space at the ends of lines and at
    /// the end apart.
    pub output: Option<String>,
    /// Its exit code is its word on the case that it is told to run.
    pub gives_word: bool,
    /// How it is started for a cell over TLS from end to end.
    pub over_tls: Option<Program>,
}

/// A command that makes a peer ready to be started; it does nothing when all
/// is current.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The command.
    pub program: Program,
    /// What a user types to the same effect.
    pub hint: String,
}

impl PeerSpec {
    /// The peer that plays the dialogues of cases.
    pub fn scripted() -> Self {
        Self {
            name: SCRIPTED.into(),
            source: "built-in".into(),
            body: Body::Scripted,
            build: None,
            absent: None,
        }
    }

    /// What it is to the harness.
    pub fn kind(&self) -> PeerKind {
        self.body.kind()
    }

    /// Whether it can be a client.
    pub fn is_client(&self) -> bool {
        match &self.body {
            Body::Contract(_) | Body::Client(_) | Body::Scripted => true,
            Body::Server(_) => false,
            Body::Official(official) => official.client.is_some(),
        }
    }

    /// Whether it can be a server.
    pub fn is_server(&self) -> bool {
        match &self.body {
            Body::Contract(_) | Body::Server(_) | Body::Scripted => true,
            Body::Client(_) => false,
            Body::Official(official) => official.server.is_some(),
        }
    }

    /// Whether it can be run over this as the client, as far as is known before.
    pub fn calls_over(&self, variant: Variant) -> bool {
        match &self.body {
            Body::Official(official) => can_be_run_over(variant, &official.client_tls),
            Body::Contract(_) | Body::Server(_) | Body::Client(_) | Body::Scripted => true,
        }
    }

    /// Likewise, as the server.
    pub fn serves_over(&self, variant: Variant) -> bool {
        match &self.body {
            Body::Official(official) => can_be_run_over(variant, &official.server_tls),
            Body::Contract(_) | Body::Server(_) | Body::Client(_) | Body::Scripted => true,
        }
    }

    /// Whether it is a server that knows nothing of Wirecheck.
    pub fn is_foreign_server(&self) -> bool {
        matches!(self.body, Body::Server(_))
    }

    /// Whether it is known before that it cannot be started.
    pub fn is_absent(&self) -> bool {
        self.absent.is_some()
    }

    /// The same peer, without which a run is not complete.
    #[must_use]
    pub fn required(mut self) -> Self {
        if let Some(absent) = &mut self.absent {
            absent.is_required = true;
        }
        self
    }

    /// The command for a role, as it is shown before anything is chosen for it.
    pub fn command(&self, role: &str) -> Program {
        match &self.body {
            Body::Contract(program) => {
                let mut program = program.clone();
                program.argv.push(role.to_owned());
                program
            }
            Body::Server(server) => match &server.origin {
                Origin::Command { program, .. } => program.clone(),
                Origin::Runs(_) => Program::default(),
                Origin::Image(image) => image.by_hand(),
            },
            Body::Client(client) => client.program.clone(),
            Body::Official(official) => official.command(role),
            Body::Scripted => Program::default(),
        }
    }

    /// The same peer as it is named where it handles types that it got with
    /// its orders: not the code that a team would generate.
    #[must_use]
    pub fn dynamic(mut self) -> Self {
        self.name.push_str(DYNAMIC);
        self
    }
}

impl Body {
    /// What it is to the harness.
    pub fn kind(&self) -> PeerKind {
        match self {
            Self::Contract(_) => PeerKind::Contract,
            Self::Server(_) | Self::Client(_) => PeerKind::Foreign,
            Self::Official(_) => PeerKind::Official,
            Self::Scripted => PeerKind::Scripted,
        }
    }

    /// Whether it is started in a container.
    pub fn is_image(&self) -> bool {
        self.image().is_some()
    }

    /// The image that it is started from, if there is one.
    pub fn image(&self) -> Option<&Image> {
        match self {
            Self::Server(ForeignServer {
                origin: Origin::Image(image),
                ..
            }) => Some(image),
            _ => None,
        }
    }
}

impl Image {
    /// Its arguments and variables, with what stands for the words in them.
    pub fn inside(&self) -> Program {
        let (port, address) = (self.port.to_string(), format!("0.0.0.0:{}", self.port));
        let program = Program {
            argv: self.arguments.clone(),
            cwd: None,
            env: self.env.clone(),
        };
        program.with(&[("port", &port), ("address", &address)])
    }

    /// What a user types to the same effect. Values of variables may be secret:
    /// they are not shown.
    pub fn by_hand(&self) -> Program {
        let inside = self.inside();
        let publish = format!("127.0.0.1::{}", self.port);
        let mut argv: Vec<String> = ["docker", "run", "--rm", "--publish"]
            .map(str::to_owned)
            .into();
        argv.push(publish);
        for (name, _) in inside.env {
            argv.extend(["--env".to_owned(), name]);
        }
        argv.push(self.name.clone());
        argv.extend(inside.argv);
        Program {
            argv,
            ..Program::default()
        }
    }
}

impl Program {
    /// The program with words put in place of `{word}` in its arguments and
    /// variables.
    #[must_use]
    pub fn with(&self, words: &[(&str, &str)]) -> Self {
        let fill = |text: &String| {
            words.iter().fold(text.clone(), |text, (word, value)| {
                text.replace(&format!("{{{word}}}"), value)
            })
        };
        Self {
            argv: self.argv.iter().map(fill).collect(),
            cwd: self.cwd.clone(),
            env: self
                .env
                .iter()
                .map(|(name, value)| (name.clone(), fill(value)))
                .collect(),
        }
    }

    /// Whether `{word}` stands in an argument or a variable.
    pub fn mentions(&self, word: &str) -> bool {
        let word = format!("{{{word}}}");
        let values = self.env.iter().map(|(_, value)| value);
        self.argv
            .iter()
            .chain(values)
            .any(|text| text.contains(&word))
    }
}
