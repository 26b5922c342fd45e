//! Text that a user wrote, and problems that point into it.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// A file that a user wrote, with its text.
#[derive(Debug, Clone)]
pub struct Source {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    text: String,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file, as it was named.
    pub file: PathBuf,
    /// Counted from 1.
    pub line: u32,
    /// Counted from 1.
    pub column: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// Something that is wrong in a file that a user wrote.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The file.
    pub source: Source,
    /// The bytes at fault.
    pub range: Range<usize>,
    /// What is wrong, as a lower-case fragment.
    pub message: String,
    /// What could be done, if that is known.
    pub hint: Option<String>,
}

impl std::error::Error for Problem {}

impl Source {
    /// A file and its text.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        Self {
            inner: Arc::new(Inner {
                path: path.into(),
                text: text.into(),
            }),
        }
    }

    /// The file, as it was named.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.inner.text
    }

    /// Line and column of a byte offset.
    pub fn location(&self, offset: usize) -> Location {
        let before = &self.text()[..floor_char_boundary(self.text(), offset)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Location {
            file: self.path().to_owned(),
            line: count(before.matches('\n').count() + 1),
            column: count(before[line_start..].chars().count() + 1),
        }
    }

    /// A problem in this file.
    pub fn problem(&self, range: Range<usize>, message: impl Into<String>) -> Problem {
        Problem {
            source: self.clone(),
            range,
            message: message.into(),
            hint: None,
        }
    }
}

impl Problem {
    /// Adds what could be done.
    #[must_use]
    pub fn with_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// Where the problem is.
    pub fn location(&self) -> Location {
        self.source.location(self.range.start)
    }

    /// The problem with the line at fault and a caret under the place, as it
    /// is printed.
    pub fn render(&self, color: bool) -> String {
        use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
        let path = self.source.path().display().to_string();
        let end = self.range.end.min(self.source.text().len());
        let snippet = Snippet::source(self.source.text())
            .path(path.as_str())
            .annotation(AnnotationKind::Primary.span(self.range.start.min(end)..end));
        let title = Level::ERROR
            .primary_title(self.message.as_str())
            .element(snippet);
        let mut groups = vec![title];
        if let Some(hint) = &self.hint {
            groups.push(annotate_snippets::Group::with_title(
                Level::HELP.with_name("hint").secondary_title(hint.as_str()),
            ));
        }
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer.render(&groups).to_string()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.location();
        write!(
            f,
            "{}:{}:{}: {}",
            at.file.display(),
            at.line,
            at.column,
            self.message
        )
    }
}

/// The words nearest to one that is not known, as a hint.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, known, 1)
        .first()
        .map(|near| format!("did you mean `{near}`?"))
}

/// At most `most` known words that resemble `word`, the nearest first.
pub fn nearest<'a>(
    word: &str,
    known: impl IntoIterator<Item = &'a str>,
    most: usize,
) -> Vec<&'a str> {
    /// Below this similarity a suggestion only confuses: `aaa` resembles nothing.
    const RESEMBLES: f64 = 0.7;
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(score, _)| *score >= RESEMBLES)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.dedup_by_key(|(_, candidate)| *candidate);
    scored
        .into_iter()
        .take(most)
        .map(|(_, candidate)| candidate)
        .collect()
}

/// Where each value of a YAML file stands, so that what is found to be wrong
/// after reading can be pointed at.
#[derive(Debug, Clone)]
pub struct Tree {
    range: Range<usize>,
    children: Vec<(Segment, Tree)>,
}

/// One step into a YAML value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// A key of a mapping.
    Key(String),
    /// An index of a sequence.
    Index(usize),
}

impl From<&str> for Segment {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Segment {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl Tree {
    /// Reads the places of a file that parses.
    ///
    /// # Errors
    ///
    /// What the parser says.
    pub fn parse(text: &str) -> Result<Self, serde_saphyr::Error> {
        serde_saphyr::from_str::<Spanned<Shape>>(text).map(|root| tree(text, &root))
    }

    /// The bytes of the value at a path, or of the deepest value that is there.
    pub fn range(&self, path: &[Segment]) -> Range<usize> {
        let Some((first, rest)) = path.split_first() else {
            return self.range.clone();
        };
        match self.children.iter().find(|(segment, _)| segment == first) {
            Some((_, child)) => child.range(rest),
            None => self.range.clone(),
        }
    }
}

fn tree(text: &str, node: &Spanned<Shape>) -> Tree {
    let children = match &node.value {
        Shape::Scalar => Vec::new(),
        Shape::Sequence(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (Segment::Index(index), tree(text, item)))
            .collect(),
        Shape::Mapping(entries) => entries
            .iter()
            .map(|(key, value)| (Segment::Key(key.clone()), tree(text, value)))
            .collect(),
    };
    Tree {
        range: byte_range(text, node.referenced),
        children,
    }
}

/// The bytes that a location of the parser covers. The scanner knows only line
/// and column.
pub fn byte_range(text: &str, location: serde_saphyr::Location) -> Range<usize> {
    let span = location.span();
    let start = match span.byte_offset() {
        Some(offset) => offset as usize,
        None => offset_of(text, location.line() as usize, location.column() as usize),
    };
    start..start + span.byte_len().unwrap_or(1).max(1) as usize
}

/// The byte offset of a line and a column, both counted from 1.
fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let mut lines = text.split_inclusive('\n');
    let before: usize = lines
        .by_ref()
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let within = lines.next().unwrap_or_default();
    let column = within.char_indices().nth(column.saturating_sub(1));
    before + column.map_or(within.trim_end().len(), |(at, _)| at)
}

enum Shape {
    Scalar,
    Sequence(Vec<Spanned<Shape>>),
    Mapping(Vec<(String, Spanned<Shape>)>),
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_none<E>(self) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Shape, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Shape::Sequence(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Shape::Mapping(entries))
    }
}

fn floor_char_boundary(text: &str, offset: usize) -> usize {
    let offset = offset.min(text.len());
    (0..=offset)
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "suite: greeter\ncases:\n  - name: say-hello\n    call: /Greeter/SayHello\n";

    #[test]
    fn a_path_leads_to_the_bytes_of_its_value() {
        let tree = Tree::parse(TEXT).expect("valid");
        let range = tree.range(&["cases".into(), 0.into(), "call".into()]);
        assert_eq!(&TEXT[range], "/Greeter/SayHello");
    }

    #[test]
    fn a_path_that_leads_nowhere_stops_at_the_deepest_value() {
        let tree = Tree::parse(TEXT).expect("valid");
        let range = tree.range(&["suite".into(), "nothing".into()]);
        assert_eq!(&TEXT[range], "greeter");
    }

    #[test]
    fn a_problem_shows_the_line_and_a_caret() {
        let source = Source::new("greeter.yaml", TEXT);
        let problem = source
            .problem(7..14, "no such suite")
            .with_hint(did_you_mean("greter", ["greeter", "health"]));
        insta::assert_snapshot!(problem.render(false), @r"
        error: no such suite
         --> greeter.yaml:1:8
          |
        1 | suite: greeter
          |        ^^^^^^^
          |
        hint: did you mean `greeter`?
        ");
    }

    #[test]
    fn suggestions_leave_out_what_does_not_resemble() {
        assert_eq!(did_you_mean("aaa", ["greeter", "health"]), None);
    }
}
