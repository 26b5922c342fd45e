//! Everything that can keep a command from being carried out, with its exit
//! code and what could be done.

use std::path::PathBuf;

use wirecheck_core::model::exit::Exit;
use wirecheck_core::model::read::ReadError;
use wirecheck_core::plan::cells::Unmatched;
use wirecheck_core::plan::pattern::PatternError;
use wirecheck_core::plan::service::ServiceError;
use wirecheck_core::plan::source::Problem;

use crate::export::pcapng::PcapngError;
use crate::import::ImportError;
use crate::peer::install::InstallError;
use crate::peer::official;
use crate::peer::version::VersionError;
use crate::report::style::Style;
use crate::run::folder::{FolderError, LoadError};
use crate::schema::SchemaError;
use crate::tap::TapError;

/// See the module.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Files that a user wrote are wrong.
    #[error("{}", .0.first().map_or(String::new(), ToString::to_string))]
    Problems(Vec<Problem>),
    /// There is no schema.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// There is nothing to call in somebody's own service.
    #[error(transparent)]
    Service(ServiceError),
    /// A server is named, but no schema.
    #[error("what the server can be asked is not known: no schema is named")]
    NoSchema,
    /// A client is named, but nothing that it could call.
    #[error("there is nothing that `--client` could call")]
    NoServer,
    /// A server is to be compared with itself.
    #[error("`{0}` is compared with itself")]
    SameServer(String),
    /// There is no call to compare the answers of.
    #[error("there is no call to send")]
    NoCalls,
    /// An address cannot be understood.
    #[error("`{text}` is no address: {why}")]
    Address {
        /// What was typed.
        text: String,
        /// Why.
        why: String,
    },
    /// A command cannot be understood.
    #[error("`{0}` is no command: a quote is not closed, or nothing is there")]
    Command(String),
    /// Metadata cannot be understood.
    #[error("`--header {0}` is not `NAME: VALUE`")]
    Header(String),
    /// A field cannot be understood.
    #[error("`{0}` is no path of fields")]
    Field(String),
    /// A pattern matches nothing.
    #[error(transparent)]
    Unmatched(#[from] Unmatched),
    /// A pattern cannot be read.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// Patterns match several things where one is wanted.
    #[error("`{wanted}` means {} things here", .candidates.len())]
    Ambiguous {
        /// What was typed.
        wanted: String,
        /// What it could mean.
        candidates: Vec<String>,
    },
    /// Nothing has this name.
    #[error("there is no {what} `{wanted}`")]
    Unknown {
        /// A case, or a cell.
        what: &'static str,
        /// What was typed.
        wanted: String,
        /// Names that resemble it.
        nearest: Vec<String>,
    },
    /// `--peer` is not `NAME=COMMAND`.
    #[error("`--peer {0}` is not `NAME=COMMAND`")]
    Peer(String),
    /// Cases were given as replies, and none of them says one.
    #[error("no case gives a reply{}", why(.0))]
    NoReplies(Vec<String>),
    /// No suites are to be found.
    #[error("there are no cases here")]
    NoCases,
    /// A file cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that was asked for cannot be written.
    #[error("cannot write `{}`: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file cannot be read as a capture.
    #[error("cannot read `{}`: {error}", path.display())]
    Import {
        /// Which.
        path: PathBuf,
        /// Why.
        error: ImportError,
    },
    /// A cell's captures cannot be had as packets.
    #[error("no packets of `{cell}`: {error}")]
    Pcapng {
        /// The cell.
        cell: String,
        /// Why.
        error: PcapngError,
    },
    /// What passes cannot be written as packets.
    #[error("cannot write packets: {error}")]
    Packets {
        /// Why.
        error: PcapngError,
    },
    /// A tap cannot be opened.
    #[error("{}", with_cause(.0))]
    Tap(TapError),
    /// Cases cannot be written without their types.
    #[error("`--save-cases` needs the schema of the services")]
    NoTypes,
    /// Two things would go to stdout.
    #[error("`--json` and `--pcapng -` both want stdout")]
    StdoutTwice,
    /// A run's folder cannot be written.
    #[error(transparent)]
    Folder(FolderError),
    /// There is no such run, or it cannot be read.
    #[error(transparent)]
    NoRun(#[from] LoadError),
    /// A file of the user's cannot be changed as it is.
    #[error("cannot change `{}`: {why}", path.display())]
    Edit {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// What the job would give to `wirecheck run` is wrong.
    #[error("`wirecheck run` would refuse that: {0}")]
    Run(String),
    /// There is nothing to write a manifest of.
    #[error("nothing in `{}` has to do with gRPC", .0.display())]
    NothingFound(PathBuf),
    /// Peers cannot be installed.
    #[error("the peers cannot be installed: {0}")]
    Install(#[from] InstallError),
    /// A peer cannot be had in another version.
    #[error("{0}")]
    Version(#[from] VersionError),
    /// A file is there already.
    #[error("`{}` is there already", .0.display())]
    Exists(PathBuf),
    /// A cell was not run, or its capture is gone.
    #[error("the cell `{cell}` has no capture: {why}")]
    NoCapture {
        /// The cell.
        cell: String,
        /// Why.
        why: String,
    },
    /// The program's own runtime could not be started.
    #[error("cannot start: {0}")]
    Start(std::io::Error),
}

impl CliError {
    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Problems(_)
            | Self::Schema(_)
            | Self::Service(_)
            | Self::NoSchema
            | Self::NoServer
            | Self::SameServer(_)
            | Self::NoCalls
            | Self::Address { .. }
            | Self::Command(_)
            | Self::Header(_)
            | Self::Field(_)
            | Self::Unmatched(_)
            | Self::Pattern(_)
            | Self::Ambiguous { .. }
            | Self::Unknown { .. }
            | Self::Peer(_)
            | Self::NoReplies(_)
            | Self::NoCases
            | Self::Read { .. }
            | Self::Import { .. }
            | Self::NoRun(_)
            | Self::Edit { .. }
            | Self::Run(_)
            | Self::Exists(_)
            | Self::NoTypes
            | Self::StdoutTwice
            | Self::Tap(TapError::Endpoint(_))
            | Self::Version(
                VersionError::Form { .. }
                | VersionError::Fixed(_)
                | VersionError::NoSources(_)
                | VersionError::NoLibrary { .. },
            )
            | Self::NothingFound(_)
            | Self::NoCapture { .. } => Exit::Usage,
            Self::Folder(_)
            | Self::Start(_)
            | Self::Install(_)
            | Self::Version(_)
            | Self::Write { .. }
            | Self::Packets { .. }
            | Self::Tap(TapError::Listen { .. })
            | Self::Pcapng { .. } => Exit::Infrastructure,
        }
    }

    /// What is printed.
    pub fn render(&self, style: Style) -> String {
        if let Self::Problems(problems) = self {
            let rendered: Vec<String> = problems
                .iter()
                .map(|problem| problem.render(style == Style::Ansi))
                .collect();
            return rendered.join("\n\n");
        }
        if let Self::Schema(SchemaError::Problem(problem)) = self {
            return problem.render(style == Style::Ansi);
        }
        let hint = self
            .hint()
            .map_or(String::new(), |hint| format!("\n\nhint: {hint}"));
        format!("{} {self}{hint}", error_word(style))
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Service(ServiceError::NoMethod { nearest, .. }) if !nearest.is_empty() => {
                Some(format!("the nearest are {}", quoted(nearest)))
            }
            Self::Service(ServiceError::NoService) => {
                Some("name the file that has the `service`, not only its messages".into())
            }
            Self::NoSchema => Some(
                "add `--proto FILE`, `--descriptor-set FILE` or, if the server has it, `--reflection`"
                    .into(),
            ),
            Self::NoServer => Some(
                "add `--server ADDRESS`, or `--proto FILE` for servers in every language".into(),
            ),
            Self::Address { .. } => {
                Some("write it as `127.0.0.1:50051`, `localhost:50051` or `unix:PATH`".into())
            }
            Self::Header(_) => Some("for example `--header 'x-team: shop'`; `-bin` is not sent".into()),
            Self::Field(_) => Some("for example `created_at`, `order.id` or `*.id`".into()),
            Self::Unmatched(unmatched) if on_request(unmatched).is_some() => {
                on_request(unmatched).map(|name| {
                    format!("`{name}` takes part where it is asked for: add `--with {name}`")
                })
            }
            Self::Unmatched(unmatched) if unmatched.nearest.is_empty() => {
                Some("`wirecheck list` lists the cases".into())
            }
            Self::Unmatched(unmatched) => {
                Some(format!("the nearest are {}", quoted(&unmatched.nearest)))
            }
            Self::Unknown {
                nearest,
                what: "case",
                ..
            } if nearest.is_empty() => Some("`wirecheck list` lists the cases".into()),
            Self::Unknown {
                nearest,
                what: "case or rule",
                ..
            } if nearest.is_empty() => {
                Some("`wirecheck list` lists the cases, `wirecheck rules` the rules".into())
            }
            Self::Unknown { nearest, .. } if !nearest.is_empty() => {
                Some(format!("the nearest are {}", quoted(nearest)))
            }
            Self::Ambiguous { candidates, .. } => Some(format!(
                "name one of {}",
                quoted(&candidates[..candidates.len().min(6)])
            )),
            Self::Peer(_) => Some("for example `--peer mine='python peer.py'`".into()),
            Self::NoReplies(_) => Some(
                "a case gives one with `call` and what it expects: `receive`, or a `status`".into(),
            ),
            Self::NoCases => Some(
                "for your own services `wirecheck init` writes a manifest, and \
                 `wirecheck run --server ADDRESS --proto FILE` needs none; \
                 `--cases DIR` says where suites are"
                    .into(),
            ),
            Self::NoRun(LoadError::Missing { .. }) | Self::NoCapture { .. } => {
                Some("`wirecheck run` makes one".into())
            }
            Self::NoRun(LoadError::Wrong {
                source: ReadError::Newer { .. },
                ..
            }) => Some("the version of Wirecheck that wrote it can read it".into()),
            Self::Schema(SchemaError::NoSet { .. }) => Some(
                "write it with its imports: `protoc --include_imports --descriptor_set_out=FILE ...`"
                    .into(),
            ),
            Self::Schema(SchemaError::Reflection { .. }) => {
                Some("name the schema with `--proto FILE` or `--descriptor-set FILE`".into())
            }
            Self::Install(InstallError::Start { .. }) => Some(
                "install Python (apt-get install python3 python3-venv), or name one with `--python FILE`"
                    .into(),
            ),
            Self::Version(VersionError::Fixed(_)) => Some(
                "`rust-tonic`, `python-grpcio`, `python-grpcio-aio`, `go-grpc` and `node-grpc-js` \
                 have versions"
                    .into(),
            ),
            Self::Version(VersionError::NoSources(_)) => {
                Some("run it in a checkout of Wirecheck, where they are".into())
            }
            Self::Exists(_) => Some("`--force` overwrites it".into()),
            Self::Import { error, .. } => of_import(error).map(str::to_owned),
            Self::NoTypes => Some("name it with `--proto FILE` or `--descriptor-set FILE`".into()),
            Self::StdoutTwice => Some("give one of them a file".into()),
            Self::Tap(TapError::Listen { source, .. })
                if source.kind() == std::io::ErrorKind::AddrInUse =>
            {
                Some("another program listens there; without `--listen` a free port is chosen".into())
            }
            Self::Tap(TapError::Endpoint(_)) => {
                Some("for example `127.0.0.1:50051`, `localhost:50051` or `unix:/run/shop.sock`".into())
            }
            Self::NothingFound(_) => Some(
                "it looks for tonic, grpcio, grpc-go, grpc-java and grpc-js projects, and for \
                 .proto files"
                    .into(),
            ),
            Self::Folder(_) => Some("another folder can be given with `--runs DIR`".into()),
            _ => None,
        }
    }
}

/// What to do about a file that is no capture.
fn of_import(error: &ImportError) -> Option<&'static str> {
    match error {
        ImportError::Empty => Some("what captured it saw nothing, or was ended before it wrote"),
        ImportError::Folder => {
            Some("name files: those of a run are in its folder `captures`, and end in .wirecap")
        }
        ImportError::Unknown(why) if why.contains("gzip") => Some("unpack it with `gunzip`"),
        ImportError::Unknown(_) => Some(
            "it takes what Wireshark, tshark and tcpdump write, `wirecheck tap --pcapng FILE`, and \
             the .wirecap files of a run",
        ),
        ImportError::NoBytes => {
            Some("`wirecheck tap --pcapng FILE` writes the bytes, beside `--json`")
        }
        ImportError::Io(_) | ImportError::Damaged { .. } | ImportError::Capture(_) => None,
    }
}

/// A peer that the pattern names, and that no cell has since nobody asked for it.
fn on_request(unmatched: &Unmatched) -> Option<&'static str> {
    let mut names = official::names();
    names.find(|name| {
        let is_there = unmatched.nearest.iter().any(|id| id.contains(name));
        !is_there && unmatched.pattern.split('/').any(|part| part == *name)
    })
}

fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

fn error_word(style: Style) -> &'static str {
    match style {
        Style::Plain => "error:",
        Style::Ansi => "\x1b[1;31merror:\x1b[0m",
    }
}

/// The reasons, if there are any.
fn why(reasons: &[String]) -> String {
    match reasons.is_empty() {
        true => String::new(),
        false => format!(": {}", reasons.join("; ")),
    }
}

fn quoted(names: &[String]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
