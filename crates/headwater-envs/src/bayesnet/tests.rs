//! Local scores against hand-work, literature and other routes to the same number; what bad files are told.

use headwater_core::settings::{File, Values, defaults};
use headwater_core::{Key, SettingError, Settings};

use super::bdeu::Categories;
use super::bge::{BgeConfig, Gaussian};
use super::families::Local;
use super::special::ln_gamma;
use super::*;
use crate::NativeReward;

fn read(text: &str) -> Result<Data, SettingError> {
    Data::read(&File::new("data.csv", text))
}

#[track_caller]
fn close(value: f64, expected: f64) {
    assert!((value - expected).abs() < 1e-9 * (1.0 + expected.abs()), "{value} instead of {expected}");
}

/// Ten cases of Cooper & Herskovits 1992, table 1.
const CASES: &str = "x1,x2,x3\n1,0,0\n1,1,1\n0,0,1\n1,1,1\n0,0,0\n0,1,1\n1,1,1\n0,0,0\n1,1,1\n0,0,0\n";

#[test]
fn the_ten_cases_of_cooper_and_herskovits_have_their_probabilities() {
    // Their prior is one observation per cell: BDeu with α = qr, family by family. P(B_S1, D) = P(B_S1) · 2.23e-9 for the
    // chain x1 → x2 → x3, and 2.23e-10 for the fork x2 ← x1 → x3.
    let data = read(CASES).expect("a good file");
    let family = |node, parents: u64| {
        let cells = 2.0 * 2f64.powi(parents.count_ones() as i32);
        Categories::new(&data, cells, 3).expect("two categories each").local(node, parents)
    };
    let chain = family(0, 0) + family(1, 0b001) + family(2, 0b010);
    let fork = family(0, 0) + family(1, 0b001) + family(2, 0b001);
    assert!((chain.exp() - 2.23e-9).abs() < 0.005e-9, "{}", chain.exp());
    assert!((fork.exp() - 2.23e-10).abs() < 0.005e-10, "{}", fork.exp());
}

#[test]
fn bdeu_is_the_sum_that_is_written_by_hand() {
    // With α = 1 and one binary parent: a = 1/2 per combination and 1/4 per cell. Of x1 = 0 the rows have x2 = 0 four times
    // and 1 once, of x1 = 1 the other way round.
    let model = Categories::new(&read(CASES).expect("a good file"), 1.0, 3).expect("two categories each");
    let side = ln_gamma(0.5) - ln_gamma(5.5) + ln_gamma(4.25) + ln_gamma(1.25) - 2.0 * ln_gamma(0.25);
    close(model.local(1, 0b001), 2.0 * side);
}

/// log p of the numbers one after the other, each by the Student t distribution that those before it leave.
fn one_by_one(values: &[f64], alpha_mu: f64, freedom: f64, t: f64) -> f64 {
    let (mut kappa, mut mean, mut a, mut b) = (alpha_mu, 0.0, freedom / 2.0, t / 2.0);
    let mut log_p = 0.0;
    for x in values {
        let spread = b * (kappa + 1.0) / (a * kappa);
        let z = (x - mean) * (x - mean) / (2.0 * a * spread);
        log_p += ln_gamma(a + 0.5)
            - ln_gamma(a)
            - 0.5 * (std::f64::consts::TAU * a * spread).ln()
            - (a + 0.5) * z.ln_1p();
        b += 0.5 * kappa / (kappa + 1.0) * (x - mean) * (x - mean);
        mean = (kappa * mean + x) / (kappa + 1.0);
        (a, kappa) = (a + 0.5, kappa + 1.0);
    }
    log_p
}

#[test]
fn bge_of_a_node_alone_is_a_product_of_student_densities() {
    let data = read("x,y\n0.5,1\n-1.25,2\n2,2.5\n0.75,-3\n").expect("a good file");
    for (alpha_mu, alpha_w) in [(1.0, 4.0), (0.25, 7.5)] {
        let model = Gaussian::new(&data, alpha_mu, alpha_w, false).expect("numbers");
        let t = alpha_mu * (alpha_w - 3.0) / (alpha_mu + 1.0);
        for i in 0..2 {
            // Marginals of a Wishart distribution on d nodes have d − 1 degrees of freedom less.
            // The prior mean is that of the data.
            let values = data.numbers(i).expect("numbers");
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let centred: Vec<f64> = values.iter().map(|x| x - mean).collect();
            let expected = one_by_one(&centred, alpha_mu, alpha_w - 1.0, t);
            close(model.local(i, 0), expected);
        }
    }
}

