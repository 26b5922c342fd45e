//! Reads a `run.json`, which another version of the program may have written.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::run::{Run, SCHEMA_VERSION};

/// Why a text is no run that this program can read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It is not JSON at all, or was cut.
    #[error("it is not JSON: {0}")]
    NotJson(String),
    /// It is some other JSON.
    #[error("it is not a run of Wirecheck: {0}")]
    NotARun(String),
    /// A newer program wrote it.
    #[error("its schema version is {found}, and this program reads {SCHEMA_VERSION}")]
    Newer {
        /// The version that it states.
        found: u64,
    },
}

/// What tells whether the rest can be read.
#[derive(Deserialize)]
struct Head {
    schema_version: Option<u64>,
}

/// Reads a run. Fields that this version does not know are ignored.
///
/// # Errors
///
/// See [`ReadError`].
pub fn read(text: &[u8]) -> Result<Run, ReadError> {
    // A list would be read as the fields of a run in their order.
    if text.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        let json: Result<IgnoredAny, _> = serde_json::from_slice(text);
        return Err(json.map_or_else(wrong, |_| ReadError::NotARun("it is no object".into())));
    }
    let head: Head = serde_json::from_slice(text).map_err(wrong)?;
    match head.schema_version {
        None | Some(0) => Err(ReadError::NotARun("it has no `schema_version`".into())),
        Some(found) if found > u64::from(SCHEMA_VERSION) => Err(ReadError::Newer { found }),
        Some(_) => serde_json::from_slice(text).map_err(wrong),
    }
}

fn wrong(error: serde_json::Error) -> ReadError {
    match error.is_data() {
        true => ReadError::NotARun(error.to_string()),
        false => ReadError::NotJson(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_read_and_what_is_new_in_it_is_ignored() {
        let run = read(br#"{"schema_version": 1, "id": "8c1e", "later": [1, 2]}"#);
        assert_eq!(run.map(|run| run.id).as_deref(), Ok("8c1e"));
    }

    /// Its fields may mean something else, so none of them is looked at.
    #[test]
    fn a_newer_version_is_refused_whatever_else_it_holds() {
        let error = read(br#"{"cells": 7, "schema_version": 2}"#).expect_err("newer");
        assert_eq!(error, ReadError::Newer { found: 2 });
        assert_eq!(
            error.to_string(),
            "its schema version is 2, and this program reads 1"
        );
    }

    #[test]
    fn other_files_are_told_apart() {
        for other in [
            "[]",
            "[1, 2]",
            "[1]",
            "{}",
            "7",
            r#"{"schema_version": "1"}"#,
        ] {
            let error = read(other.as_bytes()).expect_err(other);
            assert!(matches!(error, ReadError::NotARun(_)), "{other}: {error}");
        }
        for broken in ["", "<xml/>", r#"{"schema_version": 1, "cells": ["#, "\u{0}"] {
            let error = read(broken.as_bytes()).expect_err(broken);
            assert!(matches!(error, ReadError::NotJson(_)), "{broken}: {error}");
        }
        let cells = read(br#"{"schema_version": 1, "cells": 7}"#).expect_err("no cells");
        assert!(matches!(cells, ReadError::NotARun(_)), "{cells}");
    }
}
