use super::{Edges, Grid, Subsets, graph, graphs};
use crate::{EnumerateError, count_trajectories, enumerate};
use headwater_core::{Action, Lanes, Stop};

#[test]
fn counts_of_known_graphs() {
    // (states, edges, objects, longest, trajectories). A cell is reached by a multinomial number of paths; the toy's
    // are counted by hand, object by object.
    let cases = [
        (graph(Grid { dim: 2, side: 4 }), (16, 24, 16, 6, 69)),
        (graph(Grid { dim: 3, side: 3 }), (27, 54, 27, 6, 271)),
        (graph(Subsets { n: 4, k: 2, min: 2 }), (11, 16, 6, 2, 12)),
        (graph(Subsets { n: 5, k: 4, min: 1 }), (31, 75, 30, 4, 5 + 20 + 60 + 120)),
        (graph(Edges::toy()), (11, 13, 6, 5, 2 + 1 + 1 + 3 + 5 + 1)),
        (graph(Edges { list: vec![], rewards: vec![(0, 1.0)] }), (1, 0, 1, 0, 1)),
    ];
    for (g, want) in cases {
        let paths = count_trajectories(&g).unwrap();
        assert_eq!((g.n_states(), g.n_edges(), g.n_objects(), g.longest(), paths), want);
    }
}

#[test]
fn rows_of_the_graph_agree_with_each_other_and_with_the_simulator() {
    for g in graphs() {
        assert_eq!(g.sim().lanes(), g.n_states());
        let mut place = vec![0; g.n_states()];
        g.order().iter().enumerate().for_each(|(i, &s)| place[s as usize] = i);
        let mut seen = 0;
        for s in 0..g.n_states() {
            for e in g.out(s) {
                assert_eq!(g.from(e), s);
                assert!(place[s] < place[g.to(e)]);
                assert!(g.entering(g.to(e)).contains(&(e as u32)));
                assert_eq!(g.edge(s, g.action(e)), Some(e));
                // Lane s is state s.
                let mut sim = g.sim().fork();
                sim.reset(2);
                sim.load(0, &g.sim().text(s as u32)).unwrap();
                sim.load(1, &g.sim().text(g.to(e) as u32)).unwrap();
                sim.step(&[0], &[g.action(e)]);
                assert!(sim.same(0, 1));
            }
            assert_eq!(g.edge(s, Action(99)), None);
            assert!(g.entering(s).iter().all(|&e| g.to(e as usize) == s));
            assert_eq!(g.is_object(s), g.stops()[s] != Stop::Never);
            seen += g.entering(s).len();
        }
        assert_eq!(seen, g.n_edges());
    }
}

#[test]
fn states_are_found_by_their_text() {
    let mut g = graph(Grid { dim: 2, side: 4 });
    for s in 0..g.n_states() {
        let text = g.sim().text(s as u32);
        assert_eq!(g.find(&text), Ok(Some(s)));
    }
    assert_eq!(g.find("4,0").unwrap_err().to_string(), "`4,0` is not a state of `test`");
    assert_eq!(g.sim().lanes(), 16);
    // State 7 has a text but no edge leads to it.
    let mut g = graph(Edges { list: vec![(0, 1), (7, 1)], rewards: vec![(1, 1.0)] });
    assert_eq!(g.find("7"), Ok(None));
}

#[test]
fn the_cap_is_the_largest_size_that_passes() {
    let grid = || Lanes::new("grid", Grid { dim: 3, side: 20 });
    assert_eq!(enumerate(&grid(), 8000).map(|g| g.n_states()).ok(), Some(8000));
    let error = enumerate(&grid(), 7999).err().unwrap();
    assert_eq!(error, EnumerateError::TooLarge { cap: 7999 });
    assert_eq!(error.to_string(), "more than 7999 states are reachable, which is the cap on enumeration");
}

#[test]
fn cycles_are_refused() {
    for (list, ordered, of) in
        [(vec![(0, 1), (1, 2), (2, 1), (0, 3)], 2, 4), (vec![(0, 1), (1, 0)], 0, 2), (vec![(0, 0)], 0, 1)]
    {
        let env = Edges { list, rewards: vec![(1, 1.0)] };
        let error = enumerate(&Lanes::new("loop", env), 100).err().unwrap();
        assert_eq!(error, EnumerateError::Cyclic { ordered, of });
        assert!(error.to_string().contains(&format!("{ordered} of {of} states")), "{error}");
    }
}

#[test]
fn many_states_with_many_edges_cross_the_chunks() {
    let g = graph(Subsets { n: 18, k: 18, min: 0 });
    assert_eq!((g.n_states(), g.n_edges(), g.longest()), (1 << 18, 18 << 17, 18));
    // Σ over k of 18! / (18 − k)!.
    let mut paths = 1u128;
    let mut total = 1u128;
    for i in (1..=18).rev() {
        paths *= i;
        total += paths;
    }
    assert_eq!(count_trajectories(&g), Some(total));
}

#[test]
fn counts_beyond_128_bits_are_none() {
    // Two edges from each of 130 states to the next.
    let list = (0..130).flat_map(|s| [(s, s + 1), (s, s + 1)]).collect();
    let g = graph(Edges { list, rewards: vec![(130, 1.0)] });
    assert_eq!(count_trajectories(&g), None);
    let log_n = crate::log_trajectories(&g)[130];
    assert!((log_n - 130.0 * std::f64::consts::LN_2).abs() < 1e-9, "{log_n}");
}
