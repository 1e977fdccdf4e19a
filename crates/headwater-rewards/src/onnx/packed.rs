//! Objects on their way to a model: the columns that are one, and not those that are zero, so that they are few bytes.

/// Objects of one form of input, see [`Input::write`](super::input::Input::write).
#[derive(Debug, Default, PartialEq)]
pub(super) struct Packed {
    /// How many there are.
    pub n: usize,
    /// Are the rows written out already, with zeros?
    pub written_out: bool,
    /// The active columns of all, or their tokens.
    pub columns: Vec<u32>,
    /// The reals of all, or their features.
    pub reals: Vec<f32>,
}

impl Packed {
    /// Has `n` objects from now on, of which nothing is written.
    pub fn clear(&mut self, n: usize) {
        self.n = n;
        self.written_out = false;
        self.columns.clear();
        self.reals.clear();
    }

    /// Appends all of it as bytes.
    #[cfg(unix)]
    pub fn put(&self, out: &mut Vec<u8>) {
        for number in [self.n, usize::from(self.written_out), self.columns.len(), self.reals.len()] {
            out.extend((number as u64).to_le_bytes());
        }
        out.extend(self.columns.iter().flat_map(|x| x.to_le_bytes()));
        out.extend(self.reals.iter().flat_map(|x| x.to_le_bytes()));
    }

    /// Takes what [`Packed::put`] wrote, in place of what was there; `None` if the bytes are something else.
    #[cfg(unix)]
    pub fn take(&mut self, mut bytes: &[u8]) -> Option<()> {
        let mut number = || {
            let (number, rest) = bytes.split_first_chunk()?;
            bytes = rest;
            usize::try_from(u64::from_le_bytes(*number)).ok()
        };
        let (n, written_out, columns, reals) = (number()?, number()?, number()?, number()?);
        self.clear(n);
        self.written_out = written_out > 0;
        let (columns, rest) = bytes.split_at_checked(columns.checked_mul(4)?)?;
        let (reals, rest) = rest.split_at_checked(reals.checked_mul(4)?)?;
        let four = |chunk: &[u8]| <[u8; 4]>::try_from(chunk).expect("chunks have four bytes");
        self.columns.extend(columns.chunks_exact(4).map(|x| u32::from_le_bytes(four(x))));
        self.reals.extend(reals.chunks_exact(4).map(|x| f32::from_le_bytes(four(x))));
        rest.is_empty().then_some(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_back_and_others_refused() {
        let packed =
            Packed { n: 2, written_out: true, columns: vec![1, u32::MAX], reals: vec![0.5, -0.0, 1e30] };
        let (mut bytes, mut back) = (Vec::new(), Packed::default());
        packed.put(&mut bytes);
        assert_eq!(back.take(&bytes), Some(()));
        assert_eq!(back, packed);
        for n in 0..bytes.len() {
            assert_eq!(back.take(&bytes[..n]), None, "{n}");
        }
        bytes.push(0);
        assert_eq!(back.take(&bytes), None);
    }
}
