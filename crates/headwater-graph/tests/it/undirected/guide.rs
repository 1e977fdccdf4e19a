//! The guide's files are files that are read, and its messages are what is said.

use super::*;

const GUIDE: &str = include_str!("../../../../../docs/guides/graph-problems.md");

/// The only code block of a language.
fn block(language: &str) -> &'static str {
    let start = format!("```{language}\n");
    let (_, rest) = GUIDE.split_once(start.as_str()).expect("the guide has such a block");
    rest.split("```").next().expect("it ends")
}

#[test]
fn the_files_of_the_guide_are_one_graph() {
    let dimacs = written_out(&good("g.col", block("dimacs")));
    assert_eq!(dimacs.1, ["4 2.5"]);
    assert_eq!(written_out(&good("g.graph", block("metis"))), dimacs);
    assert_eq!(written_out(&good("g.csv", block("csv"))).0, dimacs.0);
}

#[test]
fn the_messages_of_the_guide_are_what_is_said() {
    let files = [
        ("g.col", "p edge 4 3\ne 1 2\ne 2 3\ne 3 3\n"),
        ("g.col", "p edge 4 3\ne 1 2\ne 2 3\ne 1 2\n"),
        ("g.col", "p edge 4 5\ne 1 2\ne 2 3\ne 3 4\n"),
        ("g.graph", "3 2\n2\n1\n2\n"),
    ];
    assert_eq!(block("text").lines().count(), files.len());
    for (message, (path, text)) in block("text").lines().zip(files) {
        assert_eq!(read(path, text).expect_err("the graph is refused").to_string(), message);
    }
}
