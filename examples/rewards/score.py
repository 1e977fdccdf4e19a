"""Scores DNA strings one at a time: 1 + the number of times that CG occurs."""

import sys

for line in sys.stdin:
    sequence = line.rstrip("\n")
    print(1 + sequence.count("CG"), flush=True)
