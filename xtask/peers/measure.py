"""What the runners share: arguments, clocks, the exact distribution of a grid's sampler, one line of JSON.

A runner builds a `System`, an object with
  chunk           updates per call of `advance`
  advance()       makes `chunk` updates
  draw()          draws one batch from the policy and learns nothing
  transitions()   edges walked so far; stops count where they are a choice, padding never
  cell_logits()   forward logits of all cells of a grid, in the order of their coordinates, the stop last
and hands its constructor to `main`. The names that are printed are those of `headwater bench --json`.
"""

import argparse
import json
import os
import resource
import time
import warnings

# A window of time is closed early on slow systems, so that a comparison ends in reasonable time.
LEAST_UPDATES, ENOUGH_SECONDS, MOST_SECONDS = 100, 2.0, 3.0
WARM_UP_SECONDS = 2.0
WARM_UP_DRAWS = 3
UPDATES_PER_EVALUATION = 100


def main(build):
    args = arguments()
    warnings.filterwarnings("ignore")
    if args.threads == 1:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    system = build(args)
    numbers = {"train": train, "sample": sample, "cold": cold, "quality": quality}[args.mode](args, system)
    # Linux counts in units of 1,024 bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({**numbers, "peak_rss_bytes": peak, "threads": args.threads}))


def arguments():
    parser = argparse.ArgumentParser(description="Measures a GFlowNet library; prints one JSON object.")
    parser.add_argument("mode", choices=["train", "sample", "cold", "quality"])
    parser.add_argument("env", choices=["hypergrid", "ising", "bits", "tfbind8"])
    parser.add_argument("--dim", type=int, default=4, help="dimensions of the grid")
    parser.add_argument("--side", type=int, default=8, help="side of the grid or lattice")
    parser.add_argument("--objective", choices=["tb", "db", "subtb", "fm"], default="tb")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--warmup", type=int, default=50, help="updates before the clock starts")
    parser.add_argument("--updates", type=int, default=300, help="updates to time, at most")
    parser.add_argument("--started", type=float, default=time.time(), help="start of the process, in Unix seconds")
    parser.add_argument("--tv", type=float, default=0.05, help="quality: total variation distance to reach")
    parser.add_argument("--cap", type=float, default=120.0, help="quality: seconds of training, at most")
    return parser.parse_args()


def train(args, system):
    done, start = 0, time.perf_counter()
    while done < args.warmup and time.perf_counter() - start < WARM_UP_SECONDS:
        system.advance()
        done += system.chunk
    return rates(args, system, system.advance, system.chunk, args.updates)


def sample(args, system):
    for _ in range(WARM_UP_DRAWS):
        system.draw()
    return rates(args, system, system.draw, 1, float("inf"))


def rates(args, system, work, chunk, most):
    before, done, start = system.transitions(), 0, time.perf_counter()
    while True:
        work()
        done += chunk
        seconds = time.perf_counter() - start
        enough = done >= LEAST_UPDATES and seconds >= ENOUGH_SECONDS
        if done >= most or enough or seconds >= MOST_SECONDS:
            break
    trajectories, transitions = done * args.batch, system.transitions() - before
    return {
        "iterations": done,
        "seconds": seconds,
        "iterations_per_s": done / seconds,
        "trajectories_per_s": trajectories / seconds,
        "transitions_per_s": transitions / seconds,
        "mean_len": transitions / trajectories,
    }


def cold(args, system):
    system.advance()
    return {"iterations": system.chunk, "start_to_first_update_s": time.time() - args.started}


def quality(args, system):
    """Trains until the total variation distance is small; the clock stands still during evaluations."""
    done, seconds = 0, 0.0
    while True:
        start = time.perf_counter()
        for _ in range(UPDATES_PER_EVALUATION // system.chunk):
            system.advance()
        done += UPDATES_PER_EVALUATION
        seconds += time.perf_counter() - start
        tv = total_variation(args.dim, args.side, system.cell_logits())
        if tv <= args.tv or seconds >= args.cap:
            return {"iterations": done, "seconds": seconds, "tv": tv}


REWARD = {"R0": 1e-3, "R1": 0.5, "R2": 2.0}


def cells(dim, side):
    """Coordinates of all cells of a grid, the last running fastest."""
    import numpy as np

    return np.indices((side,) * dim).reshape(dim, -1).T


def total_variation(dim, side, logits):
    """Half the sum of |p − q|, with p the distribution of the cells where the policy stops and q the target."""
    import numpy as np

    at = cells(dim, side)
    logits = np.array(logits, dtype=np.float64)
    logits[:, :dim][at == side - 1] = -np.inf
    policy = np.exp(logits - logits.max(axis=1, keepdims=True))
    policy /= policy.sum(axis=1, keepdims=True)
    # Probability flows from every cell to its children, diagonal after diagonal.
    reach, diagonal = np.zeros(len(at)), at.sum(axis=1)
    reach[0] = 1.0
    for level in range(dim * (side - 1)):
        here = np.flatnonzero(diagonal == level)
        for axis in range(dim):
            parents = here[at[here, axis] < side - 1]
            reach[parents + side ** (dim - 1 - axis)] += reach[parents] * policy[parents, axis]
    distance = np.abs(at / (side - 1) - 0.5)
    plateau, peak = (distance > 0.25).all(axis=1), ((distance > 0.3) & (distance < 0.4)).all(axis=1)
    target = REWARD["R0"] + REWARD["R1"] * plateau + REWARD["R2"] * peak
    return 0.5 * float(np.abs(reach * policy[:, dim] - target / target.sum()).sum())
