//! Hashes of states: every bit of every word reaches every bit of the hash.

use std::hash::Hasher;

/// The hasher of [`crate::Simulator::hashes`]: the same in every process.
///
/// Each word is mixed by the two halves of a product of 128 bits, so that no flips of a few bits in several words cancel,
/// as they do where words are only added and multiplied modulo 2⁶⁴. Not for keys that an attacker chooses.
#[derive(Clone, Debug)]
pub struct StateHasher(u64);

impl Default for StateHasher {
    fn default() -> Self {
        Self(0x243F_6A88_85A3_08D3)
    }
}

impl StateHasher {
    #[inline]
    fn mix(&mut self, word: u64) {
        // Digits of π, as above.
        let product = u128::from(self.0 ^ word) * u128::from(0x1319_8A2E_0370_7345_u64);
        // The rotation keeps a word of zeroes from leaving things as they are where the product is 0.
        self.0 =
            (product as u64 ^ (product >> 64) as u64).rotate_left(23).wrapping_add(0xA409_3822_299F_31D0);
    }
}

impl Hasher for StateHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(word));
        }
        // Zeroes at the end count.
        self.mix(bytes.len() as u64);
    }

    #[inline]
    fn write_u8(&mut self, i: u8) {
        self.mix(u64::from(i));
    }

    #[inline]
    fn write_u16(&mut self, i: u16) {
        self.mix(u64::from(i));
    }

    #[inline]
    fn write_u32(&mut self, i: u32) {
        self.mix(u64::from(i));
    }

    #[inline]
    fn write_u64(&mut self, i: u64) {
        self.mix(i);
    }

    #[inline]
    fn write_u128(&mut self, i: u128) {
        self.mix(i as u64);
        self.mix((i >> 64) as u64);
    }

    #[inline]
    fn write_usize(&mut self, i: usize) {
        self.mix(i as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        let product = u128::from(self.0) * u128::from(0x082E_FA98_EC4E_6C89_u64);
        product as u64 ^ (product >> 64) as u64
    }
}
