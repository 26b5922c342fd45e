//! `--with` and `--require`, and `with` in a manifest: which of Wirecheck's own
//! peers take part, in which versions, and without which a run is not complete.

use std::path::{Path, PathBuf};

use wirecheck_core::plan::source::nearest;

use super::Result;
use super::error::CliError;
use crate::peer::builtin::{Whereabouts, home};
use crate::peer::install::{self, InstallError};
use crate::peer::official::official;
use crate::peer::spec::PeerSpec;
use crate::peer::version::{Apart, Choice, SOURCE, Wanted};

/// What peers are looked for with, as it is here.
pub struct Here {
    /// The folder of Wirecheck's sources, if this is a checkout.
    pub home: Option<PathBuf>,
    /// The folder of Wirecheck's caches, if the system names one.
    pub cache: Option<PathBuf>,
    executable: PathBuf,
}

impl Here {
    /// As seen from a folder.
    pub fn find(current: &Path) -> Result<Self> {
        let executable = std::env::current_exe().map_err(CliError::Start)?;
        Ok(Self {
            home: home(current, &executable),
            cache: install::cache(),
            executable,
        })
    }

    /// The same, borrowed.
    pub fn whereabouts(&self) -> Whereabouts<'_> {
        Whereabouts {
            home: self.home.as_deref(),
            cache: self.cache.as_deref(),
            executable: &self.executable,
        }
    }

    /// A peer that is built apart; nothing for one as it comes with Wirecheck.
    pub fn apart(&self, wanted: &Wanted) -> Result<Option<Apart>> {
        let cache = self.cache.as_deref().ok_or(InstallError::NoCache)?;
        Ok(Apart::new(wanted, self.home.as_deref(), cache)?)
    }
}

/// The peers with those that were asked for. Another version stands behind the
/// one that comes with Wirecheck. `base` is what folders are relative to.
///
/// # Errors
///
/// There is no such peer, or its version cannot be chosen.
pub fn with(
    mut peers: Vec<PeerSpec>,
    asked: &[String],
    base: &Path,
    here: &Here,
) -> Result<Vec<PeerSpec>> {
    for text in asked {
        let wanted = Wanted::parse(text, base)?;
        let wanted = Wanted {
            choice: absolute(wanted.choice)?,
            ..wanted
        };
        if peers.iter().all(|peer| peer.name != wanted.peer) {
            peers.extend(on_request(&wanted, here));
        }
        let place = peers.iter().position(|peer| peer.name == wanted.peer);
        let place = place.ok_or_else(|| unknown(&wanted.peer, &peers))?;
        let Some(apart) = here.apart(&wanted)? else {
            let peer = peers.remove(place).required();
            peers.insert(place, peer);
            continue;
        };
        let spec = apart.spec(&here.executable).required();
        peers.retain(|peer| peer.name != spec.name);
        let before = |peer: &PeerSpec| peer.name.starts_with(&format!("{}@", wanted.peer));
        let versions = peers.iter().filter(|peer| before(peer)).count();
        peers.insert(place + 1 + versions, spec);
    }
    Ok(peers)
}

/// A peer that takes part only where somebody asks for it.
fn on_request(wanted: &Wanted, here: &Here) -> Option<PeerSpec> {
    let mut peers = official(here.home.as_deref()).into_iter();
    peers.find(|peer| peer.name == wanted.peer)
}

/// A folder as it is from anywhere: the command that builds is run elsewhere.
fn absolute(choice: Choice) -> Result<Choice> {
    let Choice::Folder(path) = choice else {
        return Ok(choice);
    };
    match std::fs::canonicalize(&path) {
        Ok(path) => Ok(Choice::Folder(path)),
        Err(source) => Err(CliError::Read { path, source }),
    }
}

/// Whether a peer was asked for by its version.
pub fn is_apart(peer: &PeerSpec) -> bool {
    peer.source == SOURCE
}

