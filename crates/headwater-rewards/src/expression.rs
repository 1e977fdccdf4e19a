//! Scores by a formula over the environment's features: `exp(-abs(length - 5)) * (1 + count_a)`.
//!
//! **Grammar**, from what binds least: `or`; `and`; `not x`; one of `<`, `<=`, `>`, `>=`, `==`, `!=`; `+`, `-`; `*`, `/`;
//! `-x`; `x^y`, from the right. So `-x^2` is −(x²), as in mathematics. A number is `2`, `0.5` or `1e-3`; a name is a
//! feature, or `pi`. What is true is 1, what is false 0, and everything but 0 counts as true.
//!
//! **Functions**: see [`FUNCTIONS`]. All of their arguments are computed; `if` takes one of two numbers.
//!
//! Arithmetic is that of f64: `ln(0)` is −∞, `0/0` NaN. A NaN is handed on, by `min`, `max` and comparisons too, so that
//! the scorer can name the object whose score is none.

mod parse;

use headwater_core::SettingError;
use headwater_core::settings::settings;

use crate::{Forms, Objects, Oracle, RewardError, World};

settings! {
    /// Settings of an [`Expression`].
    pub struct ExpressionConfig {
        /// A formula over the features of the environment, such as `exp(-abs(length - 5))`; `headwater show` lists an
        /// environment's features. There are `+ - * / ^`, comparisons, `and`, `or`, `not`, `pi`, `abs`, `exp`, `ln`,
        /// `log10`, `sqrt`, `sin`, `cos`, `tanh`, `floor`, `ceil`, `round`, `min`, `max` and `if(condition, then, else)`.
        expression: String, Kind::Text;
    }
}

/// The functions, each with how many arguments it takes.
const FUNCTIONS: &[(&str, Arity, Function)] = &[
    ("abs", Arity::Exactly(1), Function::One(f64::abs)),
    ("ceil", Arity::Exactly(1), Function::One(f64::ceil)),
    ("cos", Arity::Exactly(1), Function::One(f64::cos)),
    ("exp", Arity::Exactly(1), Function::One(f64::exp)),
    ("floor", Arity::Exactly(1), Function::One(f64::floor)),
    ("if", Arity::Exactly(3), Function::If),
    ("ln", Arity::Exactly(1), Function::One(f64::ln)),
    ("log10", Arity::Exactly(1), Function::One(f64::log10)),
    ("max", Arity::AtLeast(2), Function::Two(|a, b| if a >= b || a.is_nan() { a } else { b })),
    ("min", Arity::AtLeast(2), Function::Two(|a, b| if a <= b || a.is_nan() { a } else { b })),
    ("round", Arity::Exactly(1), Function::One(f64::round)),
    ("sin", Arity::Exactly(1), Function::One(f64::sin)),
    ("sqrt", Arity::Exactly(1), Function::One(f64::sqrt)),
    ("tanh", Arity::Exactly(1), Function::One(f64::tanh)),
];

/// How many arguments a function takes.
#[derive(Clone, Copy)]
enum Arity {
    Exactly(usize),
    AtLeast(usize),
}

/// What a function does with the numbers on the stack.
#[derive(Clone, Copy)]
enum Function {
    One(fn(f64) -> f64),
    /// Folds any number of arguments, from the left.
    Two(fn(f64, f64) -> f64),
    If,
}

/// An instruction of a stack machine.
#[derive(Clone, Copy)]
enum Step {
    /// Pushes a number.
    Number(f64),
    /// Pushes a feature.
    Feature(usize),
    /// Replaces the top.
    One(fn(f64) -> f64),
    /// Replaces the top two by one.
    Two(fn(f64, f64) -> f64),
    /// Replaces a condition and two numbers by one of these.
    If,
}

/// A formula, parsed once; a score does not allocate.
pub struct Expression {
    steps: Vec<Step>,
    /// As deep as the formula needs.
    stack: Vec<f64>,
}

impl Expression {
    /// Parses the formula.
    ///
    /// # Errors
    /// At the first character that does not belong there, or the first name that no feature has.
    pub fn new(config: &ExpressionConfig, world: &World<'_>) -> Result<Self, SettingError> {
        let text = config.expression.as_str();
        let steps = parse::parse(text, world).map_err(|flaw| flaw.shown(text))?;
        let depths = steps.iter().scan(0usize, |depth, step| {
            match step {
                Step::Number(_) | Step::Feature(_) => *depth += 1,
                Step::One(_) => {}
                Step::Two(_) => *depth -= 1,
                Step::If => *depth -= 2,
            }
            Some(*depth)
        });
        let deepest = depths.max().unwrap_or(0);
        Ok(Self { steps, stack: vec![0.0; deepest] })
    }

    /// The value for these features, one per name of the world that the formula was parsed in.
    pub fn value(&mut self, features: &[f64]) -> f64 {
        let stack = &mut self.stack[..];
        let mut top = 0;
        for step in &self.steps {
            match *step {
                Step::Number(x) => {
                    stack[top] = x;
                    top += 1;
                }
                Step::Feature(i) => {
                    stack[top] = features[i];
                    top += 1;
                }
                Step::One(f) => stack[top - 1] = f(stack[top - 1]),
                Step::Two(f) => {
                    top -= 1;
                    stack[top - 1] = f(stack[top - 1], stack[top]);
                }
                Step::If => {
                    top -= 2;
                    let [condition, then, otherwise] = [stack[top - 1], stack[top], stack[top + 1]];
                    stack[top - 1] = match condition {
                        c if c.is_nan() => c,
                        0.0 => otherwise,
                        _ => then,
                    };
                }
            }
        }
        stack[0]
    }
}

impl Oracle for Expression {
    fn forms(&self) -> Forms {
        Forms::FEATURES
    }

    fn score(&mut self, objects: &Objects, out: &mut [f64]) -> Result<(), RewardError> {
        for (i, score) in out.iter_mut().enumerate() {
            *score = self.value(objects.features_of(i));
        }
        Ok(())
    }
}
