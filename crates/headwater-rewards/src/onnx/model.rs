//! A model in memory: what it takes, what it gives, and running it. Nothing else knows the runtime.

use std::sync::Arc;

use headwater_core::settings::File;
use headwater_core::{SettingError, listed};
use rten::{
    DataType, Dimension, LoadErrorKind, ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueType,
    ValueView,
};

use super::OnnxConfig;
use super::input::{Input, Rows};
use super::packed::Packed;
use super::wire;

/// Objects per run where the model takes any number: enough to pay for a run, few enough to stay in the caches.
const BATCH: usize = 256;

/// A model, one of its inputs and one column of one of its outputs.
pub(super) struct Model {
    net: rten::Model,
    form: Input,
    rows: Rows,
    input: NodeId,
    output: NodeId,
    column: usize,
    options: RunOptions,
    /// The shape of the input, of which the first dimension is set anew for every run.
    shape: Vec<usize>,
    /// The number of objects in every run, if it is always the same.
    fixed: Option<usize>,
}

/// An input or an output of a model.
struct Port<'a> {
    id: NodeId,
    name: &'a str,
    shape: Option<Vec<Dimension>>,
    kind: Option<ValueType>,
}

impl Model {
    /// Reads the model of a configuration, to be given rows of `input`.
    ///
    /// # Errors
    /// If the file is no model that the runtime can read, or the input or the output is not as it should be.
    pub(super) fn new(config: &OnnxConfig, input: &Input) -> Result<Self, SettingError> {
        let path = &config.model.path;
        let net = load(&config.model, config.weights.as_ref())?;
        let takes = choose(&net, path, "input", net.input_ids(), config.input.as_deref())?;
        let (shape, fixed) = check_input(path, &takes, input)?;
        let gives = choose(&net, path, "output", net.output_ids(), config.output.as_deref())?;
        check_output(path, &gives, config.column)?;
        let (form, rows) = (input.clone(), input.rows());
        let (input, output) = (takes.id, gives.id);
        let options = RunOptions::default()
            .with_thread_pool(Some(Arc::new(ThreadPool::with_num_threads(config.threads))));
        Ok(Self { net, form, rows, input, output, column: config.column, options, shape, fixed })
    }

    /// The most objects in one run.
    pub(super) fn batch(&self) -> usize {
        self.fixed.unwrap_or(BATCH)
    }

    /// Writes the scores of `out.len()` objects, of which there are at most [`Model::batch`].
    ///
    /// # Errors
    /// What the runtime says, or that the output has another shape than one row per object.
    pub(super) fn run(&mut self, packed: &Packed, out: &mut [f64]) -> Result<(), String> {
        if out.is_empty() {
            return Ok(());
        }
        let rows = &mut self.rows;
        let written = self.form.write(packed, rows).filter(|()| packed.n == out.len());
        written.ok_or_else(|| "the rows are not of the form that the model takes".to_owned())?;
        let n = self.fixed.unwrap_or(out.len());
        rows.pad(out.len(), n, self.shape[1..].iter().product());
        self.shape[0] = n;
        let view = match rows {
            Rows::Reals(x) => ValueView::from_shape(&self.shape, x).map_err(|e| e.to_string())?,
            Rows::Tokens(x) => ValueView::from_shape(&self.shape, x).map_err(|e| e.to_string())?,
        };
        let options = Some(self.options.clone());
        let [value] = self
            .net
            .run_n(vec![(self.input, view.into())], [self.output], options)
            .map_err(|e| e.to_string())?;
        match value {
            Value::FloatTensor(x) => pick(&x.into_data(), n, self.column, out, f64::from),
            Value::Int32Tensor(x) => pick(&x.into_data(), n, self.column, out, f64::from),
            _ => Err("the output has numbers of another type than f32".to_owned()),
        }
    }
}

/// Takes column `column` of `values`, `n` rows of them, as far as `out` goes.
fn pick<T: Copy>(
    values: &[T],
    n: usize,
    column: usize,
    out: &mut [f64],
    number: fn(T) -> f64,
) -> Result<(), String> {
    let columns = values.len() / n;
    if columns * n != values.len() || column >= columns {
        return Err(format!(
            "the output has {} numbers for {n} objects, and no column {column}",
            values.len()
        ));
    }
    let rows = values.chunks_exact(columns);
    out.iter_mut().zip(rows).for_each(|(score, row)| *score = number(row[column]));
    Ok(())
}

/// Looks at the file before the runtime does.
///
/// # Errors
/// If the bytes are not those of a model.
pub(super) fn check(model: &File) -> Result<(), SettingError> {
    wire::check(&model.bytes).map_err(|at| {
        let message = format!("`{}` is no ONNX model, or is damaged from byte {at} on", model.path);
        let hint = format!("it has {} bytes: was it copied to its end?", model.bytes.len());
        SettingError::at("model", message).hint(hint)
    })
}

