//! What a case is run over.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a case is run over, as it is written in suites and in a manifest.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// TCP on 127.0.0.1, in plain text. The one that ids do not name.
    #[default]
    Tcp,
    /// TCP on ::1, in plain text.
    Ipv6,
    /// A Unix socket, in plain text.
    Uds,
    /// TCP on 127.0.0.1 and TLS: the server shows a certificate.
    Tls,
    /// Likewise, and the client shows one too.
    Mtls,
}

impl Variant {
    /// What a case has that names none.
    pub const DEFAULT: [Self; 1] = [Self::Tcp];

    /// As suites and manifests name it.
    pub fn name(self) -> &'static str {
        self.words().first().copied().unwrap_or("tcp")
    }

    /// The words for what is not as it is by default, in the order in which an
    /// id has them.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::Tcp => &[],
            Self::Ipv6 => &["ipv6"],
            Self::Uds => &["uds"],
            Self::Tls => &["tls"],
            Self::Mtls => &["mtls"],
        }
    }

    /// What passes the tap cannot be read.
    pub fn is_encrypted(self) -> bool {
        matches!(self, Self::Tls | Self::Mtls)
    }

    /// The features that peers must have for it, by the names of the contract.
    pub fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Tcp => &[],
            Self::Ipv6 => &["ipv6"],
            Self::Uds => &["uds"],
            Self::Tls => &["tls"],
            Self::Mtls => &["tls", "mtls"],
        }
    }
}

/// As it stands behind the case in a cell's id: nothing, or `+uds`.
impl fmt::Display for Variant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = self.words().iter();
        words.try_for_each(|word| write!(formatter, "+{word}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_the_default_stands_in_an_id() {
        assert_eq!(Variant::Tcp.to_string(), "");
        assert_eq!(Variant::Uds.to_string(), "+uds");
        assert_eq!(Variant::Mtls.to_string(), "+mtls");
    }
}
