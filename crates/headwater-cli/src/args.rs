//! What a user may type.

mod numbers;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use self::numbers::{count, duration, seconds, share, size};

/// Sample objects in proportion to a reward, and know how well.
///
/// Headwater trains generative flow networks and checks every claim exactly where it can. Data goes to stdout, talk to
/// stderr. Exit codes: 0 done, 1 findings, 2 error.
#[derive(Parser, Debug)]
#[command(name = "headwater", version, max_term_width = 110)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Train a sampler, evaluate it, and draw from it
    Train(Train),
    /// Show how a run stands, again and again until it ends
    Watch(Watch),
    /// Show runs in a browser on this machine, on pages that update themselves
    Serve(Serve),
    /// Write what a run measured in another program's format
    Export(Export),
    /// Draw objects from a trained run, as CSV or JSON lines
    Sample(Sample),
    /// Evaluate a trained run again, with more samples if asked
    Eval(Eval),
    /// Put runs into one table, and pool them over seeds
    Summary(Summary),
    /// Check runs: named checks with number, threshold, meaning and remedy
    Diagnose(Diagnose),
    /// Enumerate an environment: states, edges, log Z, the distribution, flows
    Exact(Exact),
    /// Solve, check, sample and draw the flow through a graph from a file
    Flow(Flow),
    /// Learn which Bayesian networks explain a table of observations, and how sure that is
    Bayesnet(Bayesnet),
    /// Sample phylogenetic trees of an alignment, with their consensus and its supports
    Phylo(Phylo),
    /// Log-probability of objects (one per line on stdin) under a trained run
    Logp(Logp),
    /// Score objects (one per line on stdin) with a configuration's reward
    Score(Score),
    /// List the best distinct objects that were ever scored with a run's reward
    Candidates(Candidates),
    /// Write a page of what runs have learned, to be read in a browser
    Report(Report),
    /// Check an environment, or a configuration's, against the contract
    Check(Check),
    /// Play one random trajectory and print all that can be seen
    Play(Play),
    /// Measure speed: by phase, against the machine's peak; of training, sampling or the kernels
    Bench(Bench),
    /// Hold methods to one budget: GFlowNets, Markov chains, reinforcement learning, search
    Compare(Compare),
    /// List what there is
    List(List),
    /// Explain one environment, reward, objective or policy
    Show(Show),
    /// Write, resolve or describe configurations
    Config(Config),
    /// Run a model for another `headwater`, which is at the other end of stdin
    #[cfg(all(feature = "onnx", unix))]
    #[command(hide = true)]
    ServeModel,
}

/// A configuration file with overrides.
#[derive(ClapArgs, Debug)]
pub struct Source {
    /// The configuration, a TOML file; or a graph, whose default policy is a table
    pub config: PathBuf,
    /// Override a key, such as `train.batch=512`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
}

#[derive(ClapArgs, Debug)]
pub struct Train {
    /// The configuration, a TOML file, or a graph, on which a table is trained, 3000 updates of 32 trajectories unless
    /// --set says otherwise, with rates that fall over all of them; left out with --resume
    #[arg(required_unless_present = "resume", conflicts_with = "resume")]
    pub config: Option<PathBuf>,
    /// Override a key, such as `train.batch=512`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    /// Directory of the run; a new numbered one below `runs` if left out
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Continue the run in this directory, bit for bit as if it had not stopped
    #[arg(long, value_name = "RUN")]
    pub resume: Option<PathBuf>,
    /// Print the result as one JSON object
    #[arg(long)]
    pub json: bool,
    /// Show no progress
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(ClapArgs, Debug)]
pub struct Watch {
    /// The run's directory
    pub run: PathBuf,
    /// Print one plain picture and end, as without a terminal
    #[arg(long)]
    pub once: bool,
    /// Time between pictures
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    pub every: f64,
}

#[derive(ClapArgs, Debug)]
pub struct Serve {
    /// A directory of runs, or one run's directory
    #[arg(value_name = "DIR", default_value = "runs")]
    pub runs: PathBuf,
    /// Port on 127.0.0.1; 0 for any that is free
    #[arg(long, default_value_t = 8765)]
    pub port: u16,
}

