//! Inputs from inputs: which one is a function of the seed and a number, so that every failure can be made again.

/// The longest input.
const LONGEST: usize = 1 << 18;

/// Bytes that stand at the edge of something.
const BYTES: [u8; 10] = [0, 1, 0x7f, 0x80, 0xff, b'\n', b'\r', b' ', b'"', b','];

/// Numbers that stand at the edge of something, for the place of other numbers in texts.
const NUMBERS: [&str; 20] = [
    "0",
    "-1",
    "1",
    "127",
    "255",
    "256",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "-2147483648",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "1e308",
    "1e999",
    "-1e999",
    "NaN",
    "0.1e-400",
];

/// Characters that few texts are written for.
const CHARACTERS: [&str; 12] =
    ["\0", "\u{1b}[2J", "\u{7f}", "\u{feff}", "é", "🦀", "\u{202e}", "\u{2028}", "\\", "`", "'", "\u{301}"];

/// Random numbers: SplitMix64.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The stream of number `i` under a seed.
    pub fn new(seed: u64, i: u64) -> Self {
        let mut new = Self(seed);
        new.0 = new.next() ^ i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        new.next();
        new
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 if `n` is.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }

    fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    /// A length of at most `most`, mostly a short one.
    fn length(&mut self, most: usize) -> usize {
        let bits = self.below(usize::BITS as usize - most.leading_zeros() as usize + 1) as u32;
        self.below((1usize << bits.min(62)).min(most) + 1)
    }
}

/// Input number `i` for a reader: its seeds as they are, and then changed in a few places.
pub fn input(seeds: &[Vec<u8>], tokens: &[&str], seed: u64, i: u64) -> Vec<u8> {
    if let Some(whole) = usize::try_from(i).ok().and_then(|i| seeds.get(i)) {
        return whole.clone();
    }
    let mut rng = Rng::new(seed, i);
    let mut bytes = seeds[rng.below(seeds.len())].clone();
    // One change finds what checks forget; many find what nobody thought of.
    let changes = 1 << rng.below(5);
    for _ in 0..=rng.below(changes) {
        change(&mut bytes, seeds, tokens, &mut rng);
        bytes.truncate(LONGEST);
    }
    bytes
}

/// A range of the input, mostly a short one.
fn range(bytes: &[u8], rng: &mut Rng) -> std::ops::Range<usize> {
    let start = rng.below(bytes.len() + 1);
    start..start + rng.length(bytes.len() - start)
}

fn change(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], tokens: &[&str], rng: &mut Rng) {
    match rng.below(20) {
        0..=2 => on_byte(bytes, rng),
        3 => {
            let range = range(bytes, rng);
            bytes.drain(range);
        }
        4 => bytes.truncate(rng.below(bytes.len() + 1)),
        5 | 6 => repeat(bytes, rng),
        7 => splice(bytes, &seeds[rng.below(seeds.len())], rng),
        8 | 9 if !tokens.is_empty() => {
            let token = rng.pick(tokens).as_bytes();
            put(bytes, token, rng);
        }
        10..=12 => number(bytes, rng),
        13 => put(bytes, rng.pick(&CHARACTERS).as_bytes(), rng),
        14 => length_field(bytes, rng),
        15 => {
            // A number in groups of seven bits that is large, or does not end.
            let n = 1 + rng.below(11);
            let mut varint = vec![0xff; n];
            varint[n - 1] = [0x7f, 0x01, 0xff][rng.below(3)];
            put(bytes, &varint, rng);
        }
        16 => lines(bytes, rng),
        17 => {
            let noise: Vec<u8> = (0..rng.length(32)).map(|_| rng.next() as u8).collect();
            put(bytes, &noise, rng);
        }
        18 => word(bytes, rng),
        _ => {
            let from = range(bytes, rng);
            let piece = bytes[from].to_vec();
            put(bytes, &piece, rng);
        }
    }
}

fn on_byte(bytes: &mut [u8], rng: &mut Rng) {
    if bytes.is_empty() {
        return;
    }
    let at = rng.below(bytes.len());
    bytes[at] = match rng.below(4) {
        0 => bytes[at] ^ (1 << rng.below(8)),
        1 => BYTES[rng.below(BYTES.len())],
        2 => bytes[at].wrapping_add([1, 0xff][rng.below(2)]),
        _ => rng.next() as u8,
    };
}

