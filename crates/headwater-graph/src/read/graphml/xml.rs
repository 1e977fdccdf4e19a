//! XML as a graph needs it: elements, their attributes and their text, each with its place.

use std::borrow::Cow;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Error, Reader, XmlVersion, errors::IllFormedError};

use crate::raw::{Fault, Place, shorten};

/// Elements within elements that are followed.
const MAX_DEPTH: usize = 100;

/// A cursor over the elements of a file.
pub(super) struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    depth: usize,
}

/// What a cursor meets.
pub(super) enum Node<'a> {
    /// An element begins; its place is that of the tag.
    Open(BytesStart<'a>, usize),
    /// The element that began last ends.
    Close,
    /// A piece of text, in which references are resolved.
    Text(Cow<'a, str>, usize),
    /// The file ends.
    End,
}

impl<'a> Xml<'a> {
    pub fn new(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, depth: 0 }
    }

    /// The next node; comments, declarations and instructions are none.
    pub fn next(&mut self) -> Result<Node<'a>, Fault> {
        loop {
            let at = self.reader.buffer_position() as usize;
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => return Err(bad(self.reader.error_position() as usize, &error)),
            };
            let bad = |error| bad(at, &error);
            return Ok(match event {
                Event::Start(_) if self.depth == MAX_DEPTH => {
                    let message = format!("elements are nested more than {MAX_DEPTH} deep");
                    return Err(Fault::new(Place::Graph(at), message));
                }
                Event::Start(start) => {
                    self.depth += 1;
                    Node::Open(start, at)
                }
                Event::End(_) => {
                    self.depth -= 1;
                    Node::Close
                }
                Event::Text(text) => Node::Text(text.into_inner(), at),
                Event::CData(text) => Node::Text(text.into_inner(), at),
                Event::GeneralRef(reference) => {
                    let text = match reference.resolve_char_ref().map_err(bad)? {
                        Some(c) => c.to_string(),
                        None => match quick_xml::escape::resolve_predefined_entity(&reference) {
                            Some(text) => text.to_owned(),
                            None => {
                                let message = format!("unknown entity `&{};`", shorten(&reference));
                                return Err(Fault::new(Place::Graph(at), message));
                            }
                        },
                    };
                    Node::Text(Cow::Owned(text), at)
                }
                Event::Eof => Node::End,
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {
                    continue;
                }
            });
        }
    }

    /// Calls `child` with every element in the one that began last, until that ends. `child` goes to the end of the
    /// element that it gets.
    pub fn children(
        &mut self,
        mut child: impl FnMut(&mut Self, &BytesStart<'a>, usize) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        loop {
            match self.next()? {
                Node::Open(start, at) => child(self, &start, at)?,
                Node::Close => return Ok(()),
                Node::Text(..) => {}
                Node::End => return Err(self.unfinished()),
            }
        }
    }

    /// Goes to the end of the element that began last.
    pub fn skip(&mut self) -> Result<(), Fault> {
        let outside = self.depth - 1;
        while self.depth > outside {
            if let Node::End = self.next()? {
                return Err(self.unfinished());
            }
        }
        Ok(())
    }

    /// The text of the element that began last, which has no elements in it.
    pub fn text(&mut self) -> Result<String, Fault> {
        let mut whole = String::new();
        loop {
            match self.next()? {
                Node::Text(text, _) => whole.push_str(&text),
                Node::Close => return Ok(whole),
                Node::Open(start, at) => {
                    let message = format!("expected a number, found `<{}>`", name(&start));
                    return Err(Fault::new(Place::Graph(at), message));
                }
                Node::End => return Err(self.unfinished()),
            }
        }
    }

    fn unfinished(&self) -> Fault {
        let at = self.reader.buffer_position() as usize;
        Fault::new(Place::Graph(at), "bad XML: the file ends before its last element does")
    }
}

/// The name of an element without its prefix, as messages show it.
pub(super) fn name(start: &BytesStart<'_>) -> String {
    shorten(start.local_name().into_inner())
}

/// The values of some attributes of an element.
pub(super) fn attributes<'s, const N: usize>(
    start: &'s BytesStart<'_>,
    at: usize,
    wanted: [&str; N],
) -> Result<[Option<Cow<'s, str>>; N], Fault> {
    let mut values = [const { None }; N];
    // The reader's check for attributes that are there twice takes time quadratic in their number.
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| bad(at, &Error::from(error)))?;
        let Some(i) = wanted.iter().position(|&name| name == attribute.key.into_inner()) else { continue };
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| bad(at, &error))?;
        if values[i].replace(value).is_some() {
            let message = format!("a second attribute `{}` of `<{}>`", wanted[i], name(start));
            return Err(Fault::new(Place::Graph(at), message));
        }
    }
    Ok(values)
}

/// What the reader says, without the names of a file in full.
fn bad(at: usize, error: &Error) -> Fault {
    let what = match error {
        Error::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
            format!("expected `</{}>`, found `</{}>`", shorten(expected), shorten(found))
        }
        Error::IllFormed(IllFormedError::UnmatchedEndTag(name)) => {
            format!("`</{}>` ends no element", shorten(name))
        }
        Error::Syntax(error) => error.to_string(),
        Error::Escape(_) => "a reference such as `&amp;` is not sound".to_owned(),
        Error::InvalidAttr(_) => "expected attributes such as `id=\"a\"`".to_owned(),
        error => shorten(&error.to_string()),
    };
    Fault::new(Place::Graph(at), format!("bad XML: {what}"))
}