#[derive(ClapArgs, Debug)]
pub struct Export {
    /// The run's directory
    pub run: PathBuf,
    /// Write event files for TensorBoard to a directory of the run's name in this one
    #[arg(long, value_name = "DIR", required = true)]
    pub tensorboard: PathBuf,
}

#[derive(ClapArgs, Debug)]
pub struct Bench {
    /// The configuration, a TOML file; left out with --kernels
    #[arg(required_unless_present = "kernels", conflicts_with = "kernels")]
    pub config: Option<PathBuf>,
    /// Override a key, such as `train.batch=512`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    /// Updates before the clock starts
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = count::<0, 1_000_000_000>)]
    pub warmup: u64,
    /// Updates to time, at least
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = count::<0, 1_000_000_000>)]
    pub updates: u64,
    /// Go on until so many seconds have passed
    #[arg(long, value_name = "S", default_value_t = 0.0, value_parser = duration)]
    pub seconds: f64,
    /// Draw batches from the untrained policy instead of training it
    #[arg(long, conflicts_with = "kernels")]
    pub sample: bool,
    /// Do not measure the machine's peak, so that nothing is done but the updates
    #[arg(long, conflicts_with_all = ["kernels", "sample"])]
    pub no_peak: bool,
    /// Measure the kernels of the network by themselves
    #[arg(long)]
    pub kernels: bool,
    /// Print the result as one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs, Debug)]
pub struct Compare {
    /// Configurations, TOML files; each is a contestant with the method that it names
    #[arg(required = true)]
    pub configs: Vec<PathBuf>,
    /// Enter each configuration with these methods instead, separated by commas
    #[arg(long, value_name = "METHODS", value_delimiter = ',')]
    pub methods: Vec<String>,
    /// What each may spend: `objects=…`, `transitions=…`, `reward-calls=…` or `seconds=…`
    #[arg(long, value_name = "UNIT=AMOUNT", default_value = "objects=100000")]
    pub budget: String,
    /// Number of seeds: 0, 1, …, or from the seed on that `--set seed=…` gives
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = count::<1, 10_000>)]
    pub seeds: u64,
    /// Override a key of every configuration; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    /// Points of the curves
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = size::<1, 100_000>)]
    pub points: usize,
    /// Objects that the empirical distribution is made of: the last so many
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = size::<1, 1_000_000_000>)]
    pub window: usize,
    /// Distinct objects of largest reward that are kept and described
    #[arg(long, value_name = "K", default_value_t = 100, value_parser = size::<1, 1_000_000>)]
    pub top: usize,
    /// Two of those are unlike if so large a share of their encodings differs
    #[arg(long, value_name = "SHARE", default_value_t = 0.5, value_parser = share)]
    pub radius: f64,
    /// Directory of the comparison; what is there already is not played again
    #[arg(long, value_name = "DIR", default_value = "comparison")]
    pub out: PathBuf,
    /// Curves played at a time, each on one thread; 0 for one per core
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = size::<0, 1024>)]
    pub jobs: usize,
    /// Print the result as one JSON object
    #[arg(long)]
    pub json: bool,
    /// Show no progress
    #[arg(long, short)]
    pub quiet: bool,
}

/// Format of samples.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub enum Format {
    Csv,
    Jsonl,
}

#[derive(ClapArgs, Debug)]
pub struct Sample {
    /// The run's directory
    pub run: PathBuf,
    /// Number of objects
    #[arg(short, default_value_t = 1000, value_parser = size::<0, 1_000_000_000_000_000>)]
    pub n: usize,
    /// Seed of the draw; the run's own samples have seed 0
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Ask a program or a service for the scores that no ledger has, within the run's budget
    #[arg(long)]
    pub score: bool,
    /// Format
    #[arg(long, value_enum, default_value = "csv")]
    pub format: Format,
    /// In CSV, put `'` before texts that a spreadsheet would take for formulas
    #[arg(long)]
    pub spreadsheet: bool,
}

