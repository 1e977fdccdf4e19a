//! Good inputs, inputs that were too much for a reader once, and the words of formats.

pub const TABLE_WORDS: &[&str] = &[
    ",",
    "\n",
    "\r",
    "\r\n",
    "\"",
    "\"\"",
    "NaN",
    "inf",
    "-inf",
    "1e999",
    ";",
    "\t",
    "#",
    "object,score\n",
    "\u{feff}",
];

pub const JSON: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "true",
    "\"\"",
    "\\u0000",
    "\\ud800",
    "1e999",
    "-0",
    "\"edges\"",
    "\"rewards\"",
    "\"object\"",
    "\"score\"",
    "[[[[[[[[",
    "{\"a\":",
    "\"nodes\"",
    "\"jobs\"",
];

pub const XML: &[&str] = &[
    "<",
    ">",
    "/>",
    "</node>",
    "<node id=\"a\">",
    "<edge source=\"s\" target=\"a\"/>",
    "&amp;",
    "&#0;",
    "&x;",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<!DOCTYPE a [<!ENTITY x \"xx\">]>",
    "attr.type=\"double\"",
    "<data key=\"r\">",
];

pub const DOT_WORDS: &[&str] = &[
    "digraph", "graph", "strict", "subgraph", "{", "}", "->", "--", "[", "]", ";", "=", "\"", "\\\"", "/*",
    "*/", "//", "<", ">", "label", "reward", "time", "weight", "\n#",
];

pub const GRAPH: &[&str] = &["from,to\n", ",", "\n", "\"", "reward", "a", "s", "\t", " ", "#"];

pub const EDGES: &[&str] = &[
    "from,to\ns,a\ns,b\na,x\nb,x\nb,y\n",
    "from,to,weight,cost,capacity\ns,a,1,2,3\na,b,0.5,1,1\n",
    "from,to,reward\ns,a,\na,x,2\n",
];

pub const REWARDS: &str = "node,reward\nx,1\ny,0.5\n";

pub const GRAPH_JSON: &[&str] = &[
    r#"{"edges": [["s", "a"], ["a", "x"], ["s", "x"]], "rewards": {"x": 2.5, "a": 1}}"#,
    r#"{"edges": [{"from": "s", "to": "a", "weight": 0.5, "cost": 2}], "rewards": {"a": 2.5}}"#,
];

pub const GRAPHML: &[&str] = &[
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n<key id=\"r\" \
     for=\"node\" attr.name=\"reward\" attr.type=\"double\"/>\n<key id=\"w\" for=\"edge\" attr.name=\"weight\" \
     attr.type=\"double\"><default>1</default></key>\n<graph edgedefault=\"directed\"><node id=\"s\"/><node id=\"a\"><data \
     key=\"r\">1.5</data></node><edge source=\"s\" target=\"a\"><data key=\"w\">2</data></edge></graph></graphml>\n",
];

pub const DOT: &[&str] = &[
    "digraph g { s -> a [weight=1]; s -> \"b c\"; a -> x; \"b c\" -> x; x [reward=2]; }",
    "strict digraph { node [reward=1] // all\n s -> {a b} -> x /* both */ ; subgraph c { x -> y } }",
];

pub const DIMACS: &[&str] =
    &["c a graph\np edge 4 3\ne 1 2\ne 2 3\ne 3 4\n", "p col 3 2\nn 1 5\ne 1 2\ne 1 3\n"];

pub const METIS: &[&str] = &["4 3\n2\n1 3\n2 4\n3\n", "% weights\n3 2 011\n1 2 5\n2 1 5 3 4\n3 2 4\n"];

pub const EDGE_LIST: &[&str] = &["a,b\nb,c\nc,a\n", "a b\nb c\n", "from,to\na,b\n"];

pub const UNDIRECTED: &[&str] = &[DIMACS[0], DIMACS[1], METIS[0], METIS[1], EDGE_LIST[0], EDGE_LIST[1]];

pub const JOBS_JSON: &[&str] = &[
    r#"{"jobs": [{"name": "a", "time": 3}, {"name": "b", "time": 1.5}], "edges": [{"from": "a", "to": "b", "cost": 0.5}]}"#,
];

pub const JOBS_DOT: &[&str] = &["digraph { a [time=3]; b [time=1]; a -> b [cost=0.5] }"];

pub const FASTA: &[&str] = &[
    ">one\nACGTACGT\n>two\nACGTTCGT\n>three\nACCTACGA\n>four\nACGAACGT\n",
    ">a b c\nACRY-?NK\nMM\n\n>b\nacgtacgt\nnn\n>c\n----------\n",
    ";old\nACGU\n;other\nUUGG\n",
];

pub const OBSERVATIONS: &[&str] = &[
    "a,b,c\n0.1,0.3,-0.2\n1.5,0.7,0.4\n-0.5,0.2,0.9\n0.3,1.1,-1.2\n",
    "x,y\n1,1\n1,1\n",
    "\"a,b\",\"c\"\n1e300,2\n3,-4\n",
];

pub const CATEGORIES: &[&str] = &["a,b,c\nyes,0,x\nno,1,y\nyes,1,x\nno,0,y\n", "a,b\n\"x\",\"y, z\"\nu,v\n"];

pub const MATRICES: &[&str] = &[
    "0,1,2\n1,0,0.5\n2,0.5,0\n",
    "1,2,3,4\n4,3,2,1\n1,1,1,1\n2,2,2,2\n",
    "0,1,1,0,0,0,0,0,0\n1,0,0,0,0,0,0,0,0\n1,0,0,0,0,0,0,0,0\n0,0,0,0,0,0,0,0,0\n0,0,0,0,0,0,0,0,0\n0,0,0,0,0,0,0,0,0\n\
     0,0,0,0,0,0,0,0,0\n0,0,0,0,0,0,0,0,0\n0,0,0,0,0,0,0,0,0\n",
    "0 1 2 3 4 5\n1 0 1 2 3 4\n2 1 0 1 2 3\n3 2 1 0 1 2\n4 3 2 1 0 1\n5 4 3 2 1 0\n",
];

pub const SCORES: &[&str] =
    &["object,score\na,1\nab,0.5\n\"b\",2e-3\n", "id,object,score\n1,a,1\n2,b,-1\n", "object;score\na;1\n"];

pub const SCORES_TSV: &[&str] = &["object\tscore\na\t1\nab\t0.5\n"];

pub const SCORES_JSONL: &[&str] = &[
    "{\"object\": \"a\", \"score\": 0.5}\n{\"object\": \"b\", \"score\": 1, \"more\": [1, {\"x\": null}]}\n",
];

pub const TOML_WORDS: &[&str] = &[
    "[env]\n",
    "[reward]\n",
    "[train]\n",
    "[policy]\n",
    "[env.a]\n",
    "kind",
    "=",
    "\"",
    "'''",
    "\"\"\"",
    "{",
    "}",
    "[",
    "]",
    "[[",
    ",",
    "true",
    "1e4",
    "inf",
    "nan",
    "0x7f",
    "1979-05-27",
    "steps",
    "batch",
    "seed",
    "from",
    "to",
    "#",
    "\n",
    ".",
    "hypergrid",
    "auto",
];

pub const ASSIGNMENTS: [&str; 6] = [
    "env.side=4",
    "train.lr={ from = 1e-2, to = 1e-3, steps = 100 }\0train.steps=10",
    "env.kind=strings\0env.alphabet=AC",
    "reward=original",
    "run.samples=1000000000\0train.batch=65536",
    "seed=\"7\"",
];

pub const FORMULA_WORDS: &[&str] = &[
    "(", ")", "+", "-", "*", "/", "^", ",", "if", "exp", "log", "abs", "min", "max", "and", "or", "not", "<",
    ">=", "==", "length", "count_A", "1e308", "pi", "sqrt", "-(", "((((((((",
];

pub const FORMULAS: [&str; 5] = [
    "1 + count_A",
    "exp(-abs(length - 5)) * (1 + count_A)",
    "if(count_A > 2 and runs < 5, exp(-(count_C - 2)^2), 0.1) + max(count_G, count_T) / length",
    "-2^2^0.5",
    "not (length == 3) or 1 <= 2",
];

pub const TREES: [&str; 4] =
    ["((a,b),(c,d));", "(a:0.1,('b c':1e-3,d)x:2)[&R];", "(((((a,b),c),d),e),f);", "('it''s',b_c,,);"];

/// What [`MODEL`] must answer.
#[cfg(feature = "onnx")]
pub const VECTOR: &str = include_str!("../../headwater-rewards/tests/data/mlp.json");

#[cfg(feature = "onnx")]
pub const MODEL: &[u8] = include_bytes!("../../headwater-rewards/tests/data/mlp.onnx");

/// Models, of which the last ones do harm.
#[cfg(feature = "onnx")]
pub fn models() -> Vec<&'static [u8]> {
    vec![
        MODEL,
        include_bytes!("../../headwater-rewards/tests/data/positions.onnx"),
        include_bytes!("../../headwater-rewards/tests/data/two.onnx"),
        include_bytes!("../corpus/hang.onnx"),
        include_bytes!("../corpus/slice.onnx"),
        include_bytes!("../corpus/intmin.onnx"),
        include_bytes!("../corpus/loop.onnx"),
    ]
}

/// Tables, of which the last ones say that they have billions of rows.
#[cfg(feature = "parquet")]
pub fn parquet() -> Vec<&'static [u8]> {
    vec![
        include_bytes!("../corpus/plain.parquet"),
        include_bytes!("../corpus/dictionary.parquet"),
        include_bytes!("../corpus/deltas.parquet"),
        include_bytes!("../corpus/abort-ins.parquet"),
        include_bytes!("../corpus/parquet-500MB.parquet"),
    ]
}

/// Configurations: those of the repository, and one that is none.
pub fn configurations() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = [
        include_str!("../../../configs/composite.toml"),
        include_str!("../../../configs/hypergrid.toml"),
        include_str!("../../../configs/strings.toml"),
        include_str!("../../../configs/bits.toml"),
        include_str!("../../../configs/targets/ising-10.toml"),
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    all.push(b"this is no toml\n".repeat(60_000));
    all
}
