"""Makes the small ONNX models of the tests, each with a test vector that NumPy computes without the model.

The files are committed, and nothing needs this script to build or to test. To make them again:

    python -m venv venv && venv/bin/pip install onnx==1.23.2 numpy==2.4.6 && venv/bin/python make.py

With the name of a file it writes the model of `benches/score.rs` there instead: two layers of 256 units.

Objects are strings over `abcd` of one to four letters, as the environment `strings` writes and encodes them: position i
has five columns, the first for no letter, the others for the letters.
"""

import json
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

HERE = Path(__file__).parent
LETTERS, LENGTH = "abcd", 4
WIDTH = LENGTH * (len(LETTERS) + 1)
OBJECTS = ["a", "abcd", "dd", "cab", "bbbb", "dcba", "ac", "bad", "aaaa"]

random = np.random.default_rng(7)


def weights(*shape):
    return random.normal(size=shape).astype(np.float32) * np.float32(0.5)


def tokens(x):
    return [1 + LETTERS.index(x[i]) if i < len(x) else 0 for i in range(LENGTH)]


def one_hot(x):
    return [float(t == c) for t in tokens(x) for c in range(len(LETTERS) + 1)]


def features(x):
    runs = sum(i == 0 or x[i] != x[i - 1] for i in range(len(x)))
    return [len(x), len(set(x)), runs] + [x.count(c) for c in LETTERS]


def write(name, nodes, inputs, outputs, constants):
    """Saves a model; inputs and outputs are (name, type, shape)."""
    value = [[helper.make_tensor_value_info(*v) for v in side] for side in (inputs, outputs)]
    held = [numpy_helper.from_array(array, key) for key, array in constants.items()]
    graph = helper.make_graph(nodes, name, value[0], value[1], held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="make.py")
    checker.check_model(model, full_check=True)
    save(model, sys.argv[1] if len(sys.argv) > 1 else HERE / f"{name}.onnx")


def vector(name, **lists):
    text = json.dumps({key: np.asarray(v).tolist() for key, v in lists.items()})
    (HERE / f"{name}.json").write_text(text + "\n")


FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
node = helper.make_node

if len(sys.argv) > 1:
    nodes, held = [], {}
    for i, (n, m) in enumerate([(40, 256), (256, 256), (256, 1)]):
        held |= {f"w{i}": weights(n, m) / np.float32(n**0.5), f"b{i}": weights(m)}
        nodes.append(node("Gemm", [f"h{i}", f"w{i}", f"b{i}"], [f"y{i}"]))
        nodes.append(node("Relu" if i < 2 else "Identity", [f"y{i}"], [f"h{i + 1}"]))
    write("bench", nodes, [("h0", FLOAT, ["n", 40])], [("h3", FLOAT, ["n", 1])], held)
    sys.exit()

W1, B1, W2, B2 = weights(WIDTH, 8), weights(8), weights(8, 1), weights(1)
MLP = [
    node("Gemm", ["x", "w1", "b1"], ["h"]),
    node("Relu", ["h"], ["r"]),
    node("Gemm", ["r", "w2", "b2"], ["score"]),
]
LAYERS = {"w1": W1, "b1": B1, "w2": W2, "b2": B2}


def mlp(x):
    hidden = np.maximum(np.array([one_hot(o) for o in x], dtype=np.float64) @ W1 + B1, 0)
    return (hidden @ W2 + B2)[:, 0]


# A perceptron on one-hot columns, for batches of any size.
write("mlp", MLP, [("x", FLOAT, ["n", WIDTH])], [("score", FLOAT, ["n", 1])], LAYERS)
vector("mlp", objects=OBJECTS, scores=mlp(OBJECTS))

# The same with one wrong score in the test vector.
wrong = mlp(OBJECTS)
wrong[3] += 0.125
vector("corrupted", objects=OBJECTS, scores=wrong)

# The same for batches of four.
write("fixed", MLP, [("x", FLOAT, [4, WIDTH])], [("score", FLOAT, [4, 1])], LAYERS)

# The same from one-hot columns by position.
flat = np.array([-1, WIDTH], dtype=np.int64)
write(
    "positions",
    [node("Reshape", ["by_position", "flat"], ["x"])] + MLP,
    [("by_position", FLOAT, ["n", LENGTH, len(LETTERS) + 1])],
    [("score", FLOAT, ["n", 1])],
    LAYERS | {"flat": flat},
)

# An embedding of tokens, and one score per object without a second dimension.
TABLE, V = weights(len(LETTERS) + 1, 3), weights(LENGTH * 3)
shape = np.array([-1, LENGTH * 3], dtype=np.int64)
write(
    "tokens",
    [
        node("Gather", ["table", "tokens"], ["e"]),
        node("Reshape", ["e", "shape"], ["f"]),
        node("MatMul", ["f", "v"], ["score"]),
    ],
    [("tokens", INT64, ["n", LENGTH])],
    [("score", FLOAT, ["n"])],
    {"table": TABLE, "v": V, "shape": shape},
)
rows = np.array([tokens(x) for x in OBJECTS])
scores = TABLE.astype(np.float64)[rows].reshape(len(OBJECTS), -1) @ V
vector("tokens", objects=OBJECTS, scores=scores, inputs=rows, outputs=scores)

# Two outputs, one of them with two columns.
W3, B3 = weights(8, 2), weights(2)
write(
    "two",
    MLP + [node("Gemm", ["r", "w3", "b3"], ["pair"])],
    [("x", FLOAT, ["n", WIDTH])],
    [("score", FLOAT, ["n", 1]), ("pair", FLOAT, ["n", 2])],
    LAYERS | {"w3": W3, "b3": B3},
)
hidden = np.maximum(np.array([one_hot(o) for o in OBJECTS]) @ W1.astype(np.float64) + B1, 0)
vector("two", objects=OBJECTS, scores=(hidden @ W3 + B3)[:, 1])

# The features of an object; the logarithm of a feature that may be zero, so that some objects have no score.
U = weights(7, 1)
write(
    "features",
    [node("MatMul", ["f", "u"], ["linear"]), node("Log", ["f"], ["logs"]),
     node("Slice", ["logs", "three", "four", "one"], ["log_a"]), node("Add", ["linear", "log_a"], ["score"])],
    [("f", FLOAT, ["n", 7])],
    [("score", FLOAT, ["n", 1])],
    {"u": U, "three": np.array([3]), "four": np.array([4]), "one": np.array([1])},
)
with_a = [x for x in OBJECTS if "a" in x]
counted = np.array([features(x) for x in with_a], dtype=np.float64)
vector("features", objects=with_a, scores=(counted @ U)[:, 0] + np.log(counted[:, 3]))

# A model that wants two inputs, and one that gives whole numbers.
write("sum", [node("Add", ["x", "y"], ["s"])], [("x", FLOAT, ["n", WIDTH]), ("y", FLOAT, ["n", WIDTH])],
      [("s", FLOAT, ["n", WIDTH])], {})
write("whole", [node("ArgMax", ["x"], ["s"], axis=1)], [("x", FLOAT, ["n", WIDTH])], [("s", INT64, ["n", 1])], {})
