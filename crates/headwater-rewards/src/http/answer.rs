//! Bodies to and from a service.

use std::ops::Range;

use serde_json::{Value as Json, json};

use super::failure::Failure;
use crate::{Texts, excerpt};

/// The body that asks for the scores of `texts` in `range`.
pub(super) fn question(texts: &Texts, range: Range<usize>) -> String {
    let objects: Vec<&str> = range.map(|i| texts.get(i)).collect();
    json!({ "objects": objects }).to_string()
}

/// The scores in the answer to it; NaN where there is none.
pub(super) fn scores(
    body: &[u8],
    texts: &Texts,
    range: Range<usize>,
    property: &str,
) -> Result<Vec<f64>, Failure> {
    let json: Json = serde_json::from_slice(body).map_err(|e| not_json(&e, body))?;
    let (answers, property) = match (json.get("scores"), json.get("results")) {
        (Some(Json::Array(scores)), None) => (scores, None),
        (None, Some(Json::Array(results))) => (results, Some(property)),
        _ => return Err(Failure::Shape(excerpt(json.to_string().as_bytes()))),
    };
    if answers.len() != range.len() {
        return Err(Failure::Length { answered: answers.len(), asked: range.len() });
    }
    let score = |(answer, i): (&Json, usize)| {
        let score = property.map_or(Some(answer), |name| answer.get(name));
        let number = score.and_then(|y| if y.is_null() { Some(f64::NAN) } else { y.as_f64() });
        number.ok_or_else(|| Failure::NoNumber {
            answer: excerpt(answer.to_string().as_bytes()),
            object: texts.get(i).to_owned(),
            property: property.map(str::to_owned),
        })
    };
    answers.iter().zip(range).map(score).collect()
}

/// A number such as 1e999 is JSON, but no number here.
fn not_json(error: &serde_json::Error, body: &[u8]) -> Failure {
    let error = error.to_string();
    match error.strip_prefix("number out of range") {
        Some(place) => Failure::TooLarge(place.trim_start().to_owned()),
        None => Failure::NotJson { error, text: excerpt(body) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Vec<f64>, Failure> {
        let texts = Texts::from_iter(["before", "a", "b", "after"]);
        scores(body.as_bytes(), &texts, 1..3, "qed")
    }

    fn failure(body: &str) -> String {
        read(body).expect_err(body).to_string()
    }

    #[test]
    fn objects_are_asked_for_as_they_are_written() {
        let texts = Texts::from_iter(["", "a\\\"∅", "C(=O)O", ""]);
        assert_eq!(question(&texts, 1..3), "{\"objects\":[\"a\\\\\\\"∅\",\"C(=O)O\"]}");
    }

    #[test]
    fn scores_are_numbers_or_null_in_one_of_two_lists() {
        for body in [
            r#"{"scores": [0.25, -3]}"#,
            r#"{"results": [{"qed": 0.25, "score": 9}, {"qed": -3}], "model": "x"}"#,
        ] {
            assert_eq!(read(body), Ok(vec![0.25, -3.0]));
        }
        let nulls = read(r#"{"scores": [null, 1e-3]}"#).expect("an answer");
        assert!(nulls[0].is_nan() && nulls[1] == 1e-3);
        assert!(read(r#"{"results": [{"qed": 1}, {"qed": null}]}"#).expect("an answer")[1].is_nan());
    }

    #[test]
    fn wrong_answers_are_told_apart() {
        for (body, expected) in [
            ("", "answered `` instead of JSON (EOF while parsing a value at line 1 column 0)"),
            (
                r#"{"scores": [NaN, 1]}"#,
                "answered `{\"scores\": [NaN, 1]}` instead of JSON (expected value at line 1 column 13)",
            ),
            (
                r#"{"scores": [1e999, 1]}"#,
                "answered with a number that is too large to be one (at line 1 column 17)",
            ),
            ("[1, 2]", "answered `[1,2]`, which has no list `scores` or `results`"),
            (r#"{"scores": 1}"#, "answered `{\"scores\":1}`, which has no list `scores` or `results`"),
            (r#"{"scores": [1]}"#, "answered 1 score to 2 objects"),
            (r#"{"scores": [1, 2, 3]}"#, "answered 3 scores to 2 objects"),
            (r#"{"scores": [1, "2"]}"#, "answered `\"2\"` for `b`, expected a number or null"),
            (
                r#"{"results": [{"score": 1}, {"qed": 2}]}"#,
                "answered `{\"score\":1}` for `a`, expected an object with `qed`: a number or null",
            ),
        ] {
            assert_eq!(failure(body), expected);
        }
        assert!(failure(r#"{"scores": [1, 2], "results": [1, 2]}"#).contains("`scores` or `results`"));
        assert!(failure(&"[".repeat(100_000)).contains("instead of JSON"));
    }
}
