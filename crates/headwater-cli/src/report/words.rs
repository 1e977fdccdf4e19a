//! The summary in plain words: what was asked, how close the sampler is, what to do next.

use headwater_report::{Summary, number};
use headwater_run::Status;
use headwater_run::diagnose::Diagnosis;
use headwater_run::evaluation::Evaluation;
use headwater_train::{Estimate, SampledReport, TrainConfig};

use super::runs::{Family, Member};
use crate::out::count;

/// Total variation up to which a sampler is called close, and up to which fair.
const CLOSE: [f64; 2] = [0.02, 0.1];
/// Effective sample size, as a share, from which a sampler is called close, and from which fair.
const EFFECTIVE: [f64; 2] = [0.8, 0.3];

/// The heading of a page of these runs.
pub fn title(families: &[Family]) -> String {
    match families {
        [one] if one.members.len() == 1 => {
            let checked = &one.members[0].checked;
            format!("{}: {} by {}", one.name, checked.kind("env"), checked.kind("objective"))
        }
        [one] => format!("{} and {} more seeds", one.name, one.members.len() - 1),
        several => format!("{} configurations compared", several.len()),
    }
}

/// The summary of these runs; `diagnosis` is that of the first.
pub fn summary(
    families: &[Family],
    evaluations: &[(&str, Option<&Evaluation>)],
    diagnosis: Option<&Diagnosis>,
) -> Summary {
    let mut out = Summary { asked: asked(families), ..Summary::default() };
    for (name, evaluation) in evaluations {
        let before = if evaluations.len() > 1 { format!("`{name}`: ") } else { String::new() };
        match evaluation {
            Some(e) => out.found.extend(found(e).into_iter().map(|text| format!("{before}{text}"))),
            None => out.found.push(format!(
                "{before}not measured: that needs scores that a program or service would have to give, and none were \
                 asked for. `eval.samples` says how many trajectories to spend them on."
            )),
        }
    }
    out.found.extend(diagnosis.map(checked));
    let first = &families[0].members[0];
    out.next = next(first, evaluations.first().and_then(|(_, e)| *e), diagnosis);
    out
}

/// How the checks ended.
fn checked(d: &Diagnosis) -> String {
    let failed: Vec<String> = d.tripped().map(|c| format!("`{}`", c.name)).collect();
    let failed = if failed.is_empty() { String::new() } else { format!(" ({})", failed.join(", ")) };
    let skipped = match d.skipped.len() {
        0 => String::new(),
        n => format!(" {n} could not be made, and say nothing."),
    };
    format!(
        "Of {} checks, {} passed and {} failed{failed}.{skipped}",
        d.checks.len() + d.skipped.len(),
        d.checks.len() - d.tripped().count(),
        d.tripped().count()
    )
}

/// Checks whose remedy is more training, if nothing else has failed.
const OF_TRAINING: &[&str] = &["settled", "effective-sample", "length", "correlation"];

/// What was asked.
fn asked(families: &[Family]) -> Vec<String> {
    let first = &families[0].members[0];
    let checked = &first.checked;
    let (env, reward, objective) = (checked.kind("env"), checked.kind("reward"), checked.kind("objective"));
    let what = headwater_envs::find(env).map_or("", |e| e.entry.summary);
    let how = headwater_objectives::find(objective).map_or("", |o| o.entry.summary);
    let how = how.split_once(": ").map_or(how, |(name, _)| name);
    let train: TrainConfig = checked.read("train");
    let mut out = vec![format!(
        "Objects of `{env}` ({what}), each as often as its reward `{reward}` says: the probability of an \
         object is to be R(x)/Z, where Z is the sum of all rewards."
    )];
    let runs: usize = families.iter().map(|f| f.members.len()).sum();
    let trained = |m: &Member| {
        let steps = m.run.metrics.last("step").or(m.run.steps.last("step")).unwrap_or(0.0);
        (steps as u64, m.run.metrics.last("trajectories"), m.run.metrics.worked_s().last().copied())
    };
    let (steps, trajectories, seconds) = trained(first);
    let trajectories =
        trajectories.map_or_else(String::new, |n| format!(", {} trajectories in all", count(n as u64)));
    let seconds = seconds.map_or_else(String::new, |s| format!(", {} s", number(s)));
    if families.len() == 1 {
        let seeds = if runs > 1 { format!(" Each of {runs} seeds:") } else { String::new() };
        out.push(format!(
            "A GFlowNet was trained for that by {how} (`{objective}`).{seeds} {} of {} updates were \
             made{trajectories}{seconds}.",
            count(steps),
            count(train.steps)
        ));
    } else {
        let names = families.iter().map(|f| format!("`{}` ({} runs)", f.name, f.members.len()));
        out.push(format!(
            "{runs} runs of {} configurations are compared: {}.",
            families.len(),
            names.collect::<Vec<_>>().join(", ")
        ));
        let differ = |m: &Member| {
            let d = m.checked.differences(checked, &[]);
            d.iter().any(|d| d.key.starts_with("env.") || d.key.starts_with("reward."))
        };
        if families.iter().any(|f| differ(&f.members[0])) {
            out.push(
                "They are not of one environment with one reward, so that distances to the target are \
                 comparable, and log Z and rewards are not."
                    .to_owned(),
            );
        }
    }
    out
}

