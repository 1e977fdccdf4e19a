//! "Did you mean": the name that was probably meant.

/// The candidate that `given` most likely was meant to be, if one is near: at most a third of its letters differ, or
/// one contains the other.
pub fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // No name is that long, and the distance to one would take long.
    if given.len() > 1000 {
        return None;
    }
    let fold = |s: &str| s.to_lowercase().replace('_', "-");
    let given = fold(given);
    let letters = given.chars().count();
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let folded = fold(candidate);
            let distance = strsim::osa_distance(&given, &folded);
            let near = distance <= letters.max(3) / 3;
            let part =
                letters >= 3 && (folded.contains(&given) || folded.len() >= 3 && given.contains(&folded));
            (near || part).then_some(((!near, distance), candidate))
        })
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_names() {
        let names = ["hypergrid", "dag", "log_z", "mask"];
        for (given, expected) in [
            ("hypergird", Some("hypergrid")),
            ("Hyper-Grid", Some("hypergrid")),
            ("grid", Some("hypergrid")),
            ("log-z", Some("log_z")),
            ("gad", None),
            ("dga", Some("dag")),
            ("masks", Some("mask")),
            ("chess", None),
            ("", None),
        ] {
            assert_eq!(nearest(given, names), expected, "{given}");
        }
    }
}
