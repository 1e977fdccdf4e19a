//! What strings are made of: characters, or tokens of several characters with blanks between them.

use headwater_core::SettingError;

/// The largest number of letters in an alphabet.
pub const MAX_ALPHABET: usize = 128;

/// How the empty string is written.
pub(super) const EMPTY: &str = "ε";

/// Alphabets that go by a name.
const NAMED: [(&str, &str); 3] = [("@dna", "ACGT"), ("@rna", "ACGU"), ("@protein", "ACDEFGHIKLMNPQRSTVWY")];

/// The letters of strings, in their order.
#[derive(Clone, Debug)]
pub(super) struct Alphabet {
    letters: Vec<String>,
    /// Are there blanks between the letters of a string, as some have several characters?
    spaced: bool,
}

impl Alphabet {
    /// The characters of `text`, or those that it is a name of.
    pub fn of_chars(text: &str) -> Result<Self, SettingError> {
        let chars = NAMED.iter().find(|(name, _)| *name == text).map_or(text, |(_, letters)| letters);
        if chars.starts_with('@') && chars.chars().count() > 1 {
            let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
            let error = SettingError::at("alphabet", format!("there is no alphabet `{text}`"));
            return Err(
                error.hint(format!("there are {}; other alphabets are listed in full", names.join(", ")))
            );
        }
        let letters = chars.chars().map(String::from).collect();
        Self { letters, spaced: false }.checked("alphabet", text)
    }

    /// These tokens.
    pub fn of_tokens(tokens: &[String]) -> Result<Self, SettingError> {
        Self { letters: tokens.to_vec(), spaced: true }.checked("tokens", &tokens.join(" "))
    }

    fn checked(self, field: &'static str, text: &str) -> Result<Self, SettingError> {
        let error = |message| Err(SettingError::at(field, message));
        let (n, what) = (self.letters.len(), if self.spaced { "tokens" } else { "characters" });
        if !(1..=MAX_ALPHABET).contains(&n) {
            return error(format!("`{text}` has {n} {what} instead of 1 to {MAX_ALPHABET}"));
        }
        let reserved =
            |c: char| c.is_whitespace() || c.is_control() || ",\"".contains(c) || EMPTY.contains(c);
        if let Some(letter) = self.letters.iter().find(|l| l.is_empty() || l.contains(reserved)) {
            let letter = letter.escape_debug();
            return error(format!(
                "`{letter}` cannot be in an alphabet: `ε` is the empty string, and blanks, commas \
                 and quotes separate strings in lists"
            ));
        }
        let twice = self.letters.iter().enumerate().find(|(i, l)| self.letters[..*i].contains(l));
        match twice {
            Some((_, letter)) => error(format!("`{letter}` is in the alphabet `{text}` twice")),
            None => Ok(self),
        }
    }

    /// Number of letters.
    pub fn len(&self) -> usize {
        self.letters.len()
    }

    /// Letter `i`.
    pub fn letter(&self, i: usize) -> &str {
        &self.letters[i]
    }

    /// All letters, as they would be written.
    pub fn written(&self) -> String {
        self.letters.join(self.between())
    }

    /// The feature that counts letter `i`, an identifier. Names of characters are one letter, those by code point more, so
    /// that no two are the same.
    pub fn count_name(&self, i: usize) -> String {
        match self.letters[i].chars().next() {
            Some(c) if !self.spaced && (c == '_' || c.is_ascii_alphanumeric()) => format!("count_{c}"),
            Some(c) if !self.spaced => format!("count_u{:x}", u32::from(c)),
            _ => format!("count_{i}"),
        }
    }

    /// Appends the letters of these numbers.
    pub fn show(&self, numbers: &[u8], out: &mut String) {
        if numbers.is_empty() {
            out.push_str(EMPTY);
        }
        for (i, &c) in numbers.iter().enumerate() {
            if i > 0 {
                out.push_str(self.between());
            }
            out.push_str(&self.letters[usize::from(c)]);
        }
    }

    /// The numbers of the letters of `text`, at least one, if all are in the alphabet.
    pub fn numbers(&self, text: &str) -> Option<Vec<u8>> {
        let number = |letter: &str| self.letters.iter().position(|l| l == letter).map(|i| i as u8);
        if self.spaced {
            return text.split(' ').map(number).collect();
        }
        let mut buffer = [0; 4];
        text.chars().map(|c| number(c.encode_utf8(&mut buffer))).collect()
    }

    fn between(&self) -> &'static str {
        if self.spaced { " " } else { "" }
    }
}
