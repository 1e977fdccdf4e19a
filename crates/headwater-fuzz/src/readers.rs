//! Every reader of what others write: files that a configuration names, configurations, texts, the files of a run, answers.

use std::path::{Path, PathBuf};

use headwater_core::{Key, Play};
use headwater_run::assemble::schema;
use headwater_run::task::Task;
use headwater_run::{Checked, Input, Schema};

use crate::{answers, runs, samples};

/// Reads one input; what it says of one that is refused.
pub type Read = Box<dyn FnMut(&[u8]) -> Result<(), String>>;

/// A reader, with what its inputs are made from.
pub struct Reader {
    /// What it is called on the command line.
    pub name: String,
    /// Gives inputs to begin with: good ones, and those that were once too much for it.
    pub seeds: Box<dyn Fn() -> Vec<Vec<u8>>>,
    /// Words that mean something to it.
    pub tokens: &'static [&'static str],
    /// Makes it, with a directory of its own for files.
    pub open: Box<dyn Fn(&Path) -> Read>,
}

impl Reader {
    /// A reader called `name`.
    pub fn new(
        name: &str,
        tokens: &'static [&'static str],
        seeds: impl Fn() -> Vec<Vec<u8>> + 'static,
        open: impl Fn(&Path) -> Read + 'static,
    ) -> Self {
        Self { name: name.to_owned(), seeds: Box::new(seeds), tokens, open: Box::new(open) }
    }

    /// The reader of a file that a configuration names.
    fn of_file(
        name: &str,
        file: &'static str,
        toml: &'static str,
        tokens: &'static [&'static str],
        seeds: &'static [&'static str],
    ) -> Self {
        Self::new(name, tokens, move || bytes(seeds), move |dir| configured(dir, file, toml))
    }
}

/// Texts as bytes.
pub fn bytes(texts: &[impl AsRef<[u8]>]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_ref().to_vec()).collect()
}

/// The reader of this name, even if it is one of those that fail on purpose.
pub fn find(name: &str) -> Option<Reader> {
    all().into_iter().chain(broken()).find(|reader| reader.name == name)
}

/// Readers that fail on purpose: they show that failures are seen.
fn broken() -> Vec<Reader> {
    fn fails(name: &str, read: impl Fn(&[u8]) -> Result<(), String> + Copy + 'static) -> Reader {
        Reader::new(name, &[], || bytes(&["one", "two"]), move |_| Box::new(read))
    }
    vec![
        fails("self-panic", |bytes| panic!("on purpose, at {} bytes", bytes.len())),
        fails("self-abort", |_| std::process::abort()),
        fails("self-memory", |bytes| Err(format!("{}", vec![1u8; (bytes.len() + 1) << 36].len()))),
        fails("self-message", |_| Err("x".repeat(10_000))),
        fails("self-hang", |_| {
            loop {
                std::hint::spin_loop();
            }
        }),
    ]
}

/// All of them.
pub fn all() -> Vec<Reader> {
    let mut all = graphs();
    all.extend(files());
    all.extend(texts());
    all.extend(objects());
    all.extend(runs::all());
    all.extend(answers::all());
    all
}

/// A checked configuration, or what is said of it.
pub fn checked(toml: &str, dir: &Path, sets: &[String], schema: &Schema) -> Result<Checked, String> {
    let input = Input {
        name: Some("c.toml".to_owned()),
        dir: dir.to_owned(),
        text: toml.to_owned(),
        ..Input::default()
    };
    input.set(sets.iter().cloned()).check(schema).map_err(|problems| problems.to_string())
}

/// Builds what a configuration names, which reads its files.
pub fn build(toml: &str, dir: &Path, sets: &[String], schema: &Schema) -> Result<Task, String> {
    Task::build(&checked(toml, dir, sets, schema)?).map_err(|problem| problem.to_string())
}

/// Good files, for configurations that need another one beside that of the input.
fn beside(dir: &Path) {
    let files = [
        ("beside.csv", samples::EDGES[0]),
        ("beside.rewards.csv", samples::REWARDS),
        ("beside.data.csv", samples::OBSERVATIONS[0]),
    ];
    for (name, text) in files {
        std::fs::write(dir.join(name), text).expect("the directory can be written to");
    }
}

/// Reads inputs as the file of this name beside a configuration.
pub fn configured(dir: &Path, file: &str, toml: &'static str) -> Read {
    beside(dir);
    let (dir, path, schema) = (dir.to_owned(), dir.join(file), schema());
    Box::new(move |bytes| {
        std::fs::write(&path, bytes).map_err(|e| e.to_string())?;
        let mut task = build(toml, &dir, &[], &schema)?;
        // What was read is played on, once.
        task.sim.reset(1);
        let n_actions = task.sim.spec().n_actions;
        if n_actions <= 1 << 12 && task.sim.spec().max_len <= 1 << 10 {
            Play::new(n_actions).finish(&mut *task.sim, &[0], Key::new(1), |_| true);
            task.scorer.log_reward(&*task.sim, &[0], &mut [0.0]).map_err(|e| e.to_string())?;
        }
        Ok(())
    })
}

