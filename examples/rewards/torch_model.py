"""A skeleton for a PyTorch model over molecules, with RDKit: put your own model and featuriser in.

Start it with the Python that has both, as in `command = ["/path/to/venv/bin/python", "torch_model.py", "model.pt"]`.
What is slow happens once, before the first batch; what is not a molecule has no score (`missing = "floor"`).
"""

import os
import sys


def batches():
    """Lists of the texts that arrive together, until stdin ends."""
    rest = b""
    while received := os.read(0, 1 << 20):
        *lines, rest = (rest + received).split(b"\n")
        if lines:
            yield [line.decode() for line in lines]


def main(path):
    import torch
    from rdkit import Chem, RDLogger
    from rdkit.Chem import rdFingerprintGenerator

    RDLogger.DisableLog("rdApp.*")
    torch.set_num_threads(1)  # One for each of `workers`.
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = torch.jit.load(path, map_location=device).eval()
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)

    for smiles in batches():
        molecules = [Chem.MolFromSmiles(s) for s in smiles]
        valid = [i for i, m in enumerate(molecules) if m is not None]
        scores = [float("nan")] * len(smiles)
        if valid:
            rows = [torch.from_numpy(generator.GetFingerprintAsNumPy(molecules[i])) for i in valid]
            with torch.inference_mode():
                out = model(torch.stack(rows).float().to(device)).flatten().tolist()
            for i, y in zip(valid, out):
                scores[i] = y
        print("\n".join(map(repr, scores)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
