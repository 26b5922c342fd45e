//! Patterns that select cells by their ids.

use globset::{GlobBuilder, GlobMatcher};

/// A pattern over ids such as `client/server/suite/case`: `*` stands for any
/// text within one part, `**` for any number of parts. A pattern need not name
/// all parts: `say-hello` selects that case of every pair, `rust-tonic` every
/// cell with that peer on a side, `greeter/text*` a part of a suite. With
/// [`OVER_TCP`] at its end it is of cells whose ids name nothing else.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    matchers: Vec<GlobMatcher>,
    is_over_tcp: bool,
}

/// What ids never say, since it is so by default.
pub const OVER_TCP: &str = "+tcp";

/// A pattern that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the pattern `{text}` cannot be read: {why}")]
pub struct PatternError {
    text: String,
    why: String,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// The pattern has an unclosed bracket or the like.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let text = text.trim_matches('/');
        let parts = text.strip_suffix(OVER_TCP).unwrap_or(text);
        let mut forms = vec![parts.to_owned()];
        if !names_all_parts(parts) {
            forms.extend([
                format!("**/{parts}"),
                format!("{parts}/**"),
                format!("**/{parts}/**"),
            ]);
        }
        let matchers = forms
            .iter()
            .map(|form| glob(text, form))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            text: text.to_owned(),
            matchers,
            is_over_tcp: parts != text,
        })
    }

    /// Whether a cell's id is selected.
    pub fn matches(&self, id: &str) -> bool {
        if self.is_over_tcp && id.contains('+') {
            return false;
        }
        self.matchers.iter().any(|matcher| matcher.is_match(id))
    }

    /// Whether a user who writes this means a cell: where the pattern says nothing
    /// of what a case is run over, it means the case over everything.
    pub fn selects(&self, id: &str) -> bool {
        let over_anything = || {
            let (case, _) = id.split_once('+').unwrap_or((id, ""));
            !self.text.contains('+') && self.matches(case)
        };
        self.matches(id) || over_anything()
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Nothing can stand before or behind as many parts as an id has. The list of
/// known deviations is held against thousands of ids before each run.
fn names_all_parts(text: &str) -> bool {
    const PARTS: usize = 4;
    !text.contains("**") && text.split('/').count() == PARTS
}

fn glob(text: &str, form: &str) -> Result<GlobMatcher, PatternError> {
    let glob = GlobBuilder::new(form).literal_separator(true).build();
    glob.map(|glob| glob.compile_matcher())
        .map_err(|error| PatternError {
            text: text.to_owned(),
            why: error.kind().to_string(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "python-grpcio/rust-tonic/greeter/text.chinese";

    fn matches(pattern: &str) -> bool {
        Pattern::parse(pattern).expect("a pattern").matches(ID)
    }

    #[test]
    fn a_pattern_may_name_all_parts_or_some() {
        for pattern in [
            ID,
            "greeter",
            "text.*",
            "python-*",
            "rust-tonic/greeter",
            "*/rust-tonic/**",
            "**/text.chinese",
        ] {
            assert!(matches(pattern), "{pattern}");
        }
    }

    #[test]
    fn without_a_word_of_what_it_is_run_over_a_pattern_selects_all_of_a_case() {
        let pattern = |text| Pattern::parse(text).expect("a pattern");
        let over_tls = "python-grpcio/rust-tonic/greeter/say-hello+tls";
        assert!(pattern("say-hello").selects(over_tls));
        assert!(pattern("*+tls").selects(over_tls));
        assert!(!pattern("*+uds").selects(over_tls));
        let over_tcp = over_tls.trim_end_matches("+tls");
        for text in ["say-hello+tcp", "greeter+tcp", "*+tcp", "rust-tonic/**+tcp"] {
            assert!(pattern(text).selects(over_tcp), "{text}");
            assert!(!pattern(text).selects(over_tls), "{text}");
        }
        // What is known of a case is known of exactly that.
        assert!(!pattern("say-hello").matches(over_tls));
    }

    #[test]
    fn parts_are_matched_whole() {
        for pattern in [
            "python",
            "text",
            "greeter/chinese",
            "rust-tonic/python-grpcio",
            "*/greeter/*/*",
        ] {
            assert!(!matches(pattern), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_that_cannot_be_read_says_why() {
        assert!(
            Pattern::parse("text[")
                .unwrap_err()
                .to_string()
                .starts_with("the pattern `text[` cannot be read")
        );
    }
}