fn graphs() -> Vec<Reader> {
    const DAG: [&str; 4] = [
        "[env]\nkind=\"dag\"\ngraph=\"g.csv\"\nrewards=\"beside.rewards.csv\"\n[reward]\nkind=\"given\"\n",
        "[env]\nkind=\"dag\"\ngraph=\"g.json\"\n[reward]\nkind=\"given\"\n",
        "[env]\nkind=\"dag\"\ngraph=\"g.graphml\"\n[reward]\nkind=\"given\"\n",
        "[env]\nkind=\"dag\"\ngraph=\"g.dot\"\n[reward]\nkind=\"given\"\n",
    ];
    const REWARDS: &str =
        "[env]\nkind=\"dag\"\ngraph=\"beside.csv\"\nrewards=\"r.csv\"\n[reward]\nkind=\"given\"\n";
    const CUT: [&str; 4] = [
        "[env]\nkind=\"max-cut\"\ngraph=\"g.col\"\n[reward]\nkind=\"cut\"\n",
        "[env]\nkind=\"max-cut\"\ngraph=\"g.metis\"\n[reward]\nkind=\"cut\"\n",
        "[env]\nkind=\"max-cut\"\ngraph=\"g.csv\"\n[reward]\nkind=\"cut\"\n",
        "[env]\nkind=\"max-cut\"\ngraph=\"g.txt\"\n[reward]\nkind=\"cut\"\n",
    ];
    const JOBS: [&str; 2] = [
        "[env]\nkind=\"scheduling\"\ngraph=\"j.json\"\n[reward]\nkind=\"makespan\"\n",
        "[env]\nkind=\"scheduling\"\ngraph=\"j.dot\"\n[reward]\nkind=\"makespan\"\n",
    ];
    let of = Reader::of_file;
    vec![
        of("graph-csv", "g.csv", DAG[0], samples::GRAPH, samples::EDGES),
        of("graph-rewards", "r.csv", REWARDS, samples::GRAPH, &[samples::REWARDS]),
        of("graph-json", "g.json", DAG[1], samples::JSON, samples::GRAPH_JSON),
        of("graph-graphml", "g.graphml", DAG[2], samples::XML, samples::GRAPHML),
        of("graph-dot", "g.dot", DAG[3], samples::DOT_WORDS, samples::DOT),
        of("graph-dimacs", "g.col", CUT[0], &["p edge ", "p col ", "e ", "c ", "n 1 2\n"], samples::DIMACS),
        of("graph-metis", "g.metis", CUT[1], &["%", "011", "1 2 3"], samples::METIS),
        of("graph-edges", "g.csv", CUT[2], samples::GRAPH, samples::EDGE_LIST),
        of("graph-any", "g.txt", CUT[3], samples::GRAPH, samples::UNDIRECTED),
        of("jobs-json", "j.json", JOBS[0], samples::JSON, samples::JOBS_JSON),
        of("jobs-dot", "j.dot", JOBS[1], samples::DOT_WORDS, samples::JOBS_DOT),
    ]
}

