use std::sync::atomic::{AtomicUsize, Ordering};

use super::Pool;

/// Each item is run once and in full even if threads share the pool: no piece is handed out twice.
#[test]
fn two_threads_may_share_a_pool() {
    let pool = Pool::new(3);
    let work = |seed: u64| {
        for round in 0..300 {
            let mut data = vec![0u64; 64];
            pool.pieces(&mut data, 4, &|i, piece| {
                for (k, x) in piece.iter_mut().enumerate() {
                    *x += seed + round + (4 * i + k) as u64;
                }
            });
            assert!(data.iter().enumerate().all(|(i, &x)| x == seed + round + i as u64), "{seed}: {data:?}");
        }
    };
    std::thread::scope(|scope| {
        for seed in 0..4 {
            scope.spawn(move || work(1000 * seed));
        }
    });
}

#[test]
fn an_item_may_run_items_on_the_same_pool() {
    for threads in [1, 2, 4] {
        let pool = Pool::new(threads);
        let count = AtomicUsize::new(0);
        let mut sums = vec![0u64; 16];
        pool.pieces(&mut sums, 1, &|i, sum| {
            let mut parts = vec![0u64; 32];
            pool.pieces(&mut parts, 4, &|j, part| {
                count.fetch_add(1, Ordering::Relaxed);
                part.iter_mut().for_each(|x| *x += (i * j) as u64);
            });
            sum[0] += parts.iter().sum::<u64>();
        });
        assert_eq!(count.into_inner(), 16 * 8);
        // Each of 8 pieces of 4: 4 i Σ j = 112 i.
        assert!(sums.iter().enumerate().all(|(i, &sum)| sum == 112 * i as u64), "{sums:?}");
    }
}

/// A panic in an item gives the pool's turn back.
#[test]
fn a_pool_works_on_after_a_panic() {
    let pool = Pool::new(2);
    let panicking = std::panic::AssertUnwindSafe(|| pool.run(8, &|i| assert!(i != 5, "on purpose")));
    assert!(std::panic::catch_unwind(panicking).is_err());
    let here = std::thread::current().id();
    let elsewhere = AtomicUsize::new(0);
    // The other thread joins in, sooner or later.
    while elsewhere.load(Ordering::Relaxed) == 0 {
        pool.run(64, &|_| {
            if std::thread::current().id() != here {
                elsewhere.fetch_add(1, Ordering::Relaxed);
            }
            std::thread::yield_now();
        });
    }
}