/// Puts a piece somewhere, or in the place of something.
fn put(bytes: &mut Vec<u8>, piece: &[u8], rng: &mut Rng) {
    let at = rng.below(bytes.len() + 1);
    let over = if rng.below(2) == 0 { 0 } else { piece.len().min(bytes.len() - at) };
    bytes.splice(at..at + over, piece.iter().copied());
}

/// Repeats a piece a few times, or very often.
fn repeat(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let piece = range(bytes, rng);
    let (end, piece) = (piece.end, bytes[piece].to_vec());
    let most = if rng.below(20) == 0 { 20_000 } else { 8 };
    let times = 1 + rng.below(most);
    let times = times.min(LONGEST / piece.len().max(1));
    bytes.splice(end..end, piece.repeat(times));
}

/// Goes on as another input from somewhere on.
fn splice(bytes: &mut Vec<u8>, other: &[u8], rng: &mut Rng) {
    bytes.truncate(rng.below(bytes.len() + 1));
    bytes.extend_from_slice(&other[rng.below(other.len() + 1)..]);
}

/// Puts another number in the place of one that is written in digits.
fn number(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let digit = |b: &u8| b.is_ascii_digit() || b"+-.".contains(b);
    let from = rng.below(bytes.len() + 1);
    let Some(start) = bytes[from..].iter().position(u8::is_ascii_digit) else {
        return put(bytes, rng.pick(&NUMBERS).as_bytes(), rng);
    };
    let start = from + start;
    let end = start + bytes[start..].iter().take_while(|&b| digit(b)).count();
    let new = if rng.below(3) == 0 { rng.below(40).to_string() } else { rng.pick(&NUMBERS).to_owned() };
    bytes.splice(start..end, new.bytes());
}

/// Writes a length over two, four or eight bytes: a large one, one that is a little too large, or less than nothing.
fn length_field(bytes: &mut [u8], rng: &mut Rng) {
    let width = [2, 4, 8][rng.below(3)];
    if bytes.len() < width {
        return;
    }
    let at = rng.below(bytes.len() - width + 1);
    let value = match rng.below(5) {
        0 => u64::MAX,
        1 => u64::MAX >> 1,
        2 => (bytes.len() - at) as u64 + 1,
        3 => 1 << rng.below(64),
        _ => rng.below(300) as u64,
    };
    let value = if rng.below(4) == 0 { value.to_be_bytes() } else { value.to_le_bytes() };
    bytes[at..at + width].copy_from_slice(&value[..width]);
}

/// Lines removed, repeated or in another order.
fn lines(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|&b| b == b'\n').map(<[u8]>::to_vec).collect();
    if lines.is_empty() {
        return;
    }
    let (a, b) = (rng.below(lines.len()), rng.below(lines.len()));
    match rng.below(3) {
        0 => drop(lines.remove(a)),
        1 => lines.swap(a, b),
        _ => {
            let line = lines[a].clone();
            lines.insert(b, line);
        }
    }
    *bytes = lines.concat();
}

/// Puts one word of the input in the place of another.
fn word(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-' || b >= 0x80;
    let find = |rng: &mut Rng| {
        let from = rng.below(bytes.len() + 1);
        let start = from + bytes[from..].iter().position(|&b| is_word(b))?;
        Some(start..start + bytes[start..].iter().take_while(|&&b| is_word(b)).count())
    };
    let (Some(a), Some(b)) = (find(rng), find(rng)) else { return };
    let word = bytes[a].to_vec();
    bytes.splice(b, word);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_gives_the_same_input_and_others_give_others() {
        let seeds = [b"one 1\ntwo 22\n".to_vec(), Vec::new(), vec![0xff; 40]];
        assert_eq!(input(&seeds, &["x"], 7, 2), seeds[2]);
        let all: Vec<Vec<u8>> = (3..2000).map(|i| input(&seeds, &["x"], 7, i)).collect();
        assert!((3..2000).map(|i| input(&seeds, &["x"], 7, i)).eq(all.iter().cloned()));
        assert!(all.iter().all(|bytes| bytes.len() <= LONGEST));
        let mut different = all;
        different.sort();
        different.dedup();
        assert!(different.len() > 1000, "{}", different.len());
    }
}
