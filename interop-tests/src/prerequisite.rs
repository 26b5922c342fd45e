//! What a test needs of the machine, and how it says that something is missing.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Why a test cannot run here, and the command that mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    reason: String,
    mend: String,
}

impl Missing {
    /// `reason` is a fragment without a full stop, `mend` something to type.
    pub fn new(reason: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            mend: mend.into(),
        }
    }

    /// What keeps `feature` of this package from being on.
    ///
    /// The probe of `make test` answers, so that both always say the same. If it finds
    /// everything in place, only the feature is missing.
    pub fn behind_feature(feature: &str) -> Self {
        let probe = project_root().join("scripts/test-features.sh");
        let answer = match Command::new(&probe).args(["why", feature]).output() {
            Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
            Err(error) => {
                return Self::new(
                    format!("{} cannot be run: {error}", probe.display()),
                    "make test",
                );
            }
        };
        match answer.split_once('\n') {
            Some((reason, mend)) => Self::new(reason, mend.trim_end()),
            None => Self::new(
                format!("built without the feature `{feature}`"),
                "make test",
            ),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; to mend it: {}", self.reason, self.mend)
    }
}

/// The root of the checkout.
pub fn project_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this package is a folder of the workspace")
        .to_owned()
}
