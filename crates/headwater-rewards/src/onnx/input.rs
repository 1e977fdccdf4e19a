//! Rows of a model's input, from objects.

use std::ops::Range;

use headwater_core::{Encoding, SettingError};

use super::InputForm;
use crate::{Forms, Objects, World};

/// Rows of input, in one buffer that is kept from batch to batch.
pub(super) enum Rows {
    /// For models that take f32.
    Reals(Vec<f32>),
    /// For models that take whole numbers.
    Tokens(Vec<i32>),
}

impl Rows {
    /// Has `n` rows of `width` numbers from now on: new ones repeat the last of the `written` rows there were.
    ///
    /// Requires a row.
    pub(super) fn pad(&mut self, written: usize, n: usize, width: usize) {
        let last = (written - 1) * width..written * width;
        for _ in written..n {
            match self {
                Self::Reals(x) => x.extend_from_within(last.clone()),
                Self::Tokens(x) => x.extend_from_within(last.clone()),
            }
        }
    }
}

/// How the objects of an environment become rows.
#[derive(Clone, Debug)]
pub(super) struct Input {
    form: InputForm,
    env: String,
    encoding: Encoding,
    n_features: usize,
}

impl Input {
    /// Rows of a form over a world.
    ///
    /// # Errors
    /// If the environment has no such form.
    pub(super) fn new(form: InputForm, world: &World<'_>) -> Result<Self, SettingError> {
        let (env, encoding) = (world.spec.name.clone(), world.spec.encoding);
        let new = Self { form, env, encoding, n_features: world.features.len() };
        let refused = match form {
            InputForm::Features if world.features.is_empty() => "no features",
            InputForm::Tokens if new.group().is_none() => "no positions with as many columns each",
            _ => return Ok(new),
        };
        let message = format!("`{}` gives no {}: `{}` has {refused}", form.name(), form.name(), new.env);
        Err(SettingError::at("encoding", message).hint(format!("{}; try `one-hot`", new.layout())))
    }

    /// The forms of objects that rows are made of.
    pub(super) fn forms(&self) -> Forms {
        match self.form {
            InputForm::OneHot | InputForm::Tokens => Forms::ROWS,
            InputForm::Features => Forms::FEATURES,
        }
    }

    /// Numbers per row.
    pub(super) fn width(&self) -> usize {
        match self.form {
            InputForm::OneHot => self.encoding.width(),
            InputForm::Tokens => self.encoding.active,
            InputForm::Features => self.n_features,
        }
    }

    /// The shape of a row as positions and columns of each, if it has them.
    pub(super) fn by_position(&self) -> Option<[usize; 2]> {
        let group = self.group().filter(|_| self.form == InputForm::OneHot)?;
        Some([self.encoding.active, group])
    }

    /// Does a model take whole numbers?
    pub(super) fn whole(&self) -> bool {
        self.form == InputForm::Tokens
    }

    /// An empty buffer.
    pub(super) fn rows(&self) -> Rows {
        if self.whole() { Rows::Tokens(Vec::new()) } else { Rows::Reals(Vec::new()) }
    }

    /// What a row consists of, in words.
    pub(super) fn layout(&self) -> String {
        let (env, Encoding { columns, active, reals, .. }) = (&self.env, self.encoding);
        match (self.form, self.group()) {
            (InputForm::Features, _) => format!("`{env}` has {} features", self.n_features),
            (_, Some(group)) => format!("`{env}` is encoded by {active} positions with {group} columns each"),
            _ => {
                format!("`{env}` is encoded by {columns} columns, {active} of them active, and {reals} reals")
            }
        }
    }

    /// Columns per position, where every active column belongs to one.
    fn group(&self) -> Option<usize> {
        let Encoding { columns, active, reals, .. } = self.encoding;
        (reals == 0 && active > 0 && columns % active == 0).then(|| columns / active)
    }

    /// Writes the rows of the objects `which` into `rows`, in place of what was there.
    ///
    /// # Errors
    /// If tokens are asked for and an active column is none of its position.
    pub(super) fn write(
        &self,
        objects: &Objects,
        which: Range<usize>,
        rows: &mut Rows,
    ) -> Result<(), String> {
        match rows {
            Rows::Reals(x) => {
                x.clear();
                self.reals(objects, which, x);
                Ok(())
            }
            Rows::Tokens(x) => {
                x.clear();
                self.tokens(objects, which, x)
            }
        }
    }

    fn reals(&self, objects: &Objects, which: Range<usize>, out: &mut Vec<f32>) {
        let width = self.width();
        let Some(encoded) = objects.rows().filter(|_| self.form == InputForm::OneHot) else {
            which.for_each(|i| out.extend(objects.features_of(i).iter().map(|&x| x as f32)));
            return;
        };
        out.resize(which.len() * width, 0.0);
        for (row, i) in out.chunks_exact_mut(width.max(1)).zip(which) {
            encoded.indices(i).iter().for_each(|&column| row[column as usize] = 1.0);
            row[self.encoding.columns..].copy_from_slice(encoded.reals(i));
        }
    }

    fn tokens(&self, objects: &Objects, which: Range<usize>, out: &mut Vec<i32>) -> Result<(), String> {
        let group = self.group().unwrap_or(1) as u32;
        let Some(encoded) = objects.rows() else { return Ok(()) };
        for i in which {
            for (position, &column) in (0..).zip(encoded.indices(i)) {
                let token = column.checked_sub(position * group).filter(|&token| token < group);
                let token = token.ok_or_else(|| {
                    format!(
                        "column {column} of `{}` is none of position {position}, so that it is no token",
                        self.env
                    )
                })?;
                out.push(token as i32);
            }
        }
        Ok(())
    }
}
