//! Parquet: a column of strings and one of numbers, read side by side.

mod thrift;
mod trust;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use ::parquet::basic::{Compression, ConvertedType, Type};
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use ::parquet::data_type::{ByteArrayType, DataType};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::RowGroupMetaData;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::schema::types::ColumnDescriptor;
use bytes::Bytes;
use headwater_core::SettingError;

use self::trust::{Claims, Guarded};
use super::reader::{Each, Reader};

/// Rows that are read at once.
const BATCH: usize = 4096;

/// Bytes of texts that are read at once, where a text repeats the one before it.
const REPEATED: usize = 1 << 26;

/// How many times as large as their pages such texts can be.
const MOST_REPEATED: u64 = 1000;

/// Hands over every row.
pub(super) fn rows(reader: &Reader<'_>, each: &mut Each<'_>) -> Result<(), SettingError> {
    // The library panics at some files that are broken, and bad input is no reason to. What was taken so far is dropped.
    std::panic::catch_unwind(AssertUnwindSafe(|| read(reader, each))).unwrap_or_else(|_| {
        let error = reader.fault("path", "the file is broken: its parts contradict each other");
        Err(error.hint(AGAIN))
    })
}

fn read(reader: &Reader<'_>, each: &mut Each<'_>) -> Result<(), SettingError> {
    let broken = |error: ParquetError| reader.fault("path", error);
    let bytes = Bytes::from_owner(Shared(Arc::clone(&reader.config.path.bytes)));
    trust::footer(&bytes).map_err(|message| reader.fault("path", message).hint(AGAIN))?;
    let file = SerializedFileReader::new(bytes.clone()).map_err(|e| {
        let hint = "it should begin and end with the letters `PAR1`; perhaps it was not written to its end";
        broken(e).hint(hint)
    })?;
    let schema = file.metadata().file_metadata().schema_descr();
    let names: Vec<String> = schema.columns().iter().map(|c| c.path().string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let object = reader.column(&names, "object", &reader.config.object)?;
    let score = reader.column(&names, "score", &reader.config.score)?;
    let (objects, scores) = (schema.column(object), schema.column(score));
    if !holds_strings(&objects) {
        return Err(misfit(reader, "object", &objects, "strings"));
    }
    if !holds_numbers(&scores) {
        return Err(misfit(reader, "score", &scores, "floating-point numbers or signed integers"));
    }
    let claims = claims(reader, &file, &bytes, [object, score])?;
    let batch = match (claims.prefixes, usize::try_from(claims.largest)) {
        (true, Ok(largest)) => (REPEATED / largest.max(1)).clamp(16, BATCH),
        _ => BATCH,
    };
    // Different texts are no more bytes than their pages, unless they repeat each other.
    let mut room = claims.bytes.saturating_mul(if claims.prefixes { MOST_REPEATED } else { 1 });
    let mut row = 0;
    for i in 0..file.num_row_groups() {
        let group = file.get_row_group(i).map_err(broken)?;
        let pages = group.get_column_page_reader(object).map_err(broken)?;
        let texts = get_column_reader(Arc::clone(&objects), Box::new(Guarded::new(pages, &objects)));
        let numbers = group.get_column_reader(score).map_err(broken)?;
        let Some(mut texts) = strings(texts, objects.max_def_level()) else {
            return Err(misfit(reader, "object", &objects, "strings"));
        };
        let Some(mut numbers) = floats(numbers, scores.max_def_level()) else {
            return Err(misfit(reader, "score", &scores, "floating-point numbers or signed integers"));
        };
        let (mut some_texts, mut some_numbers) = (Vec::new(), Vec::new());
        loop {
            texts.next(batch, &mut some_texts).map_err(broken)?;
            numbers(batch, &mut some_numbers).map_err(broken)?;
            if some_texts.len() != some_numbers.len() {
                return Err(reader.error("path", row, "the two columns have different numbers of rows"));
            }
            if some_texts.is_empty() {
                break;
            }
            for (text, number) in some_texts.iter().zip(&some_numbers) {
                let text = text.as_ref().ok_or_else(|| {
                    reader.error("path", row, "the object is null").hint("remove the row, or name the object")
                })?;
                let text = std::str::from_utf8(text.data())
                    .map_err(|_| reader.error("path", row, "the object is not text in UTF-8"))?;
                let Some(left) = room.checked_sub(text.len() as u64) else {
                    return Err(reader.error("path", row, REPEATS).hint(ONCE));
                };
                room = left;
                let number = number.ok_or_else(|| {
                    let hint = "remove the row if the object has no score";
                    reader.no_number(text, "null", row).hint(hint)
                })?;
                each(text, reader.finite(text, number, row)?, row);
                row += 1;
            }
        }
    }
    Ok(())
}

const AGAIN: &str = "write it again";
const REPEATS: &str = "objects are there again and again";
const ONCE: &str = "an object has one score: keep one of its rows";

/// What the two columns say of themselves, if it can be.
fn claims(
    reader: &Reader<'_>,
    file: &SerializedFileReader<Bytes>,
    bytes: &[u8],
    [object, score]: [usize; 2],
) -> Result<Claims, SettingError> {
    let mut all = Claims::default();
    for (i, group) in file.metadata().row_groups().iter().enumerate() {
        for column in [object, score] {
            readable(reader, group, column)?;
            let chunk = group.column(column);
            let name = || headwater_core::excerpt(&chunk.column_path().string()).into_owned();
            let claims = trust::pages(bytes, chunk).map_err(|message| {
                let place = format!("column `{}` of row group {}", name(), i + 1);
                reader.fault("path", format!("{place} is broken: {message}")).hint(AGAIN)
            })?;
            if column == object {
                all.add(claims);
            }
        }
    }
    // A text takes a byte of its page at least, or is shorter than the one before it: then that one took more.
    if all.values > 2 * all.bytes + 1 {
        let message =
            format!("there are {} rows, and their objects have {} bytes in all", all.values, all.bytes);
        return Err(reader.fault("path", message).hint(ONCE));
    }
    Ok(all)
}

/// The bytes of a file, without a copy.
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn holds_strings(column: &ColumnDescriptor) -> bool {
    let kind = column.converted_type();
    column.max_rep_level() == 0
        && column.physical_type() == Type::BYTE_ARRAY
        && matches!(kind, ConvertedType::NONE | ConvertedType::UTF8 | ConvertedType::ENUM)
}

fn holds_numbers(column: &ColumnDescriptor) -> bool {
    use ConvertedType::{INT_8, INT_16, INT_32, INT_64, NONE, UINT_8, UINT_16};
    column.max_rep_level() == 0
        && matches!(column.physical_type(), Type::DOUBLE | Type::FLOAT | Type::INT64 | Type::INT32)
        && matches!(column.converted_type(), NONE | INT_8 | INT_16 | INT_32 | INT_64 | UINT_8 | UINT_16)
}

fn misfit(
    reader: &Reader<'_>,
    field: &'static str,
    column: &ColumnDescriptor,
    expected: &str,
) -> SettingError {
    let lists = if column.max_rep_level() > 0 { "lists of " } else { "" };
    let kind = match column.converted_type() {
        ConvertedType::NONE => column.physical_type().to_string(),
        other => other.to_string(),
    };
    let message = format!("column `{}` holds {lists}{kind} instead of {expected}", column.path().string());
    reader.fault(field, message)
}

/// Is the column compressed in a way that is known here?
fn readable(reader: &Reader<'_>, group: &RowGroupMetaData, column: usize) -> Result<(), SettingError> {
    let column = group.column(column);
    let codec = match column.compression() {
        Compression::ZSTD(_) => "Zstandard",
        Compression::BROTLI(_) => "Brotli",
        Compression::LZO => "LZO",
        _ => return Ok(()),
    };
    let name = column.column_path().string();
    let error =
        reader.fault("path", format!("column `{name}` is compressed with {codec}, which is not read here"));
    Err(error.hint("write the file again with the compression `snappy`, `lz4`, `gzip` or none"))
}

/// A column of a row group.
struct Column<T: DataType> {
    reader: ColumnReaderImpl<T>,
    /// The level of a value that is not null; 0 if none can be.
    defined: i16,
    values: Vec<T::T>,
    levels: Vec<i16>,
}

impl<T: DataType> Column<T> {
    fn new(reader: ColumnReaderImpl<T>, defined: i16) -> Self {
        Self { reader, defined, values: Vec::new(), levels: Vec::new() }
    }

    /// The next values instead of those in `out`, `batch` at most and none at the end; a null is `None`.
    fn next(&mut self, batch: usize, out: &mut Vec<Option<T::T>>) -> Result<(), ParquetError> {
        self.values.clear();
        self.levels.clear();
        out.clear();
        self.reader.read_records(batch, Some(&mut self.levels), None, &mut self.values)?;
        let mut values = self.values.drain(..);
        if self.defined == 0 {
            out.extend(values.map(Some));
        } else {
            out.extend(self.levels.iter().map(|&l| if l == self.defined { values.next() } else { None }));
        }
        Ok(())
    }
}

fn strings(column: ColumnReader, defined: i16) -> Option<Column<ByteArrayType>> {
    match column {
        ColumnReader::ByteArrayColumnReader(reader) => Some(Column::new(reader, defined)),
        _ => None,
    }
}

/// As [`Column::next`], of numbers of any type.
type Floats = Box<dyn FnMut(usize, &mut Vec<Option<f64>>) -> Result<(), ParquetError>>;

fn floats(column: ColumnReader, defined: i16) -> Option<Floats> {
    fn converted<T: DataType>(
        reader: ColumnReaderImpl<T>,
        defined: i16,
        to_f64: impl Fn(T::T) -> f64 + 'static,
    ) -> Floats
    where
        ColumnReaderImpl<T>: 'static,
    {
        let mut column = Column::new(reader, defined);
        let mut values = Vec::new();
        Box::new(move |batch, out| {
            column.next(batch, &mut values)?;
            out.clear();
            out.extend(values.drain(..).map(|value| value.map(&to_f64)));
            Ok(())
        })
    }
    Some(match column {
        ColumnReader::DoubleColumnReader(reader) => converted(reader, defined, |x| x),
        ColumnReader::FloatColumnReader(reader) => converted(reader, defined, f64::from),
        ColumnReader::Int64ColumnReader(reader) => converted(reader, defined, |i| i as f64),
        ColumnReader::Int32ColumnReader(reader) => converted(reader, defined, f64::from),
        _ => return None,
    })
}
