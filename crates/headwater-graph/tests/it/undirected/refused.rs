//! What is said of files that are wrong: line, column and a hint.

use super::*;

#[track_caller]
fn refused(path: &str, text: &str, message: &str) {
    let error = read(path, text).expect_err("the graph is refused");
    assert_eq!(error.to_string(), message);
}

#[test]
fn dimacs_that_is_wrong_is_refused() {
    for (text, message) in [
        ("", "1:1: the file is empty"),
        ("c nothing\n", "1:1: there is no header"),
        ("e 1 2\np edge 2 1\n", "1:1: a line `e` before the header"),
        ("p edge 2\n", "1:1: the header has 2 words behind `p` instead of 3"),
        ("p sp 2 1\n", "1:3: the header is for `sp`, not `edge` or `col`"),
        ("p edge x 1\n", "1:8: the number of vertices is `x`, not a whole number"),
        ("p edge 0 0\n", "1:8: the graph has no vertices"),
        ("p edge 9999999 0\n", "1:8: `9999999` vertices are more than 1000000"),
        ("p edge 2 1\np edge 2 1\ne 1 2\n", "2:1: a second header"),
        ("p edge 2 1\ne 1\n", "2:1: an edge has 1 words behind `e` instead of 2"),
        ("p edge 2 1\ne 1 3\n", "2:5: there is no vertex `3`"),
        ("p edge 2 1\ne 0 1\n", "2:3: there is no vertex `0`"),
        ("p edge 2 1\ne 1 b\n", "2:5: the vertex is `b`, not a whole number"),
        ("p edge 2 1\ne 1 2 inf\n", "2:7: the weight is `inf`, not a finite number"),
        ("p edge 2 1\nn 1\n", "2:1: a vertex has 1 words behind `n` instead of 2"),
        ("p edge 2 1\nx 1 2\n", "2:1: a line begins with `x`"),
        ("p edge 2 1\ne  2 2\n", "2:6: the edge from `2` to itself"),
        ("p edge 3 2\ne 1 2\ne 1 2\n", "3:5: a second edge from `1` to `2`"),
        ("p edge 3 3\ne 1 2\ne 2 1\ne 2 3\n", "3:5: a second edge between `2` and `1`"),
        ("p edge 3 1\ne 1 2 3\ne 2 1 4\n", "3:5: the edge from `2` to `1` weighs `4`, and `3` back"),
        ("p edge 3 3\ne 1 2\ne 2 3\n", "1:10: the header has `3` edges, and the file 2"),
    ] {
        refused("g.col", text, &format!("g.col:{message}"));
    }
}

#[test]
fn metis_that_is_wrong_is_refused() {
    for (text, message) in [
        ("% x\n", "1:1: there is no header"),
        ("3\n", "1:1: the header has 1 numbers instead of 2 to 4"),
        ("3 2 2\n", "1:5: the format is `2`, not three digits 0 or 1"),
        ("3 2 10 2\n", "1:8: `2` weights per vertex instead of 1"),
        ("3 1\n2\n1", "3:2: the file ends after 2 of 3 vertices"),
        ("2 1\n2\n1\n\n 1\n", "5:2: a line after those of all 2 vertices"),
        ("3 2\n2\n1\n2\n", "4:1: `2` is a neighbour of `3`, and `3` not of `2`"),
        ("2 2\n2\n1\n", "1:3: the header has `2` edges, and the file 1"),
        ("2 1\n1\n\n", "2:1: the edge from `1` to itself"),
        ("2 1\n2 2\n1 1\n", "2:3: a second edge from `1` to `2`"),
        ("2 1 1\n2\n1 1\n", "2:1: neighbour `2` has no weight, which the header announces"),
        ("2 1 1\n2 3\n1 4\n", "3:1: the edge from `2` to `1` weighs `4`, and `3` back"),
        ("2 1 10\n\n1 1\n", "2:1: vertex `1` has no weight, which the header announces"),
        ("2 1\n2\n3\n", "3:1: there is no vertex `3`"),
    ] {
        refused("g.graph", text, &format!("g.graph:{message}"));
    }
}

#[test]
fn lists_of_edges_that_are_wrong_are_refused() {
    for (text, message) in [
        (" \n\n", "1:1: the file is empty"),
        ("# x\n", "1:1: there are no edges"),
        ("a b 1 2\n", "1:7: a line has 4 fields"),
        ("a,b,1,2\n", "1:7: a line has more than 3 fields"),
        ("a b\nb a\nb c\n", "2:3: a second edge between `b` and `a`"),
        ("a b\nc, c\n", "2:4: the edge from `c` to itself"),
        ("é,b\né,ü,x\n", "2:5: the weight is `x`, not a finite number"),
        ("a,b c\n", "1:3: \"b c\" cannot name a vertex"),
        ("a,\n", "1:3: \"\" cannot name a vertex"),
        ("a {b}\n", "1:3: \"{b}\" cannot name a vertex"),
    ] {
        refused("g.csv", text, &format!("g.csv:{message}"));
    }
    let error = read_undirected(&File::new("g.csv", b"a,b\n\xff".as_slice())).expect_err("it is no text");
    assert_eq!(error.to_string(), "g.csv:2:1: byte 4 of the file is not text in UTF-8");
}
