use crate::settings::{AutoReal, File, Schedule, Shape, Value, Values, choice, defaults, settings};
use crate::{BitMatrix, Encoded, Encoding, Floats, Key, Regression, RowSet, Settings, StateHasher};

#[test]
fn bit_matrix_selects_and_iterates_across_words() {
    let mut m = BitMatrix::new(2, 200);
    for a in [0, 63, 64, 127, 199] {
        m.row_mut(1).set(a);
    }
    assert_eq!(m.count(0), 0);
    assert_eq!(m.ones(1).collect::<Vec<_>>(), [0, 63, 64, 127, 199]);
    assert_eq!((0..5).map(|k| m.select(1, k).0).collect::<Vec<_>>(), [0, 63, 64, 127, 199]);
    assert!(m.get(1, 127) && !m.get(1, 126));
    m.copy(1, 0);
    m.clear(1);
    assert_eq!((m.count(0), m.count(1)), (5, 0));
    m.write(0, &[5]);
    assert_eq!(m.ones(0).collect::<Vec<_>>(), [0, 2], "words that are not given are cleared");
    assert_eq!(BitMatrix::new(3, 64).ones(2).next(), None);
}

#[test]
fn ranges_and_bits_are_set_as_one_by_one() {
    let columns = 320;
    let rows = |set: &dyn Fn(&mut BitMatrix), one_by_one: &mut dyn Iterator<Item = usize>| {
        let (mut m, mut expected) = (BitMatrix::new(2, columns), BitMatrix::new(2, columns));
        // What is there already stays.
        m.row_mut(0).set(200);
        expected.row_mut(0).set(200);
        set(&mut m);
        one_by_one.for_each(|a| expected.row_mut(0).set(a));
        (m, expected)
    };
    let edges = [0, 1, 5, 62, 63, 64, 65, 127, 128, 129, 191, 192, 250, 319, 320];
    for &start in &edges {
        for &end in &edges {
            let (m, expected) = rows(&|m| m.row_mut(0).set_range(start..end), &mut (start..end));
            assert_eq!(m, expected, "{start}..{end}");
        }
    }
    for i in 0..64 {
        let key = Key::new(i);
        let bits = (u128::from(key.fold(0).bits()) << 64 | u128::from(key.fold(1).bits())) >> (2 * i);
        for at in [0, 1, 17, 63, 64, 65, 100, 127, 128, 191, 192] {
            let ones = (0..128).filter(|&b| bits >> b & 1 == 1).map(|b| at + b);
            let (m, expected) = rows(&|m| m.row_mut(0).set_bits(at, bits), &mut { ones });
            assert_eq!(m, expected, "{bits:b} at {at}");
        }
    }
    let (m, expected) =
        rows(&|m| (0..300).for_each(|a| m.row_mut(0).set_if(a, a % 3 == 1)), &mut (1..300).step_by(3));
    assert_eq!(m, expected);
    // The last bit may be in the row's last word.
    let mut m = BitMatrix::new(1, 128);
    m.row_mut(0).set_bits(127, 1);
    assert_eq!(m.ones(0).collect::<Vec<_>>(), [127]);
}

/// χ² of 256 cells at fixed keys. χ² of 255 degrees of freedom is above 390.5, 6 standard deviations, with probability
/// 1e-7, and there are four streams; each of the two bounds on normal numbers fails with probability 2e-9.
#[test]
fn keys_are_uniform_at_every_level_of_folding() {
    let root = Key::new(7);
    let draws = 256 * 400;
    let streams: [&dyn Fn(u64) -> u64; 4] = [
        &|i| root.fold(i).bits() >> 56,
        &|i| root.fold(i).bits() & 255,
        &|i| root.fold(3).fold(i / 16).fold(i % 16).bits() >> 56,
        &|i| u64::from(root.fold(i).below(256)),
    ];
    for (k, stream) in streams.iter().enumerate() {
        let mut counts = [0f64; 256];
        (0..draws).for_each(|i| counts[stream(i) as usize] += 1.0);
        let chi2: f64 = counts.iter().map(|c| (c - 400.0) * (c - 400.0) / 400.0).sum();
        assert!((chi2 - 255.0).abs() < 6.0 * (2.0f64 * 255.0).sqrt(), "stream {k}: χ² = {chi2} on 255");
    }
    let n = 100_000;
    let normals = (0..n).map(|i| root.fold(9).fold(i).normal());
    let (sum, squares) = normals.fold((0.0, 0.0), |(s, q), x| (s + x, q + x * x));
    assert!((sum / n as f64).abs() < 6.0 / (n as f64).sqrt());
    assert!((squares / n as f64 - 1.0).abs() < 6.0 * (2.0 / n as f64).sqrt());
}

