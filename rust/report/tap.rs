//! What `wirecheck tap` prints: calls as they pass, what they break, and the
//! summary.

mod summary;

use wirecheck_core::judge::finding::{Finding, Level};
use wirecheck_core::model::from_judge::{culprit, level};
use wirecheck_core::plan::schema::Schema;
use wirecheck_core::plan::told::sender;
use wirecheck_core::wire::call::{Ending, metadata, path};
use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::decode::Glimpse;
use wirecheck_core::wire::exchange::{Half, HeaderList, Message};
use wirecheck_core::wire::protobuf::{self, FieldView, Limits};
use wirecheck_core::wire::secret::{REDACTED, Secrets};

use super::metadata::{header_name, header_value};
use super::style::{Line, Page, Paint, Style, WIDTH};
use super::text;

pub use summary::{Heard, Summary, summary};

/// Where what a call carries begins.
const INSIDE: usize = 6;
/// Where messages begin.
const MESSAGE: usize = INSIDE + 3;
/// The most lines of a message.
const MOST_LINES: usize = 16;
/// The most messages of one direction that are written at once.
const MOST_MESSAGES: usize = 100;
/// The most entries of metadata of a header list.
const MOST_ENTRIES: usize = 32;
/// How much of a message is read: what a reader can take in.
const LIMITS: Limits = Limits {
    depth: 16,
    fields: 60,
};

/// How calls are written.
#[derive(Debug, Clone, Copy)]
pub struct Writing<'a> {
    /// Gives messages their types, by the path of their call.
    pub schema: Option<&'a Schema>,
    /// What is not shown.
    pub secrets: &'a Secrets,
    /// Whether there is colour.
    pub style: Style,
}

impl Writing<'_> {
    /// Messages of a call that goes on. `number` counts calls from 1; the
    /// first time, the call is introduced.
    pub fn messages(&self, number: u64, glimpse: &Glimpse) -> String {
        let mut page = Page::new(self.style);
        if glimpse.told == [0, 0] {
            let line = title(number, Paint::Strong, "begins", glimpse);
            page.line(line.right(place(glimpse)));
            self.request_metadata(&mut page, glimpse);
        }
        self.put_messages(&mut page, glimpse, Some(number));
        page.finish()
    }

    /// A call that has ended, with what was not written of it before.
    pub fn ended(&self, number: u64, glimpse: &Glimpse) -> String {
        let mut page = Page::new(self.style);
        let ending = Ending::of(glimpse.stream());
        let paint = match &ending {
            ending if ending.is_ok() => Paint::Good,
            Ending::Status { .. } => Paint::Warn,
            _ => Paint::Bad,
        };
        if glimpse.is_long {
            self.put_messages(&mut page, glimpse, Some(number));
        }
        let line = title(number, paint, &ending.word(), glimpse);
        page.line(line.right(format!("{}{}", took(glimpse), place(glimpse))));
        match glimpse.is_long {
            true => put_counts(&mut page, glimpse),
            false => {
                self.request_metadata(&mut page, glimpse);
                self.put_messages(&mut page, glimpse, None);
            }
        }
        put_ending(&mut page, &ending);
        self.response_metadata(&mut page, glimpse);
        page.finish()
    }

    /// Something that a side should not have done, when it is seen first.
    /// `call` is its number, if it is a call's.
    pub fn finding(&self, finding: &Finding, call: Option<u64>) -> String {
        let mut page = Page::new(self.style);
        let paint = match finding.level {
            Level::Must => Paint::Bad,
            Level::Should => Paint::Warn,
            Level::Info => Paint::Dim,
        };
        let label = Line::default().paint(paint, "!");
        let told = format!(
            "{} {}: {}   ({})",
            level(finding.level),
            culprit(finding.culprit),
            finding.sentence,
            finding.code
        );
        page.folded(label, INSIDE, &told);
        page.folded(Line::default(), INSIDE, &whereabouts(finding, call));
        if let Some(section) = &finding.section {
            let quoted = format!("{}: \"{}\"", section.name, section.quote);
            page.entry(Line::default(), INSIDE, &quoted);
        }
        page.finish()
    }

    /// Anything else that is worth a line, such as that a side speaks TLS.
    pub fn note(&self, note: &str) -> String {
        let mut page = Page::new(self.style);
        page.folded(Line::default().paint(Paint::Warn, "*"), INSIDE, note);
        page.finish()
    }

    fn request_metadata(&self, page: &mut Page, glimpse: &Glimpse) {
        if let Some(list) = glimpse.stream().request.headers.first() {
            self.put_metadata(page, "metadata", list);
        }
    }

    fn response_metadata(&self, page: &mut Page, glimpse: &Glimpse) {
        let response = &glimpse.stream().response;
        for list in &response.headers {
            let label = if list.end_stream {
                "trailing"
            } else {
                "leading"
            };
            self.put_metadata(page, label, list);
        }
    }

    fn put_metadata(&self, page: &mut Page, label: &str, list: &HeaderList) {
        for field in metadata(list).take(MOST_ENTRIES) {
            let value = match self.secrets.is_secret_name(&field.name) {
                true => REDACTED.to_owned(),
                false => header_value(field),
            };
            let line = Line::indent(INSIDE).paint(Paint::Dim, label);
            page.folded(
                line,
                INSIDE + 10,
                &format!("{}: {value}", header_name(field)),
            );
        }
    }

    /// `number` is written where messages of several calls can be mixed.
    fn put_messages(&self, page: &mut Page, glimpse: &Glimpse, number: Option<u64>) {
        for direction in [Direction::ClientToServer, Direction::ServerToClient] {
            let half = glimpse.stream().half(direction);
            let first = glimpse.told_of(direction);
            for (index, message) in half.messages.iter().enumerate().take(MOST_MESSAGES) {
                let label = match number {
                    Some(number) => format!(
                        "#{number} {} {}",
                        arrow(direction),
                        first + index as u64 + 1
                    ),
                    None => arrow(direction).to_owned(),
                };
                self.put_message(page, &label, glimpse, direction, message);
            }
            let left = half.messages.len().saturating_sub(MOST_MESSAGES);
            if left > 0 {
                let told = format!("{} {} more", arrow(direction), text::count(left, "message"));
                page.line(Line::indent(INSIDE).text(told));
            }
        }
    }

    fn put_message(
        &self,
        page: &mut Page,
        label: &str,
        glimpse: &Glimpse,
        direction: Direction,
        message: &Message,
    ) {
        let column = MESSAGE.max(INSIDE + text::width(label) + 1);
        let paint = match direction {
            Direction::ClientToServer => Paint::Good,
            Direction::ServerToClient => Paint::Warn,
        };
        let mut label = Some(Line::indent(INSIDE).paint(paint, label));
        for line in self.lines(glimpse, direction, message) {
            let begin = label.take().unwrap_or_default().pad(column);
            page.line(begin.text(text::fit(&line, WIDTH - column)));
        }
    }

    /// The message as text, or what can be said of it.
    fn lines(&self, glimpse: &Glimpse, direction: Direction, message: &Message) -> Vec<String> {
        let length = text::count(message.length as usize, "byte");
        match message {
            message if message.flag != 0 => return vec![format!("({length}, compressed)")],
            message if !message.complete => return vec![format!("({length}, cut off)")],
            message if message.length == 0 => return vec!["(empty)".to_owned()],
            _ => {}
        }
        let kind = self
            .schema
            .zip(path(glimpse.stream()))
            .and_then(|(schema, path)| {
                let method = schema.method(&path)?;
                Some(match direction {
                    Direction::ClientToServer => method.request,
                    Direction::ServerToClient => method.response,
                })
            });
        let mut fields = protobuf::fields(&message.head, kind.as_ref(), LIMITS);
        prefer_text(&mut fields.fields);
        let told = protobuf::text_format(&fields);
        let mut lines: Vec<String> = told.lines().take(MOST_LINES).map(str::to_owned).collect();
        if told.lines().count() > MOST_LINES || message.head.len() < message.length as usize {
            lines.push(format!("... of {length}"));
        }
        lines
    }
}

