//! Lines with colour, and pages of lines.

use super::text;

/// The most columns of a line.
pub const WIDTH: usize = 100;

/// Whether a text has colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Style {
    /// None, for files and pipes.
    #[default]
    Plain,
    /// ANSI escapes, for terminals.
    Ansi,
}

/// What a piece of text is, which decides its colour. No meaning hangs on the
/// colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Text like any other.
    Plain,
    /// A title, or what the eye should find first.
    Strong,
    /// What can be left unread.
    Dim,
    /// As expected.
    Good,
    /// Wrong.
    Bad,
    /// Not wrong, but to be known.
    Warn,
}

impl Paint {
    fn code(self) -> Option<&'static str> {
        Some(match self {
            Self::Plain => return None,
            Self::Strong => "1",
            Self::Dim => "2",
            Self::Good => "32",
            Self::Bad => "1;31",
            Self::Warn => "33",
        })
    }
}

/// One line, put together from pieces. Each piece is cleaned as it comes.
#[derive(Debug, Clone, Default)]
pub struct Line {
    pieces: Vec<(Paint, String)>,
    width: usize,
}

impl Line {
    /// A line that begins with this text.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self::default().text(text)
    }

    /// A line that begins with so many spaces.
    pub fn indent(columns: usize) -> Self {
        Self::new(" ".repeat(columns))
    }

    /// Adds text.
    #[must_use]
    pub fn text(self, text: impl AsRef<str>) -> Self {
        self.paint(Paint::Plain, text)
    }

    /// Adds text of some kind.
    #[must_use]
    pub fn paint(mut self, paint: Paint, text: impl AsRef<str>) -> Self {
        let text = text::clean(text.as_ref());
        self.width += text::width(&text);
        self.pieces.push((paint, text));
        self
    }

    /// Adds spaces up to a column, and at least one.
    #[must_use]
    pub fn pad(self, column: usize) -> Self {
        let spaces = column.saturating_sub(self.width).max(1);
        self.text(" ".repeat(spaces))
    }

    /// Adds text so that it ends in the last column, or behind two spaces.
    #[must_use]
    pub fn right(self, text: impl AsRef<str>) -> Self {
        let text = text::clean(text.as_ref());
        let column = WIDTH.saturating_sub(text::width(&text));
        let column = column.max(self.width + 2);
        self.pad(column).text(text)
    }

    /// Adds the pieces of another line.
    #[must_use]
    pub fn append(mut self, other: Self) -> Self {
        self.width += other.width;
        self.pieces.extend(other.pieces);
        self
    }

    /// The columns that it takes.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The text without colour.
    pub fn plain(&self) -> String {
        self.render(Style::Plain)
    }

    fn render(&self, style: Style) -> String {
        let mut out = String::new();
        for (paint, text) in &self.pieces {
            match paint.code().filter(|_| style == Style::Ansi) {
                Some(code) => out.push_str(&format!("\x1b[{code}m{text}\x1b[0m")),
                None => out.push_str(text),
            }
        }
        out.trim_end().to_owned()
    }
}

/// A line that is no command to a program that reads logs: GitHub obeys one
/// that begins with `::`, and one with `##[` in it.
fn tame(line: String) -> String {
    let begin = line.len() - line.trim_start().len();
    let line = match line[begin..].starts_with("::") {
        true => format!("{}\\u{{3a}}{}", &line[..begin], &line[begin + 1..]),
        false => line,
    };
    line.replace("##[", "#\\u{23}[")
}

/// Lines, one below the other.
#[derive(Debug)]
pub struct Page {
    style: Style,
    text: String,
}

impl Page {
    /// An empty page.
    pub fn new(style: Style) -> Self {
        Self {
            style,
            text: String::new(),
        }
    }

    /// Adds a line.
    pub fn line(&mut self, line: Line) {
        self.text.push_str(&tame(line.render(self.style)));
        self.text.push('\n');
    }

    /// Adds an empty line, unless there is one already or nothing stands above.
    pub fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Adds a word in a column of its own and text beside it, which is wrapped
    /// at [`WIDTH`] and begins in `column` on every line. A long word stays
    /// whole, so that a command or a link can be copied.
    pub fn entry(&mut self, label: Line, column: usize, text: &str) {
        self.beside(
            label,
            column,
            text::wrap(text, WIDTH.saturating_sub(column)),
        );
    }

    /// Likewise, with long words broken: for what peers send.
    pub fn folded(&mut self, label: Line, column: usize, text: &str) {
        self.beside(
            label,
            column,
            text::fold(text, WIDTH.saturating_sub(column)),
        );
    }

    fn beside(&mut self, label: Line, column: usize, parts: Vec<String>) {
        let mut label = Some(label);
        for part in parts {
            let line = label.take().unwrap_or_default().pad(column);
            self.line(line.text(part));
        }
    }

    /// The text.
    pub fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_cannot_steer_the_terminal() {
        let mut page = Page::new(Style::Plain);
        page.line(Line::new("a\x1b[2Jb\r\nc\u{202e}d\u{7}"));
        assert_eq!(
            page.finish(),
            "a\\u{1b}[2Jb\\r\\nc\\u{202e}d\\u{7}\n",
            "one line, no control character"
        );
    }

    /// Peers write logs, and logs are quoted: `::add-mask::` would blind what follows.
    #[test]
    fn a_peer_cannot_command_a_runner_that_reads_the_log() {
        let mut page = Page::new(Style::Plain);
        page.entry(Line::new("log"), 6, "::1");
        page.entry(Line::default(), 6, "::stop-commands::x");
        page.entry(Line::new("log"), 6, "a ##[add-mask]b");
        assert_eq!(
            page.finish(),
            "log   ::1\n      \\u{3a}:stop-commands::x\nlog   a #\\u{23}[add-mask]b\n"
        );
    }

    #[test]
    fn there_are_never_two_empty_lines() {
        let mut page = Page::new(Style::Plain);
        page.blank();
        page.line(Line::new("a"));
        page.blank();
        page.blank();
        page.line(Line::new("b"));
        assert_eq!(page.finish(), "a\n\nb\n");
    }

    #[test]
    fn colour_adds_nothing_but_colour() {
        let line = Line::new("a ").paint(Paint::Bad, "X2").text(" b");
        let text = |style| {
            let mut page = Page::new(style);
            page.line(line.clone());
            page.finish()
        };
        assert_eq!(text(Style::Plain), "a X2 b\n");
        assert_eq!(text(Style::Ansi), "a \x1b[1;31mX2\x1b[0m b\n");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(Line::new("你好").width(), 4);
        let mut page = Page::new(Style::Plain);
        page.line(Line::new("你好").pad(6).text("|"));
        page.line(Line::new("abcd").pad(6).text("|"));
        assert_eq!(page.finish(), "你好  |\nabcd  |\n");
    }

    #[test]
    fn what_is_right_ends_in_the_last_column() {
        assert_eq!(Line::new("verdict").right("exit 0").width(), WIDTH);
        let long = Line::new("x".repeat(97)).right("exit 0");
        assert_eq!(long.width(), 97 + 2 + 6);
    }
}
