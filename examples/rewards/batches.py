"""Scores DNA strings in batches, with several properties in JSON.

A model is fastest on many objects at once. Whatever has arrived is a batch: no more comes until it is answered.
"""

import json
import os


def batches():
    """Lists of the texts that arrive together, until stdin ends."""
    rest = b""
    while received := os.read(0, 1 << 20):
        *lines, rest = (rest + received).split(b"\n")
        if lines:
            yield [json.loads(line)["object"] for line in lines]


def properties(sequences):
    """One answer for each sequence; the score is None for those that have none."""
    for s in sequences:
        gc = (s.count("G") + s.count("C")) / len(s) if s else None
        yield {"gc": gc, "length": len(s)}


for sequences in batches():
    print("\n".join(json.dumps(answer) for answer in properties(sequences)), flush=True)
