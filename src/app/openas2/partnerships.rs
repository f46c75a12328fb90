//! What OpenAS2 keeps in `partnerships.xml`, with the properties of the `config.xml` beside it filled in.

use std::collections::BTreeMap;

use roxmltree::{Document, Node, ParsingOptions};

use super::MovedFrom;
use crate::app::AppError;

/// The most partnerships that are taken from one file.
const MOST: usize = 10_000;

/// So often a value may refer to another that refers to another.
const DEEPEST: usize = 8;

/// The most that a value may grow to by what it refers to, in bytes.
const LONGEST: usize = 64 * 1024;

/// The most attributes of an element. The properties of OpenAS2 are attributes of one, a hundred or so.
const MOST_ATTRIBUTES: usize = 2_000;

/// The most namespaces, all elements together. Neither program uses any.
const MOST_NAMESPACES: usize = 200;

/// The most that all values of a file may have together, in bytes: several times what the largest file has.
pub(super) const MOST_TEXT: usize = 64 * 1024 * 1024;

/// A partner as a partnership names it: what the partnership says itself goes before what the partner's own entry says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Partner {
    pub(super) name: String,
    pub(super) as2_id: String,
    /// Its entry in the keystore.
    pub(super) alias: Option<String>,
    /// The entry that its signatures are verified with, where that is named by itself.
    pub(super) verifies_with: Option<String>,
    pub(super) email: Option<String>,
}

/// One direction between two partners. Not to be shown: a password may be among its attributes.
#[derive(Clone)]
pub(super) struct Partnership {
    pub(super) name: String,
    pub(super) sender: Partner,
    pub(super) receiver: Partner,
    /// Whether a folder is looked into for files to be sent: then the sender is whoever runs OpenAS2.
    pub(super) is_polled: bool,
    /// Whose it is: what its attributes are called.
    pub(super) from: MovedFrom,
    pub(super) attributes: BTreeMap<String, String>,
}

impl Partnership {
    /// An attribute, where it is there and not empty.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// Where its messages go, where they go anywhere.
    pub(super) fn url(&self) -> Option<&str> {
        self.attribute(match self.from {
            MovedFrom::OpenAs2 => "as2_url",
            MovedFrom::Mendelson => "url",
        })
    }

    /// Whether an attribute says yes.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.attribute(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}

/// The properties of a `config.xml`, by name. Not to be shown: there are passwords among them.
#[derive(Default)]
pub(super) struct Properties(BTreeMap<String, String>);

impl Properties {
    /// Reads a `config.xml`. `home` is the folder that it lies in.
    pub(super) fn read(text: &str, home: &str) -> Result<Self, AppError> {
        let document = document(text)?;
        let found = document.root_element().children().find(|node| node.has_tag_name("properties"));
        let attributes = found.into_iter().flat_map(|node| node.attributes());
        Ok(Self(
            attributes
                .map(|attribute| (attribute.name().to_owned(), attribute.value().replace("%home%", home)))
                .collect(),
        ))
    }

    /// A property with those that it refers to filled in, where all of them are there.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let value = whole(self.0.get(name)?, &|reference| self.referred(reference))?;
        (!value.contains("$properties.")).then_some(value)
    }

    fn referred(&self, reference: &str) -> Option<&str> {
        self.0.get(reference.strip_prefix("properties.")?).map(String::as_str)
    }
}

/// A value whose references, such as `$attribute.sign$`, are filled in where they are known; nothing where that makes it
/// longer than anybody means it to be.
fn whole<'a>(value: &str, known: &impl Fn(&str) -> Option<&'a str>) -> Option<String> {
    let mut filled = String::new();
    fill_in(value, known, DEEPEST, &mut filled);
    (filled.len() <= LONGEST).then_some(filled)
}

fn fill_in<'a>(value: &str, known: &impl Fn(&str) -> Option<&'a str>, depth: usize, filled: &mut String) {
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('$') {
        filled.push_str(before);
        if filled.len() > LONGEST {
            return;
        }
        let Some((reference, behind)) = after.split_once('$') else {
            filled.push('$');
            rest = after;
            continue;
        };
        match known(reference).filter(|_| depth > 0) {
            Some(found) => fill_in(found, known, depth - 1, filled),
            None => filled.push_str(&format!("${reference}$")),
        }
        rest = behind;
    }
    filled.push_str(rest);
}

pub(super) fn document(text: &str) -> Result<Document<'_>, AppError> {
    if is_excessive(text) {
        return Err(AppError::new(format!(
            "an element in it has more than {MOST_ATTRIBUTES} attributes, or it names more than {MOST_NAMESPACES} namespaces"
        ))
        .hint("perhaps it is another file than was meant"));
    }
    // Without a DTD nothing in it expands to more than it is.
    let options = ParsingOptions { allow_dtd: false, nodes_limit: 1_000_000, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| AppError::new(format!("it is no XML: {error}")))
}

