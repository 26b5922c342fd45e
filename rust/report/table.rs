//! Columns that are as wide as they must be.

use super::style::{Line, Page};

/// Rows of lines, each line one column's content.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<Line>>,
}

impl Table {
    /// Adds a row.
    pub fn row(&mut self, row: Vec<Line>) {
        self.rows.push(row);
    }

    /// Adds a row of plain texts.
    pub fn texts<const N: usize>(&mut self, row: [&str; N]) {
        self.row(row.into_iter().map(Line::new).collect());
    }

    /// Puts the rows on a page, `indent` columns in, `gap` spaces between.
    pub fn put(self, page: &mut Page, indent: usize, gap: usize) {
        let widths = self.widths();
        for row in self.rows {
            let mut line = Line::indent(indent);
            let mut column = indent;
            for (index, cell) in row.into_iter().enumerate() {
                if index > 0 {
                    line = line.pad(column);
                }
                line = line.append(cell);
                column += widths[index] + gap;
            }
            page.line(line);
        }
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width_of = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(Line::width).max().unwrap_or(0)
        };
        (0..columns).map(width_of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Style;

    #[test]
    fn columns_line_up() {
        let mut table = Table::default();
        table.texts(["a", "bb", "c"]);
        table.texts(["aaa", "b", "c"]);
        let mut page = Page::new(Style::Plain);
        table.put(&mut page, 1, 2);
        assert_eq!(page.finish(), " a    bb  c\n aaa  b   c\n");
    }
}
