//! `headwater list` and `headwater show`: the registries, for people and for programs.

use std::fmt::Write;

use headwater_core::settings::{Field, defaults};
use headwater_core::{Entry, Needs, Regression, Settings, nearest};
use headwater_rewards::COMBINATION;
use headwater_run::assemble::{POLICIES, methods};
use headwater_run::{Problem, expected};
use serde_json::{Value as Json, json};

use crate::Verdict;
use crate::args::{List, Registry, Show};
use crate::out::{self, Failure};

/// One thing that can be shown, under the name that shows it.
struct Item {
    name: String,
    what: &'static str,
    entry: Entry,
    more: Vec<String>,
}

fn items(registry: Registry) -> Vec<Item> {
    let item =
        |name: &str, what, entry: &Entry, more| Item { name: name.to_owned(), what, entry: *entry, more };
    match registry {
        Registry::Envs => headwater_envs::registry()
            .iter()
            .map(|e| {
                let rewards: Vec<&str> = e.rewards.iter().map(|r| r.entry.name).collect();
                let mut more =
                    vec![format!("rewards: {} (`headwater show {}/…`)", rewards.join(", "), e.entry.name)];
                more.push("features, which a reward `expression` speaks of:".to_owned());
                more.extend(e.features.iter().map(|f| format!("  {}: {}", f.name, f.meaning)));
                item(e.entry.name, "environment", &e.entry, more)
            })
            .collect(),
        Registry::Rewards => rewards(),
        Registry::Objectives => headwater_objectives::registry()
            .iter()
            .map(|o| {
                let values = defaults(o.entry.fields).expect("objectives have defaults");
                item(o.entry.name, "objective", &o.entry, vec![needs((o.build)(&values).needs())])
            })
            .collect(),
        Registry::Policies => POLICIES.iter().map(|p| item(p.name, "policy", p, Vec::new())).collect(),
        Registry::Methods => methods().map(|m| item(m.name, "method", m, vec![claim(m.name)])).collect(),
        Registry::Losses => Regression::ALL.iter().map(|&g| loss(g)).collect(),
    }
}

fn rewards() -> Vec<Item> {
    let native = headwater_envs::registry().iter().flat_map(|e| {
        e.rewards.iter().map(|r| {
            let unfinished = if r.covers_unfinished { "defined" } else { "not defined" };
            let guides =
                r.guides.then(|| "guides: says which edges it prefers, for `policy.guide`".to_owned());
            Item {
                name: format!("{}/{}", e.entry.name, r.entry.name),
                what: "reward",
                entry: r.entry,
                more: [format!("unfinished states: {unfinished}")].into_iter().chain(guides).collect(),
            }
        })
    });
    let oracles = headwater_rewards::oracles().iter().map(|o| Item {
        name: o.entry.name.to_owned(),
        what: "reward",
        entry: o.entry,
        more: vec!["any environment".to_owned()],
    });
    let parts: Vec<&str> = headwater_rewards::PartConfig::FIELDS.iter().map(|f| f.name).collect();
    let combination = Item {
        name: COMBINATION.name.to_owned(),
        what: "reward",
        entry: COMBINATION,
        more: vec![format!("each part: kind, what its kind has, its transform, and {}", parts.join(", "))],
    };
    native.chain(oracles).chain([combination]).collect()
}

fn needs(needs: Needs) -> String {
    let all = [
        (needs.log_z, "a learned log Z"),
        (needs.flow, "a flow head"),
        (needs.backward, "a backward policy"),
        (needs.state_reward, "a reward of unfinished states"),
        (needs.stop_everywhere, "every state able to stop"),
        (needs.inflow, "the parents of every state"),
    ];
    let names: Vec<&str> = all.iter().filter(|(needed, _)| *needed).map(|(_, name)| *name).collect();
    format!("needs: {}", if names.is_empty() { "nothing".to_owned() } else { names.join(", ") })
}

/// What a method promises.
fn claim(name: &str) -> String {
    let samples = headwater_rivals::find(name).is_none_or(|m| m.samples_target);
    format!(
        "in the limit: {}",
        if samples { "samples in proportion to R" } else { "does not sample in proportion to R" }
    )
}

fn loss(g: Regression) -> Item {
    let (summary, formula) = match g {
        Regression::Squared => ("squared residuals: zero-forcing", "g(t) = t²"),
        Regression::Huber => {
            ("squared near zero, linear beyond 1: robust", "g(t) = t² for |t| ≤ 1, else 2|t| − 1")
        }
        Regression::Linex => {
            ("exponential where objects are missed: zero-avoiding", "g(t) = 2(e^−t + t − 1)")
        }
        Regression::ShiftedCosh => ("exponential on both sides", "g(t) = 2(cosh t − 1)"),
    };
    let reference = "Beyond squared error, arXiv:2410.02596";
    let entry = Entry { name: g.name(), summary, formula, reference, fields: &[] };
    Item { name: g.name().to_owned(), what: "loss", entry, more: Vec::new() }
}

pub fn run(args: &List) -> Result<Verdict, Failure> {
    let items = items(args.registry);
    if args.json {
        let all: Vec<Json> =
            items.iter().map(|i| json!({"name": i.name, "summary": i.entry.summary})).collect();
        out::data(&json!({ "entries": all }).to_string())?;
    } else {
        let rows: Vec<(&str, String)> =
            items.iter().map(|i| (i.name.as_str(), i.entry.summary.to_owned())).collect();
        out::data(&out::table(&rows))?;
    }
    Ok(Verdict::Clean)
}

pub fn show(args: &Show) -> Result<Verdict, Failure> {
    use Registry::{Envs, Losses, Methods, Objectives, Policies, Rewards};
    let all: Vec<Item> =
        [Envs, Rewards, Objectives, Policies, Losses, Methods].into_iter().flat_map(items).collect();
    let own = |i: &&Item| i.name == args.name || i.name.rsplit('/').next() == Some(&args.name);
    let found: Vec<&Item> = match all.iter().find(|i| i.name == args.name) {
        Some(exact) => vec![exact],
        None => all.iter().filter(own).collect(),
    };
    if found.is_empty() {
        let hint = nearest(&args.name, all.iter().map(|i| i.name.as_str()))
            .map(|near| format!("did you mean `{near}`?"));
        return Err(Problem::new(format!("there is nothing called `{}`", args.name))
            .hint(Some(
                hint.unwrap_or_else(|| "`headwater list envs` and its like show what there is".to_owned()),
            ))
            .into());
    }
    for (i, item) in found.into_iter().enumerate() {
        out::data(&format!("{}{}", if i > 0 { "\n" } else { "" }, page(item)))?;
    }
    Ok(Verdict::Clean)
}

fn page(item: &Item) -> String {
    let e = &item.entry;
    let mut text = format!("{} ({})\n  {}\n", item.name, item.what, e.summary);
    if !e.formula.is_empty() {
        text += &format!("  {}\n", e.formula);
    }
    text += &format!("  source: {}\n", e.reference);
    for line in &item.more {
        text += &format!("  {line}\n");
    }
    for field in e.fields {
        describe(&mut text, field);
    }
    text
}

fn describe(text: &mut String, field: &Field) {
    let default = match (field.default, field.required) {
        (Some(default), _) => format!(", {default} if left out"),
        (None, true) => ", required".to_owned(),
        (None, false) => String::new(),
    };
    let line = format!("\n  {} = {}{default}\n      {}\n", field.name, expected(field.kind), field.doc());
    text.write_str(&line).expect("a string takes any text");
}
