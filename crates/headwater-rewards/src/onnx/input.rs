//! Rows of a model's input, from objects.

use std::ops::Range;

use headwater_core::{Encoding, SettingError};
use serde_json::{Value as Json, json};

use super::InputForm;
use super::packed::Packed;
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

    /// The form.
    #[cfg(unix)]
    pub(super) fn form(&self) -> InputForm {
        self.form
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

    /// Takes the objects `which` instead of what was in `packed`.
    ///
    /// # Errors
    /// If tokens are asked for and an active column is none of its position.
    pub(super) fn pack(
        &self,
        objects: &Objects,
        which: Range<usize>,
        packed: &mut Packed,
    ) -> Result<(), String> {
        packed.clear(which.len());
        match (self.form, objects.rows()) {
            (InputForm::Features, _) | (_, None) => {
                which.for_each(|i| packed.reals.extend(objects.features_of(i).iter().map(|&x| x as f32)));
            }
            (InputForm::OneHot, Some(encoded)) => which.for_each(|i| {
                packed.columns.extend_from_slice(encoded.indices(i));
                packed.reals.extend_from_slice(encoded.reals(i));
            }),
            (InputForm::Tokens, Some(encoded)) => {
                let group = self.group().unwrap_or(1) as u32;
                for i in which {
                    for (position, &column) in (0..).zip(encoded.indices(i)) {
                        let token = column.checked_sub(position * group).filter(|&token| token < group);
                        packed.columns.push(token.ok_or_else(|| self.no_token(column, position))?);
                    }
                }
            }
        }
        Ok(())
    }

    fn no_token(&self, column: u32, position: u32) -> String {
        format!("column {column} of `{}` is none of position {position}, so that it is no token", self.env)
    }

    /// Takes rows of a test vector instead of what was in `packed`; each has [`Input::width`] numbers.
    pub(super) fn pack_rows(&self, rows: &[Vec<f64>], packed: &mut Packed) {
        packed.clear(rows.len());
        packed.written_out = true;
        let numbers = rows.iter().flatten();
        if self.whole() {
            packed.columns.extend(numbers.map(|&x| x as i32 as u32));
        } else {
            packed.reals.extend(numbers.map(|&x| x as f32));
        }
    }

    /// Writes packed objects out as rows, in place of what was in `rows`. `None` if they are not of this form.
    pub(super) fn write(&self, packed: &Packed, rows: &mut Rows) -> Option<()> {
        let (n, width) = (packed.n, self.width());
        let Encoding { columns, active, reals, .. } = self.encoding;
        match rows {
            Rows::Tokens(x) => {
                x.clear();
                x.extend(packed.columns.iter().map(|&token| token as i32));
                (x.len() == n.checked_mul(width)?).then_some(())
            }
            Rows::Reals(x) if packed.written_out || self.form == InputForm::Features => {
                x.clone_from(&packed.reals);
                (x.len() == n.checked_mul(width)?).then_some(())
            }
            Rows::Reals(x) => {
                let fits = packed.columns.len() == n.checked_mul(active)?
                    && packed.reals.len() == n.checked_mul(reals)?;
                if !fits {
                    return None;
                }
                x.clear();
                x.resize(n * width, 0.0);
                for (i, row) in x.chunks_exact_mut(width.max(1)).enumerate() {
                    for &column in &packed.columns[i * active..(i + 1) * active] {
                        *row.get_mut(column as usize)? = 1.0;
                    }
                    row[columns..].copy_from_slice(&packed.reals[i * reals..(i + 1) * reals]);
                }
                Some(())
            }
        }
    }

    /// All of it, for another process.
    #[cfg(unix)]
    pub(super) fn to_json(&self) -> Json {
        let Encoding { columns, active, reals, .. } = self.encoding;
        json!({
            "form": self.form.name(), "env": self.env, "columns": columns, "active": active, "reals": reals,
            "features": self.n_features,
        })
    }

    /// What [`Input::to_json`] wrote.
    #[cfg(unix)]
    pub(super) fn from_json(json: &Json) -> Option<Self> {
        let number = |key: &str| usize::try_from(json[key].as_u64()?).ok();
        let form = [InputForm::OneHot, InputForm::Tokens, InputForm::Features];
        Some(Self {
            form: form.into_iter().find(|form| Some(form.name()) == json["form"].as_str())?,
            env: json["env"].as_str()?.to_owned(),
            encoding: Encoding::new(number("columns")?, number("active")?, number("reals")?),
            n_features: number("features")?,
        })
    }
}
