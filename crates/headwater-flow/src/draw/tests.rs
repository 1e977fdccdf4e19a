//! Layouts keep their promises on many graphs, and what is written is what was meant.

use std::collections::BTreeSet;

use headwater_core::Key;
use headwater_core::settings::File;
use headwater_exact::{Flow, uniform_backward};
use headwater_graph::{Network, read};

use super::bands::{Bands, HAIR, NONE};
use super::colour::{contrast, ink, shade};
use super::layers::{Layers, assign};
use super::layout::{Layout, Rect};
use super::order::reduce;
use super::text::{cut, number};
use super::{Picture, TooLarge, dot, svg};
use crate::Solution;
use headwater_core::picture::escape;

/// A network by its edges and rewards; names are any text.
fn network(edges: &[(&str, &str)], rewards: &[(&str, f64)]) -> Network {
    let quote = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let edges = Vec::from_iter(edges.iter().map(|(a, b)| format!("[{},{}]", quote(a), quote(b))));
    let rewards = Vec::from_iter(rewards.iter().map(|(v, r)| format!("{}:{r:e}", quote(v))));
    parse(&format!("{{\"edges\":[{}],\"rewards\":{{{}}}}}", edges.join(","), rewards.join(",")))
}

fn parse(json: &str) -> Network {
    read(&File::new("graph.json", json), None).unwrap()
}

fn flow13() -> Network {
    parse(include_str!("../../../../examples/flow13.json"))
}

fn toy() -> Network {
    parse(include_str!("../../../../examples/toy.json"))
}

/// `n` nodes and about `m` edges that lead at most `reach` numbers on; some inner nodes are objects.
fn random(n: u32, m: usize, reach: u32, seed: u64) -> Network {
    let key = Key::new(seed);
    let parent = |v: u32| v - 1 - key.fold(u64::from(v)).below(reach.min(v));
    let mut edges = BTreeSet::from_iter((1..n).map(|v| (parent(v), v)));
    for i in 0..2 * m as u64 {
        let from = key.fold(1 << 40).fold(i).below(n - 1);
        let to = from + 1 + key.fold(2 << 40).fold(i).below(reach);
        if edges.len() < m && to < n {
            edges.insert((from, to));
        }
    }
    let names = Vec::from_iter((0..n).map(|v| format!("n{v}")));
    let is_object = |v: u32| {
        let ends = !edges.iter().any(|e| e.0 == v);
        ends || (seed.is_multiple_of(2) && key.fold(3 << 40).fold(u64::from(v)).below(6) == 0)
    };
    let reward = |v: u32| (10.0 * key.fold(4 << 40).fold(u64::from(v)).unit()).ceil();
    let rewards = (1..n).filter(|&v| is_object(v)).map(|v| (names[v as usize].as_str(), reward(v)));
    let rewards = Vec::from_iter(rewards);
    let edges = edges.iter().map(|&(a, b)| (names[a as usize].as_str(), names[b as usize].as_str()));
    network(&Vec::from_iter(edges), &rewards)
}

/// A chain with edges from its start to each node.
fn fan(n: usize) -> Network {
    let names = Vec::from_iter((0..n).map(|v| format!("n{v}")));
    let chain = names.windows(2).map(|w| (w[0].as_str(), w[1].as_str()));
    let edges = Vec::from_iter(chain.chain(names[2..].iter().map(|v| ("n0", v.as_str()))));
    network(&edges, &[(names[n - 1].as_str(), 1.0)])
}

fn solve(network: &Network) -> Solution {
    Solution::new(network, uniform_backward(network.graph()))
}

