//! Whether a program is a server or a client, by what its sources call.

/// What a program does in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It answers.
    Server,
    /// It asks.
    Client,
}

/// What the sources of a language write to be one or the other.
pub struct Markers {
    /// Of a server.
    pub server: &'static [&'static str],
    /// Of a client.
    pub client: &'static [&'static str],
}

impl Role {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

impl Markers {
    /// What a program with these sources is. One that serves and calls others
    /// is a server.
    pub fn role<'a>(&self, mut sources: impl Iterator<Item = &'a str> + Clone) -> Option<Role> {
        let has = |text: &str, marks: &[&str]| marks.iter().any(|mark| text.contains(mark));
        let mut all = sources.clone();
        if sources.any(|text| has(text, self.server)) {
            return Some(Role::Server);
        }
        all.any(|text| has(text, self.client))
            .then_some(Role::Client)
    }
}
