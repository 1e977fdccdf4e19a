//! Files that are whole or absent, and tables that survive.

use std::io::{self, Write};

use expect_test::expect;
use headwater_run::{AtomicFile, Cell, RunError, Samples, Table, write_atomic};

use crate::sample::Temp;

#[test]
fn a_file_is_whole_or_absent() {
    let dir = Temp::new();
    let path = dir.path("x.txt");
    {
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(&[b'x'; 100_000]).unwrap();
        assert!(!path.exists());
    }
    assert_eq!(dir.names(""), Vec::<String>::new(), "nothing is left of a file given up");
    write_atomic(&path, b"one").unwrap();
    write_atomic(&path, b"two").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"two");
    assert_eq!(dir.names(""), ["x.txt"]);
    let error = write_atomic(&dir.path("none/x.txt"), b"").unwrap_err();
    expect!["cannot write `TMP/none/x.txt`: there is no such file or directory"].assert_eq(&dir.mask(error));
}

#[test]
fn what_killed_writers_left_is_removed_and_what_others_write_is_not() {
    let dir = Temp::new();
    let path = dir.path("x.csv");
    let alive = AtomicFile::create(&path).unwrap();
    let others = ["x.csv.9.tmp", ".x.csv.tmp", ".y.csv.9.1.tmp", ".x.csv.9.z.tmp"];
    for name in others.into_iter().chain([".x.csv.9.1.tmp"]) {
        dir.write(name, "half a fi");
    }
    write_atomic(&path, b"whole").unwrap();
    // The file of the other writer, who is at work, is one of them.
    assert_eq!(dir.names("").len(), others.len() + 2, "{:?}", dir.names(""));
    assert!(!dir.path(".x.csv.9.1.tmp").exists());
    alive.commit().unwrap();
    assert_eq!(dir.names("").len(), others.len() + 1, "{:?}", dir.names(""));
}

/// Renaming over a device would replace it by a plain file, which for `/dev/null` harms the whole machine.
#[cfg(unix)]
#[test]
fn only_regular_files_are_replaced() {
    let dir = Temp::new();
    let socket = std::os::unix::net::UnixListener::bind(dir.path("socket")).unwrap();
    std::fs::create_dir(dir.path("d")).unwrap();
    for name in ["socket", "d"] {
        let error = write_atomic(&dir.path(name), b"three").unwrap_err();
        assert_eq!(
            dir.mask(error),
            format!("cannot write `TMP/{name}`: it exists and is not a regular file")
        );
    }
    assert_eq!(dir.names(""), ["d", "socket"]);
    assert!(!std::fs::metadata(dir.path("socket")).unwrap().is_file());
    drop(socket);
    // A link stays a link, and what it points to is replaced.
    dir.write("target", "old");
    std::os::unix::fs::symlink("target", dir.path("link")).unwrap();
    write_atomic(&dir.path("link"), b"new").unwrap();
    assert!(std::fs::symlink_metadata(dir.path("link")).unwrap().is_symlink());
    assert_eq!(std::fs::read(dir.path("target")).unwrap(), b"new");
}

