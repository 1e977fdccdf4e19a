//! A test vector: what a model must answer, written by whoever exported it.

use headwater_core::SettingError;
use headwater_core::settings::File;
use serde_json::Value as Json;

use headwater_core::nearest;

/// Objects with their scores, and rows of input with their outputs; one of them at least.
pub(super) struct Vector {
    pub(super) path: String,
    pub(super) objects: Vec<String>,
    pub(super) scores: Vec<f64>,
    pub(super) inputs: Vec<Vec<f64>>,
    pub(super) outputs: Vec<f64>,
}

const KEYS: [&str; 4] = ["objects", "scores", "inputs", "outputs"];

impl Vector {
    /// Reads a test vector; of outputs with several columns, `column`.
    ///
    /// # Errors
    /// If the file is no JSON, has other keys or other values than these, lists of unequal length, or nothing to test.
    pub(super) fn read(file: &File, column: usize) -> Result<Self, SettingError> {
        let text = file.text().map_err(|e| e.of("test"))?;
        let shape = r#"write {"objects": ["…", …], "scores": [0.5, …]}, or `inputs` and `outputs`"#;
        let wrong = |message: String| SettingError::at("test", message).hint(shape);
        let json: Json = serde_json::from_str(text).map_err(|e| {
            let (line, what) = (e.line().max(1), e.to_string());
            let what = what.split(" at line").next().unwrap_or(&what).to_owned();
            wrong(format!("{}:{line}: the test vector is no JSON: {what}", file.path))
        })?;
        let Json::Object(map) = json else {
            return Err(wrong(format!("`{}` is no JSON object", file.path)));
        };
        if let Some(key) = map.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let near = nearest(key, KEYS).map_or(String::new(), |n| format!("did you mean `{n}`? "));
            let message = format!("`{}` has the unknown key `{key}`", file.path);
            return Err(SettingError::at("test", message).hint(format!("{near}{shape}")));
        }
        let list = |key: &str| match map.get(key) {
            None => Ok(&[][..]),
            Some(Json::Array(items)) => Ok(&items[..]),
            Some(_) => Err(wrong(format!("`{key}` of `{}` is no list", file.path))),
        };
        let other = |key: &str, item: &Json, want: &str| {
            wrong(format!("`{}` in `{key}` of `{}` is no {want}", shortened(item), file.path))
        };
        let number = |key: &str, item: &Json| item.as_f64().ok_or_else(|| other(key, item, "number"));
        let string =
            |item: &Json| item.as_str().map(str::to_owned).ok_or_else(|| other("objects", item, "string"));
        let row = |item: &Json| match item {
            Json::Array(row) => row.iter().map(|x| number("inputs", x)).collect(),
            _ => Err(other("inputs", item, "list of numbers")),
        };
        let output = |item: &Json| match item {
            Json::Array(row) => match row.get(column) {
                Some(x) => number("outputs", x),
                None => Err(other("outputs", item, &format!("list with a column {column}"))),
            },
            item => number("outputs", item),
        };
        let new = Self {
            path: file.path.clone(),
            objects: list("objects")?.iter().map(string).collect::<Result<_, _>>()?,
            scores: list("scores")?.iter().map(|item| number("scores", item)).collect::<Result<_, _>>()?,
            inputs: list("inputs")?.iter().map(row).collect::<Result<_, _>>()?,
            outputs: list("outputs")?.iter().map(output).collect::<Result<_, _>>()?,
        };
        for (keys, a, b) in [
            (["objects", "scores"], new.objects.len(), new.scores.len()),
            (["inputs", "outputs"], new.inputs.len(), new.outputs.len()),
        ] {
            if a != b {
                let [x, y] = keys;
                return Err(wrong(format!("`{}` has {a} `{x}` and {b} `{y}`", file.path)));
            }
        }
        if new.objects.is_empty() && new.inputs.is_empty() {
            return Err(wrong(format!("`{}` tests nothing", file.path)));
        }
        Ok(new)
    }

    /// Compares what the model found with what was expected, one of each per name.
    ///
    /// # Errors
    /// With the worst, if any differs by more than `tolerance`, relative to expected values above 1.
    pub(super) fn compare(
        &self,
        model: &str,
        name: impl Fn(usize) -> String,
        expected: &[f64],
        found: &[f64],
        tolerance: f64,
    ) -> Result<(), SettingError> {
        let off = |(e, f): (&f64, &f64)| {
            let off = (e - f).abs() / e.abs().max(1.0);
            if off.is_nan() { f64::INFINITY } else { off }
        };
        let offs: Vec<f64> = expected.iter().zip(found).map(off).collect();
        let wrong = offs.iter().filter(|&&off| off > tolerance).count();
        let Some(worst) = (0..offs.len()).max_by(|&a, &b| offs[a].total_cmp(&offs[b])).filter(|_| wrong > 0)
        else {
            return Ok(());
        };
        let message = format!(
            "`{model}` does not pass its test: {} has {} where `{}` expects {}, and {wrong} of {} differ by more than \
             {tolerance:e}",
            name(worst),
            found[worst] as f32,
            self.path,
            expected[worst] as f32,
            offs.len(),
        );
        let hint = "an exporter can change a model without an error: `torch.onnx.export(…, dynamo=False)` loses the \
                    sum of `index_add` and of its like, `dynamo=True` keeps it; or the model was trained on objects \
                    that are encoded otherwise: see `reward.encoding`";
        Err(SettingError::at("test", message).hint(hint))
    }
}

/// A value, or its beginning if it is long.
fn shortened(item: &Json) -> String {
    let text = item.to_string();
    match text.char_indices().nth(30) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