fn files() -> Vec<Reader> {
    const FASTA: &str = "[env]\nkind=\"phylo\"\nalignment=\"a.fasta\"\n[reward]\nkind=\"parsimony\"\n";
    const GAUSSIAN: &str = "[env]\nkind=\"bayesnet\"\ndata=\"d.csv\"\n[reward]\nkind=\"bge\"\n";
    const CATEGORIES: &str = "[env]\nkind=\"bayesnet\"\ndata=\"d.csv\"\n[reward]\nkind=\"bdeu\"\n";
    const COUPLINGS: &str = "[env]\nkind=\"ising\"\n[reward]\nkind=\"couplings\"\ncouplings=\"m.csv\"\n";
    const GAINS: &str = "[env]\nkind=\"assignments\"\n[reward]\nkind=\"gains\"\ngains=\"m.csv\"\n";
    const COSTS: &str = "[env]\nkind=\"permutations\"\n[reward]\nkind=\"costs\"\ncosts=\"m.csv\"\n";
    const PRIOR: &str =
        "[env]\nkind=\"bayesnet\"\ndata=\"beside.data.csv\"\n[reward]\nkind=\"bge\"\nedge_prior=\"m.csv\"\n";
    const WORDS: &str = "[env]\nkind=\"words\"\nwords=\"w.txt\"\n[reward]\nkind=\"letters\"\n";
    const TABLE: &str = "[env]\nkind=\"strings\"\nalphabet=\"ab\"\nmax_len=3\nmin_len=0\n[reward]\nkind=\"table\"\n\
                         path=\"t.csv\"\nmissing=\"floor\"\nfloor=1e-3\n";
    let mut all = vec![
        Reader::of_file(
            "fasta",
            "a.fasta",
            FASTA,
            &[">", ";", "-", "?", "NNNN", "RYKM", "\r\n"],
            samples::FASTA,
        ),
        Reader::of_file("observations", "d.csv", GAUSSIAN, samples::TABLE_WORDS, samples::OBSERVATIONS),
        Reader::of_file("categories", "d.csv", CATEGORIES, samples::TABLE_WORDS, samples::CATEGORIES),
        Reader::of_file("matrix-couplings", "m.csv", COUPLINGS, samples::TABLE_WORDS, samples::MATRICES),
        Reader::of_file("matrix-gains", "m.csv", GAINS, samples::TABLE_WORDS, samples::MATRICES),
        Reader::of_file("matrix-costs", "m.csv", COSTS, samples::TABLE_WORDS, samples::MATRICES),
        Reader::of_file("matrix-prior", "m.csv", PRIOR, samples::TABLE_WORDS, samples::MATRICES),
        Reader::of_file("words", "w.txt", WORDS, &["\n", "é", "aaaa"], &["cat\ncart\ndog\n", "a\n"]),
        Reader::of_file("table-csv", "t.csv", TABLE, samples::TABLE_WORDS, samples::SCORES),
    ];
    for (name, file) in [("table-tsv", "t.tsv"), ("table-jsonl", "t.jsonl")] {
        let toml: &'static str = Box::leak(TABLE.replace("t.csv", file).into_boxed_str());
        let seeds = if name == "table-tsv" { samples::SCORES_TSV } else { samples::SCORES_JSONL };
        all.push(Reader::of_file(name, file, toml, samples::JSON, seeds));
    }
    #[cfg(feature = "parquet")]
    all.push(Reader::new(
        "table-parquet",
        &[],
        || bytes(&samples::parquet()),
        |dir| {
            const PARQUET: &str = "[env]\nkind=\"strings\"\nalphabet=\"ab\"\nmax_len=3\nmin_len=0\n[reward]\n\
                               kind=\"table\"\npath=\"t.parquet\"\nmissing=\"floor\"\nfloor=1e-3\n";
            configured(dir, "t.parquet", PARQUET)
        },
    ));
    #[cfg(feature = "onnx")]
    all.extend(models());
    all
}

