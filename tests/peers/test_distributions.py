"""Log-probabilities of torch.distributions: minus the losses of the same distributions, in float64."""

import numpy as np
import pytest
from keras import ops

import lossary as ls
from lossary.numerics.backend import double
from tests.backends import array

torch = pytest.importorskip("torch")
d = torch.distributions
RNG = np.random.default_rng(6)
REAL, AMOUNT, SHARE = RNG.normal(size=5) * 2, RNG.gamma(2.0, size=5) + 0.05, RNG.uniform(0.05, 0.95, size=5)
COUNTS, PARTS = RNG.poisson(3.0, size=(5, 3)).astype(float), RNG.dirichlet(np.ones(3), 5)


def low_rank(z):
    return d.LowRankMultivariateNormal(z[:, :2], z[:, 4:].reshape(-1, 2, 1), z[:, 2:4].exp() ** 2)


def by_factor(z):
    tril = torch.diag_embed(z[:, 2:4].exp())
    tril[:, 1, 0] = z[:, 4]
    return d.MultivariateNormal(z[:, :2], scale_tril=tril)


def mixed(z):
    mean, shape = z[:, 2:4].exp(), z[:, 4:].exp()
    return d.MixtureSameFamily(d.Categorical(logits=z[:, :2]), d.Gamma(shape, shape / mean))


def negative_binomial(z):
    return d.NegativeBinomial((-z[:, 1]).exp(), logits=z[:, 0] + z[:, 1])


def logit_normal(z):
    return d.TransformedDistribution(d.Normal(z[:, 0], z[:, 1].exp()), [d.SigmoidTransform()])


PAIRS = [  # loss, how many outputs, torch's distribution of them, targets
    (ls.NormalNLL(), 2, lambda z: d.Normal(z[:, 0], z[:, 1].exp()), REAL),
    (ls.LaplaceNLL(), 2, lambda z: d.Laplace(z[:, 0], z[:, 1].exp()), REAL),
    (ls.CauchyNLL(), 2, lambda z: d.Cauchy(z[:, 0], z[:, 1].exp()), REAL),
    (ls.GumbelNLL(), 2, lambda z: d.Gumbel(z[:, 0], z[:, 1].exp()), REAL),
    (ls.StudentTNLL(), 3, lambda z: d.StudentT(z[:, 2].exp(), z[:, 0], z[:, 1].exp()), REAL),
    (ls.ExponentialNLL(), 1, lambda z: d.Exponential((-z[:, 0]).exp()), AMOUNT),
    (ls.GammaNLL(), 2, lambda z: d.Gamma(z[:, 1].exp(), (z[:, 1] - z[:, 0]).exp()), AMOUNT),
    (ls.LogNormalNLL(), 2, lambda z: d.LogNormal(z[:, 0], z[:, 1].exp()), AMOUNT),
    (ls.WeibullNLL(), 2, lambda z: d.Weibull(z[:, 0].exp(), z[:, 1].exp()), AMOUNT),
    (ls.ParetoNLL(), 1, lambda z: d.Pareto(torch.ones(5).double(), z[:, 0].exp()), AMOUNT + 1),
    (ls.BetaDistributionNLL(), 2, lambda z: d.Beta(z[:, 0].exp(), z[:, 1].exp()), SHARE),
    (ls.HalfNormalNLL(), 1, lambda z: d.HalfNormal(z[:, 0].exp()), AMOUNT),
    (ls.InverseGammaNLL(), 2, lambda z: d.InverseGamma(z[:, 0].exp(), z[:, 1].exp()), AMOUNT),
    (ls.ContinuousBernoulliNLL(), 1, lambda z: d.ContinuousBernoulli(logits=z[:, 0]), SHARE),
    (ls.LogitNormalNLL(), 2, logit_normal, SHARE),
    (ls.GeometricNLL(), 1, lambda z: d.Geometric(logits=z[:, 0]), COUNTS[:, 0]),
    (ls.KumaraswamyNLL(), 2, lambda z: d.Kumaraswamy(z[:, 0].exp(), z[:, 1].exp()), SHARE),
    (ls.VonMisesNLL(), 2, lambda z: d.VonMises(z[:, 0], z[:, 1].exp()), REAL),
    (ls.PoissonNLL(), 1, lambda z: d.Poisson(z[:, 0].exp()), COUNTS[:, 0]),
    (ls.NegativeBinomialNLL(), 2, negative_binomial, COUNTS[:, 0]),
    (ls.BinomialNLL(trials=20), 1, lambda z: d.Binomial(20, logits=z[:, 0]), COUNTS[:, 0]),
    (ls.MixtureNLL(distribution="gamma"), 6, mixed, AMOUNT),
    (ls.DirichletNLL(), 3, lambda z: d.Dirichlet(z.exp()), PARTS),
    (ls.MultivariateNormalNLL(), 5, by_factor, REAL[:, None] + PARTS[:, :2]),
    (ls.MultivariateNormalNLL(rank=1), 6, low_rank, REAL[:, None] + PARTS[:, :2]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("loss", "outputs", "made", "y"), PAIRS, ids=lambda one: repr(one) if isinstance(one, ls.Loss) else ""
)
def test_torch_gives_the_same_log_probability(loss, outputs, made, y):
    z = np.random.default_rng(7).normal(size=(5, outputs)) * 0.7
    fine = type(loss).from_config(loss.get_config() | {"dtype": "float64"})
    with double():
        found = array(fine.rows(ops.convert_to_tensor(y, "float64"), ops.convert_to_tensor(z, "float64")))
    want = -made(torch.tensor(z)).log_prob(torch.tensor(y)).numpy()
    np.testing.assert_allclose(found, want, rtol=2e-6 if isinstance(loss, ls.VonMisesNLL) else 1e-10)


def test_torch_gives_the_same_multinomial():
    z = np.random.default_rng(7).normal(size=(5, 3))
    rows = zip(torch.tensor(COUNTS), torch.tensor(z), strict=True)
    want = [-d.Multinomial(int(y.sum()), logits=p).log_prob(y).item() for y, p in rows]
    found = ls.multinomial_nll(COUNTS.astype("float32"), z.astype("float32"))
    np.testing.assert_allclose(array(found), want, rtol=1e-5)