#[derive(ClapArgs, Debug)]
pub struct Eval {
    /// The run's directory
    pub run: PathBuf,
    /// Trajectories to sample; also shows sampled L1 beside a perfect sampler's
    #[arg(long, value_parser = size::<2, 100_000_000>)]
    pub samples: Option<usize>,
    /// Print the result as one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs, Debug)]
pub struct Exact {
    #[command(flatten)]
    pub source: Source,
    /// Write every object with log R and its probability, as CSV; `-` for stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Compare the policy of this run: adds its probability to the objects, and shows the states that carry the error
    #[arg(long, value_name = "RUN")]
    pub run: Option<PathBuf>,
    /// Write every edge with its exact flow (and the run's, with --run), as CSV; `-` for stdout
    #[arg(long, value_name = "FILE")]
    pub flow: Option<PathBuf>,
    /// Call a program or a service up to N times for scores that no ledger has
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "run")]
    pub calls: u64,
    /// Print the summary as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Which of the valid flows through a graph.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowKind {
    /// P_B uniform over the edges that enter a node
    Uniform,
    /// P_B in proportion to the number of trajectories: every trajectory to an object carries the same flow
    Maxent,
    /// P_B in proportion to the weights in the file
    Given,
    /// Few edges carry flow
    Sparse,
    /// The least total cost, by the costs in the file and within its capacities
    Cost,
    /// Within the capacities in the file, which are used as evenly as can be
    Capacity,
}

#[derive(ClapArgs, Debug)]
pub struct Flow {
    /// The graph: JSON, CSV, GraphML or DOT
    pub graph: PathBuf,
    /// The rewards, CSV with the header `node,reward`, unless they are in the graph's file
    #[arg(long, value_name = "FILE")]
    pub rewards: Option<PathBuf>,
    /// Which flow, by its backward policy; `uniform` if left out, with --run the run's own
    #[arg(long, value_enum, value_name = "KIND")]
    pub backward: Option<FlowKind>,
    /// Write every node with its flow, reward and probability, as CSV; `-` for stdout
    #[arg(long, value_name = "FILE")]
    pub nodes: Option<PathBuf>,
    /// Write every edge and stop edge with its flow, P_F and P_B, as CSV; `-` for stdout
    #[arg(long, value_name = "FILE")]
    pub edges: Option<PathBuf>,
    /// Draw so many trajectories with their objects, to stdout
    #[arg(short, value_name = "N", conflicts_with = "json", value_parser = size::<0, 1_000_000_000_000_000>)]
    pub n: Option<usize>,
    /// Seed of the draw
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Format of trajectories
    #[arg(long, value_enum, default_value = "csv")]
    pub format: Format,
    /// Check the flow in this file, CSV with the header `from,to,flow`, instead of solving; exit code 1 if it is none
    #[arg(long, value_name = "FILE", conflicts_with_all = ["backward", "nodes", "edges", "n", "run", "soft_rl"])]
    pub check: Option<PathBuf>,
    /// Relative error up to which an equation holds
    #[arg(long, value_name = "X", default_value_t = 1e-6, value_parser = share)]
    pub tolerance: f64,
    /// Compare the flow that this run has learned with the exact one
    #[arg(long, value_name = "RUN")]
    pub run: Option<PathBuf>,
    /// Compare with what maximum-entropy reinforcement learning samples: n(x) R(x) instead of R(x)
    #[arg(long)]
    pub soft_rl: bool,
    /// Draw the flow as SVG
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Draw the flow as PNG, if the program was built with the feature `png`
    #[arg(long, value_name = "FILE")]
    pub png: Option<PathBuf>,
    /// Write the flow as DOT, for other tools; `-` for stdout
    #[arg(long, value_name = "FILE")]
    pub dot: Option<PathBuf>,
    /// Print the summary as one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs, Debug)]
pub struct Bayesnet {
    /// Observations, CSV with a header of names; or the directory of a trained run
    pub source: PathBuf,
    /// Override a key of the configuration, such as `env.max_parents=3`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    /// Train nothing: the exact posterior, up to 16 columns in seconds, up to 20 in minutes
    #[arg(long, conflicts_with = "rival")]
    pub exact: bool,
    /// Networks to draw from the posterior, where there are too many to list
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = size::<1, 100_000_000>)]
    pub samples: usize,
    /// Let a rival, such as `mcmc`, have as many scores as training and drawing took, and compare its edges
    #[arg(long, value_name = "METHOD")]
    pub rival: Option<String>,
    /// Give the rival so many scores instead
    #[arg(long, value_name = "N", requires = "rival", value_parser = count::<1, 1_000_000_000_000>)]
    pub rival_scores: Option<u64>,
    /// The run's directory; without it, a numbered one in `runs`
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print the result as one JSON object
    #[arg(long)]
    pub json: bool,
    /// Show no progress
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(ClapArgs, Debug)]
pub struct Phylo {
    /// An alignment in FASTA to train on; or a configuration, a TOML file; or a trained run's directory
    pub target: PathBuf,
    /// Override a key, such as `env.gap=unknown` or `reward.per_nat=2`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    /// Trees to sample
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub samples: u32,
    /// Markov chains that are run as a second opinion where trees are too many to enumerate; 0 for none
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(0..=64))]
    pub chains: u32,
    /// Directory of the run and of what it finds; a new numbered one below `runs` if left out
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print the result as one JSON object
    #[arg(long)]
    pub json: bool,
    /// Show no progress
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(ClapArgs, Debug)]
pub struct Summary {
    /// The runs' directories
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs, Debug)]
pub struct Diagnose {
    /// The runs' directories; exit code 1 if a check of any of them fails
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Trajectories to draw, even where their scores have to be asked for
    #[arg(long, value_name = "N")]
    pub samples: Option<usize>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs, Debug)]
