//! Numbers that graph theory knows.

use super::*;

const E: f64 = std::f64::consts::E;

#[test]
fn independent_sets_of_paths_and_cycles_are_fibonacci_and_lucas_numbers() {
    let (mut fibonacci, mut lucas) = (vec![0, 1], vec![2, 1]);
    for i in 2..20 {
        fibonacci.push(fibonacci[i - 1] + fibonacci[i - 2]);
        lucas.push(lucas[i - 1] + lucas[i - 2]);
    }
    for n in 1..=12 {
        let count = fibonacci[n + 2];
        assert_eq!(size(&independent_sets(&path(n), false)), (count, count));
    }
    for n in 3..=12 {
        assert_eq!(size(&independent_sets(&cycle(n), false)), (lucas[n], lucas[n]));
    }
}

/// I(Pₙ, x) = I(Pₙ₋₁, x) + x I(Pₙ₋₂, x); of a cycle, the first vertex is out or in.
#[test]
fn independent_sets_have_the_log_z_of_the_independence_polynomial() {
    let polynomial = |n: usize| (0..n).fold((1.0, 1.0), |(last, now), _| (now, now + E * last)).1;
    for n in 3..=9 {
        close(native_log_z(&independent_sets(&path(n), false), "size", &[]), polynomial(n).ln());
        let ring = polynomial(n - 1) + E * polynomial(n - 3);
        close(native_log_z(&independent_sets(&cycle(n), false), "size", &[]), ring.ln());
        // Weights of 1 are sizes.
        close(native_log_z(&independent_sets(&cycle(n), false), "weight", &[]), ring.ln());
    }
    let [e2, e3, e4] = [2, 3, 4].map(|k| E.powi(k));
    let (any, maximal) = (independent_sets(PETERSEN, false), independent_sets(PETERSEN, true));
    assert_eq!((size(&any), size(&maximal)), ((76, 76), (76, 15)));
    close(native_log_z(&any, "size", &[]), (1.0 + 10.0 * E + 30.0 * e2 + 30.0 * e3 + 5.0 * e4).ln());
    close(native_log_z(&maximal, "size", &[]), (10.0 * e3 + 5.0 * e4).ln());
}

#[test]
fn weights_are_those_of_the_file() {
    let text = "p edge 3 2\nn 1 0.5\nn 2 2\ne 1 2 3\ne 2 3 -1\n";
    let maximal = independent_sets(text, true);
    assert_eq!(objects(&maximal), ["{1,3}", "{2}"]);
    close(native_log_z(&maximal, "weight", &[]), (1.5f64.exp() + 2f64.exp()).ln());
    let minimal = dominating_sets(text, true);
    assert_eq!(objects(&minimal), ["{1,3}", "{2}"]);
    close(native_log_z(&minimal, "weight", &[]), ((-1.5f64).exp() + (-2f64).exp()).ln());
    let cut = cuts(text);
    assert_eq!(objects(&cut), ["{1,2,3}{}", "{1,2}{3}", "{1,3}{2}", "{1}{2,3}"]);
    close(native_log_z(&cut, "weight", &[]), (1.0 + (-1f64).exp() + 2f64.exp() + 3f64.exp()).ln());
    let one_colour = colourings(text, 1, true);
    assert_eq!(objects(&one_colour), ["{1,3}", "{2}"]);
    let cost = [("colour_cost", Value::Real(0.25))];
    close(native_log_z(&one_colour, "weight", &cost), (1.25f64.exp() + 1.75f64.exp()).ln());
}

#[test]
fn cliques_of_complete_graphs_are_all_sets() {
    for n in 1..=8 {
        let all = 1 << n;
        assert_eq!(size(&cliques(&complete(n), false)), (all, all));
        assert_eq!(size(&cliques(&complete(n), true)), (all, 1));
        close(native_log_z(&cliques(&complete(n), false), "size", &[]), n as f64 * (1.0 + E).ln());
    }
    assert_eq!(size(&cliques(PETERSEN, true)), (26, 15));
    close(native_log_z(&cliques(PETERSEN, true), "size", &[]), 15f64.ln() + 2.0);
    // The maximal cliques of the club are an example of other programs; the largest have five members.
    let karate = cliques(KARATE, true);
    assert_eq!((size(&karate).1, karate.max_len()), (36, 5));
}

