//! A small fork-join pool: indexed work over borrowed data, without allocation, for joins a few microseconds apart.
//!
//! Work items write disjoint outputs, so results do not depend on which thread runs which item.
#![allow(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, TryLockError};
use std::thread::JoinHandle;

/// How often an idle worker looks for work before it sleeps: some tens of microseconds.
const SPINS: u32 = 10_000;

/// A pool of threads that run the items of one job at a time, the caller among them.
pub struct Pool {
    /// Held by the caller whose job it is.
    turn: Mutex<()>,
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

/// A borrowed `Fn(usize)` with its lifetime erased; alive while `Pool::run` is on the stack.
#[derive(Clone, Copy)]
struct Task(*const (dyn Fn(usize) + Sync));

// SAFETY: the pointee is `Sync`, and `Pool::run` outlives every use of the pointer: it has its turn alone.
unsafe impl Send for Task {}

struct Shared {
    /// Which job there is, whether it may still be entered, and how many workers are inside: see [`Gate`].
    gate: AtomicU64,
    job: Mutex<Option<(Task, usize)>>,
    /// Per thread, how many items of its share are taken.
    taken: Vec<Taken>,
    panicked: AtomicBool,
    quit: AtomicBool,
    asleep: AtomicUsize,
    sleep: Mutex<()>,
    wake: Condvar,
}

/// A counter in a cache line of its own.
#[derive(Default)]
#[repr(align(64))]
struct Taken(AtomicUsize);

/// The parts of `Shared::gate`: a bit that is set while the current job may be entered, the job's number, and in the
/// low half the number of workers inside. A worker that comes late finds the gate closed and nobody waits for it.
struct Gate;

impl Gate {
    const OPEN: u64 = 1 << 63;
    const INSIDE: u64 = (1 << 32) - 1;

