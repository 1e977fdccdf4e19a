//! From the text of a formula to the steps of a stack machine, by precedence climbing.

use std::ops::Range;

use headwater_core::{EXCERPT, SettingError};

use super::{Arity, FUNCTIONS, Function, Step};
use headwater_core::nearest;

use crate::World;

/// Parentheses and signs within each other that are followed: far more than a person writes, far fewer than the stack of
/// the program holds.
const MAX_DEPTH: usize = 200;

/// What is wrong with a formula, and where.
pub(super) struct Flaw {
    /// Bytes of the text.
    at: Range<usize>,
    /// What follows the quoted bytes: `… is no feature`.
    message: String,
    hint: String,
}

impl Flaw {
    /// The flaw as an error of the setting, with a picture of the place.
    pub(super) fn shown(self, text: &str) -> SettingError {
        let Self { at, message, hint } = self;
        let character = 1 + text[..at.start].chars().count();
        let message = match &text[at.clone()] {
            "" => format!("the expression {message}"),
            wrong => format!("`{wrong}`, at character {character} of the expression, {message}"),
        };
        let start = text[..at.start].rfind('\n').map_or(0, |i| i + 1);
        let before = text[start..at.start].chars().count();
        // Of a long line, what is around the place.
        let left = before.saturating_sub(EXCERPT / 2);
        let line: String =
            text[start..].lines().next().unwrap_or("").chars().skip(left).take(EXCERPT).collect();
        let (line, before) = (line.replace('\t', " "), before - left);
        let marks = text[at].chars().count().clamp(1, EXCERPT - before);
        let picture = format!("    {line}\n    {}{}", " ".repeat(before), "^".repeat(marks));
        SettingError::at("expression", message).hint(format!("{hint}\n\n{picture}"))
    }
}

/// What there is, and which of it `name` was probably meant to be.
fn choices<'a>(name: &str, what: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let near = nearest(name, known.clone()).map_or(String::new(), |near| format!("did you mean `{near}`? "));
    let names: Vec<String> = known.map(|name| format!("`{name}`")).collect();
    format!("{near}the {what} are {}", if names.is_empty() { "none".to_owned() } else { names.join(", ") })
}

#[derive(Clone, Copy, PartialEq)]
enum Token<'a> {
    Number(f64),
    Name(&'a str),
    Sign(&'a str),
    End,
}

/// Operators between two terms, with how strongly they bind. `^` is the one that binds from the right.
const BETWEEN: &[(&str, u8, Apply)] = &[
    ("or", 1, |a, b| logic(a, b, (a != 0.0) | (b != 0.0))),
    ("and", 2, |a, b| logic(a, b, (a != 0.0) & (b != 0.0))),
    ("<", COMPARISON, |a, b| logic(a, b, a < b)),
    ("<=", COMPARISON, |a, b| logic(a, b, a <= b)),
    (">", COMPARISON, |a, b| logic(a, b, a > b)),
    (">=", COMPARISON, |a, b| logic(a, b, a >= b)),
    ("==", COMPARISON, |a, b| logic(a, b, a == b)),
    ("!=", COMPARISON, |a, b| logic(a, b, a != b)),
    ("+", 5, |a, b| a + b),
    ("-", 5, |a, b| a - b),
    ("*", 6, |a, b| a * b),
    ("/", 6, |a, b| a / b),
    ("^", POWER, f64::powf),
];
type Apply = fn(f64, f64) -> f64;

const NOT: u8 = 3;
const COMPARISON: u8 = 4;
const SIGN: u8 = 7;
const POWER: u8 = 8;

/// Truth as a number; NaN where a side is.
fn logic(a: f64, b: f64, truth: bool) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { f64::from(u8::from(truth)) }
}

/// The steps of the formula `text` over the features of `world`.
pub(super) fn parse(text: &str, world: &World<'_>) -> Result<Vec<Step>, Flaw> {
    let mut parser = Parser { text, world, at: 0..0, token: Token::End, steps: Vec::new(), depth: 0 };
    parser.advance()?;
    if parser.token == Token::End {
        return Err(parser.flaw("is empty", "write one such as `1 + 2 * 3`"));
    }
    parser.terms(0)?;
    match parser.token {
        Token::End => Ok(parser.steps),
        _ => Err(parser.unexpected("an operator or the end")),
    }
}

