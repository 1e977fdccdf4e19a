//! Tables: what they read, and what is said of those that cannot be read.

use headwater_core::settings::File;
use headwater_rewards::{Coverage, Format, Missing, Objects, Oracle, RewardError, Table, TableConfig};

use crate::{file_config, table, table_config};

#[test]
fn scores_are_found_by_text_whatever_the_other_columns() {
    let text = "\u{feff}id, score ,object\r\n1, 2.5 ,\"1,2\"\r\n\r\n2,-1e-3,∅\r\n";
    let mut table = table(text).expect("a table");
    assert_eq!((table.len(), table.is_empty()), (2, false));
    assert_eq!((table.get("1,2"), table.get("∅"), table.get("2")), (Some(2.5), Some(-1e-3), None));
    assert_eq!(table.statistics().map(|s| (s.min, s.max)), Some((-1e-3, 2.5)));
    assert_eq!(table.iter().map(|(_, y)| y).sum::<f64>(), 2.5 - 1e-3);
    let mut out = [0.0; 3];
    table.score(&Objects::from_iter(["∅", "1,2", "∅"]), &mut out).expect("all are there");
    assert_eq!(out, [-1e-3, 2.5, -1e-3]);
}

#[test]
fn delimiters_and_columns_are_as_set() {
    let config = TableConfig {
        object: "seq".into(),
        score: "y".into(),
        delimiter: Some("\t".into()),
        ..table_config("y\tseq\n1\ta,b\n")
    };
    assert_eq!(Table::new(&config).expect("a table").get("a,b"), Some(1.0));
    for delimiter in ["", "::", "é", "\n", "\"", " "] {
        let config = TableConfig { delimiter: Some(delimiter.into()), ..table_config("object,score\na,1\n") };
        assert_eq!(Table::new(&config).expect_err("no delimiter").field, Some("delimiter"), "{delimiter:?}");
    }
}

#[test]
fn missing_objects_are_counted_and_the_first_is_named() {
    let mut table = table("object,score\na,1\nb,2\n").expect("a table");
    let mut out = [0.0; 4];
    let error =
        table.score(&Objects::from_iter(["a", "c", "d", "b"]), &mut out).expect_err("two are missing");
    assert_eq!(error, RewardError::Missing { n: 2, of: 4, table: "t.csv".into(), example: "c".into() });
    assert_eq!(error.to_string(), "2 of 4 objects have no entry in t.csv; first: `c`");
}

#[test]
fn missing_objects_may_have_no_score() {
    let config = TableConfig { missing: Missing::Floor, ..table_config("object,score\na,1\nb,2\n") };
    let mut table = Table::new(&config).expect("a table");
    let objects = Objects::from_iter(["a", "c", "", "b"]);
    let mut out = [0.0; 4];
    table.score(&objects, &mut out).expect("missing objects are no error");
    assert_eq!(out.map(|y| if y.is_nan() { None } else { Some(y) }), [Some(1.0), None, None, Some(2.0)]);
    assert_eq!((table.missing(), config.missing), (Missing::Floor, Missing::Floor));
    assert_eq!(table.coverage(&objects), Some(Coverage { rows: 2, covered: 2 }));
}

#[test]
fn the_format_is_that_of_the_name_unless_it_is_set() {
    let tabs = "score\tobject\n1\ta,b\n";
    let json = "{\"score\": 1, \"object\": \"a,b\"}\n";
    let commas = "score,object\n1,\"a,b\"\n";
    for (name, text) in [
        ("t.tsv", tabs),
        ("dir.csv/T.TAB", tabs),
        ("t.jsonl", json),
        ("t.ndjson", json),
        ("t.json", json),
        ("t.csv", commas),
        ("t.txt", commas),
        ("dir.jsonl/t", commas),
    ] {
        let table = Table::new(&file_config(File::new(name, text)));
        let table = table.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!((table.len(), table.get("a,b")), (1, Some(1.0)), "{name}");
    }
    for (format, text) in [(Format::Tsv, tabs), (Format::Jsonl, json), (Format::Csv, commas)] {
        let config = TableConfig { format, ..file_config(File::new("t.parquet", text)) };
        assert_eq!(Table::new(&config).expect("a table").get("a,b"), Some(1.0), "{format:?}");
    }
    let config =
        TableConfig { delimiter: Some(";".into()), ..file_config(File::new("t.tsv", "object;score\na;1\n")) };
    assert_eq!(Table::new(&config).expect("as it is set").get("a"), Some(1.0));
    let config = TableConfig { delimiter: Some(",".into()), ..file_config(File::new("t.jsonl", json)) };
    let error = Table::new(&config).expect_err("nothing is delimited");
    let message = "`delimiter` means nothing for the format `jsonl`";
    assert_eq!((error.field, error.to_string().as_str()), (Some("delimiter"), message));
}

