//! Spins: energies against plain sums, and log Z against the transfer matrix.

use headwater_core::settings::{File, Value};
use headwater_core::{Environment, Key, Reward};
use headwater_envs::ising::{Config, Couplings, CouplingsConfig, Ising, Spins, Torus, TorusConfig};
use headwater_envs::{NativeReward, Registered};

use crate::explore::{native_log_z, walk};

fn spins(dim: usize, side: usize) -> Ising {
    Ising::from_config(Config { dim, side }).expect("in range")
}

fn torus(env: &Ising, sigma: f64, field: f64) -> Torus {
    Torus::from_config(TorusConfig { sigma, field }, env).expect("in range")
}

fn file(text: String) -> File {
    File::new("file.csv", text)
}

/// A matrix as CSV.
fn csv(matrix: &[Vec<f64>]) -> File {
    let row = |row: &Vec<f64>| row.iter().map(f64::to_string).collect::<Vec<_>>().join(",") + "\n";
    file(matrix.iter().map(row).collect())
}

/// Who neighbours whom on a torus, by coordinates: one step along one axis, around the torus if need be.
fn adjacency(dim: u32, side: usize) -> Vec<Vec<f64>> {
    let sites = side.pow(dim);
    let coordinates = |i: usize| (0..dim).map(move |d| i / side.pow(d) % side);
    let neighbours = |i, j| {
        let moved: Vec<(usize, usize)> = coordinates(i).zip(coordinates(j)).filter(|(a, b)| a != b).collect();
        matches!(moved[..], [(a, b)] if (a + 1) % side == b || (b + 1) % side == a)
    };
    (0..sites).map(|i| (0..sites).map(|j| f64::from(u8::from(neighbours(i, j)))).collect()).collect()
}

/// xᵀJx + hᵀx as it is written.
fn quadratic(j: &[Vec<f64>], h: &[f64], x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (a, row) in x.iter().zip(j) {
        sum += x.iter().zip(row).map(|(b, j)| a * j * b).sum::<f64>();
    }
    sum + x.iter().zip(h).map(|(x, h)| x * h).sum::<f64>()
}

/// Random spins, of which a share are not set, as an object and as numbers.
fn draw(env: &Ising, key: Key) -> (Spins, Vec<f64>) {
    let n = env.max_len();
    let unset = key.fold(0).below(3);
    let draw = |i: usize| match key.fold(1 + i as u64).below(2 + unset) {
        0 => ('-', -1.0),
        1 => ('+', 1.0),
        _ => ('.', 0.0),
    };
    let (text, x): (String, Vec<f64>) = (0..n).map(draw).unzip();
    (env.parse(&text).expect("spins"), x)
}

#[test]
fn spins_are_set_one_by_one() {
    assert_eq!(walk(spins(1, 3), &[1, 5, 0]), ["...", ".-.", ".-+", "--+"]);
    let env = spins(2, 11);
    assert_eq!(env.n_actions(), 242);
    assert_eq!([120, 121].map(|a| env.describe(headwater_core::Action(a))), ["spin 120 down", "spin 0 up"]);
    assert!(["", "--", "--0+", "--++-"].iter().all(|text| spins(2, 2).parse(text).is_none()));
}

#[test]
fn energies_are_quadratic_forms() {
    let tori = [(1, 2), (1, 5), (2, 2), (2, 3), (2, 11), (3, 2), (3, 3), (3, 5), (4, 3), (7, 2), (1, 128)];
    for (dim, side) in tori {
        let env = spins(dim as usize, side);
        let (n, key) = (env.max_len(), Key::new(side as u64).fold(u64::from(dim)));
        let a = adjacency(dim, side);
        let ring = if side == 2 { 1.0 } else { 2.0 };
        assert!(a.iter().all(|row| row.iter().sum::<f64>() == ring * f64::from(dim)), "{side}^{dim}");
        let sigma =
            |x: f64| -> Vec<Vec<f64>> { a.iter().map(|r| r.iter().map(|a| x * a).collect()).collect() };
        let h: Vec<f64> = (0..n as u64).map(|i| key.fold(i).normal()).collect();
        let any = |i: u64| (0..n as u64).map(|j| key.fold(i).fold(j).normal()).collect::<Vec<f64>>();
        let matrix: Vec<Vec<f64>> = (0..n as u64).map(any).collect();
        let couplings = |j: &[Vec<f64>], field| {
            Couplings::from_config(CouplingsConfig { couplings: csv(j), field }, &env).expect("files fit")
        };
        let own = couplings(&matrix, Some(csv(std::slice::from_ref(&h))));
        let same = couplings(&sigma(-0.3), None);
        for i in 0..20 {
            let (s, x) = draw(&env, key.fold(i));
            let mean = quadratic(&sigma(-0.3), &vec![0.25; n], &x);
            let found = torus(&env, -0.3, 0.25).score(&env, &s);
            assert!((found - mean).abs() < 1e-9, "{side}^{dim}: {found} instead of {mean}");
            let found = same.score(&env, &s) + 0.25 * x.iter().sum::<f64>();
            assert!((found - mean).abs() < 1e-9, "{side}^{dim}: {found} instead of {mean}");
            let (found, expected) = (own.score(&env, &s), quadratic(&matrix, &h, &x));
            assert!((found - expected).abs() < 1e-9, "{side}^{dim}: {found} instead of {expected}");
        }
    }
}