fn with_picture<T>(network: &Network, then: impl FnOnce(&Picture<'_>) -> T) -> T {
    let solution = solve(network);
    then(&Picture { network, flow: &solution.flow, log_p: &solution.log_p, learned: None, title: "title" })
}

fn layout(network: &Network) -> Layout {
    with_picture(network, Layout::new)
}

fn crossings(network: &Network) -> usize {
    reduce(&mut Layers::new(network.graph(), &assign(network.graph())))
}

#[test]
fn nothing_overlaps_and_every_edge_goes_from_its_node_to_the_right() {
    for seed in 0..24 {
        let network = random(4 + 7 * seed as u32, 12 * seed as usize, 3 + 2 * seed as u32, seed);
        let (g, layout) = (network.graph(), layout(&network));
        let boxes: Vec<Rect> = layout.nodes.iter().chain(layout.lines.iter().flatten()).copied().collect();
        for (i, a) in boxes.iter().enumerate() {
            assert!(boxes[..i].iter().all(|b| !a.meets(b, 0.5)), "seed {seed}: box {i} of {}", boxes.len());
            assert!(a.x >= 0.0 && a.x + a.w <= layout.size[0] && a.y + a.h <= layout.size[1] + 1e-9);
        }
        for (e, course) in layout.courses.iter().enumerate() {
            let points = Vec::from_iter(course.iter().flatten());
            assert!(points.windows(2).all(|p| p[0][0] <= p[1][0]), "seed {seed}: edge {e} turns back");
            let (from, to) = (layout.nodes[g.from(e)], layout.nodes[g.to(e)]);
            let (start, end) = (points[0], points[points.len() - 1]);
            assert_eq!((start[0], end[0]), (from.x + from.w, to.x), "seed {seed}: edge {e}");
            assert!((from.y..from.y + from.h).contains(&start[1]) && (to.y..to.y + to.h).contains(&end[1]));
            assert!(course.windows(2).all(|c| c[0][3] == c[1][0]), "seed {seed}: edge {e} is broken");
        }
    }
}

#[test]
fn layers_ascend_along_edges_and_the_source_is_alone() {
    for seed in 0..20 {
        let network = random(5 + 5 * seed as u32, 10 * seed as usize, 8, seed);
        let g = network.graph();
        let layer = assign(g);
        assert!((0..g.n_edges()).all(|e| layer[g.from(e)] < layer[g.to(e)]));
        assert!((0..g.n_states()).all(|v| (layer[v] == 0) == (v == g.source())));
        let used = BTreeSet::from_iter(layer.iter().copied());
        assert_eq!(used.len() as u32, 1 + used.last().unwrap(), "a layer is empty");
        let layers = Layers::new(g, &layer);
        let neighbours =
            |l: &super::layers::Link| layers.layer[l.from as usize] + 1 == layers.layer[l.to as usize];
        assert!(layers.links.iter().all(neighbours));
        assert_eq!(layers.order.iter().map(Vec::len).sum::<usize>(), layers.n_vertices());
    }
}

#[test]
fn planar_networks_are_drawn_without_crossings() {
    let names = Vec::from_iter((0..63).map(|v| format!("{v}")));
    let edges = Vec::from_iter((1..63).map(|v| (names[(v - 1) / 2].as_str(), names[v].as_str())));
    let rewards = Vec::from_iter(names[31..].iter().map(|v| (v.as_str(), 1.0)));
    for network in [flow13(), toy(), network(&edges, &rewards), fan(12)] {
        assert_eq!(crossings(&network), 0, "{} nodes", network.graph().n_states());
    }
    // The complete bipartite graph of three and three, behind a source: nine crossings are least.
    let mut edges = Vec::from_iter(["a", "b", "c"].map(|v| ("s", v)));
    edges.extend(["a", "b", "c"].iter().flat_map(|a| ["x", "y", "z"].map(|x| (*a, x))));
    assert_eq!(crossings(&network(&edges, &[("x", 1.0), ("y", 1.0), ("z", 1.0)])), 9);
}

#[test]
fn crossings_are_counted_as_on_paper() {
    for seed in 0..10 {
        let network = random(30, 70, 12, 100 + seed);
        let mut layers = Layers::new(network.graph(), &assign(network.graph()));
        let before = by_hand(&layers);
        let found = reduce(&mut layers);
        assert_eq!(found, by_hand(&layers));
        assert!(found <= before, "seed {seed}: {before} crossings became {found}");
    }
}

/// Pairs of links between the same layers whose ends are in opposite orders.
fn by_hand(layers: &Layers) -> usize {
    let place =
        |v: u32| layers.order[layers.layer[v as usize] as usize].iter().position(|&u| u == v).unwrap() as i64;
    let ends = Vec::from_iter(
        layers.links.iter().map(|l| (layers.layer[l.from as usize], place(l.from), place(l.to))),
    );
    let cross = |a: &(u32, i64, i64), b: &(u32, i64, i64)| a.0 == b.0 && (a.1 - b.1) * (a.2 - b.2) < 0;
    ends.iter().enumerate().map(|(i, a)| ends[..i].iter().filter(|b| cross(a, b)).count()).sum()
}

#[test]
fn bands_are_as_broad_as_their_flow() {
    let network = random(60, 140, 20, 8);
    let solution = solve(&network);
    let picture =
        Picture { network: &network, flow: &solution.flow, log_p: &solution.log_p, learned: None, title: "" };
    let bands = Bands::new(&picture, 100.0);
    let flows = &solution.flow.edge;
    for a in 0..flows.len() {
        let share = (flows[a] - solution.flow.log_z).exp();
        assert!((bands.edge[a] - (100.0 * share).max(HAIR)).abs() < 1e-9);
        assert!(
            (0..a)
                .all(|b| (flows[a] >= flows[b]) == (bands.edge[a] >= bands.edge[b]) || bands.edge[a] == HAIR)
        );
    }
    // A flow that is there is a hair even if its share is rounded to nothing; none is less.
    let edges = [("s", "tiny"), ("s", "huge"), ("s", "no")];
    let network = self::network(&edges, &[("tiny", 1e-300), ("huge", 1e300), ("no", 0.0)]);
    assert_eq!(layout(&network).bands.edge[0], HAIR);
    assert_eq!(layout(&network).bands.edge[2], NONE);
}

#[test]
fn names_are_shown_and_never_run() {
    let long = "x".repeat(3000);
    let names = ["<script>alert(1)</script>", "\"a\" & 'b'", "]]>", "\u{202e}水💧", "a\\", "\u{fffe}", &long];
    let edges = Vec::from_iter(names.iter().map(|&v| ("<s>", v)));
    let rewards = Vec::from_iter(names.iter().map(|&v| (v, 1.0)));
    let network = network(&edges, &rewards);
    let solution = solve(&network);
    let title = "</title><script>\u{1}\0";
    let picture =
        Picture { network: &network, flow: &solution.flow, log_p: &solution.log_p, learned: None, title };
    let text = svg(&picture).unwrap();
    let tree = roxmltree::Document::parse(&text).unwrap();
    let known = ["svg", "title", "desc", "style", "g", "rect", "path", "text"];
    assert!(
        tree.root().descendants().filter(|n| n.is_element()).all(|n| known.contains(&n.tag_name().name()))
    );
    let attributes = tree.root().descendants().flat_map(|n| n.attributes());
    assert!(attributes.into_iter().all(|a| !a.name().starts_with("on") && !a.name().contains("href")));
    let titles = tree.root().descendants().filter(|n| n.has_tag_name("title"));
    let titles = Vec::from_iter(titles.filter_map(|n| n.text()).map(|t| t.lines().next().unwrap_or("")));
    for name in names {
        let shown = name.replace('\u{fffe}', "\u{fffd}");
        assert!(titles.contains(&shown.as_str()), "{name:?} has no tooltip");
    }
    assert_eq!(titles[0], "</title><script>\u{fffd}\u{fffd}");
    // Where it would be too long, the name is cut.
    assert!(
        tree.root().descendants().any(|n| n.has_tag_name("text") && n.text() == Some("xxxxxxxxxxxxxxx…"))
    );
}

#[test]
fn any_numbers_give_a_picture() {
    let network = toy();
    let g = network.graph();
    let exact = solve(&network);
    let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308, -1e308, 0.0];
    for (i, log_z) in values.into_iter().enumerate() {
        let cycle = |n: usize| Vec::from_iter((0..n).map(|j| values[(i + j) % values.len()]));
        let odd =
            Flow { state: cycle(g.n_states()), edge: cycle(g.n_edges()), stop: cycle(g.n_states()), log_z };
        for (flow, learned) in [(&exact.flow, Some(&odd)), (&odd, None), (&odd, Some(&exact.flow))] {
            let log_p = cycle(g.n_states());
            let picture = Picture { network: &network, flow, log_p: &log_p, learned, title: "" };
            let text = svg(&picture).unwrap();
            let tree = roxmltree::Document::parse(&text).unwrap();
            let geometry = tree.root().descendants().flat_map(|n| n.attributes());
            assert!(geometry.into_iter().all(|a| !a.value().contains("NaN") && !a.value().contains("inf")));
            assert!(!dot(&picture).is_empty());
        }
    }
}

