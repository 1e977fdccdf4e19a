//! Tables of runs from before their columns said what they are, under the names of today.
//!
//! A column `log_z` held log Z as learned, the ELBO where none was learned, an estimate where the space was not enumerated, or
//! the scale of flows. What it was is told by the other columns and the objective.

use headwater_core::settings::defaults;
use headwater_train::MIN_ESS;

use crate::evaluation::METRICS;
use crate::session::STEPS;

/// `metrics.csv` under the names of today; as it is, unless its header is a former one.
pub fn metrics(text: String) -> String {
    renamed(text, METRICS, "elbo_estimate", |row, name| {
        let cell = |name: &str| row(name).unwrap_or_default();
        let exact = !cell("log_z_true").is_empty();
        let few = cell("ess").parse::<f64>().is_ok_and(|ess| ess < MIN_ESS);
        let (from, there) = match name {
            // An objective without a log Z of its own was given its lower bound for one.
            "log_z_learned" => ("log_z", exact && cell("log_z") != cell("elbo")),
            "log_z_estimate" => ("log_z", !exact && !few),
            "elbo" | "eubo" | "pearson" => (name, exact),
            "elbo_estimate" => ("elbo", !exact),
            "pearson_estimate" => ("pearson", !exact),
            "spearman_estimate" => ("spearman", !exact),
            _ => (name, true),
        };
        if there { cell(from) } else { "" }
    })
}

/// `steps.csv` under the names of today, for a run of this objective; as it is, unless its header is a former one.
pub fn steps(text: String, objective: &str) -> String {
    let needs = headwater_objectives::find(objective)
        .and_then(|o| Some((o.build)(&defaults(o.entry.fields).ok()?).needs()))
        .unwrap_or_default();
    renamed(text, STEPS, "log_scale", |row, name| {
        let (from, there) = match name {
            "log_z_learned" => ("log_z", needs.log_z),
            "log_scale" => ("log_z", !needs.log_z && (needs.flow || needs.inflow)),
            _ => (name, true),
        };
        row(from).filter(|_| there).unwrap_or_default()
    })
}

/// A table with other columns: `cell` gives each, of the cells of the row by their former names. Only a table with a column
/// `log_z` and without `new` is a former one. Rows without an end, and those with too few or too many cells, are left out.
fn renamed<'a>(
    text: String,
    columns: &[&str],
    new: &str,
    cell: impl for<'r> Fn(&dyn Fn(&str) -> Option<&'r str>, &str) -> &'r str,
) -> String {
    let mut lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    let names: Vec<&str> = lines.next().map_or_else(Vec::new, |header| header.split(',').collect());
    if !names.contains(&"log_z") || names.contains(&new) {
        return text;
    }
    let mut out = columns.join(",") + "\n";
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        if cells.len() != names.len() {
            continue;
        }
        let row = |name: &str| names.iter().position(|n| *n == name).map(|i| cells[i]);
        let cells: Vec<&str> = columns.iter().map(|name| cell(&row, name)).collect();
        out += &(cells.join(",") + "\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use headwater_report::Columns;

    use super::*;

    const FORMER: &str = "step,wall_s,trajectories,transitions,reward_calls,loss,log_z,log_z_true,tv,jsd,kl_target_model,\
                          kl_model_target,elbo,eubo,pearson,spearman,ess,mean_reward_ratio,modes\n";

    #[test]
    fn log_z_of_former_metrics_is_what_it_was() {
        let rows = "1,1,8,9,8,2,3.5,3,0.1,0.1,0.1,0.1,2,4,0.9,,,1,2\n\
                    2,1,8,9,8,2,2,3,0.1,0.1,0.1,0.1,2,4,0.9,,,1,2\n\
                    3,1,8,9,8,2,3.5,,,,,,2,9,0.9,0.8,0.5,,\n\
                    4,1,8,9,8,2,3.5,,,,,,2,9,0.9,0.8,0.01,,\n\
                    5,1,8";
        let text = metrics(FORMER.to_owned() + rows);
        let table = Columns::parse(&text);
        assert_eq!(table.iter().map(|(name, _)| name).collect::<Vec<_>>(), METRICS);
        let column = |name: &str| {
            table.column(name).iter().map(|x| Some(*x).filter(|x| !x.is_nan())).collect::<Vec<_>>()
        };
        assert_eq!(column("step"), [1.0, 2.0, 3.0, 4.0].map(Some));
        assert_eq!(column("log_z_learned"), [Some(3.5), None, None, None]);
        assert_eq!(column("log_z_estimate"), [None, None, Some(3.5), None]);
        assert_eq!(column("log_z_true"), [Some(3.0), Some(3.0), None, None]);
        assert_eq!(column("eubo"), [Some(4.0), Some(4.0), None, None]);
        assert_eq!(column("elbo_estimate"), [None, None, Some(2.0), Some(2.0)]);
        assert_eq!(column("spearman_estimate"), [None, None, Some(0.8), Some(0.8)]);
        // Once is enough.
        assert_eq!(metrics(text.clone()), text);
        for other in ["", "step,loss\n1,2\n", "what\n", "step,log_z"] {
            assert_eq!(
                Columns::parse(&metrics(other.to_owned())).rows(),
                Columns::parse(other).rows(),
                "{other}"
            );
        }
    }

    #[test]
    fn log_z_of_former_steps_is_what_the_objective_makes_of_it() {
        let former = "step,wall_s,loss,residual_rms,log_z,mean_len,log_reward_mean,entropy,grad_norm\n\
                      1,0.5,2,1,7,3,1,0.1,4\n";
        for (objective, learned, scale) in
            [("tb", "7", ""), ("db", "", "7"), ("fm", "", "7"), ("vargrad", "", "")]
        {
            let text = steps(former.to_owned(), objective);
            let expected = format!("{}\n1,0.5,2,1,{learned},{scale},3,1,0.1,4\n", STEPS.join(","));
            assert_eq!(text, expected, "{objective}");
            assert_eq!(steps(text.clone(), objective), text);
        }
    }
}
