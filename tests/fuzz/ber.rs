//! BER taken apart into a tree and put together again, written apart from the engine.

/// The deepest that is looked into.
const DEEPEST: usize = 24;

/// Tags whose content is elements.
const CONSTRUCTED: u8 = 0x20;

/// One element with a tag of one byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) tag: u8,
    pub(crate) content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Bytes(Vec<u8>),
    Nodes(Vec<Node>),
}

/// The first element and what follows it. Nothing where it is not whole.
pub(crate) fn parse(bytes: &[u8]) -> Option<(Node, &[u8])> {
    element(bytes, 0)
}

fn element(bytes: &[u8], depth: usize) -> Option<(Node, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    if tag & 0x1f == 0x1f || depth > DEEPEST {
        return None;
    }
    if first == 0x80 {
        if tag & CONSTRUCTED == 0 {
            return None;
        }
        let mut nodes = Vec::new();
        loop {
            if let [0, 0, after @ ..] = rest {
                return Some((Node { tag, content: Content::Nodes(nodes) }, after));
            }
            let (node, after) = element(rest, depth + 1)?;
            nodes.push(node);
            rest = after;
        }
    }
    let length = if first < 0x80 {
        usize::from(first)
    } else {
        let octets = usize::from(first & 0x7f);
        let length = rest.get(..octets).filter(|octets| octets.len() <= 4)?;
        rest = &rest[octets..];
        length.iter().fold(0, |length, octet| (length << 8) | usize::from(*octet))
    };
    let content = rest.get(..length)?;
    let after = &rest[length..];
    if tag & CONSTRUCTED == 0 {
        return Some((Node { tag, content: Content::Bytes(content.to_vec()) }, after));
    }
    let (mut nodes, mut left) = (Vec::new(), content);
    while !left.is_empty() {
        let (node, after) = element(left, depth + 1)?;
        nodes.push(node);
        left = after;
    }
    Some((Node { tag, content: Content::Nodes(nodes) }, after))
}

impl Node {
    /// As bytes, with indefinite lengths down to a depth.
    pub(crate) fn write(&self, indefinite: usize, out: &mut Vec<u8>) {
        out.push(self.tag);
        match &self.content {
            Content::Nodes(nodes) if indefinite > 0 => {
                out.push(0x80);
                for node in nodes {
                    node.write(indefinite - 1, out);
                }
                out.extend([0, 0]);
            }
            Content::Nodes(nodes) => {
                let mut inside = Vec::new();
                for node in nodes {
                    node.write(0, &mut inside);
                }
                put_length(inside.len(), out);
                out.extend(inside);
            }
            Content::Bytes(bytes) => {
                put_length(bytes.len(), out);
                out.extend(bytes);
            }
        }
    }

    /// How many elements there are in it, itself included.
    pub(crate) fn count(&self) -> usize {
        match &self.content {
            Content::Bytes(_) => 1,
            Content::Nodes(nodes) => 1 + nodes.iter().map(Self::count).sum::<usize>(),
        }
    }

    /// The element of that number, counted as they stand in the bytes.
    pub(crate) fn nth(&mut self, number: usize) -> Option<&mut Self> {
        if number == 0 {
            return Some(self);
        }
        let Content::Nodes(nodes) = &mut self.content else { return None };
        let mut left = number - 1;
        for node in nodes {
            let count = node.count();
            if left < count {
                return node.nth(left);
            }
            left -= count;
        }
        None
    }
}

fn put_length(length: usize, out: &mut Vec<u8>) {
    let octets = length.to_be_bytes();
    let significant = &octets[octets.iter().take_while(|octet| **octet == 0).count()..];
    if length >= 0x80 {
        out.push(0x80 | significant.len().to_le_bytes()[0]);
        out.extend(significant);
    } else {
        out.push(octets[octets.len() - 1]);
    }
}
