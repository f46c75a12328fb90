//! Plain text in columns.

use super::output::line;

/// Between two columns.
const GAP: &str = "  ";

/// A table with a head, as wide as what stands in it.
#[derive(Clone, Debug)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these heads and no rows yet.
    pub(super) fn new<S: Into<String>>(heads: impl IntoIterator<Item = S>) -> Self {
        Self { rows: vec![heads.into_iter().map(Into::into).collect()] }
    }

    /// Adds a row. What stands in it is brought onto one line.
    pub(super) fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(|cell| line(cell.as_ref())).collect());
    }

    /// The lines, the head first.
    pub(super) fn render(&self) -> String {
        self.indented("")
    }

    /// The lines, the head first, each after an indent.
    pub(super) fn indented(&self, indent: &str) -> String {
        aligned(&self.rows, indent)
    }
}

/// Labels with what belongs to them, one pair on a line, indented. Empty ones are left out.
pub(super) fn labelled<L: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (L, V)>, indent: &str) -> String {
    let rows: Vec<Vec<String>> = pairs
        .into_iter()
        .filter(|(_, value)| !value.as_ref().is_empty())
        .map(|(label, value)| vec![label.as_ref().to_owned(), line(value.as_ref())])
        .collect();
    aligned(&rows, indent)
}

fn aligned(rows: &[Vec<String>], indent: &str) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or_default())
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut written = indent.to_owned();
        for (cell, widest) in row.iter().zip(&widths) {
            written.push_str(cell);
            written.extend(std::iter::repeat_n(' ', widest - width(cell)));
            written.push_str(GAP);
        }
        text.push_str(written.trim_end());
        text.push('\n');
    }
    text
}

/// How many characters a terminal gives it, as nearly as can be said without knowing the terminal.
fn width(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_whatever_is_in_them() {
        let mut table = Table::new(["Connection", "Encryption", "MDN"]);
        table.row(["amazon-us", "✗ 3DES", "✓ Signed"]);
        table.row(["größer als der Kopf", "✓ AES-128", ""]);
        table.row(["a\nb", "·", "✓ x"]);
        assert_eq!(
            table.render(),
            "Connection           Encryption  MDN\n\
             amazon-us            ✗ 3DES      ✓ Signed\n\
             größer als der Kopf  ✓ AES-128\n\
             a b                  ·           ✓ x\n"
        );
    }

    #[test]
    fn labels_without_a_value_are_left_out() {
        assert_eq!(
            labelled([("Subject", "CN=A"), ("Notes", ""), ("Until", "x")], "  "),
            "  Subject  CN=A\n  Until    x\n"
        );
        assert_eq!(labelled::<&str, &str>([], ""), "");
    }
}