#[cfg(feature = "onnx")]
fn models() -> Vec<Reader> {
    const MODEL: &str = "[env]\nkind=\"strings\"\nalphabet=\"abcd\"\nmax_len=4\nmin_len=1\n[reward]\nkind=\"onnx\"\n\
                         model=\"m.onnx\"\ntest=\"t.json\"\ntransform=\"exp\"\ntimeout_s=1.0\nmax_memory_gb=0.5\n";
    let model = Reader::new(
        "onnx-model",
        &["Slice", "Tile", "Pad", "Loop", "Div"],
        || bytes(&samples::models()),
        |dir| {
            std::fs::write(dir.join("t.json"), samples::VECTOR).expect("the directory can be written to");
            configured(dir, "m.onnx", MODEL)
        },
    );
    let seeds = [samples::VECTOR, r#"{"inputs": [[0.5]], "outputs": [[1]]}"#];
    let vector = Reader::new(
        "onnx-test",
        samples::JSON,
        move || bytes(&seeds),
        |dir| {
            std::fs::write(dir.join("m.onnx"), samples::MODEL).expect("the directory can be written to");
            configured(dir, "t.json", MODEL)
        },
    );
    vec![model, vector]
}

/// Configurations, assignments, formulas, trees and lists of objects.
fn texts() -> Vec<Reader> {
    const GRID: &str = "[env]\nkind = \"hypergrid\"\n[reward]\nkind = \"original\"\n";
    const DATA: &str = "[env]\nkind=\"strings\"\nalphabet=\"ab\"\nmax_len=3\n[reward]\nkind=\"expression\"\n\
                        expression=\"1\"\n[train]\ndata=\"d.txt\"\n[run]\n";
    let config = Reader::new("config", samples::TOML_WORDS, samples::configurations, |dir| {
        let (dir, schema) = (dir.to_owned(), schema());
        Box::new(move |bytes| checked(&text(bytes)?, &dir, &[], &schema).map(drop))
    });
    let set = Reader::new(
        "set",
        samples::TOML_WORDS,
        || bytes(&samples::ASSIGNMENTS),
        |dir| {
            let (dir, schema) = (dir.to_owned(), schema());
            Box::new(move |bytes| {
                let sets: Vec<String> = text(bytes)?.split('\0').map(str::to_owned).collect();
                checked(GRID, &dir, &sets, &schema).map(drop)
            })
        },
    );
    let formula = Reader::new(
        "formula",
        samples::FORMULA_WORDS,
        || bytes(&samples::FORMULAS),
        |dir| {
            let (dir, schema) = (dir.to_owned(), schema());
            Box::new(move |bytes| {
                let formula = headwater_run::toml_text(&headwater_core::settings::Value::Text(text(bytes)?));
                let toml = "[env]\nkind = \"strings\"\nalphabet = \"ACGT\"\nmax_len = 4\n";
                let toml = format!("{toml}[reward]\nkind = \"expression\"\nexpression = {formula}\n");
                let mut task = build(&toml, &dir, &[], &schema)?;
                task.sim.reset(1);
                task.sim.load(0, "ACG").map_err(|e| e.to_string())?;
                task.scorer.log_reward(&*task.sim, &[0], &mut [0.0]).map_err(|e| e.to_string())
            })
        },
    );
    let newick = Reader::new(
        "newick",
        &["(", ")", ",", ";", "'", "[", ":0.1"],
        || bytes(&samples::TREES),
        |_| {
            Box::new(|bytes| {
                let tree =
                    headwater_posterior::trees::Tree::parse(&text(bytes)?).map_err(|e| e.to_string())?;
                // What is shown is read again.
                let again =
                    headwater_posterior::trees::Tree::parse(&tree.to_string()).map_err(|e| e.to_string())?;
                assert_eq!(tree, again, "a tree reads back as another one");
                Ok(())
            })
        },
    );
    let data = Reader::new(
        "objects-file",
        &["\n"],
        || bytes(&["ab\naba\n", "a\n\nb"]),
        |dir| {
            let (dir, path, schema) = (dir.to_owned(), dir.join("d.txt"), schema());
            Box::new(move |bytes| {
                std::fs::write(&path, bytes).map_err(|e| e.to_string())?;
                let checked = checked(DATA, &dir, &[], &schema)?;
                headwater_run::assemble::assemble(&checked).map(drop).map_err(|e| e.to_string())
            })
        },
    );
    vec![config, set, formula, newick, data]
}

/// The texts of objects, a reader for each environment; what is read is written the same way again.
fn objects() -> Vec<Reader> {
    let mut all = Vec::new();
    for entry in headwater_envs::registry() {
        let name = entry.entry.name;
        let settings = match name {
            "choice" => "options=\"x y\"\n",
            "dag" => "graph=\"beside.csv\"\nrewards=\"beside.rewards.csv\"\n",
            "composite" => {
                "[env.a]\nkind=\"strings\"\nalphabet=\"AC\"\nmax_len=3\n[env.b]\nkind=\"bits\"\nn=4\nk=2\n\
                 [env.c]\nkind=\"subsets\"\nn=4\n"
            }
            _ => "",
        };
        let reward = "[reward]\nkind=\"expression\"\nexpression=\"1\"\n";
        let toml = format!("[env]\nkind=\"{name}\"\n{settings}{reward}");
        let simulator = move |dir: &Path| {
            beside(dir);
            build(&toml, dir, &[], &schema()).unwrap_or_else(|e| panic!("{e}")).sim
        };
        let played = simulator.clone();
        let seeds = move || {
            let dir = temporary("objects");
            let mut sim = played(&dir);
            let lanes: Vec<u32> = (0..24).collect();
            sim.reset(lanes.len());
            Play::new(sim.spec().n_actions).finish(&mut *sim, &lanes, Key::new(7), |_| true);
            let _ = std::fs::remove_dir_all(&dir);
            let mut seeds: Vec<Vec<u8>> = lanes.iter().map(|&lane| sim.text(lane).into_bytes()).collect();
            seeds.dedup();
            seeds
        };
        let tokens = &[",", ";", "(", ")", "->", "∅", "ε", "|", ":", "0", "1", "-1", " "];
        all.push(Reader::new(&format!("object-{name}"), tokens, seeds, move |dir| {
            let mut sim = simulator(dir);
            sim.reset(2);
            Box::new(move |bytes| {
                sim.load(0, &text(bytes)?).map_err(|e| e.to_string())?;
                let shown = sim.text(0);
                sim.load(1, &shown).map_err(|e| format!("what is shown is not read: {e}"))?;
                assert!(sim.same(0, 1), "`{shown}` reads back as another state");
                Ok(())
            })
        }));
    }
    all
}

/// A directory of this process, for `what`.
pub fn temporary(what: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("headwater-fuzz-{what}-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("there is a directory for temporary files");
    dir
}

/// The text that bytes are; others are refused before any reader sees them.
pub fn text(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| "no text in UTF-8".to_owned())
}
