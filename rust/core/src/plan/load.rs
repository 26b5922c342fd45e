//! Reads a suite's YAML file: unknown keys, wrong types and bad YAML are
//! problems with a place and, where a word is nearly right, a suggestion.

use serde_saphyr::Error as YamlError;

use super::case::Suite;
use super::source::{Problem, Source, Tree, byte_range, did_you_mean};

/// A suite as it was written, with where each value stands.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What was written.
    pub suite: Suite,
    /// The file.
    pub source: Source,
    /// Where each value stands.
    pub tree: Tree,
}

/// Reads a suite.
///
/// # Errors
///
/// The first problem, with its place.
pub fn load(source: Source) -> Result<Loaded, Problem> {
    let suite: Suite =
        serde_saphyr::from_str(source.text()).map_err(|error| problem(&source, &error))?;
    let tree = Tree::parse(source.text()).map_err(|error| problem(&source, &error))?;
    Ok(Loaded {
        suite,
        source,
        tree,
    })
}

fn problem(source: &Source, error: &YamlError) -> Problem {
    let error = error.without_snippet();
    let range = error
        .location()
        .map_or(0..1, |at| byte_range(source.text(), at));
    let (message, hint) = explain(error);
    source.problem(range, message).with_hint(hint)
}

/// The parser's words for what the format's reader must know, in our own where
/// a suggestion can be made.
fn explain(error: &YamlError) -> (String, Option<String>) {
    match error {
        YamlError::SerdeUnknownField {
            field, expected, ..
        } => {
            let hint = did_you_mean(field, expected.iter().copied()).or_else(|| {
                (!expected.is_empty()).then(|| format!("the keys here are {}", expected.join(", ")))
            });
            (format!("unknown key `{field}`"), hint)
        }
        YamlError::SerdeUnknownVariant {
            variant, expected, ..
        } => (
            format!("unknown value `{variant}`"),
            Some(format!("one of {}", expected.join(", "))),
        ),
        YamlError::SerdeMissingField { field, .. } => {
            (format!("the key `{field}` is missing"), None)
        }
        YamlError::SerdeInvalidType {
            unexpected,
            expected,
            ..
        } => (
            format!("this is {unexpected}, but {expected} is wanted"),
            None,
        ),
        YamlError::Unexpected { expected, .. } => {
            (format!("{} is wanted here", in_words(expected)), None)
        }
        other => (without_place(&first_line(&other.to_string())), None),
    }
}

/// What the parser calls the kinds of YAML, in words that need no parser.
fn in_words(kind: &str) -> &str {
    match kind {
        "sequence start" => "a list",
        "mapping start" => "a map of keys and values",
        "string scalar" => "a single value",
        other => other,
    }
}

/// The place is shown by the caret.
fn without_place(message: &str) -> String {
    let place = message.find(" at line ").unwrap_or(message.len());
    message[..place].to_owned()
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str) -> String {
        load(Source::new("cases/greeter.yaml", text))
            .expect_err("a problem")
            .render(false)
    }

    #[test]
    fn an_unknown_key_has_a_caret_and_a_suggestion() {
        insta::assert_snapshot!(rendered(
            "suite: greeter\nabout: a\ncases:\n  - name: a\n    abot: b\n"
        ));
    }

    #[test]
    fn a_wrong_type_says_what_is_wanted() {
        insta::assert_snapshot!(rendered(
            "suite: greeter\nabout: a\ncases:\n  - name: a\n    tags: 3\n"
        ));
    }

    #[test]
    fn bad_yaml_is_pointed_at() {
        insta::assert_snapshot!(rendered("suite: greeter\nabout: [a\ncases: []\n"));
    }
}
