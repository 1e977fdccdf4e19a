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

    /// The score in a line, which has no line break; NaN for a score that is said not to be there. `None` if the line
    /// is no answer.
    pub fn read(&self, line: &[u8]) -> Option<f64> {
        match self.protocol {
            Protocol::Lines => std::str::from_utf8(line).ok()?.trim().parse().ok(),
            Protocol::Json => match serde_json::from_slice::<Json>(line).ok()?.get(&self.property)? {
                Json::Null => Some(f64::NAN),
                score => score.as_f64(),
            },
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
            assert_eq!(lines.read(line.as_bytes()), Some(score));
        }
        assert!(lines.read(b"nan").is_some_and(f64::is_nan));
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
        assert_eq!(json.read(br#"{"score": 1, "qed": 0.25}"#), Some(0.25));
        assert_eq!(json.read(br#"{"qed": 3}"#), Some(3.0));
        assert!(json.read(br#"{"qed": null}"#).is_some_and(f64::is_nan));
        for line in
            [r#"{"score": 1}"#, "0.5", r#"{"qed": "0.5"}"#, r#"{"qed": 0.5} x"#, r#"{"qed": NaN}"#, ""]
        {
            assert_eq!(json.read(line.as_bytes()), None, "{line}");
        }
    }
}
