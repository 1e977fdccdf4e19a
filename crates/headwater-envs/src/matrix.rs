//! Matrices of numbers from files without a header.

use headwater_core::SettingError;
use headwater_core::settings::File;

/// The rows of numbers of a file, each with its line; blank lines are passed over.
pub(crate) fn read_rows(field: &'static str, file: &File) -> Result<Vec<(usize, Vec<f64>)>, SettingError> {
    let lines = file.text().map_err(|e| e.of(field))?.lines().zip(1..);
    let rows = lines.filter(|(text, _)| !text.trim().is_empty()).map(|(text, line)| {
        let mut column = 1;
        let read = |number: &str| {
            let at = column + number.chars().take_while(|c| c.is_whitespace()).count();
            column += number.chars().count() + 1;
            match number.trim().parse::<f64>() {
                Ok(x) if x.is_finite() => Ok(x),
                _ => {
                    let number = number.trim();
                    let message = format!("{}:{line}:{at}: `{number}` is not a finite number", file.path);
                    let hint = "write numbers only, separated by commas, without a header";
                    Err(SettingError::at(field, message).hint(hint))
                }
            }
        };
        Ok((line, text.split(',').map(read).collect::<Result<_, _>>()?))
    });
    rows.collect()
}

/// The matrix of a file, row by row, which must have this shape.
pub(crate) fn read(
    field: &'static str,
    file: &File,
    rows: usize,
    columns: usize,
) -> Result<Vec<f64>, SettingError> {
    let found = read_rows(field, file)?;
    let expected = format!("`{}` is to have {rows} rows of {columns} numbers", file.path);
    if let Some((line, row)) = found.iter().find(|(_, row)| row.len() != columns) {
        return Err(SettingError::at(field, format!("{expected}, and line {line} has {}", row.len())));
    }
    if found.len() != rows {
        return Err(SettingError::at(field, format!("{expected}, and has {} rows", found.len())));
    }
    Ok(found.into_iter().flat_map(|(_, row)| row).collect())
}