#[test]
fn regression_losses_are_convex_with_their_minimum_at_zero() {
    for g in Regression::ALL {
        assert_eq!(g.at(0.0), (0.0, 0.0), "{g:?}");
        let mut last = f64::NEG_INFINITY;
        for i in -4000..=4000 {
            let t = f64::from(i) * 0.01;
            let (value, slope) = g.at(t);
            assert!(value >= 0.0 && value.is_finite(), "{g:?} at {t} is {value}");
            assert!(slope >= last - 1e-9, "{g:?} is not convex at {t}");
            last = slope;
            let h = 1e-6;
            let numeric = (g.at(t + h).0 - g.at(t - h).0) / (2.0 * h);
            assert!((numeric - slope).abs() <= 1e-4 * (1.0 + slope.abs()), "{g:?} at {t}: {numeric} {slope}");
        }
        // The curvature at the minimum is 2, where exp(−t) + t − 1 would have cancelled to nothing.
        assert!((g.at(1e-7).0 / 1e-14 - 1.0).abs() < 1e-5, "{g:?}");
    }
}

#[test]
fn schedules_start_and_end_where_they_say() {
    for shape in [Shape::Linear, Shape::Cosine, Shape::Exponential] {
        let s = Schedule { from: 1.0, to: 0.1, steps: 10, shape };
        assert_eq!((s.at(0), s.at(10), s.at(1000)), (1.0, 0.1, 0.1));
        assert!((1..=10).all(|i| s.at(i) < s.at(i - 1)), "{shape:?}");
    }
    assert_eq!(Schedule::constant(0.5).at(0), 0.5);
}

choice! {
    /// Test options.
    pub enum Colour {
        /// Red.
        Red = "red",
        /// Blue.
        Blue = "dark-blue",
    }
}

settings! {
    /// Test settings.
    pub struct Config {
        /// First line
        /// and second.
        side: usize = "8", Kind::Int { min: 2, max: 256 };
        /// Colour.
        colour: Colour = "\"red\"", Kind::Choice(Colour::NAMES);
        /// Optional.
        label: Option<String>, Kind::Text;
        /// Required.
        rate: f64, Kind::Real { min: 0.0, max: 1.0 };
    }
}

#[test]
fn settings_describe_and_read_themselves() {
    let f = Config::FIELDS;
    assert_eq!(f.iter().map(|f| f.name).collect::<Vec<_>>(), ["side", "colour", "label", "rate"]);
    assert_eq!(f[0].doc(), "First line and second.");
    assert_eq!(f.iter().map(|f| f.required).collect::<Vec<_>>(), [false, false, false, true]);
    assert_eq!(f[0].default, Some("8"));
    assert_eq!(Colour::Blue.name(), Colour::NAMES[1]);
    let values = Values::from([
        ("side", Value::Int(5)),
        ("colour", Value::Text("dark-blue".into())),
        ("rate", Value::Real(0.5)),
    ]);
    let c = Config::read(&values);
    assert_eq!((c.side, c.colour, c.label, c.rate), (5, Colour::Blue, None, 0.5));
}

settings! {
    /// A field of every kind.
    struct Everything {
        /// Kind.
        int: usize = "3", Kind::Int { min: 0, max: 5 };
        /// Kind.
        real: f64 = "1e-3", Kind::Real { min: 0.0, max: 1.0 };
        /// Kind.
        boolean: bool = "true", Kind::Bool;
        /// Kind.
        text: String = "\"a b\"", Kind::Text;
        /// Kind.
        colour: Colour = "\"dark-blue\"", Kind::Choice(Colour::NAMES);
        /// Kind.
        schedule: Schedule = "0.5", Kind::Schedule { min: 0.0, max: 1.0 };
        /// Kind.
        reals: Vec<f64> = "[1.0, -2.5]", Kind::Reals { min: -3.0, max: 3.0 };
        /// Kind.
        automatic: AutoReal = "\"auto\"", Kind::AutoReal;
        /// Kind.
        given: AutoReal = "2.0", Kind::AutoReal;
        /// Kind.
        file: Option<File>, Kind::File;
    }
}