/// Whether it has what the parser compares each with each: attributes of one element, and namespaces.
fn is_excessive(text: &str) -> bool {
    if text.matches("xmlns").take(MOST_NAMESPACES + 1).count() > MOST_NAMESPACES {
        return true;
    }
    // What begins as these does has no attributes, whatever is in it; all other `<` begin an element, or it is no XML.
    const OTHERS: [(&str, &str); 3] = [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>")];
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        if let Some((_, end)) = OTHERS.iter().find(|(begin, _)| after.starts_with(begin)) {
            rest = after.split_once(end).map_or("", |(_, behind)| behind);
            continue;
        }
        let (mut quote, mut attributes, mut end) = (None, 0, after.len());
        for (at, byte) in after.bytes().enumerate() {
            match (quote, byte) {
                (Some(open), _) if open == byte => quote = None,
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'=') => attributes += 1,
                (None, b'>') => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        if attributes > MOST_ATTRIBUTES {
            return true;
        }
        rest = after.get(end..).unwrap_or_default();
    }
    false
}

/// Reads a `partnerships.xml`.
pub(super) fn read(text: &str, properties: &Properties) -> Result<Vec<Partnership>, AppError> {
    let document = document(text)?;
    let root = document.root_element();
    if !root.has_tag_name("partnerships") {
        return Err(AppError::new(format!(
            "it begins with <{}>, where the partnerships of OpenAS2 begin with <partnerships> and an export of mendelson AS2 \
             with <configuration>",
            root.tag_name().name().chars().take(40).collect::<String>()
        ))
        .hint("choose the file partnerships.xml of OpenAS2, in its folder config, or the export of mendelson AS2"));
    }
    let mut partners: BTreeMap<&str, Node<'_, '_>> = BTreeMap::new();
    let mut found = Vec::new();
    for node in root.children().filter(Node::is_element) {
        match node.tag_name().name() {
            "partner" => {
                if let Some(name) = node.attribute("name") {
                    partners.insert(name, node);
                }
            }
            "partnership" if found.len() >= MOST => {
                return Err(AppError::new(format!("it has more than {MOST} partnerships")));
            }
            "partnership" => found.push(node),
            _ => {}
        }
    }
    let (mut read, mut length) = (Vec::with_capacity(found.len()), 0);
    for node in found {
        let partnership = partnership(node, &partners, properties)?;
        length += partnership.attributes.values().map(String::len).sum::<usize>();
        if length > MOST_TEXT {
            return Err(too_much_text());
        }
        read.push(partnership);
    }
    Ok(read)
}

/// That a small file becomes larger than anybody means it to, by what is said in it once and counts often.
pub(super) fn too_much_text() -> AppError {
    AppError::new(format!("its values grow beyond {} MiB by what they refer to", MOST_TEXT >> 20))
        .hint("take over fewer partners at once: split the file")
}

fn partnership(
    node: Node<'_, '_>,
    partners: &BTreeMap<&str, Node<'_, '_>>,
    properties: &Properties,
) -> Result<Partnership, AppError> {
    // Counted only where it is told: it is counted from the beginning of the file.
    let line = || node.document().text_pos_at(node.range().start).row;
    let name = node.attribute("name").unwrap_or_default().to_owned();
    let side = |which: &str| {
        let own = node.children().find(|child| child.has_tag_name(which)).ok_or_else(|| {
            AppError::new(format!("line {}: the partnership `{name}` does not say who its {which} is", line()))
        })?;
        let called = own.attribute("name");
        let entry = called.and_then(|name| partners.get(name).copied());
        let get = |key: &str| {
            let value = own.attribute(key).or_else(|| entry.and_then(|entry| entry.attribute(key)));
            value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let as2_id = get("as2_id").ok_or_else(|| {
            AppError::new(format!("line {}: the {which} of the partnership `{name}` has no as2_id", line()))
        })?;
        Ok::<_, AppError>(Partner {
            name: called.map_or_else(|| as2_id.clone(), str::to_owned),
            as2_id,
            alias: get("x509_alias"),
            verifies_with: None,
            email: get("email"),
        })
    };
    let (sender, receiver) = (side("sender")?, side("receiver")?);
    let raw: BTreeMap<&str, &str> = node
        .children()
        .filter(|child| child.has_tag_name("attribute"))
        .filter_map(|child| Some((child.attribute("name")?, child.attribute("value")?)))
        .collect();
    let known = |reference: &str| match reference.split_once('.') {
        Some(("attribute", name)) => raw.get(name).copied(),
        _ => properties.referred(reference),
    };
    let (mut attributes, mut length) = (BTreeMap::new(), 0);
    for (key, value) in &raw {
        let value = whole(value, &known).ok_or_else(|| {
            AppError::new(format!(
                "line {}: the attribute `{key}` of the partnership `{name}` grows beyond {LONGEST} bytes by what it refers to",
                line()
            ))
        })?;
        length += value.len();
        if length > MOST_TEXT {
            return Err(too_much_text());
        }
        attributes.insert((*key).to_owned(), value);
    }
    let is_polled = node.children().any(|child| {
        child.has_tag_name("pollerConfig")
            && child.attribute("enabled").is_some_and(|enabled| enabled.eq_ignore_ascii_case("true"))
    });
    Ok(Partnership { name, sender, receiver, is_polled, from: MovedFrom::OpenAs2, attributes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_filled_in_and_those_that_go_round_end() {
        let properties = Properties::read(
            "<openas2><properties port='81' url='http://a:$properties.port$/m' a='$properties.b$' b='$properties.a$'/></openas2>",
            "/etc",
        )
        .unwrap();
        assert_eq!(properties.get("url").as_deref(), Some("http://a:81/m"));
        assert_eq!(properties.get("a"), None);
        assert_eq!(properties.get("c"), None);
        let xml = "<partnerships><partnership name='p'><sender as2_id='A'/><receiver as2_id='B'/>
            <attribute name='sign' value='SHA-256'/><attribute name='url' value='$properties.url$'/>
            <attribute name='micalg' value='x, $attribute.sign$'/><attribute name='money' value='5 $'/>
            <attribute name='subject' value='$attributes.filename$ from $sender.name$'/></partnership></partnerships>";
        let read = read(xml, &properties).unwrap().remove(0);
        assert_eq!(read.attribute("url"), Some("http://a:81/m"));
        assert_eq!(read.attribute("micalg"), Some("x, SHA-256"));
        assert_eq!(read.attribute("money"), Some("5 $"));
        assert_eq!(read.attribute("subject"), Some("$attributes.filename$ from $sender.name$"));
    }

    #[test]
    fn what_would_keep_the_parser_busy_for_hours_is_refused_at_once() {
        let told = |xml: &str| read(xml, &Properties::default()).map(|_| ()).unwrap_err().to_string();
        let begun = std::time::Instant::now();
        let many: String = (0..1_000_000).map(|each| format!(" a{each}='>'")).collect();
        assert!(told(&format!("<!-- don't --><partnerships{many}/>")).contains("more than 2000 attributes"));
        let spaces = " xmlns:a='b'".repeat(100_000);
        assert!(told(&format!("<partnerships{spaces}/>")).contains("namespaces"));
        let nested = format!("<partnerships>{}", "<a>".repeat(900_000));
        assert!(told(&nested).starts_with("it is no XML"));
        // A value that is long once and referred to often.
        let refers: String =
            (0..1_900).map(|each| format!("<attribute name='b{each}' value='$attribute.a$'/>")).collect();
        let long = format!(
            "<partnerships><partnership name='p'><sender as2_id='A'/><receiver as2_id='B'/><attribute name='a' value='{}'/>{refers}</partnership></partnerships>",
            "x".repeat(60_000)
        );
        assert_eq!(told(&long), "its values grow beyond 64 MiB by what they refer to");
        assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
        for fine in ["<partnerships a='=>' b=\"'='\"/>", "<partnerships><!-- = ' --><![CDATA[ a='b' ]]></partnerships>"]
        {
            assert!(read(fine, &Properties::default()).unwrap().is_empty(), "{fine}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let told = |xml: &str| read(xml, &Properties::default()).map(|_| ()).unwrap_err().to_string();
        assert!(told("<openas2/>").contains("<openas2>"));
        assert!(told("<partnerships>").starts_with("it is no XML"));
        assert!(told("<!DOCTYPE a [<!ENTITY b 'c'>]><partnerships/>").starts_with("it is no XML"));
        let lacks = "<partnerships>\n<partnership name='p'>\n<sender as2_id='A'/></partnership></partnerships>";
        assert_eq!(told(lacks), "line 2: the partnership `p` does not say who its receiver is");
        let refers = "$attribute.a$".repeat(30);
        let grows = format!(
            "<partnerships><partnership name='p'><sender as2_id='A'/><receiver as2_id='B'/><attribute name='a' value='x{refers}'/></partnership></partnerships>"
        );
        assert!(told(&grows).starts_with("line 1: the attribute `a` of the partnership `p` grows beyond"));
        let nameless =
            "<partnerships><partnership name='p'><sender name='x'/><receiver as2_id='B'/></partnership></partnerships>";
        assert_eq!(told(nameless), "line 1: the sender of the partnership `p` has no as2_id");
    }
}