#[test]
fn bge_of_two_rows_by_hand() {
    // x = (1, −1), y = (1, −1): means 0, sums of squares and products 2. d = 2, α_μ = 1, α_w = 4, t = 1/2:
    // R = [[2.5, 2], [2, 2.5]], N + α_w − d = 4, |R_x| = 5/2, |R| = 9/4.
    let model =
        Gaussian::new(&read("x,y\n1,1\n-1,-1\n").expect("a good file"), 1.0, 4.0, false).expect("numbers");
    let pi = std::f64::consts::PI.ln();
    // p = 0: g = ½ ln ⅓ + lnΓ(5/2) − lnΓ(3/2) − ln π + (3/2) ln ½; −(5/2) ln(5/2).
    let alone = -0.5 * 3f64.ln() + 1.5f64.ln() - pi - 1.5 * 2f64.ln() - 2.5 * 2.5f64.ln();
    // p = 1: g = ½ ln ⅓ + lnΓ(3) − lnΓ(2) − ln π + (5/2) ln ½; + (5/2) ln(5/2) − 3 ln(9/4).
    let given = -0.5 * 3f64.ln() + 2f64.ln() - pi - 2.5 * 2f64.ln() + 2.5 * 2.5f64.ln() - 3.0 * 2.25f64.ln();
    close(model.local(0, 0), alone);
    close(model.local(1, 0b01), given);
}

#[test]
fn standardised_columns_have_no_units() {
    let text = |scale: f64, shift: f64| {
        let row = |i: i32| format!("{},{}\n", f64::from(i * i % 7) * scale + shift, i % 3);
        read(&("a,b\n".to_owned() + &(0..20).map(row).collect::<String>())).expect("a good file")
    };
    let (plain, scaled) = (text(1.0, 0.0), text(1000.0, 5.0));
    let local =
        |data, standardise| Gaussian::new(data, 1.0, 4.0, standardise).expect("numbers").local(0, 0b10);
    close(local(&plain, true), local(&scaled, true));
    assert!((local(&plain, false) - local(&scaled, false)).abs() > 1.0);
}

#[test]
fn bge_does_not_depend_on_where_zero_lies() {
    // Two columns that know nothing of each other: no edge is worth anything, near zero and far from it.
    let text = |shift: [f64; 2]| {
        let row = |i: u64| {
            let [a, b] = [0, 1].map(|k| Key::new(7).fold(i).fold(k).normal() + shift[k as usize]);
            format!("{a},{b}\n")
        };
        read(&("a,b\n".to_owned() + &(0..200).map(row).collect::<String>())).expect("a good file")
    };
    let gain = |shift, standardise| {
        let model = Gaussian::new(&text(shift), 1.0, 4.0, standardise).expect("numbers");
        model.local(1, 0b01) - model.local(1, 0)
    };
    for standardise in [false, true] {
        let near = gain([0.0, 0.0], standardise);
        assert!(near < -1.0, "{near}");
        for shift in [[100.0, 100.0], [-1e6, 3.0], [1e6, -1e6]] {
            let far = gain(shift, standardise);
            assert!((far - near).abs() < 1e-6, "{far} instead of {near} at {shift:?}");
        }
    }
}

/// BDeu by its definition, cell by cell of every combination that occurs.
fn by_cells(data: &Data, sample_size: f64, node: usize, parents: u64) -> f64 {
    let columns = data.columns();
    let q: f64 = graph::nodes(parents).map(|i| columns[i].arity as f64).product();
    let (a, share) = (sample_size / q, sample_size / q / columns[node].arity as f64);
    let mut groups = std::collections::BTreeMap::<Vec<u32>, Vec<u32>>::new();
    for row in 0..data.rows() {
        let key = graph::nodes(parents).map(|i| columns[i].codes[row]).collect();
        let counts = groups.entry(key).or_insert_with(|| vec![0; columns[node].arity]);
        counts[columns[node].codes[row] as usize] += 1;
    }
    let lift = |a: f64, n: u32| ln_gamma(a + f64::from(n)) - ln_gamma(a);
    let of = |counts: &Vec<u32>| {
        counts.iter().map(|&n| lift(share, n)).sum::<f64>() - lift(a, counts.iter().sum())
    };
    groups.values().map(of).sum()
}

#[test]
fn scores_are_the_same_number_on_every_way_to_them() {
    // Five columns of 2 to 4 categories; rows that occur once, twice and hundreds of times.
    let row = |i: u64| {
        let code = |k: u64| {
            if i < 900 { i % 3 % (k + 2) } else { u64::from(Key::new(i).fold(k).below(4)) % (k % 3 + 2) }
        };
        format!("{},{},{},{},{}\n", code(0), code(1), code(2), code(3), code(4))
    };
    let data =
        read(&("a,b,c,d,e\n".to_owned() + &(0..1000).map(row).collect::<String>())).expect("a good file");
    let model = Categories::new(&data, 2.5, 3).expect("few categories");
    let mut seen = 0;
    model.every(5, 3, &mut |node, parents, score| {
        seen += 1;
        close(score, by_cells(&data, 2.5, node, parents));
        assert_eq!(score.to_bits(), model.local(node, parents).to_bits());
        let mut out = [f64::NAN; 5];
        model.extended(node, parents, &mut out);
        for (i, out) in out.iter().enumerate().filter(|(i, _)| (parents | 1 << node) >> i & 1 == 0) {
            assert_eq!(
                out.to_bits(),
                model.local(node, parents | 1 << i).to_bits(),
                "{node} {parents:b} {i}"
            );
        }
    });
    // All sets of the four others but the full one, for each of five nodes.
    assert_eq!(seen, 5 * 15);
    let gaussian = Gaussian::new(&data, 1.0, 7.0, true).expect("numbers");
    let mut seen = Vec::new();
    gaussian.every(5, 2, &mut |node, parents, score| {
        assert_eq!(score.to_bits(), gaussian.local(node, parents).to_bits());
        seen.push((node, parents));
    });
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 5 * 11);
}

