//! Help, lists, pages and starting points: what a user reads before the first run.

use expect_test::{expect, expect_file};
use serde_json::Value as Json;

use crate::support::Temp;

const COMMANDS: &[&str] = &[
    "",
    "train",
    "watch",
    "serve",
    "export",
    "sample",
    "eval",
    "summary",
    "diagnose",
    "exact",
    "flow",
    "bayesnet",
    "phylo",
    "logp",
    "score",
    "candidates",
    "report",
    "check",
    "play",
    "bench",
    "compare",
    "list",
    "show",
    "config",
    "config init",
    "config resolve",
    "config schema",
];

#[test]
fn every_command_explains_itself() {
    let dir = Temp::new();
    let mut all = String::new();
    for command in COMMANDS {
        let ran = dir.run(&format!("{command} --help"));
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
        let title = format!("headwater {command}");
        all += &format!("$ {} --help\n{}\n", title.trim_end(), ran.out);
    }
    expect_file!["help.txt"].assert_eq(&all);
    let top = dir.run("--help").ok();
    let listed = top.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| !l.is_empty());
    // Summaries that go on in a second line are indented deeper.
    let listed = listed.filter(|l| !l.starts_with("   "));
    let listed: Vec<&str> = listed.filter_map(|l| l.split_whitespace().next()).collect();
    let known: Vec<&str> =
        COMMANDS.iter().copied().filter(|c| !c.is_empty() && !c.contains(' ')).chain(["help"]).collect();
    assert_eq!(listed, known, "a command is not in the list of this test");
}

