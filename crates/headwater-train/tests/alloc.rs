//! Once its buffers have grown, an update does not touch the heap.
#![allow(unsafe_code, clippy::unwrap_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use headwater_core::settings::{Value, defaults};
use headwater_core::{BackwardHead, Heads, Key, Regression, Settings};

use headwater_exact::enumerate;
use headwater_nn::{Activation, Mlp, MlpConfig, Pool};
use headwater_rewards::{Native, Scorer, Transform};
use headwater_train::{Backward, Parts, PathCounts, TrainConfig, Trainer};

/// Counts what is asked of the system's allocator, on all threads.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every method hands its arguments to the system's allocator as they are.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are those that the system's allocator wants.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: as above; `ptr` came from `System`.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as above; `ptr` came from `System`.
        unsafe { System.realloc(ptr, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How P_B is had.
#[derive(Clone, Copy, Debug)]
enum Past {
    Uniform,
    Learned,
    MaxEnt,
}

fn trainer(env: &str, objective: &str, past: Past, threads: usize) -> Trainer {
    let int = Value::Int;
    let (settings, reward): (&[(&'static str, Value)], _) = match env {
        "hypergrid" => (&[("dim", int(3)), ("side", int(5))], "original"),
        _ => (&[("max_len", int(6)), ("min_len", int(0))], "motifs"),
    };
    let entry = headwater_envs::find(env).unwrap();
    let native = entry.reward(reward).unwrap();
    let mut values = defaults(entry.entry.fields).unwrap();
    values.extend(settings.iter().cloned());
    if env == "strings" {
        values.insert("growth", Value::Text("prepend-append".to_owned()));
    }
    let sim = entry.build(&values, Some((reward, &defaults(native.entry.fields).unwrap()))).unwrap();
    let graph = enumerate(&*sim, 10_000).unwrap();
    let found = headwater_objectives::find(objective).unwrap();
    let objective = (found.build)(&defaults(found.entry.fields).unwrap());
    let backward = if matches!(past, Past::Learned) { BackwardHead::Shared } else { BackwardHead::None };
    let heads = Heads::new(sim.spec().n_actions, backward, objective.needs().flow);
    // Wide enough for two threads to have something to share.
    let width = if threads > 1 { 128 } else { 32 };
    let config = MlpConfig { width, depth: 2, activation: Activation::Relu, layer_norm: true };
    let pool = Arc::new(Pool::new(threads));
    let mut train = TrainConfig::read(&defaults(TrainConfig::FIELDS).unwrap());
    train.batch = 128;
    let parts = Parts {
        estimator: Box::new(
            Mlp::new(&config, sim.spec().encoding, heads, Arc::clone(&pool), Key::new(1)).unwrap(),
        ),
        scorer: Scorer::new(Box::new(Native), Transform::plain(native.scale)),
        backward: match past {
            Past::Uniform => Backward::Uniform,
            Past::Learned => Backward::Learned,
            Past::MaxEnt => Backward::MaxEnt(PathCounts::new(&graph)),
        },
        sim,
        objective,
        regression: Regression::Squared,
        // So that looking for modes is counted too; their texts are stored when they are found, which is early on.
        mode_log_reward: Some(if env == "strings" { 4.0 } else { -0.6 }),
        pool,
    };
    Trainer::new(parts, &train, Key::new(2))
}

/// One test, so that no other allocates meanwhile.
#[test]
fn updates_do_not_allocate() {
    for env in ["hypergrid", "strings"] {
        for (objective, past) in [
            ("tb", Past::Learned),
            ("db", Past::Uniform),
            ("subtb", Past::MaxEnt),
            ("vargrad", Past::Learned),
            ("fl-db", Past::Learned),
            ("mdb", Past::Uniform),
            ("fm", Past::Uniform),
        ] {
            for threads in [1, 2] {
                let mut trainer = trainer(env, objective, past, threads);
                // Until the policy has settled, batches grow, and their buffers with them.
                for _ in 0..400 {
                    trainer.step().unwrap();
                }
                let before = ALLOCATIONS.load(Ordering::Relaxed);
                for _ in 0..60 {
                    trainer.step().unwrap();
                }
                let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
                assert_eq!(allocations, 0, "{objective} on {env} with {threads} threads, P_B {past:?}");
            }
        }
    }
    // The control: the counter counts.
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    std::hint::black_box(vec![1u8; 100]);
    assert!(ALLOCATIONS.load(Ordering::Relaxed) > before);
}