fn load(model: &File, weights: Option<&File>) -> Result<rten::Model, SettingError> {
    check(model)?;
    let mut options = ModelOptions::with_all_ops();
    options.prepack_weights(true);
    if let Some(weights) = weights {
        // The model names the file as it lay beside it.
        let name = weights.path.rsplit(['/', '\\']).next().unwrap_or(&weights.path);
        options.external_data(name, weights.bytes.to_vec());
    }
    options.load(model.bytes.to_vec()).map_err(|e| {
        let hint = match e.kind() {
            LoadErrorKind::ExternalDataError => {
                "name the file of weights in `reward.weights`, or export with weights inside: \
                 `torch.onnx.export(…, external_data=False)`"
            }
            LoadErrorKind::OperatorInvalid => {
                "export with another `opset_version`, or without what the runtime `rten` does not have"
            }
            _ => "export the model again; `onnx.checker.check_model` says whether the file is whole",
        };
        SettingError::at("model", format!("`{}` cannot be read as an ONNX model: {e}", model.path)).hint(hint)
    })
}

/// The port called `name`, or the only one.
fn choose<'a>(
    net: &'a rten::Model,
    path: &str,
    what: &'static str,
    ids: &[NodeId],
    name: Option<&str>,
) -> Result<Port<'a>, SettingError> {
    let port = |&id: &NodeId| {
        let info = net.node_info(id)?;
        Some(Port { id, name: info.name().unwrap_or(""), shape: info.shape(), kind: info.dtype() })
    };
    let mut ports: Vec<Port<'a>> = ids.iter().filter_map(port).collect();
    let names = listed(ports.iter().map(|port| port.name));
    let found = match name {
        Some(name) => ports.iter().position(|port| port.name == name),
        None => (ports.len() == 1).then_some(0),
    };
    let Some(found) = found else {
        let message = match name {
            Some(name) => format!("`{path}` has no {what} `{name}`"),
            None => format!("`{path}` has {} {what}s", ports.len()),
        };
        let hint = match ports.len() {
            0 => format!("export a model with an {what}"),
            _ => format!("set `reward.{what}` to one of {names}"),
        };
        return Err(SettingError::at(if name.is_some() { what } else { "model" }, message).hint(hint));
    };
    Ok(ports.swap_remove(found))
}

/// The shape of the input for one object, and the number of objects if it is fixed.
fn check_input(
    path: &str,
    port: &Port<'_>,
    input: &Input,
) -> Result<(Vec<usize>, Option<usize>), SettingError> {
    let name = port.name;
    let refused = |message: String| {
        let message = format!("input `{name}` of `{path}` {message}");
        Err(SettingError::at("model", message).hint(input.layout()))
    };
    let (whole, width) = (input.whole(), input.width());
    let kind = if whole { DataType::Int32 } else { DataType::Float };
    if port.kind.is_some_and(|given| given != ValueType::Tensor(kind)) {
        let (takes, gives) = if whole { ("f32", "int64") } else { ("whole numbers", "f32") };
        let message =
            format!("input `{name}` of `{path}` takes {takes}, and `reward.encoding` gives {gives}");
        return Err(SettingError::at("encoding", message).hint(if whole {
            "`one-hot` and `features` give f32"
        } else {
            "`tokens` gives whole numbers"
        }));
    }
    let Some(dims) = &port.shape else { return Ok((vec![1, width], None)) };
    let row = match (dims.len(), input.by_position()) {
        (2, _) => vec![width],
        (3, Some(by_position)) => by_position.to_vec(),
        (rank, by_position) => {
            let or = if by_position.is_some() { " or 3" } else { "" };
            return refused(format!("has {rank} dimensions instead of 2{or}: objects, and numbers of each"));
        }
    };
    let fits = |(dim, &n): (&Dimension, &usize)| {
        matches!(dim, Dimension::Symbolic(_)) || *dim == Dimension::Fixed(n)
    };
    if !dims[1..].iter().zip(&row).all(fits) {
        let takes = times(dims[1..].iter().map(|dim| match dim {
            Dimension::Fixed(n) => n.to_string(),
            Dimension::Symbolic(name) => name.clone(),
        }));
        let gives = times(row.iter().map(usize::to_string));
        return refused(format!("takes {takes} numbers per object, and there are {gives}"));
    }
    let fixed = match dims[0] {
        Dimension::Fixed(0) => return refused("takes no objects".to_owned()),
        Dimension::Fixed(n) => Some(n),
        Dimension::Symbolic(_) => None,
    };
    Ok(([1].into_iter().chain(row).collect(), fixed))
}

fn times(numbers: impl Iterator<Item = String>) -> String {
    numbers.collect::<Vec<_>>().join(" × ")
}

fn check_output(path: &str, port: &Port<'_>, column: usize) -> Result<(), SettingError> {
    let Some(dims) = &port.shape else { return Ok(()) };
    let columns = match dims.as_slice() {
        [_] => 1,
        [_, Dimension::Fixed(columns)] => *columns,
        [_, Dimension::Symbolic(_)] => return Ok(()),
        _ => {
            let n = dims.len();
            let message = format!("output `{}` of `{path}` has {n} dimensions instead of 1 or 2", port.name);
            return Err(SettingError::at("model", message).hint("a row, or a number, per object is expected"));
        }
    };
    if column < columns {
        return Ok(());
    }
    let message = format!("there is no column `{column}`: output `{}` of `{path}` has {columns}", port.name);
    Err(SettingError::at("column", message).hint("columns are counted from 0"))
}
