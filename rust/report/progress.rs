//! What is printed while a run goes on.

use std::time::Duration;

use wirecheck_core::model::run::Cell;

use super::style::{Line, Page, Paint, Style, WIDTH};
use super::tally::Tally;
use super::text;

/// A pair that has ended, for where there is no terminal: which of how many it
/// is, its marks, and when that was, counted from when cells began. Without
/// cells there is no line.
pub fn progress_line(
    nth: usize,
    pairs: usize,
    cells: &[&Cell],
    elapsed: Duration,
    style: Style,
) -> String {
    let Some(first) = cells.first() else {
        return String::new();
    };
    let digits = pairs.to_string().len();
    let pair = text::fit(&format!("{}/{}", first.client, first.server), 60);
    let mut page = Page::new(style);
    page.line(
        Line::new(format!("[{nth:>digits$}/{pairs}]  "))
            .text(format!("{pair:<40}  "))
            .append(Tally::of(cells.iter().copied()).marks())
            .right(text::waited(
                u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            )),
    );
    page.finish()
}

/// How far a run is, for the last line of a terminal: no newline at its end,
/// and never wider than `columns`.
pub fn status_line(
    done: usize,
    cells: usize,
    unexpected: usize,
    running: &[&str],
    columns: usize,
    style: Style,
) -> String {
    let columns = columns.min(WIDTH);
    let state = match unexpected {
        0 => Line::default().paint(Paint::Good, "all as expected so far"),
        some => Line::default().paint(Paint::Bad, format!("{some} unexpected")),
    };
    let mut line = Line::new(format!("{done} of {cells} cells, ")).append(state);
    if let Some(room) = columns
        .checked_sub(line.width() + 2)
        .filter(|room| *room > 8)
        && !running.is_empty()
    {
        line = line
            .text("  ")
            .paint(Paint::Dim, text::fit(&running.join("  "), room));
    }
    let mut page = Page::new(style);
    page.line(line);
    page.finish().trim_end_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_pair_is_one_line() {
        let run = sample::mixed();
        let cells: Vec<&Cell> = run
            .cells
            .iter()
            .filter(|cell| cell.client == "python-grpcio" && cell.server == "rust-tonic")
            .collect();
        insta::assert_snapshot!(progress_line(
            3,
            9,
            &cells,
            Duration::from_millis(1_234),
            Style::Plain
        ));
        assert_eq!(progress_line(1, 9, &[], Duration::ZERO, Style::Plain), "");
    }

    #[test]
    fn the_status_fits_its_terminal() {
        let running = ["rust-tonic/python-grpcio/greeter/say-hello"; 4];
        let line = status_line(12, 252, 0, &running, 80, Style::Plain);
        assert_eq!(text::width(&line), 80);
        assert_eq!(
            status_line(12, 252, 2, &running, 40, Style::Plain),
            "12 of 252 cells, 2 unexpected  rust-t..."
        );
        assert_eq!(
            status_line(12, 252, 2, &[], 100, Style::Plain),
            "12 of 252 cells, 2 unexpected"
        );
    }
}
