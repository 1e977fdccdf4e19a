//! Strings that are the same read from either end: which of the two stands for both, and the labels of their edges.
//!
//! A string and its mirror image are one object, written as the smaller of the two by the numbers of its letters. A
//! letter goes to an end of the present string and then lies at an end of the next, which need not be the same, since the
//! next may be written the other way round. A label names the letter and both ends: the first end decides where an edge
//! leads, the second where it came from.

use super::Word;

/// An end of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Right,
    Left,
}

impl End {
    const BOTH: [Self; 2] = [Self::Right, Self::Left];

    fn other(self) -> Self {
        if self == Self::Right { Self::Left } else { Self::Right }
    }
}

/// Ends, letters: what a label means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub letter: u8,
    /// Where the letter is put.
    pub at: End,
    /// Where it is afterwards.
    pub ends_up: End,
}

impl Label {
    /// The number of labels with so many letters.
    pub fn count(letters: usize) -> usize {
        4 * letters
    }

    pub fn index(self, letters: usize) -> usize {
        usize::from(self.letter) + letters * (2 * self.at as usize + self.ends_up as usize)
    }

    pub fn of(index: usize, letters: usize) -> Self {
        let end = |bit: usize| End::BOTH[bit];
        let ends = index / letters;
        Self { letter: (index % letters) as u8, at: end(ends / 2), ends_up: end(ends % 2) }
    }
}

/// Turns `s` round if it is larger than its mirror image; whether that was so.
pub(super) fn canonical(s: &mut Word) -> bool {
    let chars = s.chars();
    let turn = chars.iter().rev().lt(chars.iter());
    if turn {
        let len = usize::from(s.len);
        s.chars[..len].reverse();
    }
    turn
}

fn is_palindrome(s: &Word) -> bool {
    s.chars().iter().eq(s.chars().iter().rev())
}

/// The labels of the edges that leave `s`, given the number of letters. Both ends of a palindrome are the same.
pub(super) fn leaving(s: &Word, letters: usize) -> impl Iterator<Item = Label> {
    let ends = if is_palindrome(s) { &End::BOTH[..1] } else { &End::BOTH[..] };
    ends.iter().flat_map(move |&at| {
        (0..letters).map(move |c| {
            let mut child = *s;
            child.put(c as u8, at == End::Left);
            let ends_up = if canonical(&mut child) { at.other() } else { at };
            Label { letter: c as u8, at, ends_up }
        })
    })
}

/// The labels of the edges that enter `s`, which is not empty.
pub(super) fn entering(s: &Word) -> impl Iterator<Item = Label> {
    let palindrome = is_palindrome(s);
    End::BOTH.into_iter().filter_map(move |ends_up| {
        let mut parent = *s;
        let letter = parent.take(ends_up == End::Left);
        let turned = canonical(&mut parent);
        let at = match () {
            () if is_palindrome(&parent) => End::Right,
            () if turned => ends_up.other(),
            () => ends_up,
        };
        // A palindrome was not turned round.
        (!palindrome || at == ends_up).then_some(Label { letter, at, ends_up })
    })
}