struct Parser<'a> {
    text: &'a str,
    world: &'a World<'a>,
    /// The token, and its bytes.
    token: Token<'a>,
    at: Range<usize>,
    steps: Vec<Step>,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// Reads the next token.
    fn advance(&mut self) -> Result<(), Flaw> {
        let rest = self.text[self.at.end..].trim_start();
        let start = self.text.len() - rest.len();
        let letter = |c: char| c.is_alphanumeric() || c == '_';
        let mut chars = rest.chars();
        let (len, token) = match (chars.next(), chars.next()) {
            (None, _) => (0, Token::End),
            (Some(c), next) if c.is_ascii_digit() || c == '.' && next.is_some_and(|c| c.is_ascii_digit()) => {
                let len = number(rest);
                let Ok(number) = rest[..len].parse() else {
                    return Err(Flaw {
                        at: start..start + len,
                        message: "is no number".to_owned(),
                        hint: "write numbers such as `0.25` or `1e-3`, and products with `*`".to_owned(),
                    });
                };
                (len, Token::Number(number))
            }
            (Some(c), _) if letter(c) => {
                let len = rest.find(|c| !letter(c)).unwrap_or(rest.len());
                (len, Token::Name(&rest[..len]))
            }
            (Some(c), next) => {
                let two = matches!((c, next), ('<' | '>' | '=' | '!', Some('=')) | ('*', Some('*')));
                let len = c.len_utf8() + usize::from(two);
                (len, Token::Sign(&rest[..len]))
            }
        };
        (self.at, self.token) = (start..start + len, token);
        Ok(())
    }

    /// The flaw that the token is.
    fn flaw(&self, message: impl Into<String>, hint: &str) -> Flaw {
        Flaw { at: self.at.clone(), message: message.into(), hint: hint.to_owned() }
    }

    /// The token is not what can stand here.
    fn unexpected(&self, expected: &str) -> Flaw {
        let message = match self.token {
            Token::End => format!("ends where {expected} was expected"),
            _ => format!("stands where {expected} was expected"),
        };
        let hint = match self.token {
            Token::Sign("=") => "equality is written `==`",
            Token::Sign("**") => "powers are written `x^y`",
            Token::Sign("%") => "there is no remainder: write `x - y * floor(x / y)`",
            Token::Sign("&" | "|" | "!") => "logic is written `and`, `or` and `not`",
            Token::Sign("<" | "<=" | ">" | ">=" | "==" | "!=") if expected.starts_with("an operator") => {
                "comparisons do not chain: write `1 < x and x < 3`"
            }
            Token::Sign(",") => {
                "decimals are written with a point; commas separate the arguments of a function"
            }
            Token::Number(_) | Token::Name(_) | Token::Sign("(") => {
                "products are written with `*`, as in `2 * x`"
            }
            Token::Sign(")") => "every `)` belongs to a `(` before it",
            Token::End => "every `(` needs a `)`, and every operator something behind it",
            Token::Sign(_) => "there are `+ - * / ^`, comparisons, `and`, `or` and `not`",
        };
        self.flaw(message, hint)
    }

    /// Takes the sign, which must be there.
    fn sign(&mut self, sign: &str, expected: &str) -> Result<(), Flaw> {
        if self.token != Token::Sign(sign) {
            return Err(self.unexpected(expected));
        }
        self.advance()
    }

    /// Terms joined by operators that bind at least as strongly as `least`.
    fn terms(&mut self, least: u8) -> Result<(), Flaw> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("lies within more than {MAX_DEPTH} parentheses and signs");
            return Err(self.flaw(message, "write a formula with fewer of them"));
        }
        self.term()?;
        let mut comparable = true;
        while let Token::Name(operator) | Token::Sign(operator) = self.token {
            let Some(&(_, binds, apply)) = BETWEEN.iter().find(|(name, ..)| *name == operator) else { break };
            if binds < least || binds == COMPARISON && !comparable {
                break;
            }
            comparable = binds != COMPARISON;
            self.advance()?;
            self.terms(if binds == POWER { SIGN } else { binds + 1 })?;
            self.steps.push(Step::Two(apply));
        }
        self.depth -= 1;
        Ok(())
    }

    /// A number, a feature, a call, something in parentheses, or one of these behind a sign.
    fn term(&mut self) -> Result<(), Flaw> {
        match self.token {
            Token::Number(x) => {
                self.steps.push(Step::Number(x));
                self.advance()
            }
            Token::Sign("(") => {
                self.advance()?;
                self.terms(0)?;
                self.sign(")", "an operator or `)`")
            }
            Token::Sign("-") => {
                self.advance()?;
                self.terms(SIGN)?;
                self.steps.push(Step::One(|x| -x));
                Ok(())
            }
            Token::Sign("+") => {
                self.advance()?;
                self.terms(SIGN)
            }
            Token::Name("not") => {
                self.advance()?;
                self.terms(NOT)?;
                self.steps.push(Step::One(|x| logic(x, x, x == 0.0)));
                Ok(())
            }
            Token::Name(name) => self.name(name),
            _ => Err(self.unexpected("a number, a feature or a function")),
        }
    }

    fn name(&mut self, name: &'a str) -> Result<(), Flaw> {
        let named = self.at.clone();
        let function = FUNCTIONS.iter().find(|(known, ..)| *known == name);
        let features = self.world.features;
        let feature = features.iter().position(|feature| feature == name);
        self.advance()?;
        let wrong = |message: &str, hint| Err(Flaw { at: named.clone(), message: message.to_owned(), hint });
        match (function, feature, self.token == Token::Sign("(")) {
            (Some(&(_, arity, function)), _, true) => self.call(named, arity, function),
            (None, _, true) => {
                wrong("is no function", choices(name, "functions", FUNCTIONS.iter().map(|(name, ..)| *name)))
            }
            (_, Some(i), false) => {
                self.steps.push(Step::Feature(i));
                Ok(())
            }
            (Some(_), None, false) => wrong("is a function", format!("write `{name}(…)`")),
            (None, None, false) if name == "pi" => {
                self.steps.push(Step::Number(std::f64::consts::PI));
                Ok(())
            }
            (None, None, false) => {
                let what = format!("features of `{}`", self.world.spec.name);
                wrong("is no feature", choices(name, &what, features.iter().map(String::as_str)))
            }
        }
    }

    /// The arguments of a function, from `(` on; `named` is where its name stands.
    fn call(&mut self, named: Range<usize>, arity: Arity, function: Function) -> Result<(), Flaw> {
        self.advance()?;
        let mut n = 0;
        loop {
            self.terms(0)?;
            n += 1;
            if let (Function::Two(apply), true) = (function, n > 1) {
                self.steps.push(Step::Two(apply));
            }
            if self.token != Token::Sign(",") {
                break;
            }
            self.advance()?;
        }
        self.sign(")", "an operator, `,` or `)`")?;
        let (fits, wants) = match arity {
            Arity::Exactly(want) => (n == want, format!("{want}")),
            Arity::AtLeast(want) => (n >= want, format!("at least {want}")),
        };
        if !fits {
            let name = &self.text[named.clone()];
            let message = format!("has {n} argument{} instead of {wants}", if n == 1 { "" } else { "s" });
            let hint = match function {
                Function::One(_) => format!("write `{name}(x)`"),
                Function::Two(_) => format!("write `{name}(x, y)`"),
                Function::If => format!("write `{name}(condition, then, else)`"),
            };
            return Err(Flaw { at: named, message, hint });
        }
        match function {
            Function::One(apply) => self.steps.push(Step::One(apply)),
            Function::Two(_) => {}
            Function::If => self.steps.push(Step::If),
        }
        Ok(())
    }
}

/// Bytes of the number that `text` begins with: digits, points and letters, and the sign of an exponent.
fn number(text: &str) -> usize {
    let mut before = ' ';
    let ends = |(i, c): (usize, char)| {
        let sign = (c == '+' || c == '-') && (before == 'e' || before == 'E');
        before = c;
        (!sign && !c.is_alphanumeric() && c != '.' && c != '_').then_some(i)
    };
    text.char_indices().find_map(ends).unwrap_or(text.len())
}
