"""Which loss: each rule is met by a target of its kind, and held-out rows are better for what it chooses.

A point loss is judged as it judges itself, by the mean on held-out rows; a likelihood by held-out log-likelihood; a
loss for decisions by their cost. Beside each stands the loss that most would have taken.
"""

import numpy as np
import pytest
from scipy import optimize, special

import lossary as ls
from lossary.choosing.rule import TASKS
from lossary.choosing.suggest import RULES
from lossary.core import catalogue

pytestmark = pytest.mark.backendless


def rng(seed=5):
    return np.random.default_rng(seed)


def line(n=400, seed=5):
    """Inputs, and a mean that is a line of them."""
    x = rng(seed).normal(size=(n, 1))
    return x, 1 + 2 * x[:, 0]


def made(suggestion):
    return ls.get(suggestion.loss, **suggestion.parameters)


def halves(*arrays):
    return [part for a in arrays for part in (a[: len(a) // 2], a[len(a) // 2 :])]


def linear(loss, y, x, by):
    """How a linear fit of a loss does on held-out rows, by a number of (y, prediction)."""
    x1, x2, y1, y2 = halves(x, y)
    return by(y2, np.asarray(ls.fit_linear(x1, y1, loss=loss).predict(x2)))


def likelihood(name, y, **more):
    """The held-out log-likelihood of a fit without inputs."""
    y1, y2 = halves(y)
    return ls.fit_distribution(y1, name, **more).log_density(y2).mean()


def pinball(q):
    return lambda y, p: np.maximum(q * (y - p), (q - 1) * (y - p)).mean()


def mae(y, p):
    return abs(y - p).mean()


def rmse(y, p):
    return np.sqrt(((y - p) ** 2).mean())


def of_amounts(power):
    """The Tweedie deviance; a prediction that is no amount is read as a very small one."""

    def deviance(y, p):
        p = np.maximum(p, 1e-2)
        if power == 1:
            return 2 * (special.xlogy(y, y / p) - y + p).mean()
        if power == 2:
            return 2 * (y / p - np.log(y / p) - 1).mean()
        a = power
        return 2 * (y ** (2 - a) / ((1 - a) * (2 - a)) - y * p ** (1 - a) / (1 - a) + p ** (2 - a) / (2 - a)).mean()

    return deviance


def glm(family, y, x, by, **more):
    x1, x2, y1, y2 = halves(x, y)
    return by(y2, np.asarray(ls.fit_glm(x1, y1, family=family, **more).predict(x2)))


def log_loss(y, p):
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()


# -- each rule: a target, what else is said of it, the loss, and how much better it is than the usual one ------------


def quantile():
    x, m = line()
    y = m + rng(1).exponential(3, len(m))
    yield y, {"task": "regression", "cost": 0.9}, "Quantile"
    yield linear(ls.MeanSquaredError(), y, x, pinball(0.9)) - linear(ls.Quantile(q=0.9), y, x, pinball(0.9))


def median():
    x, m = line()
    y = m + rng(1).exponential(3, len(m)) ** 2
    yield y, {"task": "regression", "cost": "median"}, "MeanAbsoluteError"
    yield linear(ls.MeanSquaredError(), y, x, mae) - linear(ls.MeanAbsoluteError(), y, x, mae)


def distribution():
    y = rng(1).standard_t(2, 2000)
    yield y, {"cost": "distribution"}, "StudentTNLL"
    yield likelihood("student_t", y) - likelihood("normal", y)


def bounded():
    y = np.maximum(0.0, rng(1).normal(0.5, 1, 1000))
    yield y, {"task": "regression"}, "NormalNLL"
    y1, _ = halves(y)
    cut = ls.fit_distribution(y1, "normal", censored=np.where(y1 == 0, -1, 0))
    usual = ls.fit_distribution(y1, "normal")
    yield abs(usual.parameters["mean"] - 0.5) - abs(cut.parameters["mean"] - 0.5)


def scales():
    x = rng(1).normal(size=(200, 4))
    y = np.stack([x[:, 0] + x[:, 1], 1000 * (x[:, 2] + rng(2).normal(size=200) * 3)], 1)
    yield y, {}, "MeanSquaredError"
    x1, x2, y1, y2 = halves(x, y)
    spread = y.std(0)

    def one_number_wide(by):  # the best prediction through one hidden number
        whole = np.linalg.lstsq(x1, y1 / by, rcond=None)[0]
        _, _, v = np.linalg.svd(x1 @ whole, full_matrices=False)
        return ((x2 @ whole @ v[:1].T @ v[:1] * by - y2) ** 2 / spread**2).mean()

    yield one_number_wide(np.ones(2)) - one_number_wide(spread)


def outliers():
    x, m = line()
    noise = rng(1).normal(size=len(m))
    y = m + np.where(rng(2).uniform(size=len(m)) < 0.1, 60, 1) * noise
    yield y, {}, "Huber"
    yield linear(ls.MeanSquaredError(), y, x, mae) - linear(made(ls.suggest(y)[0]), y, x, mae)


def plain():
    x, m = line(2000)
    y = m + rng(1).normal(size=len(m))
    yield y[:50], {}, "MeanSquaredError"

    def by(loss):  # of 25 fits to 40 rows each
        fits = [ls.fit_linear(x[k : k + 40], y[k : k + 40], loss=loss) for k in range(0, 1000, 40)]
        return np.mean([rmse(y[1000:], fit.predict(x[1000:])) for fit in fits])

    yield by(ls.MeanAbsoluteError()) - by(ls.MeanSquaredError())


def with_zeros():
    x, m = line(800)
    mean = np.exp(m / 2)
    y = rng(1).gamma(2, mean / 2) * (rng(2).uniform(size=len(m)) < 0.6)
    yield y, {}, "TweedieDeviance"
    yield linear(ls.MeanSquaredError(), y, x, of_amounts(1.5)) - glm("tweedie", y, x, of_amounts(1.5))


def amounts():
    x, m = line(800)
    y = rng(1).gamma(2, np.exp(m / 2) / 2)
    yield y, {}, "GammaDeviance"
    yield linear(ls.MeanSquaredError(), y, x, of_amounts(2)) - glm("gamma", y, x, of_amounts(2))


def counted():
    x, m = line(800)
    y = rng(1).poisson(np.exp(m / 4)).astype(float)
    yield y, {"task": "count"}, "Poisson" if np.var(y) <= 1.5 * np.mean(y) else "NegativeBinomialNLL"
    yield linear(ls.MeanSquaredError(), y, x, of_amounts(1)) - glm("poisson", y, x, of_amounts(1))


def dispersed():
    y = rng(1).negative_binomial(2, 0.2, 2000).astype(float)
    yield y, {}, "NegativeBinomialNLL"
    yield likelihood("negative_binomial", y) - likelihood("poisson", y)


def many_zeros():
    y = (rng(1).poisson(4, 2000) * (rng(2).uniform(size=2000) < 0.4)).astype(float)
    yield y, {}, "ZeroInflatedPoissonNLL"
    yield likelihood("zero_inflated_poisson", y) - likelihood("poisson", y)


def proportion():
    x, m = line(400)
    y = rng(1).beta(*np.array([special.expit(m), special.expit(-m)]) * 5)
    yield y, {}, "BinaryCrossentropy"
    yield linear(ls.MeanSquaredError(), y, x, log_loss) - linear(
        ls.BinaryCrossentropy(from_logits=True), y, x, lambda t, z: log_loss(t, special.expit(z))
    )


def angle():
    y = rng(1).vonmises(np.pi, 2, 1000) % (2 * np.pi) - np.pi
    yield y, {"task": "angle"}, "VonMisesNLL"
    y = (y + 2 * np.pi) % (2 * np.pi)  # the directions lie on both sides of 0
    yield likelihood("von_mises", y) - likelihood("normal", y)


def survival():
    r = rng(1)
    x = r.normal(size=400)
    time, limit = r.exponential(np.exp(-x)), r.exponential(0.3, 400)
    y = np.stack([np.minimum(time, limit), time <= limit], 1).astype(float)
    yield y, {}, "CoxPH"
    rest = r.normal(size=(400, 9))
    both = np.column_stack([x, rest])

    def cox(w):
        return float(ls.CoxPH()(time=y[:200, 0], event=y[:200, 1], score=(both[:200] @ w).astype("float64")))

    w = optimize.minimize(cox, np.zeros(10), method="Powell", options={"maxfev": 400}).x
    by_time = -np.linalg.lstsq(both[:200], y[:200, 0], rcond=None)[0]

    def agreeing(score):
        earlier = time[200:, None] < time[None, 200:]
        return (np.subtract.outer(score, score)[earlier] > 0).mean()

    yield agreeing(both[200:] @ w) - agreeing(both[200:] @ by_time)


def costly():
    x, m = line(2000)
    y = (rng(1).uniform(size=len(m)) < special.expit(2 * m - 6)).astype(float)
    x = np.column_stack([x, x**2])
    yield y, {"cost": (20.0, 1.0)}, "WeightedBinaryCrossentropy"

    def cost(t, z):
        return (20 * (t == 1) * (z <= 0) + (t == 0) * (z > 0)).mean()

    usual = linear(ls.BinaryCrossentropy(from_logits=True), y, x, cost)
    yield usual - linear(made(ls.suggest(y, cost=(20.0, 1.0))[0]), y, x, cost)


def rare():
    x, m = line(4000)
    y = (rng(1).uniform(size=len(m)) < special.expit(m - 5)).astype(float)
    yield y, {}, "BinaryCrossentropy"

    def by(t, z):
        return log_loss(t, special.expit(z))

    focal = ls.BinaryFocalCrossentropy(from_logits=True, gamma=2.0)
    yield linear(focal, y, x, by) - linear(ls.BinaryCrossentropy(from_logits=True), y, x, by)


def yes_or_no():
    x, m = line(1000)
    y = (rng(1).uniform(size=len(m)) < special.expit(m)).astype(float)
    yield y, {}, "BinaryCrossentropy"
    yield linear(ls.MeanSquaredError(), y, x, log_loss) - linear(
        ls.BinaryCrossentropy(from_logits=True), y, x, lambda t, z: log_loss(t, special.expit(z))
    )


def _classes(sizes, seed=1):
    r = rng(seed)
    y = np.repeat(np.arange(len(sizes)), sizes)
    x = r.normal(size=(len(y), 2)) + 1.2 * np.array([[0, 0], [2, 0], [0, 2]])[y]
    order = r.permutation(len(y))
    return x[order], y[order]


def _nll(y, z):
    return -special.log_softmax(z, 1)[np.arange(len(y)), y.astype(int)].mean()


def shares():
    x, _ = line(400)
    p = special.softmax(np.column_stack([x, -x, 0 * x]) + rng(1).normal(size=(400, 3)), 1)
    yield p, {}, "CategoricalCrossentropy"

    def by(t, z):
        return -(t * special.log_softmax(z, 1)).sum(1).mean()

    x1, x2, p1, p2 = halves(x, p)
    soft = ls.fit_linear(x1, p1, loss=ls.CategoricalCrossentropy(from_logits=True)).predict(x2)
    hard = ls.fit_linear(x1, p1.argmax(1), loss=ls.SparseCategoricalCrossentropy(from_logits=True)).predict(x2)
    yield by(p2, np.asarray(hard)) - by(p2, np.asarray(soft))


def long_tail():
    x, y = _classes((2000, 200, 8))
    yield y, {}, "LogitAdjusted"

    def balanced_errors(t, z):
        return np.mean([(z[t == k].argmax(1) != k).mean() for k in range(3)])

    usual = ls.SparseCategoricalCrossentropy(from_logits=True)
    of_rows = made(
        ls.suggest(y)[0]
    )  # of logits z it is the cross-entropy of z + log(counts), which has the same optimum
    z, counts = np.float32([[0.5, -1.0, 2.0]]), np.log(of_rows.class_counts)
    assert np.isclose(float(of_rows([2], z)), float(usual([2], z + counts)), rtol=1e-5)
    yield linear(usual, y, x, balanced_errors) - linear(usual, y, x, lambda t, z: balanced_errors(t, z - counts))


def classes():
    x, y = _classes((300, 300, 300))
    yield y, {}, "SparseCategoricalCrossentropy"
    x1, x2, y1, y2 = halves(x, y)
    squares = np.stack(
        [ls.fit_linear(x1, (y1 == k) * 1.0, loss=ls.MeanSquaredError()).predict(x2) for k in range(3)], 1
    )
    yield _nll(y2, squares) - linear(ls.SparseCategoricalCrossentropy(from_logits=True), y, x, _nll)


def labels():
    x, m = line(1000)
    z = np.stack([m, m - 1, -m], 1)
    y = (rng(1).uniform(size=z.shape) < special.expit(z)).astype(float)
    yield y, {}, "BinaryCrossentropy"
    x1, x2, y1, y2 = halves(x, y)
    shared = y1 / np.maximum(y1.sum(1, keepdims=True), 1)
    some = y1.sum(1) > 0
    softmax = ls.fit_linear(x1[some], shared[some], loss=ls.CategoricalCrossentropy(from_logits=True)).predict(x2)
    ours = ls.fit_linear(x1, y1, loss=ls.BinaryCrossentropy(from_logits=True)).predict(x2)
    yield log_loss(y2, special.softmax(softmax, 1)) - log_loss(y2, special.expit(ours))


def few_labels():
    y = (rng(1).uniform(size=(500, 8)) < 0.04).astype(float)
    yield y, {}, "AsymmetricMultiLabel"
    # an easy negative (p = 0.02) weighs next to nothing, a missed positive all the more
    z = np.float64([[special.logit(0.02)]])
    ours = [float(ls.AsymmetricMultiLabel(from_logits=True)([[t]], z)) for t in (0.0, 1.0)]
    usual = [float(ls.BinaryCrossentropy(from_logits=True)([[t]], z)) for t in (0.0, 1.0)]
    yield usual[0] / usual[1] - ours[0] / ours[1]


def ordered():
    r = rng(1)
    x = r.normal(size=(300, 4))
    y = np.digitize(x @ [1.0, 1.0, 0.5, 0.0] + r.logistic(size=300), [-3, -1, 1, 3])
    yield y, {"task": "ordinal"}, "CumulativeLink"
    x, few = x.astype("float64"), 60

    def nll_of(w, a, b):
        thresholds = np.cumsum(np.concatenate([w[4:5], np.exp(w[5:])]))
        return float(ls.CumulativeLink()(y[a:b], thresholds[None] - (x[a:b] @ w[:4])[:, None]))

    start = np.concatenate([np.zeros(4), [-2.0, 0.5, 0.5, 0.5]])
    w = optimize.minimize(lambda w: nll_of(w, 0, few), start, method="Powell", options={"maxfev": 600}).x
    usual = ls.fit_linear(x[:few], y[:few], loss=ls.SparseCategoricalCrossentropy(from_logits=True)).predict(x[few:])
    yield _nll(y[few:], np.asarray(usual)) - nll_of(w, few, 300)


EXAMPLES = {rule.name: globals()[rule.name] for rule in RULES}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_rule_is_met_and_its_loss_does_better_on_held_out_rows(name):
    example = EXAMPLES[name]()
    y, asked, loss = next(example)
    found = ls.suggest(y, **asked)
    assert (found[0].rule, found[0].loss) == (name, loss)
    assert next(example) > 0


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_suggested_exists_and_its_code_runs(name):
    y, asked, _ = next(EXAMPLES[name]())
    for each in ls.suggest(y, **asked):
        assert catalogue.card(each.loss) or catalogue.part(each.loss)
        assert type(made(each)).__name__ == each.loss and type(eval(each.code)).__name__ == each.loss
        assert each.output.startswith(("ls.heads.", "one number", "hidden", "one named")) or each.output[0].isdigit()
        assert all((each.estimates, each.reason, each.beware, each.criterion, each.source))


def test_tasks_have_a_rule_that_always_holds():
    for task in TASKS:
        assert [rule for rule in RULES if task in rule.tasks][-1].when in ("any other", *_only(task))


def _only(task):
    found = [rule.when for rule in RULES if task in rule.tasks]
    return found if len(found) == 1 else []


@pytest.mark.parametrize(
    ("y", "task"),
    [
        ([0, 1, 1, 0], "binary"),
        ([True, False], "binary"),
        (["a", "b", "c", "a"], "multiclass"),
        (np.repeat([0, 1, 2], 20), "multiclass"),
        (np.eye(3), "multiclass"),
        (np.array([[1, 1, 0], [0, 0, 1]]), "multilabel"),
        (np.linspace(0.1, 0.9, 30), "proportion"),
        (np.arange(40.0), "count"),
        (np.exp(np.linspace(0, 8, 50)), "positive"),
        (np.linspace(-3, 3, 50), "regression"),
        (np.column_stack([np.linspace(1, 9, 30), np.arange(30) % 2]), "survival"),
        (np.random.default_rng(0).normal(size=(30, 3)), "regression"),
    ],
)
def test_the_task_is_seen(y, task):
    assert ls.suggest(y).task == task


def test_missing_entries_are_counted_and_left_out():
    found = ls.suggest([1.5, np.nan, -2.0, 0.25, None])
    assert "2 more with missing entries" in str(found) and found.task == "regression"


def test_what_cannot_be_seen_is_asked():
    assert 'task="ordinal"' in ls.suggest(np.repeat([1, 2, 3, 4, 5], 20)).questions[0]


def test_it_shows_itself_everywhere():
    found = ls.suggest(np.linspace(-3, 3, 50))
    assert "ls.MeanSquaredError()" in str(found) and "<table>" in found._repr_html_()
    assert found.to_dict()["suggestions"][0]["rule"] == "plain"
    assert len(found) == len(list(found)) <= 3


def test_tables_and_series_are_read(rng):
    import pandas as pd

    assert ls.suggest(pd.Series(["x", "y", None, "x"])).task == "binary"
    assert ls.suggest(pd.Series(rng.normal(size=40))).task == "regression"
    assert ls.suggest(pd.Series(["x", "y", "z"], dtype="category")).task == "multiclass"


@pytest.mark.parametrize(
    "y", [[], [3.0] * 4, ["a", "a"], [np.nan], [np.inf, 1.0], [["a", "b"], ["b", "a"]], [1e300, 0.0]]
)
def test_a_target_that_says_nothing_is_refused(y):
    with pytest.raises(ls.LossaryError, match=r"Expected columns of finite numbers"):
        ls.suggest(y)
