//! Newick: trees as nested brackets, as every program for trees reads and writes them.

use std::fmt;

use super::Tree;

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 1000;

/// Signs of Newick, which a name can have in quotes only.
const SIGNS: &str = "()[]{}'\",:;=";

/// What is wrong with a text that should be a tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}")]
pub struct NewickError {
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn node(tree: &Tree, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            for (i, child) in tree.children.iter().enumerate() {
                f.write_str(if i == 0 { "(" } else { "," })?;
                node(child, f)?;
            }
            f.write_str(if tree.is_leaf() { "" } else { ")" })?;
            let quoted = tree.label.contains(|c: char| c.is_whitespace() || SIGNS.contains(c));
            if quoted { write!(f, "'{}'", tree.label.replace('\'', "''")) } else { f.write_str(&tree.label) }
        }
        node(self, f)?;
        f.write_str(";")
    }
}

impl Tree {
    /// The tree that a text in Newick shows. Lengths of branches, comments in brackets and blanks are passed over.
    ///
    /// # Errors
    /// If it is no tree, with the column.
    pub fn parse(text: &str) -> Result<Self, NewickError> {
        let mut reader = Reader { rest: text, column: 1 };
        let tree = reader.node(0)?;
        reader.blanks();
        if reader.next() != Some(';') {
            return Err(reader.error("expected `;` at the end of the tree"));
        }
        reader.take();
        reader.blanks();
        if reader.rest.is_empty() { Ok(tree) } else { Err(reader.error("expected nothing behind the tree")) }
    }
}

struct Reader<'a> {
    rest: &'a str,
    column: usize,
}

impl Reader<'_> {
    fn next(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let c = self.next()?;
        self.rest = &self.rest[c.len_utf8()..];
        self.column += 1;
        Some(c)
    }

    fn error(&self, message: impl Into<String>) -> NewickError {
        NewickError { column: self.column, message: message.into() }
    }

    /// Passes over blanks and comments.
    fn blanks(&mut self) {
        while let Some(c) = self.next() {
            if c == '[' {
                while self.take().is_some_and(|c| c != ']') {}
            } else if c.is_whitespace() {
                self.take();
            } else {
                break;
            }
        }
    }

    fn node(&mut self, depth: usize) -> Result<Tree, NewickError> {
        if depth > MAX_DEPTH {
            return Err(self.error(format!("more than {MAX_DEPTH} brackets are open")));
        }
        self.blanks();
        let mut tree = Tree::default();
        if self.next() == Some('(') {
            loop {
                self.take();
                tree.children.push(self.node(depth + 1)?);
                match self.next() {
                    Some(',') => {}
                    Some(')') => break,
                    _ => return Err(self.error("expected `,` or `)`")),
                }
            }
            self.take();
            self.blanks();
        }
        tree.label = self.label()?;
        if tree.is_leaf() && tree.label.is_empty() {
            return Err(self.error("expected a name or `(`"));
        }
        self.blanks();
        if self.next() == Some(':') {
            self.take();
            self.blanks();
            let number = self.label()?;
            if number.parse::<f64>().is_err() {
                let number = headwater_core::excerpt(&number);
                return Err(self.error(format!("`{number}` is not a length of a branch")));
            }
            self.blanks();
        }
        Ok(tree)
    }

    /// A name, in quotes or not; empty if there is none.
    fn label(&mut self) -> Result<String, NewickError> {
        let mut label = String::new();
        if self.next() != Some('\'') {
            while let Some(c) = self.next().filter(|c| !c.is_whitespace() && !SIGNS.contains(*c)) {
                label.push(c);
                self.take();
            }
            return Ok(label);
        }
        self.take();
        loop {
            match self.take() {
                Some('\'') if self.next() == Some('\'') => {
                    self.take();
                    label.push('\'');
                }
                Some('\'') => return Ok(label),
                Some(c) => label.push(c),
                None => return Err(self.error("expected `'` at the end of a name")),
            }
        }
    }
}
