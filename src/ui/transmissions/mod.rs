//! The journal: what was sent and received, and one transmission in depth.

mod actions;
mod bar;
mod detail;
mod filters;
mod kept;
mod list;
mod page;
mod rows;
mod selection;
mod table;

pub(super) use page::TransmissionsPage;

/// A number as people read it: `1,000,000`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 65_536, 1_000_000].map(grouped), ["0", "999", "1,000", "65,536", "1,000,000"]);
    }
}
