//! Files that are cut off, changed or made up are read or refused, and never panic.

use headwater_core::Key;

use super::*;

/// Small files that between them show everything that their formats are read for.
const FILES: [(&str, &str); 6] = [
    EXAMPLES[0],
    ("g.graph", "% x\n4 3 111\n1 2 2 5 3 6\n1 2.5 1 5\n1 3 1 6 4 7\r\n1 4 3 7\n"),
    ("g.dimacs", "c x\np col 3 4\nn 2 0.5\ne 1 2 3\ne 2 1 3\ne 2 3 -1\ne 3 2 -1\n"),
    ("g.csv", "# x\nfrom,to,weight\na, é,2\né,c,\nd\n"),
    ("g.txt", "a b\n% c\nb\tc 1e-3\nd\n"),
    ("g", "c x\np edge 2 1\ne 1 2\n"),
];

fn survive(path: &str, text: &str) {
    match read(path, text) {
        Ok(g) => assert!((0..g.n_vertices()).all(|v| g.neighbours(v).iter().all(|&u| u as usize != v))),
        Err(error) => {
            assert!((1..=text.lines().count() + 1).contains(&error.line), "{error}");
            assert!(
                error.column <= text.chars().count() + 1 && error.message.chars().count() < 300,
                "{error}"
            );
        }
    }
}

#[test]
fn files_cut_off_anywhere_are_read_or_refused() {
    for (path, text) in FILES {
        good(path, text);
        for (end, _) in text.char_indices() {
            survive(path, &text[..end]);
            survive(path, &text[end..]);
        }
    }
}

#[test]
fn changed_files_are_read_or_refused() {
    let pieces = [
        "\n",
        "\r",
        "\0",
        "\u{feff}",
        "é",
        "1",
        "0",
        "-1",
        "1e999",
        "nan",
        "a",
        " ",
        ",",
        "#",
        "%",
        "p edge ",
        "e ",
        "n ",
        "c ",
        "99999999999999999999",
        "1000000",
        "{",
        "\"",
        "\t",
        "\u{2028}",
        "\u{a0}",
    ];
    for (i, (path, text)) in FILES.iter().enumerate() {
        for round in 0..3000 {
            let key = Key::new(i as u64).fold(round);
            let mut changed = (*text).to_owned();
            for k in 0..1 + key.below(4) {
                let key = key.fold(u64::from(k));
                let a = changed.floor_char_boundary(key.fold(0).below(changed.len() as u32 + 1) as usize);
                let b = changed.floor_char_boundary(a + key.fold(1).below(12) as usize).max(a);
                let piece = pieces[key.fold(2).below(pieces.len() as u32) as usize];
                // A piece more, a piece instead of a part, or a part twice.
                match key.fold(3).below(3) {
                    0 => changed.insert_str(a, piece),
                    1 => changed.replace_range(a..b, piece),
                    _ => {
                        let part = changed[a..b].to_owned();
                        changed.insert_str(a, &part);
                    }
                }
            }
            survive(path, &changed);
        }
    }
}

#[test]
fn large_garbage_is_refused_in_few_words() {
    for piece in [
        "a",
        "é",
        ",",
        " ",
        "{",
        "1 ",
        "c\n",
        "%\n",
        "p ",
        "e 1 2\n",
        "p edge 1 1\n",
        "1\n",
        "a b c d\n",
        "9",
    ] {
        for start in ["", "p edge 5 5\n", "5 5\n", "5 5 11\n"] {
            let text = format!("{start}{}", piece.repeat((1 << 21) / piece.len()));
            for path in ["g", "g.col", "g.graph"] {
                // A list of names is a graph; everything else is wrong.
                if let Err(error) = read(path, &text) {
                    assert!(error.message.chars().count() < 300, "{start}{piece}…: {error}");
                }
            }
        }
    }
}
