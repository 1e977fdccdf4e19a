//! The tables of settings: described, and without clashes, for a kind's settings and a transform's share a section.

use std::collections::HashSet;

use headwater_core::settings::{File, Value, defaults};
use headwater_core::{Encoding, EnvSpec, Settings};
use headwater_envs::registry;
use headwater_rewards::{Objects, Statistics, TableConfig, TransformConfig, World, find_oracle, oracles};

#[test]
fn kinds_of_oracles_are_described_and_built() {
    let names: Vec<_> = oracles().iter().map(|o| o.entry.name).collect();
    assert!(names.windows(2).all(|w| w[0] < w[1]), "{names:?}");
    for o in oracles() {
        let entry = o.entry;
        assert!(!entry.summary.is_empty() && !entry.summary.ends_with('.') && !entry.reference.is_empty());
        assert!(entry.fields.iter().all(|f| f.doc().ends_with('.')), "{}", entry.name);
    }
    let file = File::new("t.csv", "object,score\na,4\n");
    let mut values = defaults(&TableConfig::FIELDS[1..]).expect("all but the path have defaults");
    values.insert("path", Value::File(file));
    let encoding = Encoding::dense(1);
    let spec = EnvSpec { name: "t".into(), n_actions: 1, max_len: 1, states_at_least: 1.0, encoding };
    let world = World { spec: &spec, features: &[] };
    let mut oracle =
        (find_oracle("table").expect("there are tables").build)(&values, &world).expect("a table");
    let mut out = [0.0];
    oracle.score(&Objects::from_iter(["a"]), &mut out).expect("a is there");
    let statistics = Statistics { min: 4.0, max: 4.0, mean: 4.0, std: 0.0 };
    assert_eq!((out, oracle.statistics()), ([4.0], Some(statistics)));
    assert!(find_oracle("tabel").is_none());
}

#[test]
fn transforms_have_defaults_and_clash_with_no_reward() {
    let values = defaults(TransformConfig::FIELDS).expect("every field has a default or may be absent");
    let c = TransformConfig::read(&values);
    assert_eq!((c.transform, c.beta, c.scale, c.floor), (None, 1.0, 1.0, None));
    let native = registry().iter().flat_map(|e| e.rewards).map(|r| &r.entry);
    for entry in native.chain(oracles().iter().map(|o| &o.entry)) {
        let mut keys = HashSet::from(["kind"]);
        for field in entry.fields.iter().chain(TransformConfig::FIELDS) {
            assert!(keys.insert(field.name), "{}: two settings `{}`", entry.name, field.name);
        }
    }
    // An oracle stands beside native rewards, and so must not share a name with one.
    let natives = || registry().iter().flat_map(|e| e.rewards).map(|r| r.entry.name);
    assert!(oracles().iter().all(|o| natives().all(|n| n != o.entry.name)));
}

/// Every kind is there in every build; one that cannot do it says how to get one that can.
#[cfg(not(all(feature = "http", feature = "onnx")))]
fn says_how_to_get<C: Settings>(kind: &str, required: &[(&'static str, Value)]) {
    let fields: Vec<_> = C::FIELDS.iter().filter(|f| !f.required).copied().collect();
    let mut values = defaults(&fields).expect("what is not required has a default");
    values.extend(required.iter().cloned());
    let encoding = Encoding::dense(1);
    let spec = EnvSpec { name: "t".into(), n_actions: 1, max_len: 1, states_at_least: 1.0, encoding };
    let world = World { spec: &spec, features: &[] };
    let error =
        (find_oracle(kind).expect("it is listed").build)(&values, &world).err().expect("it is refused");
    assert_eq!(error.to_string(), format!("this program was built without rewards of the kind `{kind}`"));
    assert_eq!(error.hint, Some(format!("build it with `--features {kind}`")));
}

#[cfg(not(feature = "onnx"))]
#[test]
fn a_build_without_models_says_how_to_get_them() {
    let files = ["model", "test"].map(|key| (key, Value::File(File::new("none", ""))));
    says_how_to_get::<headwater_rewards::OnnxConfig>("onnx", &files);
}

#[cfg(not(feature = "http"))]
#[test]
fn a_build_without_services_says_how_to_get_them() {
    let url = ("url", Value::Text("http://localhost/".to_owned()));
    says_how_to_get::<headwater_rewards::HttpConfig>("http", &[url]);
}