    fn job(gate: u64) -> u64 {
        (gate & !Self::OPEN) >> 32
    }
}

impl Pool {
    /// A pool of `threads` threads, the caller's included.
    pub fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            gate: AtomicU64::new(0),
            job: Mutex::new(None),
            taken: (0..threads.max(1)).map(|_| Taken::default()).collect(),
            panicked: AtomicBool::new(false),
            quit: AtomicBool::new(false),
            asleep: AtomicUsize::new(0),
            sleep: Mutex::new(()),
            wake: Condvar::new(),
        });
        let workers = (1..threads)
            .map(|me| {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || shared.work(me))
            })
            .collect();
        Self { turn: Mutex::new(()), shared, workers }
    }

    /// Number of threads, the caller's included.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Runs `f(0), …, f(items - 1)`, in any order and on any thread, and returns when all have returned. While the threads
    /// are at another job, of another caller or of an item of that job, the calling thread runs all items by itself.
    ///
    /// # Panics
    /// If an item panics.
    pub fn run(&self, items: usize, f: &(dyn Fn(usize) + Sync)) {
        if self.workers.is_empty() || items <= 1 {
            (0..items).for_each(f);
            return;
        }
        // What a panic left behind is no harm: the job before has ended in any case.
        let _turn = match self.turn.try_lock() {
            Ok(turn) => turn,
            Err(TryLockError::Poisoned(turn)) => turn.into_inner(),
            Err(TryLockError::WouldBlock) => return (0..items).for_each(f),
        };
        let s = &*self.shared;
        // SAFETY: only the lifetime changes. Workers use the pointer only between entering the gate and leaving it,
        // and this function does not return or unwind before the gate is closed and nobody is inside.
        let task = Task(unsafe {
            std::mem::transmute::<*const (dyn Fn(usize) + Sync + '_), *const (dyn Fn(usize) + Sync + 'static)>(
                f,
            )
        });
        *lock(&s.job) = Some((task, items));
        for taken in &s.taken {
            taken.0.store(0, Ordering::Relaxed);
        }
        let job = Gate::job(s.gate.load(Ordering::Relaxed)) + 1;
        s.gate.store(Gate::OPEN | (job & (Gate::INSIDE >> 1)) << 32, Ordering::SeqCst);
        if s.asleep.load(Ordering::SeqCst) > 0 {
            drop(lock(&s.sleep));
            s.wake.notify_all();
        }
        let mine = catch_unwind(AssertUnwindSafe(|| s.drain(0, f, items)));
        s.gate.fetch_and(!Gate::OPEN, Ordering::SeqCst);
        let mut spins = 0u32;
        while s.gate.load(Ordering::Acquire) & Gate::INSIDE > 0 {
            // A worker that was put aside by the system needs this core more than the loop does.
            spins += 1;
            if spins < SPINS { std::hint::spin_loop() } else { std::thread::yield_now() }
        }
        if let Err(panic) = mine {
            std::panic::resume_unwind(panic);
        }
        assert!(!s.panicked.swap(false, Ordering::Relaxed), "a worker panicked");
    }

    /// Cuts `a` into pieces of `len_a` and `b` into pieces of `len_b` (the last may be shorter), and runs
    /// `f(i, a_i, b_i)` for each pair. Requires as many pieces of `b` as of `a`.
    #[allow(clippy::type_complexity)]
    pub fn zip_chunks<T: Send, U: Send>(
        &self,
        a: &mut [T],
        len_a: usize,
        b: &mut [U],
        len_b: usize,
        f: &(dyn Fn(usize, &mut [T], &mut [U]) + Sync),
    ) {
        let items = a.len().div_ceil(len_a.max(1));
        let (a, b) = (Pieces::new(a, len_a), Pieces::new(b, len_b));
        // SAFETY: every index is used once, and pieces of different indices do not overlap.
        self.run(items, &|i| unsafe { f(i, a.piece(i), b.piece(i)) });
    }

    /// Cuts `a`, `b` and `c`, of equal length, into pieces of `len` (the last may be shorter), and runs
    /// `f(start, a_i, b_i, c_i)` for each, where `start` is how many elements come before the piece.
    #[allow(clippy::type_complexity)]
    pub fn zip3_chunks<T: Send>(
        &self,
        a: &mut [T],
        b: &mut [T],
        c: &mut [T],
        len: usize,
        f: &(dyn Fn(usize, &mut [T], &mut [T], &mut [T]) + Sync),
    ) {
        let items = a.len().div_ceil(len.max(1));
        let (a, b, c) = (Pieces::new(a, len), Pieces::new(b, len), Pieces::new(c, len));
        // SAFETY: every index is used once, and pieces of different indices do not overlap.
        self.run(items, &|i| unsafe { f(i * len, a.piece(i), b.piece(i), c.piece(i)) });
    }

    /// Cuts `data` into pieces of `len` (the last may be shorter), and runs `f(i, piece)` for each.
    pub fn pieces<T: Send>(&self, data: &mut [T], len: usize, f: &(dyn Fn(usize, &mut [T]) + Sync)) {
        let items = data.len().div_ceil(len.max(1));
        let data = Pieces::new(data, len);
        // SAFETY: every index is used once, and pieces of different indices do not overlap.
        self.run(items, &|i| unsafe { f(i, data.piece(i)) });
    }

    /// Runs `f(i, piece)` for each of the disjoint ranges `ranges[i]` of `data`.
    ///
    /// # Panics
    /// If the ranges overlap, are out of order or reach past the end.
    pub fn ranges<T: Send>(
        &self,
        data: &mut [T],
        ranges: &[std::ops::Range<usize>],
        f: &(dyn Fn(usize, &mut [T]) + Sync),
    ) {
        assert!(ranges.windows(2).all(|w| w[0].end <= w[1].start));
        assert!(ranges.iter().all(|r| r.start <= r.end && r.end <= data.len()));
        let base = Pieces::new(data, 1);
        // SAFETY: the ranges lie within `data` and are disjoint, and every index is used once.
        self.run(ranges.len(), &|i| unsafe {
            f(i, base.range(ranges[i].clone()));
        });
    }
}

/// A mutable slice that several threads take disjoint pieces of.
struct Pieces<'a, T> {
    ptr: *mut T,
    len: usize,
    piece: usize,
    _data: std::marker::PhantomData<&'a mut [T]>,
}

