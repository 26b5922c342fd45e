//! Which metadata must not stand in anything that is printed or passed on.

use std::collections::BTreeSet;

/// What is written in place of a secret.
pub const REDACTED: &str = "[redacted]";

/// Keys that everybody uses for credentials.
const ALWAYS: [&str; 4] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
];

/// The keys whose values are secret: `authorization`, `proxy-authorization`,
/// `cookie`, `set-cookie`, those that end in `-token` or `-token-bin`, and what
/// a user names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    named: BTreeSet<String>,
}

impl Secrets {
    /// These keys, in any case of letters, and those that always are.
    pub fn new(named: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let named = named.into_iter();
        Self {
            named: named.map(|key| key.as_ref().to_ascii_lowercase()).collect(),
        }
    }

    /// Whether the values of a key are secret.
    pub fn is_secret(&self, key: &str) -> bool {
        let key = key.to_ascii_lowercase();
        ALWAYS.contains(&key.as_str())
            || key.ends_with("-token")
            || key.ends_with("-token-bin")
            || self.named.contains(&key)
    }

    /// Likewise, for a key as it stands on the wire.
    pub fn is_secret_name(&self, name: &[u8]) -> bool {
        self.is_secret(&String::from_utf8_lossy(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_secret_in_any_case_of_letters() {
        let secrets = Secrets::new(["X-Session"]);
        for key in [
            "authorization",
            "Cookie",
            "set-cookie",
            "proxy-authorization",
            "x-api-token",
            "x-api-token-bin",
            "x-session",
        ] {
            assert!(secrets.is_secret(key), "{key}");
        }
        for key in ["x-tokens", "token", "x-request", "x-session-id"] {
            assert!(!secrets.is_secret(key), "{key}");
        }
        assert!(!Secrets::default().is_secret("x-session"));
    }
}
