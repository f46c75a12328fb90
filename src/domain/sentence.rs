//! What is done to words before they stand by themselves.

/// A text with a capital at its beginning, as a sentence of its own begins.
#[must_use]
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_letter_grows() {
        assert_eq!(sentence("übermorgen AS2"), "Übermorgen AS2");
        assert_eq!(sentence(""), "");
    }
}
