use super::*;

fn taxa(names: &str) -> Taxa {
    Taxa::new(names.split(' ').map(str::to_owned)).expect("different names")
}

fn tree(text: &str) -> Tree {
    Tree::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

#[test]
fn newick_is_read_and_written() {
    for text in ["a;", "(a,b);", "((a,b)95,'it''s c',(d,e,f)'x y');", "(é,(b,c));"] {
        assert_eq!(tree(text).to_string(), text);
    }
    let loose = " ( a:0.1 , [a comment] (b:1e-3,c:2)90:0.5 ) root ; \n";
    assert_eq!(tree(loose).to_string(), "(a,(b,c)90)root;");
    for (text, expected) in [
        ("", "column 1: expected a name or `(`"),
        ("(a,b)", "column 6: expected `;` at the end of the tree"),
        ("(a,b;", "column 5: expected `,` or `)`"),
        ("(a,,b);", "column 4: expected a name or `(`"),
        ("(a,b); c", "column 8: expected nothing behind the tree"),
        ("('a,b);", "column 8: expected `'` at the end of a name"),
        ("(a:x,b);", "column 5: `x` is not a length of a branch"),
    ] {
        assert_eq!(Tree::parse(text).expect_err(text).to_string(), expected);
    }
    assert!(Tree::parse(&"(".repeat(100_000)).is_err());
}

#[test]
fn roots_matter_to_clades_and_not_to_splits() {
    let taxa = taxa("a b c d e");
    let one = tree("((a,b),(c,(d,e)));");
    let other_root = tree("(a,(b,(c,(d,e))));");
    let other_tree = tree("((a,c),(b,(d,e)));");
    let distance = |x, y, rooting| taxa.robinson_foulds(x, y, rooting).expect("the same leaves");
    assert_eq!(distance(&one, &other_root, Rooting::Unrooted), 0);
    // {a,b} and {b,c,d,e} differ; {c,d,e} and {d,e} are in both.
    assert_eq!(distance(&one, &other_root, Rooting::Rooted), 2);
    // Of the two splits each, ab|cde and ac|bde differ.
    assert_eq!(distance(&one, &other_tree, Rooting::Unrooted), 2);
    // Two splits are the most that trees of five leaves have, and these share none.
    let far = tree("((a,d),(b,(c,e)));");
    assert_eq!(distance(&one, &far, Rooting::Unrooted), 4);
    let refused = |text| taxa.sets(&tree(text), Rooting::Unrooted).expect_err("other leaves").to_string();
    assert_eq!(refused("((a,b),(c,(d,x)));"), "`x` is not among the leaves");
    assert_eq!(refused("((a,b),(c,(d,d)));"), "`d` is there twice");
    assert_eq!(refused("((a,b),(c,d));"), "`e` is missing");
}

#[test]
fn the_consensus_has_what_the_majority_has() {
    let mut support = Support::new(taxa("a b c d e"), Rooting::Rooted);
    for (text, weight) in
        [("((a,b),(c,(d,e)));", 2.0), ("((a,b),((c,d),e));", 1.0), ("(((a,b),c),(d,e));", 1.0)]
    {
        support.add(&tree(text), weight).expect("the same leaves");
    }
    let names = |set| support.taxa().members(set).collect::<String>();
    let sets: Vec<(String, f64)> = support.sets().into_iter().map(|(set, x)| (names(set), x)).collect();
    let expected = [("ab", 1.0), ("de", 0.75), ("cde", 0.75), ("abc", 0.25), ("cd", 0.25)];
    assert_eq!(sets.len(), expected.len());
    for (set, x) in expected {
        assert!(sets.contains(&(set.to_owned(), x)), "{set} {sets:?}");
    }
    assert_eq!(support.consensus(0.5).to_string(), "((a,b)100,(c,(d,e)75)75);");
    assert_eq!(support.consensus(0.8).to_string(), "(c,d,e,(a,b)100);");
    assert_eq!((support.n_topologies(), support.largest()), (3, 0.5));
}

#[test]
fn unrooted_consensus_counts_roots_together() {
    let mut support = Support::new(taxa("a b c d"), Rooting::Unrooted);
    for text in ["((a,b),(c,d));", "(a,(b,(c,d)));", "(((a,b),c),d);", "((a,c),(b,d));"] {
        support.add(&tree(text), 1.0).expect("the same leaves");
    }
    assert_eq!(support.n_topologies(), 2);
    assert_eq!(support.consensus(0.5).to_string(), "(a,b,(c,d)75);");
}

#[test]
fn what_was_counted_apart_counts_together() {
    let texts = ["((a,b),(c,d));", "((a,c),(b,d));", "((a,b),(c,d));"];
    let mut whole = Support::new(taxa("a b c d"), Rooting::Unrooted);
    let mut sum = whole.clone();
    for text in texts {
        whole.add(&tree(text), 1.0).expect("the same leaves");
        let mut part = Support::new(taxa("a b c d"), Rooting::Unrooted);
        part.add_sets(part.taxa().sets(&tree(text), Rooting::Unrooted).expect("the same leaves"), 1.0);
        sum.absorb(&part);
    }
    assert_eq!(sum.sets(), whole.sets());
    assert_eq!((sum.n_topologies(), sum.largest()), (2, 2.0 / 3.0));
    // {c, d} and {b, d} are the sides without a.
    assert_eq!((sum.of(0b1100), sum.of(0b1010), sum.of(0b0110)), (2.0 / 3.0, 1.0 / 3.0, 0.0));
}

#[test]
fn trees_are_drawn_with_names_and_supports() {
    let svg = tree("((a,b)95,(c,'d & e')60);").picture().svg("a tree");
    assert!(
        svg.contains(">95</text>") && svg.contains(">60</text>") && svg.contains(">d &amp; e</text>"),
        "{svg}"
    );
}
