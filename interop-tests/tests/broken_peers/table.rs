//! What each fault must come to.

/// One broken peer and what becomes of it.
pub struct Row {
    /// What it is written in.
    pub language: Language,
    /// The name of its fault, which only the peer itself is told.
    pub fault: &'static str,
    /// The role in which it is run, against an honest `rust-tonic`.
    pub role: Role,
    /// The case.
    pub case: &'static str,
    /// What the program exits with.
    pub exit: i32,
    /// The outcomes of the cell that are right.
    pub outcomes: &'static [&'static str],
    /// Whose fault it is, if anybody is blamed for the cell.
    pub culprit: Option<&'static str>,
    /// The code of the finding that decides.
    pub finding: Option<&'static str>,
    /// What is said of the cell or of the peer, and printed.
    pub says: Option<&'static str>,
    /// A part of the peer's log that a user gets to see.
    pub log: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Python,
    Rust,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Client,
    Server,
}

impl Language {
    pub fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Rust => "rust",
        }
    }
}

const PASSES: i32 = 0;
const INCOMPATIBLE: i32 = 1;
const INFRASTRUCTURE: i32 = 3;
const SAY_HELLO: &str = "greeter/say-hello";

/// A peer that cannot do its work.
const fn unfit(language: Language, fault: &'static str, role: Role, says: &'static str) -> Row {
    let culprit = match role {
        Role::Client => "client",
        Role::Server => "server",
    };
    Row {
        language,
        fault,
        role,
        case: SAY_HELLO,
        exit: INFRASTRUCTURE,
        outcomes: &["error"],
        culprit: Some(culprit),
        finding: Some("peer/process"),
        says: Some(says),
        log: None,
    }
}

/// A peer that does its work wrong.
const fn wrong(language: Language, fault: &'static str, role: Role, finding: &'static str) -> Row {
    Row {
        exit: INCOMPATIBLE,
        outcomes: &["fail"],
        finding: Some(finding),
        says: None,
        ..unfit(language, fault, role, "")
    }
}

/// A peer whose cells are well, but not what it leaves or writes beside them.
const fn untidy(language: Language, fault: &'static str, role: Role, says: &'static str) -> Row {
    Row {
        outcomes: &["pass"],
        culprit: None,
        finding: None,
        ..unfit(language, fault, role, says)
    }
}

use Language::{Python, Rust};
use Role::{Client, Server};

/// Those that take long stand first, so that they do not stand alone at the end.
pub const ROWS: &[Row] = &[
    unfit(
        Python,
        "never-ready",
        Client,
        "did not become ready within 20 s",
    ),
    unfit(
        Rust,
        "half-frame",
        Client,
        "left a frame unfinished for 5 s",
    ),
    unfit(Python, "hangs", Client, "did not answer `Abort`"),
    untidy(
        Rust,
        "ignores-stop",
        Server,
        "did not end when it was told to; it was sent KILL",
    ),
    Row {
        log: Some("libgreeter.so: no such file"),
        ..unfit(
            Python,
            "dies-at-start",
            Server,
            "ended before it was ready: exit status: 7",
        )
    },
    unfit(
        Python,
        "text-on-stdout",
        Server,
        "wrote something other than contract frames to stdout: \"Loading the greeter ...\\n\"",
    ),
    Row {
        exit: PASSES,
        ..untidy(
            Python,
            "floods-stderr",
            Server,
            "the log of suspect as server",
        )
    },
    wrong(Python, "wrong-bytes", Client, "expect/wire-bytes"),
    wrong(Python, "wrong-status", Server, "expect/status"),
    Row {
        case: "greeter/unknown-method",
        ..wrong(Python, "lies-in-report", Client, "expect/status")
    },
    untidy(
        Python,
        "leaves-grandchild",
        Server,
        "left processes of its own behind; they were killed",
    ),
    Row {
        log: Some("index out of bounds"),
        ..unfit(
            Rust,
            "dies-in-mid-call",
            Server,
            "ended in the middle of the run: exit status: 101",
        )
    },
    unfit(Rust, "says-yes", Client, "it says yes to everything"),
    unfit(
        Rust,
        "floods-stdout",
        Client,
        "sent Reached, which nothing in the cell asks for",
    ),
    unfit(
        Rust,
        "reports-twice",
        Client,
        "sent Report for the identifier",
    ),
    Row {
        // The cell has all that it needs when the event comes, and is judged by
        // that; unless the machine is so slow that the peer is gone before.
        outcomes: &["pass", "error"],
        ..untidy(Rust, "late-event", Server, "sent Began for the identifier")
    },
    wrong(Rust, "wrong-bytes", Server, "expect/wire-bytes"),
    wrong(
        Rust,
        "missing-trailers",
        Server,
        "response/ends-with-trailers",
    ),
];