#[test]
fn a_learned_flow_shows_where_it_differs() {
    let network = flow13();
    let solution = solve(&network);
    let maxent = Solution::new(&network, headwater_exact::maxent_backward(network.graph()));
    let draw = |learned: &Flow| {
        let (flow, log_p) = (&solution.flow, solution.log_p.as_slice());
        svg(&Picture { network: &network, flow, log_p, learned: Some(learned), title: "" }).unwrap()
    };
    let (same, other) = (draw(&solution.flow), draw(&maxent.flow));
    assert!(!same.contains("learned flow is") && !same.contains("class=\"more\""));
    for part in ["learned flow is larger", "learned flow is smaller", "class=\"more\"", "class=\"less\""] {
        assert!(other.contains(part), "{part}");
    }
    assert!(other.contains("s0 → s1\nflow 10.75 = 26.9 % of Z"));
}

#[test]
fn the_same_picture_gives_the_same_bytes() {
    for network in [flow13(), random(200, 600, 60, 3)] {
        let draw = || with_picture(&network, |picture| (svg(picture).unwrap(), dot(picture)));
        assert_eq!(draw(), draw());
    }
}

#[test]
fn what_is_too_large_is_refused() {
    let refused = |network: &Network| with_picture(network, svg).unwrap_err();
    assert_eq!(refused(&random(2001, 2001, 50, 1)), TooLarge { what: "nodes", found: 2001, limit: 2000 });
    assert_eq!(refused(&random(500, 10_001, 200, 1)).what, "edges");
    let error = refused(&fan(600));
    assert_eq!(
        error.to_string(),
        "180298 pieces of edges between layers are too many for a picture, which has at most 60000: draw a part of \
         the graph, or write DOT (`--dot`) for other tools"
    );
    let large = random(200, 600, 60, 3);
    assert_eq!(large.graph().n_edges(), 600);
    let text = with_picture(&large, svg).unwrap();
    assert!(text.len() < 500_000, "{} bytes", text.len());
}

