//! A short look at every reader: its seeds, among them what was once too much for it, and a few dozen changes of each.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::process::Command;

fn fuzz(args: &[&str]) -> (bool, String) {
    let save = std::env::temp_dir().join(format!("headwater-fuzz-test-{}", std::process::id()));
    let out = Command::new(env!("CARGO_BIN_EXE_headwater-fuzz"))
        .args(args)
        .arg("--save")
        .arg(&save)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
    // Inputs are a function of their numbers, which the output has.
    let _ = std::fs::remove_dir_all(save);
    (out.status.success(), text)
}

#[test]
fn no_reader_panics_hangs_or_ends_the_process() {
    let (well, said) = fuzz(&["--inputs", "25"]);
    assert!(well && said.contains("0 failures"), "{said}");
    // Every kind of file is there.
    for name in [
        "fasta",
        "observations",
        "graph-dot",
        "table-csv",
        "config",
        "checkpoint",
        "ledger",
        "newick",
        "request",
    ] {
        assert!(said.lines().any(|line| line.split(' ').next() == Some(name)), "{name}: {said}");
    }
}

/// Readers that fail on purpose: otherwise nothing above would show that failures are seen.
#[test]
fn failures_are_seen() {
    for (name, words) in [
        ("self-panic", "panic at"),
        ("self-abort", "signal"),
        ("self-memory", "memory allocation"),
        ("self-message", "a message"),
    ] {
        let (well, said) = fuzz(&["--inputs", "3", "--reader", name]);
        assert!(!well && said.contains(words), "{name}: {said}");
    }
}