fn judged(value: f64, [close, fair]: [f64; 2], low_is_good: bool) -> &'static str {
    let within = |bound: f64| if low_is_good { value <= bound } else { value >= bound };
    match (within(close), within(fair)) {
        (true, _) => "close",
        (false, true) => "fairly close",
        _ => "still far",
    }
}

/// A share in two or three digits.
fn percent(share: f64) -> String {
    match 100.0 * share {
        p if p < 0.01 => "less than 0.01 %".to_owned(),
        p if p < 1.0 => format!("{p:.2} %"),
        p => format!("{p:.1} %"),
    }
}

/// How close the sampler is, and how that was measured.
fn found(e: &Evaluation) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(x) = &e.exact {
        let tv = x.divergence.tv;
        out.push(format!(
            "The sampler is {}: {} of its probability is in the wrong place (total variation {}; at most {} \
             counts as close here, at most {} as fairly close). That is exact: the space was enumerated, \
             and the policy asked in every state.",
            judged(tv, CLOSE, true),
            percent(tv),
            number(tv),
            CLOSE[0],
            CLOSE[1]
        ));
        let learned = x.log_z_learned.map_or_else(
            || "Its objective learns no log Z".to_owned(),
            |z| format!("The log Z that it learned is {}", number(z)),
        );
        out.push(format!(
            "{learned}; the true one is {}. The Jensen–Shannon divergence is {} nats, the correlation of log p and \
             log R {}.",
            number(x.log_z_true),
            number(x.divergence.jsd),
            x.pearson.map_or_else(|| "undefined".to_owned(), number)
        ));
    }
    if let Some(s) = &e.sampled {
        out.push(format!(
            "The sampler is {} as far as samples can tell: {} trajectories, weighted to be samples of the \
             target, are worth {} as many independent draws (the effective sample size; from {} % on it \
             counts as close here, from {} % as fairly close). The space is too large to be enumerated, and \
             what is never sampled is not seen.",
            judged(s.ess, EFFECTIVE, false),
            count(s.samples as u64),
            percent(s.ess),
            100.0 * EFFECTIVE[0],
            100.0 * EFFECTIVE[1]
        ));
        out.push(sampled(s));
    }
    if let Some(modes) = e.modes {
        let of = e.modes_true.map_or_else(String::new, |n| format!(" of {}", count(n as u64)));
        let given = e.modes_given.filter(|&n| n > 0);
        let given = given.map_or_else(String::new, |n| {
            format!("; {} of them were given in `train.data`", count(n as u64))
        });
        out.push(format!(
            "While training, it met {}{of} modes: objects with a reward near the largest{given}.",
            count(modes as u64)
        ));
    }
    out
}

/// What samples say of log Z and of the order of objects.
fn sampled(s: &SampledReport) -> String {
    let interval = |x: Estimate| format!("{} [{}, {}]", number(x.value), number(x.low), number(x.high));
    let known = match s.log_z.estimate() {
        Some(e) => format!("log Z is estimated as {}", interval(e)),
        None => format!(
            "log Z is at least {}, with 95 % confidence; so few of the samples decide that it cannot be estimated",
            number(s.log_z.at_least)
        ),
    };
    let learned = s.log_z_learned.map_or_else(String::new, |z| format!(", and was learned as {}", number(z)));
    let correlations = s.pearson.zip(s.spearman).map_or_else(
        || "log p and log R have no correlation, since all of one of them are equal".to_owned(),
        |(p, r)| {
            format!(
                "log p and log R have the correlation {}, their ranks {}, over {} objects of the policy and of uniform play",
                interval(p),
                interval(r),
                count(s.objects as u64)
            )
        },
    );
    format!(
        "{known}{learned}. The mean log weight (ELBO), which is below log Z, is estimated as {}; {correlations}. In brackets \
         are 95 % intervals.",
        interval(s.elbo)
    )
}

