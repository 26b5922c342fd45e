//! The exit codes, which are part of the interface.

/// Every outcome is as expected.
pub const OK: u8 = 0;
/// At least one cell failed, or is stale.
pub const INCOMPATIBLE: u8 = 1;
/// A flag, the manifest, a case or a pattern is wrong.
pub const USAGE: u8 = 2;
/// A peer could not be built or started, or did not keep the contract.
pub const INFRASTRUCTURE: u8 = 3;
/// The patterns, each of which matches something, together leave no cell.
pub const NOTHING_SELECTED: u8 = 4;
/// A required peer did not run, or the run was stopped early.
pub const INCOMPLETE: u8 = 5;
/// Ctrl-C or SIGTERM.
pub const INTERRUPTED: u8 = 130;

/// How a run ended, as a process says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// See [`OK`].
    Ok,
    /// See [`INCOMPATIBLE`].
    Incompatible,
    /// See [`USAGE`].
    Usage,
    /// See [`INFRASTRUCTURE`].
    Infrastructure,
    /// See [`NOTHING_SELECTED`].
    NothingSelected,
    /// See [`INCOMPLETE`].
    Incomplete,
    /// See [`INTERRUPTED`].
    Interrupted,
}

impl Exit {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => OK,
            Self::Incompatible => INCOMPATIBLE,
            Self::Usage => USAGE,
            Self::Infrastructure => INFRASTRUCTURE,
            Self::NothingSelected => NOTHING_SELECTED,
            Self::Incomplete => INCOMPLETE,
            Self::Interrupted => INTERRUPTED,
        }
    }

    /// The exit with this code, if there is one.
    pub fn of_code(code: u8) -> Option<Self> {
        const ALL: [Exit; 7] = [
            Exit::Ok,
            Exit::Incompatible,
            Exit::Usage,
            Exit::Infrastructure,
            Exit::NothingSelected,
            Exit::Incomplete,
            Exit::Interrupted,
        ];
        ALL.into_iter().find(|exit| exit.code() == code)
    }

    /// The word that stands beside the code.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "as expected",
            Self::Incompatible => "incompatible",
            Self::Usage => "usage",
            Self::Infrastructure => "infrastructure",
            Self::NothingSelected => "nothing selected",
            Self::Incomplete => "incomplete",
            Self::Interrupted => "interrupted",
        }
    }

    /// Of several reasons, the first in the order of the documented table.
    pub fn first_of(reasons: impl IntoIterator<Item = Self>) -> Self {
        const ORDER: [Exit; 6] = [
            Exit::Interrupted,
            Exit::Usage,
            Exit::Incompatible,
            Exit::Infrastructure,
            Exit::Incomplete,
            Exit::NothingSelected,
        ];
        let reasons: Vec<Self> = reasons.into_iter().collect();
        ORDER
            .into_iter()
            .find(|exit| reasons.contains(exit))
            .unwrap_or(Self::Ok)
    }
}
