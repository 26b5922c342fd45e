//! From a manifest as it is written to one that can be run.

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use toml_edit::Document;

use super::{Calls, Command, File, Official, PeerEntry, ReadyEntry, ReadyWord, RoleWord, Tls};
use crate::judge::leaves::PathPattern;
use crate::plan::case::Span;
use crate::plan::known::toml_problem;
use crate::plan::source::{Location, Problem, Source};
use crate::plan::span;
use crate::plan::variant::Variant;

/// How long a server may take until it is ready, if nothing is said. A Java
/// server on a loaded machine was seen to take ten seconds.
pub(super) const WITHIN: Duration = Duration::from_secs(30);

/// A manifest, understood. Paths are as they are written.
#[derive(Debug, Clone, Default)]
pub struct Manifest {
    /// `.proto` files, and folders of them.
    pub protos: Vec<PathBuf>,
    /// Folders that imports are relative to.
    pub import_paths: Vec<PathBuf>,
    /// Descriptor sets.
    pub descriptor_sets: Vec<PathBuf>,
    /// A folder of own suites.
    pub cases: Option<PathBuf>,
    /// The list of known deviations.
    pub known: Option<PathBuf>,
    /// Which of Wirecheck's own peers take part; all if unset.
    pub with: Option<Vec<String>>,
    /// Patterns of cells.
    pub only: Vec<String>,
    /// What Wirecheck's own clients are run over.
    pub variants: Vec<Variant>,
    /// Replaces the limit of every case.
    pub limit: Option<Duration>,
    /// Names of metadata whose values are not to be shown.
    pub secrets: Vec<String>,
    /// How methods are called.
    pub calls: Calls,
    /// What clients need not agree in.
    pub left_out: Vec<PathPattern>,
    /// The peers, in the order of the file.
    pub peers: Vec<Peer>,
}

/// One peer.
#[derive(Debug, Clone, PartialEq)]
pub struct Peer {
    /// Its name.
    pub name: String,
    /// Where it is written.
    pub at: Location,
    /// What it is in the run.
    pub role: Role,
    /// The command that builds it.
    pub build: Option<Vec<String>>,
    /// How it is had.
    pub runs: Runs,
    /// The folder of its commands.
    pub cwd: Option<PathBuf>,
    /// Variables of its commands.
    pub env: BTreeMap<String, String>,
}

/// What a peer is in the run.
#[derive(Debug, Clone, PartialEq)]
pub enum Role {
    /// It keeps the contract, in both roles.
    Contract,
    /// A server.
    Server {
        /// When it is ready.
        ready: Readiness,
        /// How long that may take.
        within: Duration,
        /// How TLS is spoken to it, if it wants that.
        tls: Option<Tls>,
    },
    /// A client.
    Client {
        /// The exit code that is expected.
        exit: i32,
        /// The file with the expected stdout.
        output: Option<PathBuf>,
    },
    /// Programs with the official command line, in one role or both.
    Official(Official),
}

/// When a server is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It accepts a connection.
    Tcp,
    /// It serves, by the health protocol.
    Health,
    /// It has printed this text.
    Log(String),
}

/// How a peer is had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runs {
    /// It is started.
    Command {
        /// The program and its arguments.
        argv: Vec<String>,
        /// Where it listens, if not on a port that is chosen for it.
        address: Option<String>,
    },
    /// As its role says, by a program for each.
    Apart,
    /// It runs already.
    At(String),
    /// It is started in a container.
    Image {
        /// The image, as it is written.
        image: String,
        /// The port on which it listens inside.
        port: NonZeroU16,
        /// What comes after the image; its own command if there is nothing.
        arguments: Vec<String>,
    },
}

/// Reads a manifest.
///
/// # Errors
///
/// The first problem, with its place.
pub fn load(source: &Source) -> Result<Manifest, Problem> {
    let file: File = toml::from_str(source.text()).map_err(|error| toml_problem(source, &error))?;
    let document = Document::parse(source.text().to_owned()).ok();
    Reader { source, document }.manifest(file)
}

/// A path of keys in the file.
pub(super) type Keys<'a> = &'a [&'a str];

pub(super) struct Reader<'a> {
    source: &'a Source,
    /// Knows where each value stands.
    document: Option<Document<String>>,
}