#[test]
fn defaults_are_values_of_their_kinds() {
    let e = Everything::read(&defaults(Everything::FIELDS).unwrap());
    assert_eq!((e.int, e.real, e.boolean, e.text.as_str(), e.colour), (3, 1e-3, true, "a b", Colour::Blue));
    assert_eq!((e.schedule, e.reals), (Schedule::constant(0.5), vec![1.0, -2.5]));
    assert_eq!((e.automatic, e.given, e.file), (AutoReal(None), AutoReal(Some(2.0)), None));
    // `rate` must be given.
    assert_eq!(defaults(Config::FIELDS), Err("rate"));
    let wrong =
        |default| defaults(&[crate::settings::Field { default: Some(default), ..Everything::FIELDS[1] }]);
    assert_eq!((wrong("inf"), wrong("\"1\"")), (Err("real"), Err("real")));
}

#[test]
fn files_are_bytes_and_perhaps_text() {
    let file = File::new("a.csv", "\u{feff}\u{feff}a\nÄ");
    assert_eq!((file.text(), file.bytes.len()), (Ok("a\nÄ"), 10));
    let file = File::new("dir/a.csv", b"\xef\xbb\xbfa\nb\n\xc3(".as_slice());
    let error = file.text().unwrap_err();
    assert_eq!((error.line, error.at), (3, 7));
    let error = error.of("path");
    assert_eq!(error.field, Some("path"));
    assert_eq!(error.message, "dir/a.csv:3: byte 7 of the file is not text in UTF-8");
}

#[test]
fn encoded_rows_compare_and_hash_by_content() {
    let mut x = Encoded::new(Encoding::new(10, 2, 1), 3);
    for (r, (i, v)) in [([1, 7], 0.5), ([1, 7], 0.5), ([1, 7], -0.5)].into_iter().enumerate() {
        x.row_mut(r).indices.copy_from_slice(&i);
        x.row_mut(r).reals[0] = v;
    }
    assert!(x.same(0, &x, 1) && !x.same(0, &x, 2));
    assert_eq!(x.hash(0), x.hash(1));
    assert_ne!(x.hash(0), x.hash(2));
    x.copy(2, 0);
    assert!(x.same(0, &x, 2));
}

#[test]
fn row_sets_number_distinct_rows_and_survive_growth_and_clearing() {
    let mut x = Encoded::new(Encoding::one_hot(1 << 20, 2), 5000);
    for r in 0..5000 {
        x.row_mut(r).indices.copy_from_slice(&[(r as u32 % 1700) * 3, 7]);
    }
    let mut set = RowSet::new(x.encoding(), 4);
    for _ in 0..2 {
        for r in 0..5000 {
            assert_eq!(set.intern(&x, r), (r as u32 % 1700, r < 1700));
        }
        assert_eq!(set.len(), 1700);
        assert_eq!(set.find(&x, 3000), Some(1300));
        set.clear();
        assert_eq!(set.find(&x, 3000), None);
    }
    // Clearing a sparse table must not break the probe chains of what comes next.
    set.intern(&x, 1);
    set.clear();
    assert!(set.is_empty() && set.slots_are_clear());
}

#[test]
fn floats_start_at_a_cache_line_and_keep_their_values() {
    let mut x = Floats::default();
    for n in [1usize, 17, 3, 100, 64, 1000] {
        let kept: Vec<f32> = x.iter().copied().take(n).collect();
        x.resize(n);
        assert_eq!((x.len(), &x[..kept.len()]), (n, &kept[..]));
        assert!(x[kept.len()..].iter().all(|&x| x == 0.0));
        assert_eq!(x.as_ptr().align_offset(64), 0);
        x.iter_mut().enumerate().for_each(|(i, x)| *x = (n + i) as f32);
    }
    let y = x.clone();
    assert!(y == x && y.as_ptr().align_offset(64) == 0);
    x.reset(5);
    assert_eq!(*x, [0.0; 5]);
    assert!(y != x);
    x.grow(4);
    assert_eq!(x.len(), 5);
    x.grow(10);
    assert!(x.len() >= 10);
}