#[test]
fn what_there_is_can_be_listed() {
    let dir = Temp::new();
    let mut all = String::new();
    for registry in ["envs", "rewards", "objectives", "policies", "losses", "methods"] {
        let text = dir.run(&format!("list {registry}")).ok();
        let json = dir.run(&format!("list {registry} --json")).json();
        let entries = json["entries"].as_array().unwrap();
        assert_eq!(entries.len(), text.lines().count());
        for (entry, line) in entries.iter().zip(text.lines()) {
            let (name, summary) = (entry["name"].as_str().unwrap(), entry["summary"].as_str().unwrap());
            assert!(line.starts_with(name) && line.ends_with(summary), "{entry} {line}");
            let page = dir.run(&format!("show {name}")).ok();
            assert!(page.starts_with(&format!("{name} (")) && page.contains(summary), "{page}");
        }
        all += &format!("$ headwater list {registry}\n{text}\n");
    }
    expect![[r#"
        $ headwater list envs
        assignments      agents assigned to posts, within capacities and with pairs that are not allowed
        bayesnet         structures of Bayesian networks over the columns of a table, grown edge by edge
        binary-tree      the leaves of a perfect binary tree, reached by turning left or right
        bits             bit strings of one length, built of words: appended, prepended too, or in any order
        choice           one choice among named options, by itself or before other parts of a composite
        clique           cliques of a graph from a file, grown one vertex at a time
        colouring        proper colourings of parts of a graph from a file, one vertex at a time, with k colours
        composite        several environments as one, built one after the other or in any order
        dag              an explicit DAG, read from a file of edges and rewards
        dominating-set   dominating sets of a graph from a file, shrunk one vertex at a time
        hypergrid        cells of a grid, reached from a corner by steps along the axes
        independent-set  independent sets of a graph from a file, grown one vertex at a time
        ising            spins on a torus, set up or down one at a time in any order
        knapsack         sets of items that fit into a knapsack together, packed one at a time
        line             walks of a fixed number of steps on the cells of a line
        max-cut          cuts of a graph from a file: each vertex gets one of two sides, in any order
        permutations     orders of n items, built from the front or place by place
        phylo            rooted binary trees over the sequences of an alignment, merged pair by pair
        scheduling       jobs that wait for each other, placed on machines one at a time
        strings          strings over an alphabet, grown at the right end or at both
        subsets          subsets of n elements within bounds of size, grown one element at a time
        tetris           pieces of Tetris dropped into a box, turned as one likes
        words            the words of a list, spelled letter by letter

        $ headwater list rewards
        assignments/gains       each agent has a gain at each post
        bayesnet/bge            how well a network explains Gaussian data: BGe, with a prior over structures
        bayesnet/bdeu           how well a network explains categories: BDeu, with a prior over structures
        binary-tree/index       the position of the leaf, counted from the left
        binary-tree/uniform     one for every leaf
        bits/hamming            the fewer bits differ from the nearest mode, the likelier
        bits/hamming-per-bit    the smaller the share of bits that differ from the nearest mode, the likelier
        choice/weights          each option has a weight
        clique/size             large cliques are likely
        clique/weight           heavy cliques are likely
        colouring/coloured      many coloured vertices in few colours are likely
        colouring/weight        heavy coloured vertices in few colours are likely
        composite/uniform       every object is as likely as any other
        dag/given               the rewards that the file gives
        dominating-set/size     small dominating sets are likely
        dominating-set/weight   light dominating sets are likely
        hypergrid/original      2^dim modes near the corners, on plateaus, above a floor
        hypergrid/cosine        a product of cosines under a bell: many modes of unequal height
        hypergrid/sparse        one at 2^dim - 1 cells beside the corners, almost nothing elsewhere
        hypergrid/deceptive     the modes of `original` behind a moat, with a decoy in the centre
        independent-set/size    large independent sets are likely
        independent-set/weight  heavy independent sets are likely
        ising/torus             the Ising model: neighbours on the torus are alike, or unlike, with one strength
        ising/couplings         a pairwise energy of one's own: a matrix of couplings, and fields, from files
        knapsack/value          each item has a value, and valuable packings are likely
        line/mixture            the density of a mixture of normal distributions where the walk ends
        max-cut/cut             large cuts are likely
        max-cut/weight          heavy cuts are likely
        permutations/mallows    the fewer pairs stand in another order than in a reference, the likelier
        permutations/costs      each item has a cost at each place: the linear assignment problem
        permutations/tour       short tours around all items are likely: the travelling salesman's problem
        phylo/parsimony         the fewer mutations a tree needs, the likelier; forests have those of their trees so far
        scheduling/speed-up     the faster than one job after the other, the likelier
        scheduling/makespan     the sooner all jobs are done, the likelier
        strings/hamming         the closer to one of the modes, the likelier
        strings/motifs          the more occurrences of the motifs, the likelier
        subsets/energies        each element has an energy, and low energies are likely
        subsets/additive        each element has a weight, and the reward is their sum
        tetris/filled           the fuller, the likelier
        words/letters           the sum of the letters' scores in English Scrabble
        command                 scores by a program of yours, objects on its stdin and answers on its stdout
        expression              a formula over the environment's features, written in the configuration
        http                    scores by a service, batches of objects in JSON over HTTP
        onnx                    scores by a trained model in an ONNX file, tested before anything is trained
        table                   scores looked up in a file: CSV, TSV, JSON lines or Parquet
        combination             several scores as one: `[reward.NAME]` sections, each with its kind, transform, weight and bounds

        $ headwater list objectives
        db        detailed balance: every edge carries the same flow seen from either end
        fl-db     forward-looking detailed balance: flows are learned relative to the reward so far
        fl-subtb  forward-looking sub-trajectory balance: flows are learned relative to the reward so far
        fm        flow matching: what flows into a state flows out of it
        mdb       modified detailed balance: flows follow from rewards where every state may stop
        subtb     sub-trajectory balance: detailed balance between any two states of a trajectory
        tb        trajectory balance: every trajectory is as likely forwards as backwards from its reward
        vargrad   log-partition variance: trajectory balance with the batch's own estimate of log Z

        $ headwater list policies
        mlp      a multi-layer perceptron, native and differentiated by hand
        tabular  a table with one row per state, for spaces that can be enumerated

        $ headwater list losses
        squared       squared residuals: zero-forcing
        huber         squared near zero, linear beyond 1: robust
        linex         exponential where objects are missed: zero-avoiding
        shifted-cosh  exponential on both sides

        $ headwater list methods
        gflownet            a generative flow network: the policy, the objective and the training of the configuration
        annealing           Metropolis-Hastings chains that are cooled, again and again
        beam                breadth-first search that keeps the states with the best outlook
        ent-ppo             PPO of maximum entropy with log P_B along the edges, which samples the target
        exact               independent draws from the target, for spaces that can be enumerated
        genetic             a population that breeds by joining parts of ways, and mutates by going back and forth
        gibbs               chains that redraw the last edge of a way to their object, by the rewards of all that it may lead to
        greedy              trajectories that take the edge with the best outlook
        mars                Metropolis-Hastings chains with a proposal that learns from accepted improvements
        mcmc                Metropolis-Hastings chains that go some edges back and some forth
        parallel-tempering  Metropolis-Hastings chains at several temperatures, which exchange their objects
        ppo                 proximal policy optimisation: clipped ratios, generalised advantages, a bonus for entropy
        random              trajectories of the uniform policy
        reinforce           policy gradient with a baseline and a bonus for entropy
        sac                 discrete soft actor-critic with twin values, target networks and a learned temperature
        soft-dqn            soft deep Q-learning with log P_B along the edges and a target network; Munchausen's on demand

    "#]]
    .assert_eq(&all);
}

#[test]
fn pages_show_formula_source_and_settings() {
    let dir = Temp::new();
    expect![[r#"
        hypergrid (environment)
          cells of a grid, reached from a corner by steps along the axes
          x in {0..side-1}^dim; edge i adds 1 to x_i
          source: Bengio et al. 2021, arXiv:2106.04399
          rewards: original, cosine, sparse, deceptive (`headwater show hypergrid/…`)
          features, which a reward `expression` speaks of:
            x{i}: coordinate i, from 0
            sum: the sum of the coordinates
            smallest: the smallest coordinate
            largest: the largest coordinate

          dim = a whole number from 1 to 16, 2 if left out
              Number of dimensions d.

          side = a whole number from 2 to 256, 8 if left out
              Number of cells H along each axis.

          wall = `mask` or `terminate`, "mask" if left out
              What happens at the far side: `mask` (walk on along other axes) or `terminate` (the walk ends; 2021 code).
    "#]].assert_eq(&dir.run("show hypergrid").ok());
    expect![[r#"
        subtb (objective)
          sub-trajectory balance: detailed balance between any two states of a trajectory
          log F(sᵢ) + Σ log P_F − log F(sⱼ) − Σ log P_B, with weight λ^(j−i)
          source: Madan et al., Learning GFlowNets from partial episodes, arXiv:2209.12782
          needs: a flow head, a backward policy

          lambda = a number from 1e-6 to 10, 0.9 if left out
              Weight of a piece per edge of its length: near 0 is detailed balance, large is trajectory balance.
    "#]].assert_eq(&dir.run("show subtb").ok());
    // A reward's own name shows every environment's.
    let pages = dir.run("show original").ok();
    assert!(pages.starts_with("hypergrid/original (reward)"), "{pages}");
}

#[test]
fn a_resolved_configuration_marks_its_defaults() {
    let dir = Temp::with_configs();
    let resolved = dir.run("config resolve grid.toml --set train.lr=0.5").ok();
    expect![[r#"
        seed = 0  # default

        [env]
        kind = "hypergrid"
        dim = 2
        side = 8
        wall = "mask"  # default

        [reward]
        kind = "original"  # default
        r0 = 0.1  # default
        r1 = 0.5  # default
        r2 = 2.0  # default
        # transform has no value
        beta = 1.0  # default
        scale = 1.0  # default
        # floor has no value
        # ceiling has no value
        # min has no value
        # max has no value
        # mean has no value
        # std has no value
        # mid has no value
        # width has no value

        [policy]
        kind = "mlp"  # default
        width = 16
        depth = 2  # default
        activation = "relu"  # default
        layer_norm = false  # default
        backward = "learned"  # default
        guide = 0.0  # default

        [objective]
        kind = "tb"  # default
        loss = "squared"  # default

        [train]
        steps = 20
        batch = 8
        lr = 0.5
        lr_log_z = 0.1  # default
        log_z_init = "auto"  # default
        optimizer = "adam"  # default
        weight_decay = 0.01  # default
        clip = 0.0  # default
        epsilon = 0.0  # default
        temperature = 1.0  # default
        reward_power = 1.0  # default
        lag = 0  # default
        # data has no value
        data_share = 0.5  # default
        replay = 0  # default
        replay_capacity = 10000  # default
        replay_power = 0.0  # default
        threads = 1

        [method]
        kind = "gflownet"  # default

        [eval]
        every = 0  # default
        exact_cap = 2000000  # default
        samples = 4096  # default
        objects = 512  # default
        backward_samples = 32  # default
        mode_fraction = 0.9  # default
        # mode_log_reward has no value

        [run]
        # name has no value
        checkpoint_every = 1000  # default
        keep_checkpoints = 3  # default
        log_every = 50  # default
        samples = 10

        [ledger]
        keep = true  # default
        path = "runs/scores.sqlite"  # default
        # max_calls has no value
        # max_seconds has no value
    "#]]
    .assert_eq(&resolved);
    dir.write("resolved.toml", &resolved);
    let unmarked = |text: &str| text.replace("  # default", "");
    assert_eq!(unmarked(&dir.run("config resolve resolved.toml").ok()), unmarked(&resolved));
}

#[test]
fn a_starting_point_is_valid_once_it_is_filled_in() {
    let dir = Temp::with_configs();
    for entry in headwater_envs::registry() {
        let name = entry.entry.name;
        let text = dir.run(&format!("config init env={name} objective=db policy=mlp")).ok();
        // What must be given is there as a comment.
        let filled =
            if name == "dag" { text.replace("# graph = …", "graph = \"toy.json\"") } else { text.clone() };
        assert_eq!(filled != text, name == "dag", "{text}");
        dir.write("init.toml", filled);
        let resolved = dir.run("config resolve init.toml").ok();
        assert!(resolved.contains(&format!("kind = \"{name}\"\n")) && resolved.contains("kind = \"db\"\n"));
    }
}

#[test]
fn the_schema_is_json() {
    let ran = Temp::new().run("config schema");
    let schema: Json = serde_json::from_str(&ran.ok()).unwrap();
    for section in ["env", "reward", "policy", "objective", "train", "eval", "run"] {
        assert!(schema["properties"][section].is_object(), "{section}");
    }
}