#[cfg(unix)]
#[test]
fn permissions_are_those_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let dir = Temp::new();
    let mode = |name: &str| std::fs::metadata(dir.path(name)).unwrap().permissions().mode();
    write_atomic(&dir.path("a"), b"").unwrap();
    std::fs::write(dir.path("b"), b"").unwrap();
    assert_eq!(mode("a"), mode("b"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_reads_as_such() {
    let Err(source) = std::fs::write("/dev/full", b"x") else { panic!("/dev/full took a byte") };
    let error = RunError::Io { action: "write", path: "runs/a/metrics.csv".into(), source };
    expect![[r#"
        error: cannot write `runs/a/metrics.csv`: the disk is full

        hint: make room; nothing written before was damaged, and the run can be resumed"#]]
    .assert_eq(&headwater_run::Problem::from(&error).to_string());
}

const COLUMNS: [&str; 3] = ["step", "loss", "note"];

fn row(table: &mut Table, step: u64) {
    table.append(&[Cell::Int(step), Cell::Real(0.1 * step as f64), Cell::Text("a, \"b\"")]).unwrap();
}

#[test]
fn tables_grow_and_are_cut_back() {
    let dir = Temp::new();
    let path = dir.path("metrics.csv");
    let read = || std::fs::read_to_string(&path).unwrap();
    let mut table = Table::open(&path, &COLUMNS).unwrap();
    table.append(&[Cell::Int(0), Cell::Real(f64::NAN), Cell::Empty]).unwrap();
    table.append(&[Cell::Int(10), Cell::Real(-1e-300), Cell::Text("two\nlines")]).unwrap();
    (2..5).for_each(|i| row(&mut table, 10 * i));
    table.truncate_after(30).unwrap();
    row(&mut table, 31);
    drop(table);
    let mut table = Table::open(&path, &COLUMNS).unwrap();
    row(&mut table, 32);
    expect![[r#"
        step,loss,note
        0,NaN,
        10,-1e-300,"two lines"
        20,2.0,"a, ""b"""
        30,3.0,"a, ""b"""
        31,3.1,"a, ""b"""
        32,3.2,"a, ""b"""
    "#]]
    .assert_eq(&read());
    table.truncate_after(u64::MAX).unwrap();
    assert_eq!(read().lines().count(), 7);
    let error = Table::open(&path, &["step", "tv"]).unwrap_err();
    expect![[r#"
        error: `TMP/metrics.csv` has the columns `step,loss,note`, expected `step,tv`

        hint: the run was started with other metrics; start a new one"#]]
    .assert_eq(&dir.mask(headwater_run::Problem::from(&error)));
    std::fs::write(&path, "step,loss,note\n1,2,3\nx,2,3\n").unwrap();
    let error = Table::open(&path, &COLUMNS).unwrap().truncate_after(1).unwrap_err();
    expect!["`TMP/metrics.csv` is damaged: line 3 begins with `x`, expected a step"]
        .assert_eq(&dir.mask(error));
}

/// A table cut anywhere, with anything behind the cut, opens with the rows that were whole, and grows from there.
#[test]
fn a_table_cut_anywhere_loses_torn_rows_only() {
    let dir = Temp::new();
    let path = dir.path("metrics.csv");
    let mut table = Table::open(&path, &COLUMNS).unwrap();
    (0..4).for_each(|i| row(&mut table, i));
    drop(table);
    let whole = std::fs::read_to_string(&path).unwrap();
    let header = whole.find('\n').unwrap() + 1;
    for cut in 0..=whole.len() {
        let rows = whole[..cut].rfind('\n').map_or(0, |i| i + 1).max(header);
        for junk in [&b""[..], b"\0\0\0\n", b"9,0.1", b"\xff,1,2\n"] {
            if cut < header && !junk.is_empty() {
                continue;
            }
            std::fs::write(&path, [&whole.as_bytes()[..cut], junk].concat()).unwrap();
            let mut table = Table::open(&path, &COLUMNS).unwrap();
            row(&mut table, 8);
            let expected = format!("{}8,0.8,\"a, \"\"b\"\"\"\n", &whole[..rows]);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), expected, "cut at {cut}, then {junk:?}");
        }
    }
}

#[test]
fn samples_carry_their_configuration() {
    let mut list = Samples::new(Vec::new(), "seed = 1\n\n[env]\nkind = \"dag\"\n").unwrap();
    list.write("ACGT", -0.5, -2.25, f64::NEG_INFINITY, "policy").unwrap();
    list.write("a,\"b\"\nc", 0.1, 1e-9, 0.0, "uniform").unwrap();
    list.write("#1", 0.0, 0.0, 0.0, "policy").unwrap();
    expect![[r##"
        # seed = 1
        #
        # [env]
        # kind = "dag"
        text,log_reward,log_pf,log_pb,origin
        ACGT,-0.5,-2.25,-inf,policy
        "a,""b""
        c",0.1,1e-9,0.0,uniform
        "#1",0.0,0.0,0.0,policy
    "##]]
    .assert_eq(&String::from_utf8(list.finish().unwrap()).unwrap());
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    assert!(Samples::new(Full, "").is_err());
}

#[test]
fn a_table_that_was_removed_is_written_again() {
    let dir = Temp::new();
    let path = dir.path("steps.csv");
    let mut table = Table::open(&path, &["step", "loss"]).unwrap();
    table.append(&[Cell::Int(1), Cell::Real(0.5)]).unwrap();
    assert_eq!(table.mend().unwrap(), None);
    #[cfg(unix)]
    {
        std::fs::remove_file(&path).unwrap();
        let said = table.mend().unwrap().unwrap();
        assert_eq!(
            dir.mask(said),
            "`TMP/steps.csv` was removed while the run wrote to it; it is written again"
        );
    }
    table.append(&[Cell::Int(2), Cell::Real(0.25)]).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "step,loss\n1,0.5\n2,0.25\n");
    // Somebody saved it from an editor.
    dir.write("steps.csv", "step,loss\n1,9\n");
    let said = table.mend().unwrap().unwrap();
    assert_eq!(dir.mask(said), "`TMP/steps.csv` was changed by somebody else while the run wrote to it");
    table.append(&[Cell::Int(3), Cell::Empty]).unwrap();
    assert_eq!(table.mend().unwrap(), None);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "step,loss\n1,9\n3,\n");
}

#[test]
fn lists_for_spreadsheets_have_no_formulas() {
    let list = |guarded: bool| {
        let mut list = Samples::new(Vec::new(), "").unwrap().guard(guarded);
        for text in ["=1+2", "+a", "-b", "@c", "\td", "e=f", "'g"] {
            list.write(text, -1.0, 0.5, 0.0, "policy").unwrap();
        }
        String::from_utf8(list.finish().unwrap()).unwrap()
    };
    let texts = |list: &str| -> Vec<String> {
        list.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
    };
    assert_eq!(texts(&list(false)), ["=1+2", "+a", "-b", "@c", "\td", "e=f", "'g"]);
    assert_eq!(texts(&list(true)), ["'=1+2", "'+a", "'-b", "'@c", "'\td", "e=f", "'g"]);
    assert!(list(true).contains("'=1+2,-1.0,"), "numbers stay numbers");
}