#[test]
fn pictures_hold_any_text_and_say_what_they_show() {
    use crate::picture::{Anchor, Paint, Picture};
    let mut picture = Picture::new(40.0, 20.5);
    picture.rect([-0.001, 1.0], [2.0, 3.25], Paint::Heat(0.5));
    picture.arrow([0.0, 0.0], [10.0, 0.0], 1.0, Paint::Ink);
    picture.arrow([5.0, 5.0], [5.0, 5.0], 1.0, Paint::Ink);
    picture.text([1.0, 2.0], 10.0, Anchor::Middle, Paint::Category(9), "<script>'\u{1}'");
    let svg = picture.svg("a & b");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
    assert!(svg.contains("<title>a &amp; b</title>") && svg.contains("viewBox=\"0 0 40 20.5\""), "{svg}");
    assert!(svg.contains("&lt;script&gt;&#39;\u{fffd}&#39;") && !svg.contains("<script"), "{svg}");
    assert!(svg.contains("x=\"0\" y=\"1\" width=\"2\" height=\"3.25\""), "{svg}");
    // The second arrow goes nowhere: a path for the shaft of the first, and one for its head.
    assert_eq!(svg.matches("<path").count(), 2, "{svg}");
    assert!(!picture.inline("x").contains("<style>"), "a page has the style once");
}

/// States that differ in the top bits of several words, which cancel where words are added up.
#[test]
fn flips_of_top_bits_of_several_words_give_other_hashes() {
    use std::collections::HashSet;
    use std::hash::{Hash, Hasher};

    let hash = |state: &[u64]| {
        let mut hasher = StateHasher::default();
        state.hash(&mut hasher);
        hasher.finish()
    };
    // All settings of the two highest, or of the highest and the lowest bit, of eight words.
    for bits in [[63, 62], [63, 0], [31, 63]] {
        let states = (0..1u64 << 16).map(|i| {
            let word = |w: u64| (i >> (2 * w) & 1) << bits[0] | (i >> (2 * w + 1) & 1) << bits[1];
            std::array::from_fn::<u64, 8, _>(|w| word(w as u64))
        });
        let hashes: Vec<u64> = states.map(|state| hash(&state)).collect();
        assert_eq!(hashes.iter().collect::<HashSet<_>>().len(), 1 << 16, "bits {bits:?}");
        // Tables use the lowest and the highest seven bits. 2^16 balls in as many bins leave 1/e of them empty, with a
        // standard deviation of 79: a bound at six of them.
        let filled = hashes.iter().map(|h| h & 0xFFFF).collect::<HashSet<_>>().len();
        assert!((filled as f64 - 65536.0 * (1.0 - (-1.0f64).exp())).abs() < 6.0 * 79.0, "{bits:?}: {filled}");
        assert_eq!(hashes.iter().map(|h| h >> 57).collect::<HashSet<_>>().len(), 128);
    }
    // Words and bytes, and their number.
    assert_ne!(hash(&[0]), hash(&[0, 0]));
    let bytes = |bytes: &[u8]| {
        let mut hasher = StateHasher::default();
        hasher.write(bytes);
        hasher.finish()
    };
    assert_ne!(bytes(&[1, 0]), bytes(&[1]));
}

/// The same of encoded rows: no hash twice among rows whose signs and top bits differ in every way.
#[test]
fn rows_that_differ_in_top_bits_have_other_hashes() {
    use std::collections::HashSet;

    let mut rows = Encoded::new(Encoding::new(1 << 20, 8, 8), 1 << 16);
    for i in 0..1usize << 16 {
        let row = rows.row_mut(i);
        for w in 0..8 {
            row.indices[w] = 2 * w as u32 + if i >> w & 1 == 1 { 1 << 19 } else { 0 };
            row.reals[w] = if i >> (8 + w) & 1 == 1 { -1.0 } else { 1.0 };
        }
    }
    let hashes: Vec<u64> = (0..rows.rows()).map(|r| rows.hash(r)).collect();
    assert_eq!(hashes.iter().collect::<HashSet<_>>().len(), 1 << 16);
    let filled = hashes.iter().map(|h| h & 0xFFFF).collect::<HashSet<_>>().len();
    assert!((filled as f64 - 65536.0 * (1.0 - (-1.0f64).exp())).abs() < 6.0 * 79.0, "{filled}");
}