/// The peers, those marked that `--require` names: by their names, or all of a
/// language by the first word of theirs.
///
/// # Errors
///
/// A name is that of no peer.
pub fn require(mut peers: Vec<PeerSpec>, names: &[String]) -> Result<Vec<PeerSpec>> {
    for name in names {
        let is_meant = |peer: &PeerSpec| {
            let language = peer.name.split('-').next();
            peer.name == *name || language == Some(name)
        };
        if !peers.iter().any(is_meant) {
            return Err(unknown(name, &peers));
        }
        peers = peers
            .into_iter()
            .map(|peer| {
                if is_meant(&peer) {
                    peer.required()
                } else {
                    peer
                }
            })
            .collect();
    }
    Ok(peers)
}

fn unknown(wanted: &str, peers: &[PeerSpec]) -> CliError {
    let names = peers.iter().map(|peer| peer.name.as_str());
    let near = nearest(wanted, names, 3);
    CliError::Unknown {
        what: "peer",
        wanted: wanted.to_owned(),
        nearest: near.into_iter().map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::process::Program;
    use crate::peer::spec::{Absent, Body};

    fn peers() -> Vec<PeerSpec> {
        let spec = |name: &str| PeerSpec {
            name: name.into(),
            source: "built-in".into(),
            body: Body::Contract(Program::default()),
            build: None,
            absent: Some(Absent {
                why: "not found".into(),
                mend: "install it".into(),
                is_required: false,
            }),
        };
        [
            "rust-tonic",
            "python-grpcio",
            "python-grpcio-aio",
            "go-grpc",
        ]
        .map(spec)
        .into()
    }

    fn here() -> Here {
        Here {
            home: Some("/wirecheck".into()),
            cache: Some("/cache".into()),
            executable: "/bin/wirecheck".into(),
        }
    }

    fn names(peers: &[PeerSpec]) -> Vec<&str> {
        peers.iter().map(|peer| peer.name.as_str()).collect()
    }

    fn asked(words: &[&str]) -> Result<Vec<PeerSpec>> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        with(peers(), &words, Path::new(""), &here())
    }

    #[test]
    fn a_version_stands_behind_the_one_that_comes_with_wirecheck() {
        let found = asked(&["rust-tonic@0.12", "rust-tonic@0.13", "go-grpc@v1.60.0"]);
        let found = found.expect("peers");
        let wanted = [
            "rust-tonic",
            "rust-tonic@0.12",
            "rust-tonic@0.13",
            "python-grpcio",
            "python-grpcio-aio",
            "go-grpc",
            "go-grpc@v1.60.0",
        ];
        assert_eq!(names(&found), wanted);
        assert!(is_apart(&found[1]) && !is_apart(&found[0]));
    }

    #[test]
    fn a_peer_that_is_asked_for_must_be_there() {
        let found = asked(&["go-grpc"]).expect("peers");
        let is_required = |name: &str| {
            found.iter().any(|peer| {
                let absent = peer.absent.as_ref();
                peer.name == name && absent.is_some_and(|absent| absent.is_required)
            })
        };
        assert!(is_required("go-grpc") && !is_required("rust-tonic"));
    }

    #[test]
    fn a_peer_that_does_not_exist_names_the_nearest() {
        let error = asked(&["go-grp"]).expect_err("no such peer");
        assert_eq!(error.to_string(), "there is no peer `go-grp`");
    }

    #[test]
    fn a_language_stands_for_its_peers() {
        let found = require(peers(), &["python".into()]).expect("peers");
        let required = found.iter().filter(|peer| {
            let absent = peer.absent.as_ref();
            absent.is_some_and(|absent| absent.is_required)
        });
        let required: Vec<&str> = required.map(|peer| peer.name.as_str()).collect();
        assert_eq!(required, ["python-grpcio", "python-grpcio-aio"]);
        assert!(require(peers(), &["cobol".into()]).is_err());
    }
}
