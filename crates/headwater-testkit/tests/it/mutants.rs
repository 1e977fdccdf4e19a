//! Every bug of an environment is rejected by the exhaustive suite, for the right reason.

use headwater_core::Lanes;
use headwater_testkit::conformance::{Report, check, check_simulator, check_small};

use crate::grid::{Bug, Grid};

/// The bugs, with what the finding says. One per sentence of the contract, and some more.
const BUGS: [(Bug, &str); 42] = [
    (Bug::BackwardMaskTooSmall, "`0,3`: backward mask [] but edges [1] enter"),
    (Bug::BackwardMaskTooBig, "`2,0`: backward mask [0, 1] but edges [0] enter"),
    (Bug::BackwardMaskAtInitial, "`0,0`: backward mask [0] but edges [] enter"),
    (Bug::ForwardMaskPastEnd, "`2,0`: forward mask has bit 2, but there are only 2 actions"),
    (Bug::BackwardMaskPastEnd, "`2,0`: backward mask has bit 63, but there are only 2 actions"),
    (Bug::UnstepDoesNothing, "`3,0`: undoing 0 gives `3,0` instead of `2,0`"),
    (Bug::UnstepWrongAxis, "`1,1`: undoing 0 gives `1,0` instead of `0,1`"),
    (Bug::StepSkips, "longest trajectory has 4 edges"),
    (Bug::StepWraps, "; the edges form a cycle: only 0 of 16 states can be put in order"),
    (Bug::StepRemembers, "`2,1`: edge 1 enters from `2,0` and from `1,1`"),
    (Bug::Endless, "more than 200000 states"),
    (Bug::DeadEnd, "`3,3`: dead end: no edge leaves it and it may not stop"),
    (Bug::MustButOpen, "`1,0`: must stop, yet edges [0, 1] leave it"),
    (Bug::MayButClosed, "`3,3`: may stop, but no edge leaves it"),
    (Bug::HorizonTooLong, "max_len() says 7 but the longest trajectory has 6 edges"),
    (Bug::HorizonTooShort, "max_len() says 5 but the longest trajectory has 6 edges"),
    (Bug::SharedLabel, "`2,1`: edge 0 enters from `0,1` and from `1,1`"),
    (Bug::EncodeAliases, "`3,0`: has the same encoding as `2,0`"),
    (Bug::EncodeAliasesAsSets, "`0,1`: has the same encoding as `1,0`"),
    (Bug::EncodeAliasesZeros, "`3,0`: has the same encoding as `2,0`"),
    (Bug::EncodeUnsetReal, "`0,0`: encoding leaves real slot 1 unset"),
    (Bug::EncodeUnsetColumn, "`1,0`: encoding leaves index slot 1 unset"),
    (Bug::EncodeColumnPastEnd, "`0,3`: encoding has column 8, but there are only 8"),
    (Bug::EncodeColumnTwice, "`0,3`: encoding has column 0 twice"),
    (Bug::EncodeInfinite, "`0,2`: encoding has inf in real slot 1"),
    (Bug::EncodeNotDeterministic, "encoded again, the same state has another row"),
    (Bug::ShowLossy, "lead to two states with this text"),
    (Bug::ShowTwoLines, "`2,\\n0`: the text is longer than one line"),
    (Bug::ShowNotDeterministic, "shown again, the same state reads"),
    (Bug::ShowClears, "`0,0`: show does not append"),
    (Bug::ParseRejects, "`3,0`: parse does not accept the text that show wrote"),
    (Bug::ParseAnother, "`3,2`: parsing the text gives another state, `2,3`"),
    (Bug::ParseInvents, "no edges lead to this state, which"),
    (Bug::HashSeesHistory, "equal states have different hashes"),
    (Bug::EqSeesHistory, "lead to two states with this text"),
    (Bug::CloneFromForgets, "a copy of it is"),
    (Bug::DescribesNothing, "edge 0 is described as ``"),
    (Bug::FeatureNoIdentifier, "feature 1, `x 1`, is no identifier"),
    (Bug::FeatureTwice, "two features are called `x0`"),
    (Bug::FeatureUnset, "`2,0`: measure leaves `x1` unset"),
    (Bug::FeatureInfinite, "`0,0`: feature `x1` is inf"),
    (Bug::FeatureSeesHistory, "equal states have different features: `x1` is"),
];

#[test]
fn a_correct_environment_passes() {
    let reports = check_small::<Grid>("grid").unwrap();
    let want =
        Report { exhaustive: true, states: 16, edges: 24, objects: 16, longest: 6, trajectories: 4000 };
    assert_eq!(reports, std::slice::from_ref(&want));
    assert_eq!(
        want.to_string(),
        "all 16 states, 24 edges and 16 objects checked; horizon 6; 4000 trajectories sampled"
    );
}

#[test]
fn every_seeded_bug_is_rejected_for_what_it_is() {
    let mut failures = Vec::new();
    for (bug, words) in BUGS {
        match check("grid", Grid::with(bug)) {
            Ok(_) => failures.push(format!("{bug:?} slips through")),
            Err(f) if !f.to_string().contains(words) => failures.push(format!("{bug:?}: {f}")),
            Err(_) => {}
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_bug_is_rejected_through_the_erased_face_too() {
    for (bug, _) in BUGS {
        let sim = Lanes::new("grid", Grid::with(bug));
        assert!(check_simulator(&sim, 100).is_err(), "{bug:?} slips through");
    }
}