#[test]
fn files_of_couplings_are_read() {
    let env = spins(1, 2);
    let read = |couplings: &str, field: Option<&str>| {
        let field = field.map(|text| file(text.into()));
        Couplings::from_config(CouplingsConfig { couplings: file(couplings.into()), field }, &env)
    };
    let up = env.parse("++").expect("spins");
    let reward = read("\u{feff}1, 2e0\r\n\r\n -3 ,0.5\r\n", Some("10\n100\n")).expect("files fit");
    assert_eq!(reward.score(&env, &up), 1.0 + 2.0 - 3.0 + 0.5 + 110.0);
    for (field, message) in [
        ("1,2,3", "`file.csv` is to have 2 numbers, and has 3"),
        ("", "`file.csv` is to have 2 numbers, and has 0"),
        ("1\n\nh\n", "file.csv:3:1: `h` is not a finite number"),
    ] {
        let error = read("0,1\n1,0\n", Some(field)).expect_err("the field is refused");
        assert_eq!((error.field, error.to_string().as_str()), (Some("field"), message));
    }
}

/// log Z of the L×L torus: the trace of the L-th power of the matrix that takes a row of spins to the next row. Between
/// rows only spins above each other interact, so that a product with the matrix is L products with 2×2 matrices.
fn transfer(l: usize, sigma: f64, field: f64) -> f64 {
    let rows = 1usize << l;
    let spin = |row: usize, c: usize| if row >> (c % l) & 1 == 1 { 1.0 } else { -1.0 };
    let within = |row| {
        let site = |c| 2.0 * sigma * spin(row, c) * spin(row, c + 1) + field * spin(row, c);
        (0..l).map(site).sum::<f64>().exp()
    };
    let within: Vec<f64> = (0..rows).map(within).collect();
    let (alike, unlike) = ((2.0 * sigma).exp(), (-2.0 * sigma).exp());
    let mut trace = 0.0;
    for start in 0..rows {
        let mut v = vec![0.0; rows];
        v[start] = 1.0;
        for _ in 0..l {
            for c in 0..l {
                for pair in v.chunks_mut(2 << c) {
                    let (down, up) = pair.split_at_mut(1 << c);
                    for (d, u) in down.iter_mut().zip(up) {
                        (*d, *u) = (alike * *d + unlike * *u, unlike * *d + alike * *u);
                    }
                }
            }
            v.iter_mut().zip(&within).for_each(|(v, w)| *v *= w);
        }
        trace += v[start];
    }
    trace.ln()
}

/// log Z by the sum over all objects.
fn by_objects(env: &Ising, reward: &Torus) -> f64 {
    let n = env.max_len();
    let text = |x: u32| (0..n).map(|i| if x >> i & 1 == 1 { '+' } else { '-' }).collect::<String>();
    let score = |x| reward.score(env, &env.parse(&text(x)).expect("spins"));
    (0..1u32 << n).map(|x| score(x).exp()).sum::<f64>().ln()
}

#[test]
fn log_z_is_that_of_the_transfer_matrix() {
    for (sigma, field) in [(0.1, 0.0), (0.2, 0.0), (-0.3, 0.0), (0.15, 0.4), (0.220343, -0.1)] {
        let set = [("sigma", Value::Real(sigma)), ("field", Value::Real(field))];
        let (found, expected) = (native_log_z(&spins(2, 3), "torus", &set), transfer(3, sigma, field));
        assert!((found - expected).abs() < 1e-10, "3×3 at {sigma}, {field}: {found} instead of {expected}");
        let env = spins(2, 4);
        let (found, expected) = (by_objects(&env, &torus(&env, sigma, field)), transfer(4, sigma, field));
        assert!((found - expected).abs() < 1e-10, "4×4 at {sigma}, {field}: {found} instead of {expected}");
    }
}

#[test]
fn tori_have_the_log_z_of_the_literature() {
    // 0.5 is a strength of 1 where bonds count once.
    for (side, sigma, expected) in [
        (3, 0.1, 6.669745),
        (3, 0.2, 8.456456),
        (4, 0.1, 11.771470),
        (4, 0.2, 14.561093),
        (4, 0.5, 32.698721),
        (6, 0.1, 26.444949),
        (6, 0.2, 32.057295),
        (10, 0.1, 73.453098),
        (10, 0.2, 88.187701),
    ] {
        let found = transfer(side, sigma, 0.0);
        assert!((found - expected).abs() < 6e-7, "{side}×{side}, σ = {sigma}: {found} instead of {expected}");
    }
    // torchgfn's default, J = 1 everywhere, diagonal included.
    for (n, alpha, expected) in
        [(2, 0.1, 1.606162), (2, 1.0, 4.711297), (4, 0.1, 3.326498), (4, 1.0, 16.693172)]
    {
        let set = [("couplings", Value::File(csv(&vec![vec![alpha; n]; n])))];
        let found = native_log_z(&spins(1, n), "couplings", &set);
        assert!((found - expected).abs() < 6e-7, "{n} spins, α = {alpha}: {found} instead of {expected}");
    }
}
