//! What spreadsheets take for a formula, in tables that go out (OWASP, CSV injection).

/// Whether a cell that begins so may be taken for a formula; some spreadsheets take the full-width forms for the same.
#[must_use]
pub const fn begins_formula(first: char) -> bool {
    matches!(first, '=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}')
}