#[test]
fn numbers_are_cut_at_quantiles() {
    let rows: String = (0..30).map(|i| format!("{},{}\n", i, i % 2)).collect();
    let data = read(&("a,b\n".to_owned() + &rows)).expect("a good file");
    // Three bins of ten rows, five ones each: the same as with a column of three categories.
    let rows: String = (0..30).map(|i| format!("{},{}\n", i / 10, i % 2)).collect();
    let same = read(&("a,b\n".to_owned() + &rows)).expect("a good file");
    let local = |data, bins| Categories::new(data, 1.0, bins).expect("bins").local(1, 0b01);
    close(local(&data, 3), local(&same, 3));
    let many: String = (0..80).map(|i| format!("id{},{}\n", i, i % 2)).collect();
    let error = Categories::new(&read(&("a,b\n".to_owned() + &many)).expect("a good file"), 1.0, 3).err();
    let error = error.expect("80 categories are too many");
    assert_eq!(error.message, "data.csv:1:1: the column `a` has `80` categories, and may have 2 to 64");
}

#[test]
fn bad_files_are_told_where() {
    for (text, message) in [
        ("", "data.csv:1:1: the header has `0` names"),
        ("a\n1\n2\n", "data.csv:1:1: the header has `1` names"),
        ("1,2\n3,4\n5,6\n", "data.csv:1:1: the header begins with `1`: it has no names, only numbers"),
        ("a,a\n1,2\n2,1\n", "data.csv:1:2: the name `a` is that of column 1 too"),
        ("a,\n1,2\n2,1\n", "data.csv:1:2: `` cannot be the name of a node"),
        ("a,b->c\n1,2\n2,1\n", "data.csv:1:2: `b->c` cannot be the name of a node"),
        ("a,b\n1,2\n", "`data.csv` has `1` rows"),
        ("a,b\n1,2\n2,3\n\n4\n", "data.csv:5: the row has `1` values, and the header 2 names"),
        ("a,b\n1,2\n2,3,4\n", "data.csv:3: the row has `3` values, and the header 2 names"),
        ("a,b\n1,2\n2,\n", "data.csv:3:2: the value of `b` is missing"),
        ("a;b\n1;2\n2;NA\n", "data.csv:3:2: the value of `b` is missing"),
        ("a,b\n1,2\n2,2.0\n", "data.csv:1:2: the column `b` is constant"),
        ("a,b\n1,u\n2,u\n", "data.csv:1:2: the column `b` is constant"),
    ] {
        let error = read(text).expect_err(text);
        assert_eq!((error.field, error.message.as_str()), (Some("data"), message));
    }
    let data = read("a,b\n1,2\n2,x\n3,inf\n").expect("categories");
    let error = Gaussian::new(&data, 1.0, 4.0, false).err().expect("not numbers");
    assert_eq!(error.message, "data.csv:3:2: the value `x` of `b` is not a number");
}

#[test]
fn bad_settings_are_told_where() {
    let env = BayesNet::generated(3, 20, 1.0, 0, None);
    let read = |set: Values, fields| {
        let mut values = defaults(fields).expect("nothing is required");
        values.extend(set);
        values
    };
    let text = |t: &str| headwater_core::settings::Value::Text(t.into());
    let real = headwater_core::settings::Value::Real;
    let file = |t: &str| headwater_core::settings::Value::File(File::new("odds.csv", t));
    for (set, field, message) in [
        (vec![("alpha_w", real(4.0))], "alpha_w", "`4` degrees of freedom are not above d + 1 = 4"),
        (
            vec![("prior", text("erdos-renyi"))],
            "expected_edges",
            "`1` edges per node are all that 3 nodes can have, or more",
        ),
        (
            vec![("edge_prior", file("from,to,probability\nx0,x1\n"))],
            "edge_prior",
            "odds.csv:2: `x0,x1` is not an edge with its probability",
        ),
        (
            vec![("edge_prior", file("from,to,probability\nx0,y,0.5\n"))],
            "edge_prior",
            "odds.csv:2: `y` is no column of the data",
        ),
        (
            vec![("edge_prior", file("from,to,probability\n\nx0,x1,1\n"))],
            "edge_prior",
            "odds.csv:3: `1` is no probability between 0 and 1",
        ),
    ] {
        let config = BgeConfig::read(&read(set.into_iter().collect(), BgeConfig::FIELDS));
        let error = Bge::from_config(config, &env).err().expect("refused");
        assert_eq!((error.field, error.message.as_str()), (Some(field), message));
    }
}
