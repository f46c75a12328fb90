//! For whom a connection is kept, and the words it is marked with: what somebody who keeps many connections finds them by.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The most characters of a customer's name.
const LONGEST_CUSTOMER: usize = 100;

/// The most characters of a tag.
const LONGEST_TAG: usize = 40;

/// The most tags of a connection.
const MOST_TAGS: usize = 20;

/// Why a customer or a tag was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// There is nothing in it.
    #[error("{what} is empty")]
    Empty {
        /// What was to be named.
        what: &'static str,
    },
    /// Too many characters.
    #[error("{what} has {length} characters, at most {most} are allowed")]
    TooLong {
        /// What was to be named.
        what: &'static str,
        /// How many it has.
        length: usize,
        /// How many it may have.
        most: usize,
    },
    /// It is not one line of text.
    #[error("{what} holds a line break or another control character, where one line of text is wanted")]
    Control {
        /// What was to be named.
        what: &'static str,
    },
    /// A comma, which stands between tags.
    #[error("the tag `{tag}` holds a comma, which stands between tags")]
    Comma {
        /// The tag.
        tag: String,
    },
    /// Too many tags.
    #[error("a connection has at most {MOST_TAGS} tags, not {count}")]
    TooMany {
        /// How many there are.
        count: usize,
    },
}

fn line(what: &'static str, text: &str, most: usize) -> Result<String, LabelError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(LabelError::Empty { what });
    }
    if text.chars().any(char::is_control) {
        return Err(LabelError::Control { what });
    }
    match text.chars().count() {
        length if length > most => Err(LabelError::TooLong { what, length, most }),
        _ => Ok(text.to_owned()),
    }
}

/// What names are compared by: capitals make no difference, nor do spaces around them.
#[must_use]
pub fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// For whom a connection is kept: one line of text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Customer(String);

impl Customer {
    /// The name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Customer {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, LabelError> {
        line("the customer", text, LONGEST_CUSTOMER).map(Self)
    }
}

impl TryFrom<String> for Customer {
    type Error = LabelError;

    fn try_from(text: String) -> Result<Self, LabelError> {
        text.parse()
    }
}

impl From<Customer> for String {
    fn from(customer: Customer) -> Self {
        customer.0
    }
}

impl fmt::Display for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The words that a connection is marked with, in the order in which they were written. None is there twice, whatever its
/// capitals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tags(Vec<String>);

impl Tags {
    /// Of some words; of one that comes again the first spelling counts.
    ///
    /// # Errors
    /// Where one of them is no tag, or there are too many.
    pub fn new<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> Result<Self, LabelError> {
        let mut tags = Self::default();
        for word in words {
            let word = line("a tag", word.as_ref(), LONGEST_TAG)?;
            if word.contains(',') {
                return Err(LabelError::Comma { tag: word });
            }
            if !tags.has(&word) {
                tags.0.push(word);
            }
        }
        match tags.0.len() {
            count if count > MOST_TAGS => Err(LabelError::TooMany { count }),
            _ => Ok(tags),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tags in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether one of them is this word.
    #[must_use]
    pub fn has(&self, word: &str) -> bool {
        let wanted = folded(word);
        self.0.iter().any(|tag| folded(tag) == wanted)
    }

    /// These and others.
    ///
    /// # Errors
    /// Where there are too many together.
    pub fn with(&self, others: &Self) -> Result<Self, LabelError> {
        Self::new(self.iter().chain(others.iter()))
    }

    /// These without others.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        Self(self.0.iter().filter(|tag| !others.has(tag)).cloned().collect())
    }
}

impl FromStr for Tags {
    type Err = LabelError;

    /// Words with commas between them.
    fn from_str(text: &str) -> Result<Self, LabelError> {
        Self::new(text.split(',').filter(|word| !word.trim().is_empty()))
    }
}

impl fmt::Display for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.join(", "))
    }
}

impl Serialize for Tags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListOrLine;

        impl<'de> de::Visitor<'de> for ListOrLine {
            type Value = Tags;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of tags, or a line with commas between them")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Tags, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Tags, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = list.next_element::<String>()? {
                    words.push(word);
                }
                Tags::new(words).map_err(de::Error::custom)
            }
        }

        deserializer.deserialize_any(ListOrLine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_is_one_line_of_limited_length() {
        assert_eq!("  Müller & Söhne ".parse::<Customer>().unwrap().as_str(), "Müller & Söhne");
        assert_eq!("ä".repeat(100).parse::<Customer>().unwrap().as_str().chars().count(), 100);
        for (wrong, words) in [(String::new(), "empty"), ("a\nb".into(), "line break"), ("ä".repeat(101), "101")] {
            let error = wrong.parse::<Customer>().unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_tag_is_there_once_whatever_its_capitals() {
        let tags: Tags = "EDIFACT, priority,edifact,, Priority ".parse().unwrap();
        assert_eq!(tags.to_string(), "EDIFACT, priority");
        assert!(tags.has("edifact") && tags.has(" PRIORITY") && !tags.has("edi"));
        let more = tags.with(&"x12,Edifact".parse().unwrap()).unwrap();
        assert_eq!(more.to_string(), "EDIFACT, priority, x12");
        assert_eq!(more.without(&"PRIORITY".parse().unwrap()).to_string(), "EDIFACT, x12");
    }

    #[test]
    fn tags_are_limited_in_number_and_length_and_hold_no_comma() {
        let many = |count: usize| Tags::new((0..count).map(|number| format!("tag {number}")));
        assert!(many(20).is_ok());
        assert!(many(21).unwrap_err().to_string().contains("at most 20 tags, not 21"));
        assert!(many(20).unwrap().with(&"one more".parse().unwrap()).is_err());
        assert!(Tags::new(["a,b"]).unwrap_err().to_string().contains("comma"));
        assert!(Tags::new(["x".repeat(41)]).unwrap_err().to_string().contains("41"));
        assert!(Tags::new([" "]).is_err());
    }

    #[test]
    fn they_are_read_from_a_list_and_from_a_line_and_written_as_a_list() {
        #[derive(Serialize, Deserialize)]
        struct File {
            tags: Tags,
        }
        let read = |text: &str| toml::from_str::<File>(text).map(|file| file.tags);
        let tags = read("tags = [\"a\", \"B\", \"A\"]").unwrap();
        assert_eq!(tags, read("tags = \"a, B\"").unwrap());
        assert_eq!(toml::to_string(&File { tags }).unwrap().trim(), "tags = [\"a\", \"B\"]");
        assert!(read("tags = [1]").is_err());
        assert!(read("tags = 1").unwrap_err().to_string().contains("list of tags"));
    }
}
