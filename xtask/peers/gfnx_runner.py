"""Measures gfnx through its public interface; see `measure.py`.

Updates run inside one compiled loop, as in the library's baselines, without their logging. `quality` needs no
settings of its own: those of the baseline on grids are the ones that everything is measured with.
"""

import os

import measure

LAMBDA = 0.9


class System:
    def __init__(self, args):
        os.environ["JAX_PLATFORMS"] = "cpu"
        import equinox as eqx
        import jax
        import jax.numpy as jnp
        import optax

        self.args, self.jax = args, jax
        self.chunk = 1 if args.mode == "cold" else 10
        self.env, self.params, inputs, self.encode = environment(args)
        self.n_forward, self.n_backward = self.env.action_space.n, self.env.backward_action_space.n
        network_key, key = jax.random.split(jax.random.key(args.seed))
        outputs = self.n_forward + self.n_backward + (args.objective != "tb")
        network = eqx.nn.MLP(inputs, outputs, width_size=256, depth=2, key=network_key)
        arrays, self.shape = eqx.partition(network, eqx.is_array)
        weights = {"network": arrays, "log_z": jnp.zeros(())}
        rates = {"network": optax.adam(1e-3), "log_z": optax.adam(0.1)}
        self.optimiser = optax.multi_transform(rates, {"network": "network", "log_z": "log_z"})
        self.state = (weights, self.optimiser.init(weights), key, jnp.zeros((), dtype=jnp.int32))
        loop = lambda state: jax.lax.fori_loop(0, self.chunk, lambda _, state: self.update(state), state)
        self.loop, self.roll = jax.jit(loop), jax.jit(self.count_one_batch)
        if args.mode == "quality":
            cells = jnp.asarray(measure.cells(args.dim, args.side))
            inputs = jax.nn.one_hot(cells, args.side).reshape(len(cells), -1)
            self.logits = jax.jit(lambda arrays: self.heads(arrays, inputs)[0])

    def advance(self):
        self.state = self.jax.block_until_ready(self.loop(self.state))

    def draw(self):
        self.state = self.jax.block_until_ready(self.roll(self.state))

    def transitions(self):
        return int(self.state[3])

    def cell_logits(self):
        return self.logits(self.state[0]["network"])

    def heads(self, arrays, observations):
        """Forward logits, backward logits and log flows of a batch of observations."""
        import equinox as eqx

        out = self.jax.vmap(eqx.combine(arrays, self.shape))(self.encode(observations))
        split = self.n_forward + self.n_backward
        return out[:, : self.n_forward], out[:, self.n_forward : split], out[:, split:].sum(axis=1)

    def rollout(self, arrays, key):
        import gfnx

        policy = lambda _, observations, arrays: (self.heads(arrays, observations)[0], {})
        return gfnx.utils.forward_rollout(key, self.args.batch, policy, arrays, self.env, self.params)[0]

    def count_one_batch(self, state):
        weights, moments, key, count = state
        key, now = self.jax.random.split(key)
        return weights, moments, key, count + (~self.rollout(weights["network"], now).pad).sum()

    def update(self, state):
        import optax

        weights, moments, key, count = state
        key, now = self.jax.random.split(key)
        walks = self.rollout(weights["network"], now)
        gradient = self.jax.grad(self.loss)(weights, walks)
        change, moments = self.optimiser.update(gradient, moments, weights)
        return optax.apply_updates(weights, change), moments, key, count + (~walks.pad).sum()

    def loss(self, weights, walks):
        """The objective; arrays have the shape [batch, steps], padding included."""
        import jax.numpy as jnp

        real = ~walks.pad[:, :-1]
        forward, backward, flow = self.log_probabilities(weights["network"], walks)
        balance = jnp.where(real, forward - backward, 0.0)
        log_reward = jnp.where(real, walks.log_gfn_reward[:, :-1], 0.0)
        if self.args.objective == "tb":
            return ((weights["log_z"] + balance.sum(axis=1) - log_reward.sum(axis=1)) ** 2).mean()
        flow = flow.at[:, 1:].set(jnp.where(walks.done[:, :-1], log_reward, flow[:, 1:]))
        if self.args.objective == "db":
            residual = jnp.where(real, flow[:, :-1] + balance - flow[:, 1:], 0.0)
            return (residual**2).sum() / real.sum()
        # The residual of a piece is a difference of potentials at its two ends.
        potential = flow - jnp.pad(jnp.cumsum(balance, axis=1), ((0, 0), (1, 0)))
        first, last = jnp.triu_indices(potential.shape[1], k=1)
        weight = jnp.where(real[:, last - 1], LAMBDA ** (last - first), 0.0)
        residual = jnp.where(weight > 0, potential[:, first] - potential[:, last], 0.0)
        return ((weight * residual**2).sum(axis=1) / weight.sum(axis=1)).mean()

    def log_probabilities(self, arrays, walks):
        """log P_F and log P_B of every step, and log flows of every state."""
        jax = self.jax
        shape = walks.pad.shape
        flat = lambda tree: jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), tree)
        before = flat(jax.tree.map(lambda x: x[:, :-1], walks.state))
        after = flat(jax.tree.map(lambda x: x[:, 1:], walks.state))
        action = walks.action[:, :-1].reshape(-1)
        undo = self.env.get_backward_action(before, action, after, self.params)
        forward, backward, flow = (x.reshape(*shape, *x.shape[1:]) for x in self.heads(arrays, flat(walks.obs)))
        closed = self.env.get_invalid_mask(before, self.params)
        shut = self.env.get_invalid_backward_mask(after, self.params)
        forward = chosen(jax, flat(forward[:, :-1]), closed, action)
        backward = chosen(jax, flat(backward[:, 1:]), shut, undo)
        steps = (shape[0], shape[1] - 1)
        return forward.reshape(steps), backward.reshape(steps), flow