/// What to do next.
fn next(member: &Member, e: Option<&Evaluation>, diagnosis: Option<&Diagnosis>) -> Vec<String> {
    let path = member.path.display();
    let mut out = Vec::new();
    let train: TrainConfig = member.checked.read("train");
    if member.manifest.status != Status::Finished {
        let reason = member
            .manifest
            .reason
            .as_ref()
            .map_or_else(String::new, |why| format!(" ({})", why.replace('`', "'")));
        out.push(format!(
            "The run is not finished: its status is {}{reason}. To go on: `headwater train --resume {path}`",
            member.manifest.status.name()
        ));
    }
    let far = e.is_some_and(|e| match (&e.exact, &e.sampled) {
        (Some(x), _) => x.divergence.tv > CLOSE[1],
        (None, Some(s)) => s.ess < EFFECTIVE[1],
        _ => false,
    });
    // What more training cannot mend comes first.
    let causes: Vec<_> = diagnosis
        .into_iter()
        .flat_map(Diagnosis::tripped)
        .filter(|c| !OF_TRAINING.contains(&c.name))
        .collect();
    out.extend(causes.iter().map(|c| format!("`{}` failed: {}. To try: {}.", c.name, c.value, c.remedy)));
    if far && causes.is_empty() {
        out.push(format!(
            "Train it longer: `headwater train --resume {path} --set train.steps={}`. If the loss no longer \
             falls, other objectives (`headwater list objectives`), a wider policy or a smaller `train.lr` \
             are worth a try.",
            2 * train.steps
        ));
    }
    if let Some((found, all)) = e.and_then(|e| e.modes.zip(e.modes_true))
        && found < all
    {
        out.push("Modes are missing: let the policy spread before they rise, by `train.reward_power = { from = 0.0, to = 1.0, \
             steps = … }`, or explore more, with a larger `train.epsilon`."
                .to_owned(),
        );
    }
    if !far && causes.is_empty() {
        out.push(format!("Draw objects from it: `headwater sample {path} -n 1000`"));
    }
    out.push(format!("The best objects that were scored: `headwater candidates {path}`"));
    out
}

/// Facts of the runs.
pub fn facts(families: &[Family]) -> Vec<(String, String)> {
    let members = || families.iter().flat_map(|f| &f.members);
    let first = members().next().expect("there is a run");
    let m = &first.manifest;
    let mut out = vec![
        ("made by".to_owned(), format!("headwater {} on {} {}, {}", m.version, m.os, m.arch, m.cpu)),
        ("started".to_owned(), date(m.start_unix_s)),
    ];
    let seeds: Vec<String> = members().map(|m| m.manifest.seed.to_string()).collect();
    out.push(("seeds".to_owned(), seeds.join(", ")));
    let mut threads: Vec<String> = members().map(|m| m.manifest.threads.to_string()).collect();
    threads.dedup();
    out.push(("threads".to_owned(), threads.join(", ")));
    let mut states: Vec<String> = members().map(|m| m.manifest.status.name().to_owned()).collect();
    states.dedup();
    out.push(("status".to_owned(), states.join(", ")));
    out
}

/// A time as `2026-11-26 11:17 UTC`.
fn date(unix_s: u64) -> String {
    let (days, seconds) = ((unix_s / 86_400) as i64, unix_s % 86_400);
    // Days to a date of the Gregorian calendar, counted from March of year 0 (Hinnant).
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, late) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = year + era * 400 + late;
    format!("{year}-{month:02}-{day:02} {:02}:{:02} UTC", seconds / 3600, seconds % 3600 / 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01 00:00 UTC");
        assert_eq!(date(951_782_400), "2000-02-29 00:00 UTC");
        assert_eq!(date(1_795_691_850), "2026-11-26 11:17 UTC");
    }
}
