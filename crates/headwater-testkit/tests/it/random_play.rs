//! What random play finds where an instance is too large to enumerate.

use headwater_core::{Key, Lanes};
use headwater_testkit::conformance::{check_simulator, random_play};

use crate::grid::{Bug, Grid};

#[test]
fn a_correct_environment_passes() {
    let sim = Lanes::new("grid", Grid::default());
    let report = random_play(&sim, 200, Key::new(1)).unwrap();
    assert_eq!((report.exhaustive, report.trajectories), (false, 200));
    assert!(report.states > 400 && report.longest <= 6, "{report}");
    assert!(report.to_string().starts_with("200 random trajectories checked forward and backward: "));
    // Too large for the cap: the same by another door.
    assert!(!check_simulator(&sim, 15).unwrap().exhaustive);
    assert!(check_simulator(&sim, 16).unwrap().exhaustive);
}

/// All bugs but those that only a full enumeration shows: a horizon that is never reached, and a parser that knows
/// states to which no edges lead.
#[test]
fn bugs_are_found_without_enumeration() {
    let cases = [
        (Bug::BackwardMaskTooSmall, "but edge 1 enters from `"),
        (Bug::BackwardMaskTooBig, "`2,0`: backward mask has 1, but undoing and redoing it gives `2,1`"),
        (Bug::BackwardMaskAtInitial, "`0,0`: backward mask has 0"),
        (Bug::ForwardMaskPastEnd, "forward mask has bit 2"),
        (Bug::BackwardMaskPastEnd, "backward mask has bit 63"),
        (Bug::UnstepDoesNothing, "undoing 0 gives `3,"),
        (Bug::UnstepWrongAxis, "undoing"),
        (Bug::StepSkips, "undoing"),
        (Bug::StepWraps, "goes on after max_len() = 6 edges"),
        (Bug::StepRemembers, "undoing 0 gives `0,2` instead of `1,1`"),
        (Bug::Endless, "goes on after max_len() = 6 edges (forward along ["),
        (Bug::DeadEnd, "`3,3`: dead end"),
        (Bug::MustButOpen, "must stop, yet edges"),
        (Bug::MayButClosed, "may stop, but no edge leaves it"),
        (Bug::HorizonTooShort, "after max_len() = 5 edges"),
        (Bug::SharedLabel, "`2,1`: undoing 0 gives `1,1` instead of `0,1`"),
        (Bug::EncodeAliases, "has the same encoding as"),
        (Bug::EncodeAliasesAsSets, "has the same encoding as"),
        (Bug::EncodeAliasesZeros, "has the same encoding as"),
        (Bug::EncodeUnsetReal, "leaves real slot 1 unset"),
        (Bug::EncodeUnsetColumn, "leaves index slot 1 unset"),
        (Bug::EncodeColumnPastEnd, "has column 8"),
        (Bug::EncodeColumnTwice, "twice"),
        (Bug::EncodeInfinite, "inf in real slot 1"),
        (Bug::EncodeNotDeterministic, "encoded again"),
        (Bug::ShowLossy, "gives another state"),
        (Bug::ShowTwoLines, "longer than one line"),
        (Bug::ShowNotDeterministic, "shown again"),
        (Bug::ShowClears, "does not append"),
        (Bug::ParseRejects, "parse does not accept"),
        (Bug::ParseAnother, "parsing the text gives another state, `2,3`"),
        (Bug::HashSeesHistory, "equal states have different hashes"),
        (Bug::EqSeesHistory, "`"),
        (Bug::CloneFromForgets, "`"),
        (Bug::DescribesNothing, "is described as"),
    ];
    let mut failures = Vec::new();
    for (bug, words) in cases {
        match random_play(&Lanes::new("grid", Grid::with(bug)), 400, Key::new(2)) {
            Ok(_) => failures.push(format!("{bug:?} slips through")),
            Err(f) if !f.to_string().contains(words) => failures.push(format!("{bug:?}: {f}")),
            Err(_) => {}
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
