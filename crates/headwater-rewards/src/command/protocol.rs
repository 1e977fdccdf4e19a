//! Lines to and from a program.

use serde_json::Value as Json;

use super::Protocol;

/// How objects are written and answers are read.
#[derive(Clone, Debug)]
pub(super) struct Format {
    pub protocol: Protocol,
    /// The name of the score in an answer in JSON.
    pub property: String,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    /// NaN if it is said not to be there.
    pub score: f64,
    /// The object that it is for, if it says so.
    pub object: Option<String>,
}

impl Format {
    /// Appends the line of an object.
    pub fn write(&self, object: &str, out: &mut Vec<u8>) {
        match self.protocol {
            Protocol::Lines => out.extend_from_slice(object.as_bytes()),
            Protocol::Json => {
                out.extend_from_slice(b"{\"object\": ");
                out.extend_from_slice(Json::from(object).to_string().as_bytes());
                out.push(b'}');
            }
        }
        out.push(b'\n');
    }

    /// The object in a line that was written, without its end.
    pub fn object(&self, line: &[u8]) -> Option<String> {
        match self.protocol {
            Protocol::Lines => String::from_utf8(line.to_vec()).ok(),
            Protocol::Json => {
                let json = serde_json::from_slice::<Json>(line).ok()?;
                json.get("object").and_then(Json::as_str).map(str::to_owned)
            }
        }
    }

    /// The answer in a line, which has no line break. `None` if the line is no answer.
    pub fn read(&self, line: &[u8]) -> Option<Answer> {
        match self.protocol {
            Protocol::Lines => {
                let score = std::str::from_utf8(line).ok()?.trim().parse().ok()?;
                Some(Answer { score, object: None })
            }
            Protocol::Json => {
                let mut json = serde_json::from_slice::<Json>(line).ok()?;
                let score = match json.get(&self.property)? {
                    Json::Null => f64::NAN,
                    score => score.as_f64()?,
                };
                let object = match json.get_mut("object").map(Json::take) {
                    Some(Json::String(object)) => Some(object),
                    _ => None,
                };
                Some(Answer { score, object })
            }
        }
    }

    /// What an answer is, in words.
    pub fn expected(&self) -> String {
        match self.protocol {
            Protocol::Lines => "a number".to_owned(),
            Protocol::Json => {
                format!("an object with a number `{0}` (or null), as in `{{\"{0}\": 0.5}}`", self.property)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(protocol: Protocol) -> Format {
        Format { protocol, property: "qed".to_owned() }
    }

    #[test]
    fn objects_and_answers_as_lines() {
        let lines = format(Protocol::Lines);
        let mut out = Vec::new();
        lines.write("C(=O)O", &mut out);
        lines.write("", &mut out);
        assert_eq!(out, b"C(=O)O\n\n");
        for (line, score) in [(" 0.5\r", 0.5), ("-1e-3", -1e-3), ("7", 7.0), ("-inf", f64::NEG_INFINITY)] {
            assert_eq!(lines.read(line.as_bytes()), Some(Answer { score, object: None }));
        }
        assert!(lines.read(b"nan").is_some_and(|answer| answer.score.is_nan()));
        for line in [&b""[..], b"0,5", b"1 2", b"None", b"0.5 # good", b"\xff"] {
            assert_eq!(lines.read(line), None, "{line:?}");
        }
    }

    #[test]
    fn objects_and_answers_in_json() {
        let json = format(Protocol::Json);
        let mut out = Vec::new();
        json.write("a\\\"∅", &mut out);
        assert_eq!(String::from_utf8_lossy(&out), "{\"object\": \"a\\\\\\\"∅\"}\n");
        assert_eq!(json.object(&out).as_deref(), Some("a\\\"∅"));
        let answer = |score, object: Option<&str>| Some(Answer { score, object: object.map(str::to_owned) });
        assert_eq!(json.read(br#"{"score": 1, "qed": 0.25}"#), answer(0.25, None));
        assert_eq!(json.read(br#"{"qed": 3}"#), answer(3.0, None));
        assert_eq!(json.read(br#"{"object": "a\"b", "qed": 3}"#), answer(3.0, Some("a\"b")));
        assert!(json.read(br#"{"qed": null}"#).is_some_and(|answer| answer.score.is_nan()));
        for line in
            [r#"{"score": 1}"#, "0.5", r#"{"qed": "0.5"}"#, r#"{"qed": 0.5} x"#, r#"{"qed": NaN}"#, ""]
        {
            assert_eq!(json.read(line.as_bytes()), None, "{line}");
        }
    }
}