#[test]
fn what_is_no_text_is_refused() {
    let refused =
        |contents: &[u8]| Table::new(&file_config(File::new("t.csv", contents))).expect_err("it is no text");
    let error = refused(b"object,score\na,1\n\xff,2\n");
    assert_eq!(error.to_string(), "t.csv:3: byte 17 of the file is not text in UTF-8");
    assert_eq!((error.field, error.hint), (Some("path"), None));
    let error = refused(b"PAR1\xff\xff");
    assert!(error.hint.expect("a hint").contains("reward.format = \"parquet\""));
}

#[test]
#[cfg(not(feature = "parquet"))]
fn parquet_is_refused_by_programs_that_were_built_without_it() {
    let error = Table::new(&file_config(File::new("t.parquet", b"PAR1".as_slice()))).expect_err("not built");
    assert_eq!(error.to_string(), "t.parquet: this program was built without Parquet");
    assert!(error.hint.expect("a hint").contains("--features parquet"));
}

#[test]
fn rows_with_quotes_and_without_are_read_alike() {
    let rows: Vec<(String, String)> = (0..300)
        .map(|i| (format!(" ö{} ", i * 37 % 300), format!("{}e-{}", i as f64 / 7.0, i % 5)))
        .collect();
    for (end, blank) in [("\n", ""), ("\r\n", "\r\n")] {
        let write = |quote: &str| {
            let line = |(object, score): &(String, String)| {
                format!("{score},x,{quote}{object}{quote},{quote}{end}{blank}")
                    .replace(&format!(",{quote}{end}"), &format!(",{end}"))
            };
            format!("score,,object,{end}{}", rows.iter().map(line).collect::<String>())
        };
        let (plain, quoted) = (write(""), write("\""));
        assert!(plain != quoted && !plain.contains('"'));
        let [plain, quoted] = [plain, quoted].map(|text| table(&text).expect("a table"));
        assert_eq!(plain.len(), 300);
        assert!(plain.iter().eq(quoted.iter()));
        for (object, score) in &rows {
            assert_eq!(plain.get(object.trim()), score.parse().ok());
        }
    }
    // Whoever ends lines in the old way, or not the last one, is read too.
    let old = table("object,score\ra,1\rb,2\r").expect("a table");
    let last = table("object,score\na,1\nb,2").expect("a table");
    assert!(old.iter().eq(last.iter()) && old.len() == 2);
}

#[test]
fn bad_tables_are_refused_with_the_line_and_a_hint() {
    for (text, field, message, hint) in [
        ("", "path", "t.csv:1: the file is empty", "object,score"),
        ("object,score\n", "path", "t.csv:1: there are no rows below the header", ""),
        (
            "object,scoer\na,1\n",
            "score",
            "t.csv:1: there is no column `score`",
            "did you mean `scoer`? the columns are",
        ),
        ("objects,score\na,1\n", "object", "t.csv:1: there is no column `object`", "did you mean `objects`?"),
        ("x,score\na,1\n", "object", "t.csv:1: there is no column `object`", "the columns are `x`, `score`"),
        ("object;score\na;1\n", "object", "t.csv:1: there is no column `object`", "separated by ';'"),
        ("score,object,score\n1,a,2\n", "score", "t.csv:1: there are two columns `score`", ""),
        ("object,score\na,1\n\nb,2\na,3\n", "path", "t.csv:5: `a` of line 2 is there again", "keep one"),
        ("object,score\na,1\nb\n", "path", "t.csv:3: the row has 1 columns and the header 2", "quote"),
        ("object,score\na,b,1\n", "path", "t.csv:2: the row has 3 columns and the header 2", "quote"),
        (
            "object,score\na,high\n",
            "path",
            "t.csv:2: the score of `a` is `high` instead of a finite number",
            "0.25",
        ),
        (
            "object,score\r\na,1\r\nb,nan\r\n",
            "path",
            "t.csv:3: the score of `b` is `nan` instead of a finite number",
            "",
        ),
        (
            "object,score\na,-inf\n",
            "path",
            "t.csv:2: the score of `a` is `-inf` instead of a finite number",
            "",
        ),
        (
            "object,score\na,\n",
            "path",
            "t.csv:2: the score of `a` is `` instead of a finite number",
            "remove the row",
        ),
        (
            "object,score\na,\"0,5\"\n",
            "path",
            "t.csv:2: the score of `a` is `0,5` instead of a finite number",
            "point",
        ),
    ] {
        // The last row decides who reads the file: with a quote in it, it is another reader.
        let quoted = format!("{text}\"z\",1\n");
        let complete = !text.is_empty() && !message.ends_with("below the header");
        for text in [text, &quoted].into_iter().take(1 + usize::from(complete)) {
            let error = table(text).expect_err("the table is refused");
            assert_eq!((error.field, error.to_string().as_str()), (Some(field), message));
            assert!(error.hint.clone().unwrap_or_default().contains(hint), "{text:?}: {:?}", error.hint);
        }
    }
}
