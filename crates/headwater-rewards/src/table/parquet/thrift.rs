//! The compact protocol of Thrift, as far as it is needed to see what a Parquet file says of itself.
//!
//! **Source.** <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>

/// Structures within each other that are followed.
const MAX_DEPTH: usize = 32;

/// Types of fields.
pub(super) const I32: u8 = 5;
pub(super) const LIST: u8 = 9;
pub(super) const STRUCT: u8 = 12;

/// Bytes that are read from the front; every method gives `None` where they are not what they should be.
#[derive(Clone, Copy)]
pub(super) struct Thrift<'a>(pub &'a [u8]);

impl Thrift<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    /// A number of at most 64 bits, seven to a byte.
    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for i in 0..10 {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << (7 * i);
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    /// A number with a sign.
    pub(super) fn zigzag(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn pass(&mut self, n: u64) -> Option<()> {
        self.0 = self.0.get(usize::try_from(n).ok()?..)?;
        Some(())
    }

    /// The type and the number of the items of a list.
    pub(super) fn list(&mut self) -> Option<(u8, u64)> {
        let head = self.byte()?;
        let short = u64::from(head >> 4);
        Some((head & 15, if short == 15 { self.varint()? } else { short }))
    }

    /// Hands over the fields of a structure, each with its number and type; what `field` does not read (it says so with
    /// `false`) is passed over.
    pub(super) fn fields(&mut self, field: &mut dyn FnMut(&mut Self, i64, u8) -> Option<bool>) -> Option<()> {
        let mut id = 0;
        loop {
            let head = self.byte()?;
            let (delta, kind) = (head >> 4, head & 15);
            if kind == 0 {
                return Some(());
            }
            id = if delta == 0 { self.zigzag()? } else { id + i64::from(delta) };
            // The library counts in 16 bits.
            i16::try_from(id).ok()?;
            if !field(self, id, kind)? {
                self.skip(kind, MAX_DEPTH)?;
            }
        }
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            // The value of a truth is in its type.
            1 | 2 => Some(()),
            3 => self.pass(1),
            4..=6 => self.varint().map(drop),
            7 => self.pass(8),
            8 => {
                let len = self.varint()?;
                self.pass(len)
            }
            LIST | 10 => {
                let (kind, n) = self.list()?;
                self.items(n, &[kind], depth)
            }
            11 => {
                let n = self.varint()?;
                let kinds = if n > 0 { self.byte()? } else { 0 };
                self.items(n, &[kinds >> 4, kinds & 15], depth)
            }
            STRUCT => loop {
                let head = self.byte()?;
                if head & 15 == 0 {
                    return Some(());
                }
                if head >> 4 == 0 {
                    self.zigzag()?;
                }
                self.skip(head & 15, depth)?;
            },
            _ => None,
        }
    }

    /// Passes over `n` items of a list, or pairs of a map; every one takes a byte at least.
    fn items(&mut self, n: u64, kinds: &[u8], depth: usize) -> Option<()> {
        if n > self.0.len() as u64 {
            return None;
        }
        for _ in 0..n {
            for &kind in kinds {
                // Within lists, truths take a byte.
                if let 1 | 2 = kind { self.pass(1)? } else { self.skip(kind, depth)? }
            }
        }
        Some(())
    }
}