#[test]
fn dot_can_be_read_and_gives_the_flow_back() {
    let (a, c) = ("a \"b\"", "c\\\\\"d\\e");
    let network = network(&[(a, c), (a, "d"), ("d", c)], &[(c, 2.0), ("d", 1e-9)]);
    let text = with_picture(&network, dot);
    assert!(text.starts_with("digraph {\n  label=\"title\";\n") && text.ends_with("}\n"));
    assert!(text.contains(r#"  "c\\\"d\e" [label="c\\\\\"d\\e\nR = 2", reward="2", flow="2", "#), "{text}");
    assert!(text.contains("reward=\"1e-9\""));
    assert!(text.contains(r#"  "a \"b\"" -> "c\\\"d\e" [label="1", flow="1", weight="0.5", "#), "{text}");
    // The tool reads what it wrote: the same nodes, rewards and flow.
    let back = read(&File::new("graph.dot", text), None).unwrap();
    let rewards = |n: &Network, v: &str| n.rewards()[n.names().find(v).unwrap() as usize];
    assert!(network.names().iter().all(|v| rewards(&network, v) == rewards(&back, v)));
    let given = Solution::new(&back, crate::backward(&back, crate::Choice::Given).unwrap());
    assert!((given.flow.log_z - solve(&network).flow.log_z).abs() < 1e-12);
    let weight = |from: &str| {
        let [from, to] = [from, c].map(|v| back.names().find(v).unwrap() as usize);
        given.backward[back.edge(from, to).unwrap()]
    };
    assert_eq!((weight("d"), weight(a)), (0.5f64.ln(), 0.5f64.ln()));
    // What cannot be written does not break the file.
    for end in ["\\", "\\\\", "\\\"", "\\\\\\\"\\\\\\"] {
        let text = with_picture(&self::network(&[("s", end)], &[(end, 1.0)]), dot);
        let back = read(&File::new("graph.dot", text), None).unwrap();
        assert_eq!(back.graph().n_states(), 2, "{end}");
    }
    // Weights are P_B: over the edges that enter a node they sum to one.
    let large = random(100, 300, 30, 6);
    let g = large.graph();
    let mut sums = vec![0.0; g.n_states()];
    let text = with_picture(&large, dot);
    for line in text.lines().filter(|l| l.contains(" -> ")) {
        let field = |after: &str| line.split_once(after).unwrap().1.split('"').next().unwrap();
        let to = large.names().find(field(" -> \"")).unwrap();
        sums[to as usize] += field("weight=\"").parse::<f64>().unwrap();
    }
    assert!((0..g.n_states()).all(|v| v == g.source() || (sums[v] - 1.0).abs() < 1e-9));
}

#[test]
fn numbers_are_short_and_right() {
    for (value, digits, want) in [
        (28.75, 3, "28.8"),
        (28.75, 4, "28.75"),
        (30.0, 3, "30"),
        (12_345.0, 3, "12345"),
        (100_000.0, 3, "1e5"),
        (0.001, 3, "0.001"),
        (0.000_123_45, 3, "1.23e-4"),
        (9.999e-7, 3, "1e-6"),
        (1e300, 6, "1e300"),
        (0.0, 3, "0"),
    ] {
        assert_eq!(number(f64::ln(value), digits), want);
    }
    assert_eq!(number(2000.0, 3), "3.88e868");
    assert_eq!((number(f64::NAN, 3).as_str(), number(f64::INFINITY, 3).as_str()), ("?", "?"));
    assert_eq!((&*cut("äöü", 3), &*cut("äöüß", 3)), ("äöü", "äö…"));
    assert_eq!(escape("<a b='c'>\t&\n"), "&lt;a b=&#39;c&#39;&gt;\u{fffd}&amp;\n");
}

#[test]
fn names_can_be_read_on_every_shade() {
    for i in 0..=100 {
        let paint = shade(f64::from(i) / 100.0);
        assert!(
            contrast(ink(paint.light), paint.light) >= 4.5 && contrast(ink(paint.dark), paint.dark) >= 4.5
        );
    }
    assert_eq!((shade(-1.0), shade(f64::INFINITY)), (shade(0.0), shade(1.0)));
}

#[cfg(feature = "png")]
#[test]
fn pixels_are_as_many_as_asked_for() {
    use super::{PngError, png};

    let text = with_picture(&flow13(), svg).unwrap();
    let tree = roxmltree::Document::parse(&text).unwrap();
    let side = |name: &str| tree.root_element().attribute(name).unwrap().parse::<f32>().unwrap();
    let bytes = match png(&text, 2.0) {
        // Machines without fonts say so.
        Err(error) => return assert_eq!(error, PngError::NoFonts),
        Ok(bytes) => bytes,
    };
    assert!(bytes.starts_with(b"\x89PNG\r\n"));
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as f32;
    assert_eq!((number(16), number(20)), (2.0 * side("width"), 2.0 * side("height")));
    for scale in [0.0, -1.0, f32::NAN, f32::INFINITY, 1e6] {
        assert!(matches!(png(&text, scale), Err(PngError::Size { .. })), "{scale}");
    }
    assert!(matches!(png("<svg", 1.0), Err(PngError::Broken(_))));
}