#[test]
fn dominating_sets_of_complete_graphs_and_stars() {
    for n in 2..=8 {
        let any = (1 << n) - 1;
        assert_eq!(size(&dominating_sets(&complete(n), false)), (any, any));
        assert_eq!(size(&dominating_sets(&complete(n), true)), (any, n));
        let z = (1.0 + 1.0 / E).powi(n as i32) - 1.0;
        close(native_log_z(&dominating_sets(&complete(n), false), "size", &[]), z.ln());
        assert_eq!(size(&dominating_sets(&star(n), true)), ((1 << n) + 1, 2));
        close(
            native_log_z(&dominating_sets(&star(n), true), "size", &[]),
            ((-1f64).exp() + (-(n as f64)).exp()).ln(),
        );
    }
    let petersen = dominating_sets(PETERSEN, true);
    assert_eq!(size(&petersen), (653, 27));
    let z = 10.0 * (-3f64).exp() + 5.0 * (-4f64).exp() + 12.0 * (-5f64).exp();
    close(native_log_z(&petersen, "size", &[]), z.ln());
    assert_eq!(dominating_sets(KARATE, true).max_len(), 34 - 4, "four members know everybody");
}

#[test]
fn cuts_are_half_of_all_sets() {
    for n in 2..=8 {
        assert_eq!(size(&cuts(&path(n))), (3usize.pow(n as u32 - 1), 1 << (n - 1)));
        // Each edge of a tree is cut or not.
        close(native_log_z(&cuts(&path(n)), "cut", &[]), (n as f64 - 1.0) * (1.0 + E).ln());
        close(native_log_z(&cuts(&star(n - 1)), "weight", &[]), (n as f64 - 1.0) * (1.0 + E).ln());
    }
    for n in 3..=8 {
        // An even number of the edges of a cycle is cut.
        let z = ((1.0 + E).powi(n) + (1.0 - E).powi(n)) / 2.0;
        close(native_log_z(&cuts(&cycle(n as usize)), "cut", &[]), z.ln());
    }
    assert_eq!(size(&cuts(PETERSEN)), (19_683, 512));
    assert!((native_log_z(&cuts(PETERSEN), "cut", &[]) - 15.388211).abs() < 1e-6);
}

/// a_j: the colourings of the whole graph in exactly j unnamed colours.
fn whole_colourings(text: &str, n: usize, k: usize) -> Vec<usize> {
    let mut counts = vec![0; k + 1];
    for text in objects(&colourings(text, k, true)) {
        let blocks: Vec<&str> = text.split_terminator('}').map(|block| &block[1..]).collect();
        let coloured: usize = blocks.iter().map(|b| b.split(',').count()).sum();
        if coloured == n {
            counts[blocks.len()] += 1;
        }
    }
    counts
}

#[test]
fn colourings_have_the_chromatic_polynomial() {
    /// q(q − 1)…(q − j + 1)
    fn falling(q: i64, j: usize) -> i64 {
        (0..j as i64).map(|i| q - i).product()
    }
    let value = |counts: &[usize], q| -> i64 {
        counts.iter().enumerate().map(|(j, &count)| count as i64 * falling(q, j)).sum()
    };
    for n in 1..=6 {
        let [of_path, of_complete] = [path(n), complete(n)].map(|text| whole_colourings(&text, n, n));
        for q in 0..=7 {
            assert_eq!(value(&of_path, q), q * (q - 1).pow(n as u32 - 1));
            assert_eq!(value(&of_complete, q), falling(q, n));
        }
    }
    for n in 3..=7 {
        let of_cycle = whole_colourings(&cycle(n), n, n);
        for q in 0..=7 {
            assert_eq!(value(&of_cycle, q), (q - 1).pow(n as u32) + (-1i64).pow(n as u32) * (q - 1));
        }
    }
    // With three colours at most; the Petersen graph has P(G, 3) = 120.
    assert_eq!(whole_colourings(PETERSEN, 10, 3), [0, 0, 0, 20]);
}

#[test]
fn partial_colourings_are_partitions() {
    // Bell numbers: a vertex without a colour is in a class of its own kind.
    for (n, bell) in [(1, 1), (2, 2), (3, 5), (4, 15), (5, 52)] {
        let next = [2, 5, 15, 52, 203][n - 1];
        assert_eq!(size(&colourings(&dimacs(n, &[]), n, true)), (next, bell));
        assert_eq!(size(&colourings(&dimacs(n, &[]), n, false)), (next, next));
        assert_eq!(size(&colourings(&complete(n), n, true)), (1 << n, 1));
    }
}
