//! Features of objects whose features anybody can count.

use headwater_core::settings::{File, Value, Values};
use headwater_envs::find;

/// The features of the object that `text` names, as `name=value` joined by blanks.
fn measured(env: &str, values: &[(&'static str, Value)], text: &str) -> String {
    let entry = find(env).expect("a registered environment");
    let mut all = headwater_core::settings::defaults(entry.entry.fields).unwrap_or_else(|_| Values::new());
    all.extend(values.iter().cloned());
    let mut sim = entry.build(&all, None).expect("good settings");
    sim.reset(1);
    sim.load(0, text).expect("an object");
    let names = sim.features();
    let mut out = vec![f64::NAN; names.len()];
    sim.measure(&[0], &mut out);
    names.iter().zip(out).map(|(name, x)| format!("{name}={x}")).collect::<Vec<_>>().join(" ")
}

fn int(i: i64) -> Value {
    Value::Int(i)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn objects_have_the_features_that_one_counts() {
    let grid = [("dim", int(3))];
    assert_eq!(measured("hypergrid", &grid, "3,0,7"), "x0=3 x1=0 x2=7 sum=10 smallest=0 largest=7");
    let letters = [("alphabet", text("ab+é"))];
    let counts = "count_a=3 count_b=0 count_u2b=2 count_ue9=0";
    assert_eq!(measured("strings", &letters, "aa++a"), format!("length=5 distinct=2 runs=3 {counts}"));
    let none = "length=0 distinct=0 runs=0 count_a=0 count_b=0 count_u2b=0 count_ue9=0";
    assert_eq!(measured("strings", &letters, "ε"), none);
    let bits = [("n", int(6)), ("growth", text("fill"))];
    let written = "length=6 ones=3 zeros=3 changes=3 b0=0 b1=1 b2=1 b3=0 b4=0 b5=1";
    assert_eq!(measured("bits", &bits, "011001"), written);
    let gap = "length=4 ones=2 zeros=2 changes=2 b0=0 b1=1 b2=0 b3=0 b4=0 b5=1";
    assert_eq!(measured("bits", &bits, "01..01"), gap);
    let subset = [("n", int(4))];
    assert_eq!(measured("subsets", &subset, "{0,3}"), "size=2 sum=3 has_0=1 has_1=0 has_2=0 has_3=1");
    assert_eq!(measured("binary-tree", &[], "LRRL"), "depth=4 lefts=2 rights=2 index=6");
    assert_eq!(measured("binary-tree", &[], "root"), "depth=0 lefts=0 rights=0 index=0");
    assert_eq!(measured("line", &[], "-7@2"), "x=-1.4000000000000001 cell=-7 step=2");
    assert_eq!(measured("words", &[], "river"), "length=5 distinct=4 continuations=1");
    // A ring of four, its last bond from the last site to the first.
    let ring = [("dim", int(1)), ("side", int(4))];
    let spins = "up=2 down=2 magnetisation=0 alike=2 unlike=2 s0=1 s1=1 s2=-1 s3=-1";
    assert_eq!(measured("ising", &ring, "++--"), spins);
    let unset = "up=1 down=1 magnetisation=0 alike=0 unlike=1 s0=1 s1=0 s2=0 s3=-1";
    assert_eq!(measured("ising", &ring, "+..-"), unset);
}

#[test]
fn objects_on_graphs_have_the_features_that_one_counts() {
    // A triangle with a tail.
    let text = "p edge 4 4\nn 1 0.5\nn 4 3\ne 1 2 2\ne 2 3 4\ne 1 3 8\ne 3 4 16\n";
    let graph = [("graph", Value::File(File::new("g.col", text)))];
    assert_eq!(measured("independent-set", &graph, "{1}"), "size=1 weight=0.5 free=1 v1=1 v2=0 v3=0 v4=0");
    assert_eq!(measured("clique", &graph, "{1,3}"), "size=2 weight=1.5 free=1 v1=1 v2=0 v3=1 v4=0");
    let dominating = "size=3 weight=4.5 free=3 v1=1 v2=0 v3=1 v4=1";
    assert_eq!(measured("dominating-set", &graph, "{1,3,4}"), dominating);
    let sides = "first=2 other=1 cut=2 weight=24 v1=1 v2=0 v3=-1 v4=1";
    assert_eq!(measured("max-cut", &graph, "{1,4}{3}"), sides);
    let colours = "coloured=3 colours=2 weight=4.5 v1=1 v2=0 v3=2 v4=1";
    assert_eq!(measured("colouring", &graph, "{1,4}{3}"), colours);
}

#[test]
fn trees_have_the_shape_that_one_sees() {
    let fasta = ">a\nAA\n>b\nAC\n>c\nCC\n>d\nCC\n";
    let four = [("alignment", Value::File(File::new("a.fasta", fasta)))];
    let comb = "trees=1 mutations=2 cherries=1 height=3 imbalance=3";
    assert_eq!(measured("phylo", &four, "(((a,b),c),d);"), comb);
    let even = "trees=2 mutations=1 cherries=2 height=1 imbalance=0";
    assert_eq!(measured("phylo", &four, "(a,c); (b,d);"), even.replace("mutations=1", "mutations=3"));
}

#[test]
fn schedules_have_the_features_that_one_counts() {
    let jobs = "digraph { a [time=1]; b [time=2]; c [time=3]; a -> b [cost=0.5]; b -> c [cost=4] }";
    let graph = [("graph", Value::File(File::new("j.dot", jobs)))];
    // `b` waits for what `a` hands on, and `c` for what comes back.
    let all = "placed=3 makespan=10.5 work=6 used=2 split=2 delay=4.5 start_0=0 start_1=1.5 start_2=7.5";
    assert_eq!(measured("scheduling", &graph, "a,c | b"), all);
    let half = "placed=2 makespan=3 work=3 used=1 split=0 delay=0 start_0=0 start_1=1 start_2=0";
    assert_eq!(measured("scheduling", &graph, "a,b"), half);
}

#[test]
fn nodes_have_depths_along_the_longest_path() {
    let graph = r#"{"edges": [["s","a"], ["s","b"], ["a","b"], ["b","c"], ["s","c"]], "rewards": {"c": 1}}"#;
    let graph = [("graph", Value::File(File::new("g.json", graph)))];
    assert_eq!(measured("dag", &graph, "s"), "node=0 depth=0 parents=0 children=3");
    assert_eq!(measured("dag", &graph, "c"), "node=3 depth=3 parents=2 children=0");
}