impl Reader<'_> {
    fn manifest(&self, file: File) -> Result<Manifest, Problem> {
        let limit = self.span(file.limit.as_ref(), &["limit"])?;
        let left_out = self.left_out(&file.calls)?;
        self.headers(&file.calls)?;
        self.variants(&file.variants)?;
        let peers = file.peer.iter().map(|(name, entry)| self.peer(name, entry));
        Ok(Manifest {
            peers: peers.collect::<Result<_, _>>()?,
            protos: file.protos,
            import_paths: file.import_paths,
            descriptor_sets: file.descriptor_sets,
            cases: file.cases,
            known: file.known,
            with: file.with,
            only: file.only,
            variants: file.variants,
            limit,
            secrets: file.secrets,
            calls: file.calls,
            left_out,
        })
    }

    fn left_out(&self, calls: &Calls) -> Result<Vec<PathPattern>, Problem> {
        let patterns = calls.leave_out.iter().map(|text| {
            PathPattern::parse(text).ok_or_else(|| {
                let message = format!("`{text}` is no path of fields");
                let hint = "write it as `created_at`, `order.id` or `*.id`";
                self.problem(&["calls", "leave_out"], message, Some(hint))
            })
        });
        patterns.collect()
    }

    fn headers(&self, calls: &Calls) -> Result<(), Problem> {
        for name in calls.headers.keys() {
            let is_name = !name.is_empty()
                && name.bytes().all(|byte| {
                    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.".contains(&byte)
                });
            if !is_name || name.ends_with("-bin") {
                let message = format!("`{name}` cannot be sent as metadata in text");
                let hint = "lower-case letters, digits, `_`, `-` and `.`, and no `-bin` at the end";
                return Err(self.problem(&["calls", "headers", name], message, Some(hint)));
            }
        }
        Ok(())
    }

    /// TLS would go from Wirecheck's client to a server that has another
    /// certificate, through a tap that could read nothing.
    fn variants(&self, variants: &[Variant]) -> Result<(), Problem> {
        let Some(variant) = variants.iter().find(|variant| variant.is_encrypted()) else {
            return Ok(());
        };
        let message = format!(
            "`{}` is only for cases between Wirecheck's own peers",
            variant.name()
        );
        let hint = "a server of yours that wants TLS is given with `tls`; the tap stays readable";
        Err(self.problem(&["variants"], message, Some(hint)))
    }

    fn peer(&self, name: &str, entry: &PeerEntry) -> Result<Peer, Problem> {
        self.name(name)?;
        if let Some(official) = self.official(name, entry)? {
            return Ok(Peer {
                name: name.to_owned(),
                at: self.source.location(self.range(&["peer", name]).start),
                build: self.command(entry.build.as_ref(), &["peer", name, "build"])?,
                runs: Runs::Apart,
                role: Role::Official(official),
                cwd: entry.cwd.clone(),
                env: entry.env.clone(),
            });
        }
        let run = self.command(entry.run.as_ref(), &["peer", name, "run"])?;
        let role = self.role(name, entry, run.as_deref())?;
        Ok(Peer {
            name: name.to_owned(),
            at: self.source.location(self.range(&["peer", name]).start),
            build: self.command(entry.build.as_ref(), &["peer", name, "build"])?,
            runs: self.runs(name, entry, run, &role)?,
            role,
            cwd: entry.cwd.clone(),
            env: entry.env.clone(),
        })
    }

    /// Names are parts of a cell's id.
    fn name(&self, name: &str) -> Result<(), Problem> {
        let is_name = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._@-".contains(c));
        match is_name {
            true => Ok(()),
            false => {
                let message = format!("`{name}` cannot be the name of a peer");
                let hint = "a name has lower-case letters, digits, `.`, `_`, `@` and `-`";
                Err(self.problem(&["peer", name], message, Some(hint)))
            }
        }
    }

    fn role(&self, name: &str, entry: &PeerEntry, run: Option<&[String]>) -> Result<Role, Problem> {
        if entry.image.is_some() {
            self.is_only_an_image(name, entry)?;
        }
        if entry.ready == Some(ReadyEntry::Word(ReadyWord::Contract)) {
            return Ok(Role::Contract);
        }
        let mentions = |word: &str| {
            let values = run.unwrap_or_default().iter().chain(entry.env.values());
            values.into_iter().any(|text| text.contains(word))
        };
        let is_reached = entry.address.is_some() || entry.image.is_some();
        let serves = is_reached || mentions("{port}") || mentions("{address}");
        let word = match (entry.role, serves, mentions("{target}")) {
            (Some(word), ..) => word,
            (None, true, false) => RoleWord::Server,
            (None, false, true) => RoleWord::Client,
            _ => {
                let hint = "say `role = \"server\"` or `role = \"client\"`";
                let message = format!("whether `{name}` is a server or a client is not clear");
                return Err(self.problem(&["peer", name], message, Some(hint)));
            }
        };
        match word {
            RoleWord::Client => {
                let of_servers = [
                    ("ready", entry.ready.is_some()),
                    ("tls", entry.tls.is_some()),
                ];
                self.only_for("server", name, &of_servers)?;
                Ok(Role::Client {
                    exit: entry.exit.unwrap_or(0),
                    output: entry.output.clone(),
                })
            }
            RoleWord::Server => {
                let of_clients = [
                    ("exit", entry.exit.is_some()),
                    ("output", entry.output.is_some()),
                ];
                self.only_for("client", name, &of_clients)?;
                let within = self.span(entry.within.as_ref(), &["peer", name, "within"])?;
                Ok(Role::Server {
                    ready: readiness(entry.ready.as_ref()),
                    within: within.unwrap_or(WITHIN),
                    tls: entry.tls.clone(),
                })
            }
        }
    }

    /// What a container cannot be: a client would not reach the tap from
    /// inside, and a peer of the contract talks through its stdin and stdout.
    fn is_only_an_image(&self, name: &str, entry: &PeerEntry) -> Result<(), Problem> {
        let contract = Some(ReadyEntry::Word(ReadyWord::Contract));
        let cannot_be = [
            ("address", entry.address.is_some(), "has no other `address`"),
            ("role", entry.role == Some(RoleWord::Client), "is no client"),
            (
                "ready",
                entry.ready == contract,
                "does not keep the contract",
            ),
        ];
        match cannot_be.into_iter().find(|(_, is_so, _)| *is_so) {
            None => Ok(()),
            Some((key, _, what)) => {
                let message = format!("`{name}` has an `image`: a server in a container {what}");
                Err(self.problem(&["peer", name, key], message, None))
            }
        }
    }

    fn only_for(&self, role: &str, name: &str, keys: &[(&str, bool)]) -> Result<(), Problem> {
        match keys.iter().find(|(_, is_set)| *is_set) {
            None => Ok(()),
            Some((key, _)) => {
                let message = format!("`{key}` is for a {role}, and `{name}` is none");
                Err(self.problem(&["peer", name, key], message, None))
            }
        }
    }

    fn runs(
        &self,
        name: &str,
        entry: &PeerEntry,
        run: Option<Vec<String>>,
        role: &Role,
    ) -> Result<Runs, Problem> {
        if let Some(image) = &entry.image {
            return self.image(name, image, entry, run);
        }
        if entry.port.is_some() {
            let message =
                format!("`port` is the one inside a container, and `{name}` has no `image`");
            let hint = "add `image = \"...\"`, or put `{port}` into `run`";
            return Err(self.problem(&["peer", name, "port"], message, Some(hint)));
        }
        match (run, &entry.address) {
            (Some(argv), address) => {
                self.has_port(name, &argv, entry, role)?;
                Ok(Runs::Command {
                    argv,
                    address: address.clone(),
                })
            }
            (None, Some(address)) if matches!(role, Role::Server { .. }) => {
                Ok(Runs::At(address.clone()))
            }
            (None, _) => {
                let message = format!("how `{name}` is had is not said");
                let hint = "add `run = [...]`, or, of a server that runs, `address = \"...\"`, or, of one in a container, `image = \"...\"`";
                Err(self.problem(&["peer", name], message, Some(hint)))
            }
        }
    }

    fn image(
        &self,
        name: &str,
        image: &str,
        entry: &PeerEntry,
        run: Option<Vec<String>>,
    ) -> Result<Runs, Problem> {
        let keys = ["peer", name, "image"];
        // Whether there is such an image is for the engine to say; a command
        // line that is shown must only not take it for something else.
        let is_name = image.starts_with(|c: char| c.is_ascii_alphanumeric())
            && image.chars().all(|c| c.is_ascii_graphic());
        if !is_name {
            let message = format!("`{image}` cannot be the name of an image");
            let hint = "write it as for `docker run`, such as `shop:1`";
            return Err(self.problem(&keys, message, Some(hint)));
        }
        let Some(port) = entry.port else {
            let message = format!("on which port `{name}` listens in its container is not said");
            let hint = "add `port = 50051`, with the port inside";
            return Err(self.problem(&keys, message, Some(hint)));
        };
        Ok(Runs::Image {
            image: image.to_owned(),
            port,
            arguments: run.unwrap_or_default(),
        })
    }

    fn has_port(
        &self,
        name: &str,
        argv: &[String],
        entry: &PeerEntry,
        role: &Role,
    ) -> Result<(), Problem> {
        let values = argv.iter().chain(entry.env.values());
        let is_told = values
            .into_iter()
            .any(|text| text.contains("{port}") || text.contains("{address}"));
        if matches!(role, Role::Server { .. }) && entry.address.is_none() && !is_told {
            let message = format!("`{name}` is not told where to listen");
            let hint =
                "put `{port}` or `{address}` into `run` or `env`, or say its fixed `address`";
            return Err(self.problem(&["peer", name, "run"], message, Some(hint)));
        }
        Ok(())
    }

    pub(super) fn command(
        &self,
        command: Option<&Command>,
        keys: Keys<'_>,
    ) -> Result<Option<Vec<String>>, Problem> {
        let argv = match command {
            None => return Ok(None),
            Some(Command::Arguments(argv)) => Some(argv.clone()),
            Some(Command::Line(line)) => shlex::split(line),
        };
        match argv.filter(|argv| !argv.is_empty()) {
            Some(argv) => Ok(Some(argv)),
            None => {
                let message = "this is no command: a quote is not closed, or nothing is there";
                Err(self.problem(keys, message.into(), None))
            }
        }
    }

    pub(super) fn span(
        &self,
        written: Option<&Span>,
        keys: Keys<'_>,
    ) -> Result<Option<Duration>, Problem> {
        let Some(Span(text)) = written else {
            return Ok(None);
        };
        match span::parse(text).filter(|span| !span.is_zero()) {
            Some(span) => Ok(Some(span)),
            None => {
                let message = format!("`{text}` is no span of time");
                Err(self.problem(keys, message, Some(span::HOW)))
            }
        }
    }

    pub(super) fn problem(&self, keys: Keys<'_>, message: String, hint: Option<&str>) -> Problem {
        self.source
            .problem(self.range(keys), message)
            .with_hint(hint.map(str::to_owned))
    }

    /// The bytes of the value at these keys, or of the deepest that is there; of
    /// a table, of its header.
    fn range(&self, keys: Keys<'_>) -> Range<usize> {
        let Some(document) = &self.document else {
            return 0..1;
        };
        let mut item = document.as_item();
        let mut range = item.span();
        for key in keys {
            let Some(next) = item.get(*key) else { break };
            item = next;
            range = item.span().or(range);
        }
        let range = range.unwrap_or(0..1);
        let text = &self.source.text()[range.start.min(self.source.text().len())..];
        let line = text.find('\n').unwrap_or(text.len());
        range.start..range.end.min(range.start + line).max(range.start + 1)
    }
}

fn readiness(entry: Option<&ReadyEntry>) -> Readiness {
    match entry {
        Some(ReadyEntry::Word(ReadyWord::GrpcHealth)) => Readiness::Health,
        Some(ReadyEntry::Log { log }) => Readiness::Log(log.clone()),
        Some(ReadyEntry::Word(ReadyWord::Tcp | ReadyWord::Contract)) | None => Readiness::Tcp,
    }
}
