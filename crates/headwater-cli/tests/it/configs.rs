//! The shape of configurations, and every configuration that is committed.

use std::path::{Path, PathBuf};

use headwater_run::assemble::schema;
use headwater_run::{Input, Problems};

use crate::support::root;

#[test]
fn the_schema_has_no_faults() {
    assert_eq!(schema().faults(), Vec::<String>::new());
}

fn toml_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            toml_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "toml") {
            found.push(path);
        }
    }
}

/// Files that a configuration names may live elsewhere; nothing else may be wrong with it.
#[test]
fn every_committed_configuration_is_valid() {
    let mut files = Vec::new();
    toml_files(&root().join("configs"), &mut files);
    assert!(files.iter().any(|f| f.ends_with("hypergrid.toml")), "{files:?}");
    for file in files {
        let checked = Input::read(&file).map_err(Problems::from).and_then(|input| input.check(&schema()));
        match checked {
            Ok(checked) => {
                let again = Input::text("resolved", checked.resolved()).check(&schema()).unwrap();
                assert_eq!(checked.differences(&again, &[]), vec![], "{}", file.display());
                assert_eq!(checked.warnings(), [], "{}", file.display());
            }
            Err(problems) => {
                let unread = |p: &headwater_run::Problem| p.to_string().contains("there is no such file");
                assert!(problems.first.iter().all(unread), "{}: {problems}", file.display());
            }
        }
    }
}
