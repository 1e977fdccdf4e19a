//! Tables of JSON lines.

use headwater_core::SettingError;
use headwater_core::settings::File;
use headwater_rewards::Table;

use crate::file_config;

fn read(text: &str) -> Result<Table, SettingError> {
    Table::new(&file_config(File::new("t.jsonl", text)))
}

#[test]
fn fields_are_found_among_others_in_any_order() {
    let text = "\u{feff}{\"object\": \"a\", \"score\": 1}\r\n\r\n  \
                {\"more\": {\"score\": [7, {}]}, \"score\": -2.5e-3, \"object\": \"a \\\"b\\\"\\u00f6\", \"x\": null}\n\
                {\"score\":18446744073709551615,\"object\":\"\"}\n{\"object\": \" 1,2\", \"score\": -3}";
    let table = read(text).expect("a table");
    let rows: Vec<_> = table.iter().collect();
    assert_eq!(rows, [("a", 1.0), ("a \"b\"ö", -2.5e-3), ("", 18446744073709551615.0), (" 1,2", -3.0)]);
    assert_eq!(table.get("a \"b\"ö"), Some(-2.5e-3));
}

#[test]
fn numbers_are_those_of_csv_to_the_last_bit() {
    for number in
        ["0.1", "8.533e-12", "123456789.123456789", "2.2250738585072011e-308", "0.30000000000000004"]
    {
        let table = read(&format!("{{\"object\": \"a\", \"score\": {number}}}")).expect("a table");
        assert_eq!(table.get("a"), number.parse().ok(), "{number}");
    }
}

#[test]
fn bad_lines_are_refused_with_their_number_and_a_hint() {
    for (text, field, message, hint) in [
        ("\n", "path", "t.jsonl:1: the file is empty", "{\"object\": \"x\", \"score\": 0.5}"),
        (
            "{\"object\": \"a\", \"score\": 1}\n\n{\"object\": 5, \"score\": 1}\n",
            "object",
            "t.jsonl:3: `object` is `5` instead of a string",
            "quotes",
        ),
        (
            "{\"object\": [\"a\"], \"score\": 1}\n",
            "object",
            "t.jsonl:1: `object` is `[…]` instead of a string",
            "quotes",
        ),
        (
            "{\"objects\": \"a\", \"y\": 1}\n",
            "object",
            "t.jsonl:1: there is no field `object`",
            "did you mean `objects`? the fields are `objects`, `y`",
        ),
        (
            "{\"object\": \"a\", \"score\": 1}\n{\"object\": \"b\"}\n",
            "score",
            "t.jsonl:2: there is no field `score`",
            "the fields are `object`",
        ),
        (
            "{\"object\": \"a\", \"score\": null}\n",
            "path",
            "t.jsonl:1: the score of `a` is `null` instead of a finite number",
            "remove the row",
        ),
        (
            "{\"object\": \"a\", \"score\": \"1\"}\n",
            "path",
            "t.jsonl:1: the score of `a` is `\"1\"` instead of a finite number",
            "without quotes",
        ),
        (
            "{\"object\": \"a\", \"score\": true}\n",
            "path",
            "t.jsonl:1: the score of `a` is `true` instead of a finite number",
            "0.25",
        ),
        (
            "{\"object\": \"a\", \"score\": 1}\n{\"object\": \"a\", \"score\": 1}\n",
            "path",
            "t.jsonl:2: `a` of line 1 is there again",
            "keep one",
        ),
        (
            "{\"object\": \"a\", \"score\": 1, \"score\": 2}\n",
            "path",
            "t.jsonl:1: column 39: there are two fields `score`",
            "one object a line",
        ),
        (
            "[\n{\"object\": \"a\", \"score\": 1}]\n",
            "path",
            "t.jsonl:1: column 1: invalid type: sequence, expected an object",
            "one object a line",
        ),
        (
            "{\"object\": \"a\", \"score\": NaN}\n",
            "path",
            "t.jsonl:1: column 26: expected value",
            "one object a line",
        ),
        (
            "{\"object\": \"a\", \"score\": 1e999}\n",
            "path",
            "t.jsonl:1: column 30: number out of range",
            "one object a line",
        ),
        (
            "{\"object\": \"a\", \"score\": 1} {\"object\": \"b\", \"score\": 1}\n",
            "path",
            "t.jsonl:1: column 29: trailing characters",
            "one object a line",
        ),
        (
            "{\"object\": \"a\", \"score\": 1}\n{\"object\":\n \"b\", \"score\": 1}\n",
            "path",
            "t.jsonl:2: column 10: EOF while parsing a value",
            "one object a line",
        ),
    ] {
        let error = read(text).expect_err("the table is refused");
        assert_eq!((error.field, error.to_string().as_str()), (Some(field), message), "{text:?}");
        assert!(error.hint.clone().unwrap_or_default().contains(hint), "{text:?}: {:?}", error.hint);
    }
}