// SAFETY: `piece` hands out disjoint parts of a `&mut [T]`, which may be sent as `T` may.
unsafe impl<T: Send> Sync for Pieces<'_, T> {}

impl<'a, T> Pieces<'a, T> {
    fn new(data: &'a mut [T], piece: usize) -> Self {
        Self { ptr: data.as_mut_ptr(), len: data.len(), piece, _data: std::marker::PhantomData }
    }

    /// The `i`-th piece; empty past the end.
    ///
    /// # Safety
    /// No two live pieces may have the same index.
    #[allow(clippy::mut_from_ref)]
    unsafe fn piece(&self, i: usize) -> &mut [T] {
        let start = (i * self.piece).min(self.len);
        let end = (start + self.piece).min(self.len);
        // SAFETY: start <= end <= len, and the caller keeps indices apart.
        unsafe { self.range(start..end) }
    }

    /// The elements of `range`.
    ///
    /// # Safety
    /// The range lies within the slice, and no two live ranges overlap.
    #[allow(clippy::mut_from_ref)]
    unsafe fn range(&self, range: std::ops::Range<usize>) -> &mut [T] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.ptr.add(range.start), range.len()) }
    }
}

impl Shared {
    /// Runs items until all are taken: first those of the share of thread `me`, then those that others have not come
    /// to. A thread so gets the same items job after job, whose data are in its cache.
    fn drain(&self, me: usize, f: &(dyn Fn(usize) + Sync), items: usize) {
        let threads = self.taken.len();
        for owner in (me..threads).chain(0..me) {
            let (start, end) = (owner * items / threads, (owner + 1) * items / threads);
            loop {
                let i = start + self.taken[owner].0.fetch_add(1, Ordering::Relaxed);
                if i >= end {
                    break;
                }
                f(i);
            }
        }
    }

    fn work(&self, me: usize) {
        let mut seen = 0;
        while let Some(gate) = self.wait(seen) {
            seen = Gate::job(gate);
            if !self.enter(seen) {
                continue;
            }
            let job = *lock(&self.job);
            if let Some((task, items)) = job {
                // SAFETY: this worker is inside the gate, and `Pool::run` waits for it.
                let f = unsafe { &*task.0 };
                if catch_unwind(AssertUnwindSafe(|| self.drain(me, f, items))).is_err() {
                    self.panicked.store(true, Ordering::Relaxed);
                }
            }
            self.gate.fetch_sub(1, Ordering::Release);
        }
    }

    /// Goes inside, if job `job` is still open.
    fn enter(&self, job: u64) -> bool {
        let open = |gate: u64| (gate & Gate::OPEN != 0 && Gate::job(gate) == job).then_some(gate + 1);
        self.gate.fetch_update(Ordering::AcqRel, Ordering::Acquire, open).is_ok()
    }

    /// Waits for an open job other than `seen`; `None` when the pool is dropped.
    fn wait(&self, seen: u64) -> Option<u64> {
        let ready = || {
            let gate = self.gate.load(Ordering::SeqCst);
            let open = gate & Gate::OPEN != 0 && Gate::job(gate) != seen;
            (open || self.quit.load(Ordering::Relaxed)).then_some(gate)
        };
        let answer = |gate| (!self.quit.load(Ordering::Relaxed)).then_some(gate);
        for _ in 0..SPINS {
            if let Some(gate) = ready() {
                return answer(gate);
            }
            std::hint::spin_loop();
        }
        let mut guard = lock(&self.sleep);
        self.asleep.fetch_add(1, Ordering::SeqCst);
        let gate = loop {
            if let Some(gate) = ready() {
                break gate;
            }
            guard = self.wake.wait(guard).unwrap_or_else(PoisonError::into_inner);
        };
        self.asleep.fetch_sub(1, Ordering::SeqCst);
        answer(gate)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.quit.store(true, Ordering::SeqCst);
        drop(lock(&self.shared.sleep));
        self.shared.wake.notify_all();
        for worker in self.workers.drain(..) {
            // A worker catches the panics of its items and has none of its own.
            let _ = worker.join();
        }
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pool({})", self.threads())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
