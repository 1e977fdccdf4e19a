//! JSON: pairs, objects, and places.

use super::*;

fn json(text: &str) -> Result<Network, ReadError> {
    whole("g.json", text)
}

#[test]
fn escapes_blanks_and_byte_order_marks_are_read() {
    let network = json("\u{feff} {\"rewards\":{\"\\u00e9\":2},\"edges\":[[\"e\",\"é\"]]}").unwrap();
    assert_eq!(network.names().iter().collect::<Vec<_>>(), ["é", "e"]);
    let network = json("{ \"edges\" : [ [ \"a\" ,\r\n\"b\\\"\" ] ,\t{ \"to\" : \"c\\/\", \"from\" : \"\\u0062\\\"\" } ] , \"rewards\" : { \"c/\" : 2.5e-1 } }").unwrap();
    assert_eq!(network.names().iter().collect::<Vec<_>>(), ["a", "b\"", "c/"]);
    assert_eq!(network.rewards(), [None, None, Some(0.25)]);
}

#[test]
fn bad_json_is_refused_with_the_line() {
    for (text, message) in [
        ("{", "g.json:1: bad JSON: expected a string, found the end of the file"),
        ("[]", "g.json:1: bad JSON: expected `{`, found `[`"),
        ("hello", "g.json:1: bad JSON: expected `{`, found `h`"),
        ("{}", "g.json:1: there is no key `edges`"),
        ("{\n\"edges\": 3}", "g.json:2: bad JSON: expected `[`, found `3`"),
        ("{\n\"edges\": [\n[\"a\" \"b\"]]}", "g.json:3: bad JSON: expected `,` or `]`"),
        (
            "{\n\"edges\": [\n[\"a\", \"b\"]\n[\"b\", \"c\"]]}",
            "g.json:4: bad JSON: expected `,` or `]`, found `[`",
        ),
        ("{\"edges\": [\n[\"a\", \"b\",\n\n \"c\"]]}", "g.json:2: `[\"a\",\"b\",\"c\"]` is not an edge"),
        ("{\"edges\": [\n[1, 2]]}", "g.json:2: `[1,2]` is not an edge"),
        ("{\"edges\": [\n\"ab\"]}", "g.json:2: `\"ab\"` is not an edge"),
        ("{\"edges\": [[\"a\", \n\n \"b]]}", "g.json:3: bad JSON: EOF while parsing a string"),
        ("{\"edges\": []}", "g.json:1: there are no rewards"),
        ("{\"edges\": [],\n\"rewards\": {}}", "g.json:1: there are no edges"),
        ("{\"edges\": [],\n\"edges\": []}", "g.json:2: a second `edges`"),
        ("{\"edges\": [],\n\"nodes\": []}", "g.json:2: unknown key `nodes`"),
        ("{\"edges\": []} \n x", "g.json:2: bad JSON: expected the end of the file, found `x`"),
        ("{\"edges\": [[\"a\", \"b\\n\"]]}", "g.json:1: \"b\\n\" cannot name a node"),
    ] {
        refused(json(text), message);
    }
    for (rewards, message) in [
        ("\"b\": \"much\"", "g.json:3: the reward of `b` is `\"much\"`, not a number"),
        ("\"b\": NaN", "g.json:3: bad JSON: expected value"),
        ("\"b\": -2", "g.json:3: the reward of `b` is `-2`"),
        ("\"b\": 1,\n\"b\": 1", "g.json:4: a second reward for `b`"),
        ("\"b\": 1,\n\"c\": 1", "g.json:4: `c` has a reward but no edge"),
        ("\"b\" 1", "g.json:3: bad JSON: expected `:`, found `1`"),
        ("\"b\": 1,", "g.json:3: bad JSON: expected a string, found `}`"),
        ("\"b\": 0", "g.json:3: every reward is zero"),
        ("\"b\": 1e999", "g.json:3: bad JSON: number out of range"),
    ] {
        refused(json(&format!("{{\"edges\": [[\"a\", \"b\"]],\n\"rewards\": {{\n{rewards}}}}}")), message);
    }
    refused(whole("graph.txt", "{\"edges\": 1}"), "graph.txt:1: bad JSON: expected `[`, found `1`");
}

#[test]
fn bad_objects_are_refused_with_the_line() {
    for (edge, message) in [
        (r#"{"to": "b"}"#, "g.json:2: an edge without `from`"),
        (r#"{"from": "a"}"#, "g.json:2: an edge without `to`"),
        ("{}", "g.json:2: an edge without `from`"),
        (r#"{"from": "a", "from": "b"}"#, "g.json:2: a second `from` of an edge"),
        (
            "{\"from\": \"a\",\n\"to\": [1, \"b  c\"]}",
            "g.json:3: the `to` of an edge is `[1,\"b  c\"]`, not a string",
        ),
        ("{\"from\": \"a\",\n\"to\": \"b\", \"wieght\": 1}", "g.json:3: unknown key `wieght` of an edge"),
        (r#"{"from": "a", "to": "b", "cost": 1, "cost": 2}"#, "g.json:2: a second `cost` of an edge"),
        (r#"{"from": "a", "to": "b", "cost": "1"}"#, "g.json:2: the cost is `\"1\"`, not a number"),
        (r#"{"from": "a", "to": "b", "capacity": null}"#, "g.json:2: the capacity is `null`, not a number"),
        (r#"{"from": "a", "to": "b", "cost": 01}"#, "g.json:2: bad JSON: invalid number"),
        (r#"{"from": "a", "to": "b", "cost": 1e999}"#, "g.json:2: bad JSON: number out of range"),
        (r#"{"from": "a" "to": "b"}"#, "g.json:2: bad JSON: expected `,` or `}`, found `\"`"),
        (r#"{"from": "a", "to": "b""#, "g.json:2: bad JSON: expected `,` or `}`, found `]`"),
        (r#"["a", "b", 3]"#, "g.json:2: `[\"a\",\"b\",3]` is not an edge"),
        (r#"[["a"], "b"]"#, "g.json:2: `[[\"a\"],\"b\"]` is not an edge"),
        (r#"["\ud800", "b"]"#, "g.json:2: bad JSON: unexpected end of hex escape"),
        ("null", "g.json:2: `null` is not an edge"),
    ] {
        refused(json(&format!("{{\"edges\": [\n{edge}]}}")), message);
    }
    let hint = json(r#"{"edges": [{"form": "a"}]}"#).unwrap_err().hint.unwrap();
    assert!(["from", "to", "weight", "cost", "capacity"].iter().all(|key| hint.contains(key)));
}

#[test]
fn numbers_are_those_of_json_to_the_last_bit() {
    for number in ["0.1", "1e-3", "123456789.123456789", "4.35", "0.3e1", "1E+2", "2.2250738585072014e-308"] {
        let network = json(&format!(r#"{{"edges": [["a", "b"]], "rewards": {{"b": {number}}}}}"#)).unwrap();
        assert_eq!(network.rewards()[1], Some(number.parse().unwrap()));
    }
    for number in ["01", "1.", ".5", "+1", "1e", "--1", "0x1", "inf", "1_0"] {
        assert!(json(&format!(r#"{{"edges": [["a", "b"]], "rewards": {{"b": {number}}}}}"#)).is_err());
    }
}
