//! Tables: what they read, and what is said of those that cannot be read.

use headwater_rewards::{Objects, Oracle, RewardError, Table, TableConfig};

use crate::{table, table_config};

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
        delimiter: "\t".into(),
        ..table_config("y\tseq\n1\ta,b\n")
    };
    assert_eq!(Table::new(&config).expect("a table").get("a,b"), Some(1.0));
    for delimiter in ["", "::", "é", "\n", "\"", " "] {
        let config = TableConfig { delimiter: delimiter.into(), ..table_config("object,score\na,1\n") };
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
        let error = table(text).expect_err("the table is refused");
        assert_eq!((error.field, error.to_string().as_str()), (Some(field), message));
        assert!(error.hint.clone().unwrap_or_default().contains(hint), "{text:?}: {:?}", error.hint);
    }
}
