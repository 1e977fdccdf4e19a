//! Whether the bytes of a file are those of an ONNX model: a look at every length and number before the runtime trusts
//! them.
//!
//! The reader of `rten` 0.27 follows a length past the end of its message, and one beyond 2⁶³ backwards, forever; and a
//! list of packed numbers whose last one does not end has no end either. So a damaged file must not reach it. This walks
//! every message that the reader goes into, and every list of packed numbers.
//!
//! **Source.** <https://protobuf.dev/programming-guides/encoding>; the numbers of fields are those of `onnx.proto`.

/// The messages of a model that hold messages or packed numbers.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    SparseTensor,
    ValueInfo,
    Type,
    TensorType,
    SequenceType,
    Shape,
    /// One of the others, whose fields are numbers and strings.
    Plain,
}

/// What the bytes of a field are.
enum Content {
    Nested(Message),
    /// Numbers of up to ten bytes each, one after the other.
    Varints,
    /// Numbers of so many bytes each.
    Fixed(usize),
    /// A text, the numbers of a tensor as they lie in memory, or what the reader passes over.
    Bytes,
}

/// Messages within each other that are followed: graphs hold graphs where there are branches and loops.
const MAX_DEPTH: usize = 100;

/// Looks at all of a model.
///
/// # Errors
/// With the byte where something begins that does not fit into what it belongs to.
pub(super) fn check(bytes: &[u8]) -> Result<(), usize> {
    walk(bytes, 0, Message::Model, MAX_DEPTH)
}

/// Looks at the message that `bytes` are; they begin at byte `at` of the file.
fn walk(bytes: &[u8], at: usize, message: Message, depth: usize) -> Result<(), usize> {
    let depth = depth.checked_sub(1).ok_or(at)?;
    let mut rest = bytes;
    while !rest.is_empty() {
        let here = at + bytes.len() - rest.len();
        let tag = varint(&mut rest).ok_or(here)?;
        let skipped = match tag & 7 {
            0 => {
                varint(&mut rest).ok_or(here)?;
                0
            }
            1 => 8,
            2 => varint(&mut rest).and_then(|len| usize::try_from(len).ok()).ok_or(here)?,
            5 => 4,
            _ => return Err(here),
        };
        let (value, behind) = rest.split_at_checked(skipped).ok_or(here)?;
        if tag & 7 == 2 {
            let start = at + bytes.len() - rest.len();
            match content(message, tag >> 3) {
                Content::Nested(nested) => walk(value, start, nested, depth)?,
                Content::Varints => varints(value, start)?,
                Content::Fixed(size) if value.len() % size > 0 => return Err(start),
                Content::Fixed(_) | Content::Bytes => {}
            }
        }
        rest = behind;
    }
    Ok(())
}

/// What a field of a message holds.
fn content(message: Message, field: u64) -> Content {
    Content::Nested(match (message, field) {
        (Message::Model, 7) | (Message::Attribute, 6 | 11) => Message::Graph,
        (Message::Graph, 1) => Message::Node,
        (Message::Graph, 5) | (Message::Attribute, 5 | 10) | (Message::SparseTensor, 1 | 2) => {
            Message::Tensor
        }
        (Message::Graph, 15) | (Message::Attribute, 22 | 23) => Message::SparseTensor,
        (Message::Graph, 11..=13) => Message::ValueInfo,
        (Message::Node, 5) => Message::Attribute,
        (Message::ValueInfo, 2) | (Message::SequenceType, 1) | (Message::Attribute, 14 | 15) => Message::Type,
        (Message::Type, 1) => Message::TensorType,
        (Message::Type, 4) => Message::SequenceType,
        (Message::TensorType, 2) => Message::Shape,
        (Message::Model, 8 | 14) | (Message::Tensor, 13) | (Message::Shape, 1) => Message::Plain,
        (Message::Attribute, 7) | (Message::Tensor, 4) => return Content::Fixed(4),
        (Message::Tensor, 10) => return Content::Fixed(8),
        (Message::Attribute, 8) | (Message::Tensor, 1 | 5 | 7 | 11) | (Message::SparseTensor, 3) => {
            return Content::Varints;
        }
        _ => return Content::Bytes,
    })
}

/// Looks at packed numbers, which begin at byte `at` of the file.
fn varints(bytes: &[u8], at: usize) -> Result<(), usize> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let here = at + bytes.len() - rest.len();
        varint(&mut rest).ok_or(here)?;
    }
    Ok(())
}

/// Takes a number of up to 64 bits, seven to a byte, the lowest first.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for (i, &byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte < 0x80 {
            *bytes = &bytes[i + 1..];
            // The tenth byte has room for one bit.
            return (i < 9 || byte < 2).then_some(value);
        }
    }
    None
}