/// Bytes of an unknown type that read as text are shown as that alone.
fn prefer_text(fields: &mut [FieldView]) {
    for field in fields {
        match field.value.as_text() {
            Some(_) => field.children.clear(),
            None => prefer_text(&mut field.children),
        }
    }
}

fn title(number: u64, paint: Paint, word: &str, glimpse: &Glimpse) -> Line {
    let path = path(glimpse.stream()).unwrap_or_else(|| "(no path)".to_owned());
    Line::default()
        .paint(Paint::Dim, format!("#{number}"))
        .pad(INSIDE)
        .paint(paint, word)
        .text("  ")
        .paint(Paint::Strong, text::fit(&path, 60))
}

fn place(glimpse: &Glimpse) -> String {
    let (connection, stream) = (glimpse.connection().id, glimpse.stream().id);
    format!("connection {connection} stream {stream}")
}

/// How long the call took, from its headers to its last bytes.
fn took(glimpse: &Glimpse) -> String {
    let first = glimpse.stream().request.headers.first();
    first.map_or(String::new(), |list| {
        let nanoseconds = glimpse.now_ns.saturating_sub(list.place.at_ns);
        format!("{} ms   ", text::milliseconds(nanoseconds))
    })
}

fn put_counts(page: &mut Page, glimpse: &Glimpse) {
    let counted = |half: &Half| {
        let count = text::count(half.message_count as usize, "message");
        format!("{count} ({} bytes)", text::number(half.data_bytes))
    };
    let stream = glimpse.stream();
    let told = format!(
        "{} sent, {} received",
        counted(&stream.request),
        counted(&stream.response)
    );
    page.line(Line::indent(INSIDE).text(told));
}

fn put_ending(page: &mut Page, ending: &Ending) {
    let told = match ending {
        Ending::Status { message, .. } if !message.is_empty() => {
            format!("\"{}\"", text::fit(message, 400))
        }
        Ending::Reset { by, .. } => format!("the {} reset the stream", sender(*by)),
        Ending::Open => "its connection ended before it".to_owned(),
        _ => return,
    };
    page.folded(
        Line::indent(INSIDE).paint(Paint::Dim, "end"),
        INSIDE + 10,
        &told,
    );
}

/// Where a finding is.
fn whereabouts(finding: &Finding, call: Option<u64>) -> String {
    let place = &finding.place;
    let mut parts = Vec::new();
    parts.extend(call.map(|number| format!("call #{number}")));
    parts.extend(place.connection.map(|id| format!("connection {id}")));
    parts.extend(place.stream.map(|id| format!("stream {id}")));
    parts.extend(place.message.map(|index| format!("message {}", index + 1)));
    if let (Some(range), Some(direction)) = (&place.byte_range, place.direction) {
        let last = range.end.saturating_sub(1).max(range.start);
        parts.push(format!(
            "bytes {}..{} of the {}",
            text::number(range.start),
            text::number(last),
            sender(direction)
        ));
    }
    parts.join(", ")
}

fn arrow(direction: Direction) -> &'static str {
    match direction {
        Direction::ClientToServer => "->",
        Direction::ServerToClient => "<-",
    }
}

#[cfg(test)]
mod tests;