def chosen(jax, logits, invalid, action):
    """Log-probability of each row's action among those that are valid."""
    import gfnx

    log_p = jax.nn.log_softmax(gfnx.utils.mask_logits(logits, invalid))
    return jax.numpy.take_along_axis(log_p, action[:, None], axis=1)[:, 0]


def environment(args):
    """An environment, its parameters, the number of network inputs, and the encoder of observations."""
    import gfnx
    import jax
    import jax.numpy as jnp

    key = jax.random.key(1)
    if args.env == "hypergrid":
        reward = gfnx.GeneralHypergridRewardModule(**measure.REWARD)
        env = gfnx.HypergridEnvironment(reward, dim=args.dim, side=args.side)
        return env, env.init(key), args.dim * args.side, lambda rows: rows
    if args.env == "ising":
        env = gfnx.IsingEnvironment(gfnx.IsingRewardModule(), dim=args.side**2)
        params = env.init(key)
        couplings = gfnx.utils.get_true_ising_J(args.side, 0.1)
        params = params.replace(reward_params=params.reward_params.replace(J=couplings))
        return env, params, args.side**2, lambda rows: rows.astype(jnp.float32)
    if args.env == "bits":
        env = gfnx.BitseqEnvironment(gfnx.BitseqRewardModule(120, 8, 60, reward_exponent=3.0), n=120, k=8)
        # Words as they are, without the sign that opens a string: what torchgfn's network sees.
        return env, env.init(key), 15, lambda rows: rows[:, 1:].astype(jnp.float32)
    env = gfnx.TFBind8Environment(random_table(gfnx, jax))
    tokens = env.pad_token + 1
    one_hot = lambda rows: jax.nn.one_hot(rows[:, 1:], tokens).reshape(len(rows), -1)
    return env, env.init(key), 8 * tokens, one_hot


def random_table(gfnx, jax):
    """Rewards of all strings of eight bases, drawn at random: the measured ones come in no package."""

    class Table(gfnx.TFBind8RewardModule):
        def init(self, rng_key, dummy_state):
            scores = jax.random.uniform(rng_key, (4**8,))
            return {"rewards": jax.numpy.maximum(10.0 * scores**3, 1e-3)}

    return Table()


if __name__ == "__main__":
    measure.main(System)
