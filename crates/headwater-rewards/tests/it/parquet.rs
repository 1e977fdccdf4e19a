//! Tables in Parquet.

use std::sync::Arc;

use headwater_core::SettingError;
use headwater_core::settings::File;
use headwater_rewards::Table;
use parquet::basic::{Compression, Encoding, GzipLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::file_config;

/// Values of a column, without its nulls.
#[derive(Clone)]
enum Values<'a> {
    Texts(&'a [&'a str]),
    F64(&'a [f64]),
    F32(&'a [f32]),
    I64(&'a [i64]),
    I32(&'a [i32]),
}

/// Levels of a column: of definition, and of repetition.
type Levels<'a> = (Option<&'a [i16]>, Option<&'a [i16]>);

const PLAIN: Levels<'static> = (None, None);

fn write(
    schema: &str,
    groups: &[&[(Values<'_>, Levels<'_>)]],
    change: impl Fn(
        parquet::file::properties::WriterPropertiesBuilder,
    ) -> parquet::file::properties::WriterPropertiesBuilder,
) -> Vec<u8> {
    let schema =
        Arc::new(parse_message_type(&format!("message m {{ {schema} }}")).expect("the file can be written"));
    let properties = Arc::new(change(WriterProperties::builder()).build());
    let mut out = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut out, schema, properties).expect("the file can be written");
    for group in groups {
        let mut rows = writer.next_row_group().expect("the file can be written");
        for (values, (defined, repeated)) in *group {
            let mut column =
                rows.next_column().expect("the file can be written").expect("the file can be written");
            match (column.untyped(), values) {
                (ColumnWriter::ByteArrayColumnWriter(w), Values::Texts(v)) => {
                    let v: Vec<ByteArray> = v.iter().map(|t| ByteArray::from(*t)).collect();
                    w.write_batch(&v, *defined, *repeated)
                }
                (ColumnWriter::DoubleColumnWriter(w), Values::F64(v)) => {
                    w.write_batch(v, *defined, *repeated)
                }
                (ColumnWriter::FloatColumnWriter(w), Values::F32(v)) => w.write_batch(v, *defined, *repeated),
                (ColumnWriter::Int64ColumnWriter(w), Values::I64(v)) => w.write_batch(v, *defined, *repeated),
                (ColumnWriter::Int32ColumnWriter(w), Values::I32(v)) => w.write_batch(v, *defined, *repeated),
                _ => panic!("values of another type than the schema's"),
            }
            .expect("the file can be written");
            column.close().expect("the file can be written");
        }
        rows.close().expect("the file can be written");
    }
    writer.close().expect("the file can be written");
    out
}

fn read(bytes: &[u8]) -> Result<Table, SettingError> {
    Table::new(&file_config(File::new("t.parquet", bytes)))
}

const STRINGS: &str = "required binary object (UTF8);";

#[test]
fn numbers_of_every_type_in_several_groups_and_compressions_are_read() {
    let doubles = (Values::F64(&[1.5, -2e-300]), PLAIN, [1.5, -2e-300]);
    let floats = (Values::F32(&[0.1, 3.0]), PLAIN, [f64::from(0.1f32), 3.0]);
    let longs = (Values::I64(&[-5, 1 << 40]), PLAIN, [-5.0, 1_099_511_627_776.0]);
    let ints = (Values::I32(&[7, -8]), PLAIN, [7.0, -8.0]);
    for (kind, (values, levels, expected)) in
        [("double", doubles), ("float", floats), ("int64", longs), ("int32", ints)]
    {
        for compression in [
            Compression::UNCOMPRESSED,
            Compression::SNAPPY,
            Compression::LZ4,
            Compression::LZ4_RAW,
            Compression::GZIP(GzipLevel::default()),
        ] {
            for dictionary in [true, false] {
                let schema = format!("required int32 id; required {kind} score; {STRINGS}");
                let ids = (Values::I32(&[1, 2]), PLAIN);
                let group = |texts| [ids.clone(), (values.clone(), levels), (Values::Texts(texts), PLAIN)];
                let bytes = write(&schema, &[&group(&["a", "∅"]), &group(&["1,2", ""])], |properties| {
                    properties.set_compression(compression).set_dictionary_enabled(dictionary)
                });
                let table = read(&bytes).unwrap_or_else(|e| panic!("{kind} {compression}: {e}"));
                let [x, y] = expected;
                let rows: Vec<_> = table.iter().collect();
                assert_eq!(rows, [("a", x), ("∅", y), ("1,2", x), ("", y)], "{kind} {compression}");
            }
        }
    }
}

#[test]
fn many_rows_of_columns_that_could_be_null_are_read() {
    let texts: Vec<String> = (0..20_000).map(|i| format!("x{i}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let scores: Vec<f64> = (0..20_000).map(f64::from).collect();
    let levels = (Some(&[1i16; 20_000][..]), None);
    let schema = "optional binary object (UTF8); optional double score;";
    let bytes = write(schema, &[&[(Values::Texts(&texts), levels), (Values::F64(&scores), levels)]], |p| p);
    let table = read(&bytes).expect("a table");
    assert!(table.iter().eq(texts.iter().copied().zip(scores)));
    assert_eq!((table.get("x12345"), table.get("x20000")), (Some(12_345.0), None));
}

#[test]
fn bad_files_are_refused_with_the_row_and_a_hint() {
    let refused = |schema: &str, group: &[(Values<'_>, Levels<'_>)], message: &str, hint: &str| {
        let error = read(&write(schema, &[group], |p| p)).expect_err("the table is refused");
        assert_eq!(error.to_string(), message);
        assert!(error.hint.clone().unwrap_or_default().contains(hint), "{message}: {:?}", error.hint);
    };
    let texts = (Values::Texts(&["a", "b"]), PLAIN);
    let optional = "optional double score;";
    let one = (Values::F64(&[1.0]), (Some(&[1, 0][..]), None));
    let message = "t.parquet: row 2: the score of `b` is `null` instead of a finite number";
    refused(&format!("{STRINGS} {optional}"), &[texts.clone(), one], message, "remove the row");
    let nan = (Values::F64(&[1.0, f64::NAN]), PLAIN);
    let message = "t.parquet: row 2: the score of `b` is `NaN` instead of a finite number";
    refused(&format!("{STRINGS} required double score;"), &[texts.clone(), nan], message, "finite");
    let null = (Values::Texts(&["a"]), (Some(&[1, 0][..]), None));
    let two = (Values::F64(&[1.0, 2.0]), PLAIN);
    let schema = "optional binary object (UTF8); required double score;";
    refused(schema, &[null, two.clone()], "t.parquet: row 2: the object is null", "remove");
    let twice = (Values::Texts(&["a", "a"]), PLAIN);
    let good = format!("{STRINGS} required double score;");
    refused(&good, &[twice, two.clone()], "t.parquet: row 2: `a` of row 1 is there again", "keep one");
    let none = [(Values::Texts(&[]), PLAIN), (Values::F64(&[]), PLAIN)];
    refused(&good, &none, "t.parquet: there are no rows", "");
    let schema = format!("{STRINGS} required double scores;");
    let message = "t.parquet: there is no column `score`";
    refused(&schema, &[texts.clone(), two.clone()], message, "did you mean `scores`?");
    let schema = "required double object; required double score;";
    let message = "t.parquet: column `object` holds DOUBLE instead of strings";
    refused(schema, &[two.clone(), two.clone()], message, "");
    let schema = format!("{STRINGS} required int64 score (TIMESTAMP_MILLIS);");
    let longs = (Values::I64(&[1, 2]), PLAIN);
    let message = "t.parquet: column `score` holds TIMESTAMP_MILLIS instead of floating-point numbers or \
                   signed integers";
    refused(&schema, &[texts.clone(), longs], message, "");
    let schema = format!("{STRINGS} repeated double score;");
    let lists = (Values::F64(&[1.0, 2.0]), (Some(&[1, 1][..]), Some(&[0, 0][..])));
    let message = "t.parquet: column `score` holds lists of DOUBLE instead of floating-point numbers or \
                   signed integers";
    refused(&schema, &[texts, lists], message, "");
}

/// A file as others write it, of two rows.
fn small() -> Vec<u8> {
    let group = [(Values::Texts(&["a", "b"]), PLAIN), (Values::F64(&[1.0, 2.0]), PLAIN)];
    write(&format!("{STRINGS} required double score;"), &[&group], |p| p.set_compression(Compression::SNAPPY))
}

#[test]
fn compressions_that_are_not_built_in_are_named() {
    // Nothing here can write such a file, so the name of the compression is changed in one that can be written.
    let snappy = small();
    let mut named = 0;
    for at in 4..snappy.len() {
        let mut bytes = snappy.clone();
        // In a thrift enum, 2 is Snappy (1, as a zigzag number) and 12 is Zstandard.
        if bytes[at] == 2 {
            bytes[at] = 12;
            if let Err(error) = read(&bytes)
                && error.message.contains("is compressed with Zstandard")
            {
                assert!(error.hint.expect("a hint").contains("snappy"));
                named += 1;
            }
        }
    }
    // Once for each column.
    assert_eq!(named, 2);
}

#[test]
fn broken_files_are_refused_without_a_panic() {
    let whole = small();
    for n in 0..whole.len() {
        let error = read(&whole[..n]).expect_err("the end is missing");
        assert!(error.message.starts_with("t.parquet"), "{error}");
    }
    for at in 0..whole.len() {
        for flip in [1, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            // Other numbers and texts are not noticed.
            if let Err(error) = read(&bytes) {
                assert!(error.message.starts_with("t.parquet"), "{error}");
            }
        }
    }
}

#[test]
fn every_encoding_of_texts_is_read() {
    for n in [1usize, 2, 31, 33, 129, 1000, 9000] {
        let texts: Vec<String> = (0..n).map(|i| format!("some prefix {:06}", i * 7 % 100_003)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let scores: Vec<f64> = (0..n).map(|i| i as f64).collect();
        let levels = (Some(&vec![1i16; n][..]), None);
        for encoding in [Encoding::PLAIN, Encoding::DELTA_LENGTH_BYTE_ARRAY, Encoding::DELTA_BYTE_ARRAY] {
            for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
                for (kind, levels) in [("required", PLAIN), ("optional", levels)] {
                    let schema = format!("{kind} binary object (UTF8); required double score;");
                    let group = [(Values::Texts(&texts), levels), (Values::F64(&scores), PLAIN)];
                    let bytes = write(&schema, &[&group], |p| {
                        p.set_dictionary_enabled(false)
                            .set_encoding(encoding)
                            .set_writer_version(version)
                            .set_column_encoding("score".into(), Encoding::PLAIN)
                    });
                    let table =
                        read(&bytes).unwrap_or_else(|e| panic!("{n} {encoding} {version:?} {kind}: {e}"));
                    assert!(table.iter().eq(texts.iter().copied().zip(scores.iter().copied())));
                }
            }
        }
    }
}

/// What a header says it has is held against the bytes there are.
#[test]
fn headers_that_say_too_much_are_refused() {
    let refused = |bytes: &[u8], words: &str| {
        let error = read(bytes).expect_err("the file is refused");
        assert!(error.message.contains(words), "{error}");
    };
    let texts: Vec<String> = (0..10_000).map(|i| i.to_string()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let scores = vec![1.0; 10_000];
    let schema = format!("{STRINGS} required double score;");
    let group = [(Values::Texts(&texts), PLAIN), (Values::F64(&scores), PLAIN)];
    let whole = write(&schema, &[&group], |p| p.set_dictionary_page_size_limit(1 << 30));
    // 10,000 as a zigzag number of three bytes, in the header of the dictionary and in that of the page.
    let number = [0xa0, 0x9c, 0x01];
    let most = [0xfe, 0xff, 0x7f];
    let places: Vec<usize> =
        (0..500.min(whole.len())).filter(|&at| whole[at..].starts_with(&number)).collect();
    let mut bytes = whole;
    bytes[places[0]..][..3].copy_from_slice(&most);
    refused(&bytes, "column `object` of row group 1 is broken: a dictionary of");
    let all_the_same = vec!["x"; 3_000_000];
    let ones = vec![1.0; 3_000_000];
    let group = [(Values::Texts(&all_the_same), PLAIN), (Values::F64(&ones), PLAIN)];
    let bytes = write(&schema, &[&group], |p| p.set_data_page_row_count_limit(10_000_000));
    assert!(bytes.len() < 100_000, "{}", bytes.len());
    refused(&bytes, "there are 3000000 rows, and their objects have");
    // Many rows of one long text: the same is said before they are copied.
    let long = "x".repeat(100_000);
    let many = vec![long.as_str(); 2000];
    let group = [(Values::Texts(&many), PLAIN), (Values::F64(&ones[..2000]), PLAIN)];
    refused(&write(&schema, &[&group], |p| p), "row 2: objects are there again and again");
}

/// Groups within groups that no stack holds, and a group of more columns than there are.
#[test]
fn a_tree_of_columns_that_is_none_is_refused() {
    let file = |children: &[u32]| {
        let mut footer = vec![0x15, 0x02, 0x19, 0xfc];
        footer.extend(varint(children.len() as u32));
        for &n in children {
            // A name of one byte, and how many children.
            footer.extend([0x48, 0x01, b'a', 0x15]);
            footer.extend(varint(2 * n));
            footer.push(0);
        }
        footer.push(0);
        let len = footer.len() as u32;
        [b"PAR1", &footer[..], &len.to_le_bytes(), b"PAR1"].concat()
    };
    for children in [&[1; 100_000][..], &[1_000_000_000], &[3, 0, 0]] {
        let error = read(&file(children)).expect_err("the file is refused");
        assert!(error.message.contains("the groups of columns in its footer are broken"), "{error}");
    }
}

fn varint(mut n: u32) -> Vec<u8> {
    let mut out = Vec::new();
    while n > 127 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
    out
}
