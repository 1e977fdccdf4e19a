//! Whether the bytes of a file are those of an ONNX model: a look at every length before the runtime trusts them.
//!
//! The reader of `rten` 0.27 follows a length past the end of its message, and one beyond 2⁶³ backwards, forever. So a
//! damaged file must not reach it. This walks the messages that the reader goes into, and nothing else.
//!
//! **Source.** <https://protobuf.dev/programming-guides/encoding>; the numbers of fields are those of `onnx.proto`.

/// The messages of a model that hold messages.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    SequenceType,
    Shape,
    /// One of the others, whose fields are numbers and strings.
    Plain,
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
        if let (2, Some(nested)) = (tag & 7, nested(message, tag >> 3)) {
            walk(value, at + bytes.len() - rest.len(), nested, depth)?;
        }
        rest = behind;
    }
    Ok(())
}

/// The message that a field of a message is.
fn nested(message: Message, field: u64) -> Option<Message> {
    Some(match (message, field) {
        (Message::Model, 7) | (Message::Attribute, 6) => Message::Graph,
        (Message::Graph, 1) => Message::Node,
        (Message::Graph, 5) | (Message::Attribute, 5) => Message::Tensor,
        (Message::Graph, 11..=13) => Message::ValueInfo,
        (Message::Node, 5) => Message::Attribute,
        (Message::ValueInfo, 2) | (Message::SequenceType, 1) => Message::Type,
        (Message::Type, 1) => Message::TensorType,
        (Message::Type, 4) => Message::SequenceType,
        (Message::TensorType, 2) => Message::Shape,
        (Message::Model, 8 | 14) | (Message::Tensor, 13) | (Message::Shape, 1) => Message::Plain,
        _ => return None,
    })
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