pub struct Logp {
    /// The run's directory
    pub run: PathBuf,
    /// Backward trajectories per object, where it cannot be exact
    #[arg(long, default_value_t = 1000, value_parser = size::<1, 100_000_000>)]
    pub samples: usize,
    /// Estimate by sampling even where it could be exact
    #[arg(long)]
    pub sampled: bool,
}

#[derive(ClapArgs, Debug)]
pub struct Score {
    #[command(flatten)]
    pub source: Source,
}

/// Format of candidates.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub enum CandidateFormat {
    Csv,
    Jsonl,
    Parquet,
    /// A page by itself
    Html,
}

#[derive(ClapArgs, Debug)]
pub struct Candidates {
    /// The run's directory
    pub run: PathBuf,
    /// How many, at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = size::<0, 1_000_000_000>)]
    pub top: usize,
    /// Least distance between two of them: the share of their encodings that differs, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub diverse: f64,
    /// Format
    #[arg(long, value_enum, default_value = "csv")]
    pub format: CandidateFormat,
    /// In CSV, put `'` before objects that a spreadsheet would take for formulas
    #[arg(long)]
    pub spreadsheet: bool,
    /// Where to write; `-` for stdout
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub output: PathBuf,
    /// Override a key of the run's configuration, such as `ledger.path`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
}

#[derive(ClapArgs, Debug)]
pub struct Report {
    /// The runs' directories; those that differ in their seeds alone are shown as one
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Where to write the page; `-` for stdout
    #[arg(short, long, value_name = "FILE", default_value = "report.html")]
    pub output: PathBuf,
    /// Write every figure there too, as SVG and as CSV
    #[arg(long, value_name = "DIR")]
    pub figures: Option<PathBuf>,
}

#[derive(ClapArgs, Debug)]
pub struct Check {
    /// An environment's name or a configuration; everything registered if left out
    pub target: Option<String>,
    /// Override a key of the configuration; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
}

#[derive(ClapArgs, Debug)]
pub struct Play {
    /// An environment's name, or a configuration
    pub target: String,
    /// Seed of the trajectory
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Draw the object that it ends in, where the environment has a picture of it
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Override a key of the configuration; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
}

/// What can be listed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registry {
    Envs,
    Rewards,
    Objectives,
    Policies,
    Losses,
    Methods,
}

#[derive(ClapArgs, Debug)]
pub struct List {
    /// Of what
    #[arg(value_enum)]
    pub registry: Registry,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs, Debug)]
pub struct Show {
    /// Its name; of a reward that several environments have, `environment/reward`
    pub name: String,
}

#[derive(ClapArgs, Debug)]
pub struct Config {
    #[command(subcommand)]
    pub command: ConfigCommand,
}

#[derive(Subcommand, Debug)]
pub enum ConfigCommand {
    /// Print a configuration to start from, every key explained
    Init {
        /// Choices, such as `env=dag objective=subtb`
        #[arg(value_name = "SECTION=KIND")]
        kinds: Vec<String>,
    },
    /// Print a configuration with every key, defaults marked
    Resolve {
        #[command(flatten)]
        source: Source,
    },
    /// Print the JSON schema of configurations
    Schema,
}
