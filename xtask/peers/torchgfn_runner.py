"""Measures torchgfn through its public interface; see `measure.py`.

Training is on-policy and keeps the log-probabilities of sampling, the library's fastest way. `quality` has the
settings of the library's own grid example instead: three layers, AdamW, replay of 2,048 trajectories.
"""

import measure


class System:
    chunk = 1

    def __init__(self, args):
        import torch
        from gfn.containers import ReplayBuffer
        from gfn.utils.common import set_seed

        torch.set_num_threads(args.threads)
        set_seed(args.seed)
        self.torch, self.args = torch, args
        self.env, self.encoder, self.forced_stop = environment(args)
        example = args.mode == "quality"
        self.model = gflownet(args.objective, self.env, self.encoder, layers=3 if example else 2)
        named = dict(self.model.named_parameters())
        groups = [{"params": [p for name, p in named.items() if name != "logZ"], "lr": 1e-3}]
        if "logZ" in named:
            groups.append({"params": [named["logZ"]], "lr": 0.1, "weight_decay": 0.0})
        optimiser = torch.optim.AdamW if example else torch.optim.Adam
        self.optimiser = optimiser(groups, weight_decay=1e-4 if example else 0.0)
        self.replay = ReplayBuffer(self.env, capacity=2048) if example else None
        self.keep = args.objective != "fm" and not example
        # Half of the sub-trajectory loss is an average already.
        self.reduction = {"reduction": "sum"} if args.objective == "subtb" else {}
        self.lengths = []

    def advance(self):
        trajectories = self.walk(save_logprobs=self.keep)
        batch = self.model.to_training_samples(trajectories)
        if self.replay is not None:
            with self.torch.no_grad():
                self.replay.add(batch)
                batch = self.replay.sample(n_samples=self.args.batch)
        self.optimiser.zero_grad()
        self.model.loss(self.env, batch, recalculate_all_logprobs=not self.keep, **self.reduction).backward()
        self.optimiser.step()

    def draw(self):
        with self.torch.no_grad():
            self.walk(save_logprobs=False)

    def walk(self, save_logprobs):
        trajectories = self.model.sample_trajectories(
            self.env, n=self.args.batch, save_logprobs=save_logprobs, save_estimator_outputs=False
        )
        self.lengths.append(trajectories.terminating_idx)
        return trajectories

    def transitions(self):
        steps = sum(int(lengths.sum()) for lengths in self.lengths)
        return steps - self.forced_stop * self.args.batch * len(self.lengths)

    def cell_logits(self):
        cells = self.torch.tensor(measure.cells(self.args.dim, self.args.side))
        with self.torch.no_grad():
            return self.model.pf(self.env.states_from_tensor(cells)).numpy()


def environment(args):
    """An environment, its encoder, and whether every trajectory ends in a stop that is no choice."""
    import torch
    from gfn.preprocessors import IdentityPreprocessor, KHotPreprocessor

    if args.env == "hypergrid":
        from gfn.gym import HyperGrid

        grid = HyperGrid(args.dim, args.side, reward_fn_str="original", reward_fn_kwargs=measure.REWARD)
        return grid, KHotPreprocessor(height=args.side, ndim=args.dim), False
    if args.env == "ising":
        from gfn.gym import DiscreteEBM
        from gfn.gym.discrete_ebm import IsingModel

        sites = torch.arange(args.side**2).reshape(args.side, args.side)
        couplings = torch.zeros(args.side**2, args.side**2)
        for axis in (0, 1):
            for shift in (-1, 1):
                couplings[sites.flatten(), sites.roll(shift, axis).flatten()] = 0.1
        spins = DiscreteEBM(args.side**2, energy=IsingModel(couplings))
        return spins, IdentityPreprocessor(output_dim=args.side**2), True
    if args.env == "bits":
        from gfn.gym.bitSequenceNonAutoregressive import NonAutoregressiveBitSequence

        bits = NonAutoregressiveBitSequence(word_size=8, seq_size=120, n_modes=60, reward_exponent=3.0)
        return bits, IdentityPreprocessor(output_dim=15), True
    raise SystemExit(f"torchgfn has no environment `{args.env}`")


def gflownet(objective, env, encoder, layers):
    """A model whose heads share one trunk."""
    from gfn.estimators import DiscretePolicyEstimator, ScalarEstimator
    from gfn.gflownet import DBGFlowNet, FMGFlowNet, SubTBGFlowNet, TBGFlowNet
    from gfn.utils.modules import MLP

    forward = MLP(encoder.output_dim, env.n_actions, hidden_dim=256, n_hidden_layers=layers)
    pf = DiscretePolicyEstimator(forward, env.n_actions, preprocessor=encoder)
    if objective == "fm":
        return FMGFlowNet(pf)
    backward = MLP(encoder.output_dim, env.n_actions - 1, trunk=forward.trunk)
    pb = DiscretePolicyEstimator(backward, env.n_actions, is_backward=True, preprocessor=encoder)
    if objective == "tb":
        return TBGFlowNet(pf=pf, pb=pb, init_logZ=0.0)
    flow = ScalarEstimator(MLP(encoder.output_dim, 1, trunk=forward.trunk), preprocessor=encoder)
    if objective == "db":
        return DBGFlowNet(pf=pf, pb=pb, logF=flow)
    return SubTBGFlowNet(pf=pf, pb=pb, logF=flow, weighting="geometric_within", lamda=0.9)


if __name__ == "__main__":
    measure.main(System)
