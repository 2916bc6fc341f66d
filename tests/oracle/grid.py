"""Hard inputs for every loss, following from its contract: a loss that is declared is on the grid by itself.

Every number is one that the floating-point type can hold. Rows come in blocks of one shape, because compilers work per
shape: `ROWS` rows of `WIDTH` entries (`THIN` in the tests), and a few wide rows for losses of many classes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from lossary.core import contract as c
from lossary.core.forms import Categorical, Divergence, Outputs, Overlap, VectorLikelihood
from lossary.core.forms.likelihoods import AMOUNT_TARGET
from lossary.core.slots import LOG_PROBABILITY
from tests.laws.cases import CASES, LOSSES, Case, targets
from tests.oracle.sums import Float

ROWS, THIN, WIDTH = 256, 128, 4
BY_NAME = {cls.__name__: cls for cls in LOSSES}

REALS = [0, 1e-45, 1e-39, 1e-30, 1e-20, 1e-10, 1e-8, 1e-4, 0.02, 0.5, 1, 2, 3, 30, 300, 4e4, 1e10, 1e18, 1e20, 1e30]
PROBABILITIES = [0, 1e-45, 1e-40, 1e-38, 1e-20, 1e-8, 1e-4, 0.1, 0.5, 0.9, 1 - 2**-7, 1 - 2**-11, 1 - 2**-24, 1]
MARGINS = [0, 1e-40, 1e-20, 1e-8, 1e-4, 0.1, 1, 6, 10, 17.5, 20, 30, 50, 80, 88, 104, 1e4]
SOFT = [0, 1, 0, 1, 0.5, 0.9, 0.001, 0.999]
COUNTS = [0, 1, 3, 1000, 1e6, 1e18]
RATES = [0, 1e-40, 1e-38, 1e-20, 1e-8, 1e-4, 0.5, 1, 3, 1000, 1e6, 1e30]


def extra() -> Iterator[Case]:
    """Parameters that are hard by themselves."""
    for name in ("BinaryFocalCrossentropy", "CategoricalFocalCrossentropy"):
        for gamma in (0.0, 0.5):
            yield Case(BY_NAME[name], {"from_logits": True, "gamma": gamma}, f"gamma={gamma:g}")
    for name in ("GaussianNLL", "BetaNLL"):
        yield Case(BY_NAME[name], {"spread": "variance"}, "variance")
    for name in ("student_t", "gamma", "von_mises", "poisson", "kumaraswamy"):
        yield Case(BY_NAME["MixtureNLL"], {"distribution": name}, name)
    yield Case(BY_NAME["MCC"], {"smooth": 0.0}, "plain")


GRID = [*CASES, *extra()]


@dataclass(frozen=True)
class Block:
    """Rows of one shape: exact values in float64 (labels as integers). `coupled` rows look at one another."""

    y: np.ndarray
    p: np.ndarray
    coupled: bool = False


def blocks(case: Case, kind: Float, thin: bool) -> list[Block]:
    """The grid of one loss in one floating-point type; `thin` keeps one short block of rows."""
    rng = np.random.default_rng(zlib.crc32(f"{case}-{kind.name}".encode()))
    name, loss = case.cls.__name__, case()
    if name == "CTC":
        return [ctc(kind, rng)]
    if loss.coupled:
        return moments(kind, rng) if loss.contract.target is c.REAL else whole_batches(loss, kind, rng)
    made = [packed(rows(loss, kind, rng, WIDTH), rng, thin)]
    if isinstance(loss, Categorical) and loss.class_weight is None and not thin:
        wide = kind.name == "float32" and case.label in ("", "logits")  # thousands of classes take their time
        for width, count in [(2, 64), (10, 64), *([(1000, 6), (10000, 1)] if wide else [])]:
            made.append([some_rows(loss, kind, rng, width, count)])
    return [block for part in made for block in part]


def some_rows(loss: Any, kind: Float, rng: np.random.Generator, width: int, count: int) -> Block:
    few = rows(loss, kind, rng, width)
    return Block(*stacked([few[k] for k in rng.permutation(len(few))[:count]]))


CLASSES, ENTRIES, PAIRS = (1_000, 50_257), 10_000, 250


def lengths(case: Case) -> tuple[int, ...]:
    """How long the rows of a loss may be in practice: classes of a vocabulary, entries of an image or a vector."""
    loss = case()
    if loss.coupled or loss.contract.shape not in ("same", "index") or isinstance(loss, VectorLikelihood):
        return ()  # (slopes by differences would take the square of it)
    by_class = isinstance(loss, (Categorical, Divergence)) or loss.contract.shape == "index"
    return CLASSES if by_class or case.cls.__name__ == "CategoricalHinge" else (ENTRIES,)


def long_rows(case: Case, kind: Float, length: int) -> Block:
    """A row of entries, or two of classes; many are alike, so that their truths are quick to compute."""
    loss, rng = case(), np.random.default_rng(zlib.crc32(f"{case}-{length}".encode()))
    if isinstance(loss, Categorical) or loss.contract.shape == "index":
        given = [long_classes(loss, rng, length, scale) for scale in (1.0, 6.0)]
    elif isinstance(loss, Divergence):
        given = [tuple(rng.dirichlet(np.ones(length), 2)) for _ in range(2)]
    elif case.cls.__name__ == "CategoricalHinge":
        given = [(one_hot(length, 3), rng.normal(size=length) * scale) for scale in (1.0, 30.0)]
    else:
        y, p = random_row(loss, rng, PAIRS, 2.0)
        chosen = rng.integers(PAIRS, size=length)
        given = [(y[chosen], p[chosen])]
    return Block(
        *stacked([(y if np.asarray(y).dtype.kind == "i" else rounded(y, kind), rounded(p, kind)) for y, p in given])
    )


def long_classes(loss: Any, rng: np.random.Generator, width: int, scale: float) -> tuple[Any, Any]:
    """One row of many classes; a label that is not the argmax."""
    p = rng.normal(size=PAIRS)[rng.integers(PAIRS, size=width)] * scale
    true = int(np.argsort(p)[width // 2])
    if not loss.from_logits:
        p = np.exp(p) / np.exp(p).sum()
    return (np.int64(true), p) if loss.contract.shape == "index" else (one_hot(width, true), p)


def rounded(values: Any, kind: Float) -> np.ndarray:
    """The nearest numbers that the type holds, as float64."""
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(values, dtype="float64").astype(kind.numpy).astype("float64")


def packed(pairs: list[tuple[Any, Any]], rng: np.random.Generator, thin: bool) -> list[Block]:
    """Rows in any order, in blocks of one length; the last block is filled up with the first rows again."""
    size = THIN if thin else ROWS
    count = 1 if thin else -(-len(pairs) // size)
    order = [pairs[k] for k in rng.permutation(len(pairs))]
    filled = [order[k % len(order)] for k in range(count * size)]
    return [Block(*stacked(filled[k : k + size])) for k in range(0, len(filled), size)]


def stacked(pairs: list[tuple[Any, Any]]) -> tuple[np.ndarray, np.ndarray]:
    return np.stack([y for y, _ in pairs]), np.stack([p for _, p in pairs])


def rows(loss: Any, kind: Float, rng: np.random.Generator, width: int) -> list[tuple[Any, Any]]:
    """Rows of targets and predictions, lawful under the loss's contract."""
    rules, name = loss.contract, type(loss).__name__
    if isinstance(loss, Categorical) or rules.shape == "index":
        pairs = of_classes(loss, kind, rng, width)
    elif isinstance(loss, Overlap):
        pairs = of_masks(loss, kind, rng, width)
    elif isinstance(loss, Divergence):
        pairs = of_distributions(kind, rng, width)
    elif name == "CategoricalHinge":
        pairs = of_scores(kind, rng, width)
    elif rules.shape == "parameters":
        pairs = of_parameters(loss, kind, rng)
    elif isinstance(loss, VectorLikelihood):
        pairs = of_parts(loss, rng, width)
    elif rules.prediction is c.FEATURE:
        pairs = of_vectors(rng, width)
    else:
        pairs = of_entries(loss, kind, rng, width)
    good = []
    for y, p in pairs:
        y, p = y if np.asarray(y).dtype.kind == "i" else rounded(y, kind), rounded(p, kind)
        if (rules.ends or np.isfinite(y).all()) and np.isfinite(p).all():
            good.append((y, p))
    return good


# -- entry by entry -------------------------------------------------------------------------------------------------


def of_entries(loss: Any, kind: Float, rng: np.random.Generator, width: int) -> Iterator[tuple[Any, Any]]:
    """Each hard pair alone (a row of equal entries has the value of one), hard pairs mixed, and random rows."""
    hard = [pair for pair in pairs(loss, kind) if all(np.isfinite(rounded(pair, kind)))]
    for y, p in hard:
        yield [y] * width, [p] * width
    for _ in range(max(32, len(hard) // 4)):
        chosen = [hard[k] for k in rng.integers(len(hard), size=width)]
        yield [y for y, _ in chosen], [p for _, p in chosen]
    for scale in (1e-3, 0.1, 1.0, 10.0, 1e3):
        for _ in range(12):
            yield random_row(loss, rng, width, scale)


def pairs(loss: Any, kind: Float) -> list[tuple[float, float]]:
    """Hard pairs of one target and one prediction."""
    rules, largest = loss.contract, kind.largest
    if rules.prediction is c.PROBABILITY:
        near = [1 - kind.half, *PROBABILITIES]
        return list(product(labels(loss), near))
    if rules.prediction is c.LOGIT:
        some = (0, 1) if rules.target is c.SIGN else labels(loss)
        return list(product(some, signed([*MARGINS, largest / 4])))
    if rules.prediction is LOG_PROBABILITY:  # of logarithms, or of shares
        logs = [-v for v in MARGINS]
        return list(product(logs if rules.target is LOG_PROBABILITY else [*PROBABILITIES, 1 - kind.half], logs))
    if rules.target is c.SOFT_LABEL and rules.prediction is c.REAL:
        return list(product(labels(loss), signed([*REALS, largest / 4])))
    if rules.target is c.SIGN:
        edge = [1 - kind.half, 1 + 2 * kind.half, largest / 4, 1.2 * largest**0.5, 0.9 * largest**0.5]
        return list(product((-1, 0, 1), signed([*REALS, *edge])))
    if rules.target is c.COUNT:
        rates = [*signed([*MARGINS[:-1], 1.7632, 3.0]), -1e4, -largest / 4]
        if rules.prediction is c.RATE:
            rates = [*RATES, 1.7632, 0.567, largest / 4, *COUNTS]
        return list(product(COUNTS, rates))
    if rules.target.low == rules.prediction.low == 0:
        return list(product(RATES, [*RATES, 1.7632, 0.567, 1.0001]))
    return errors(loss, kind)


def errors(loss: Any, kind: Float) -> list[tuple[float, float]]:
    """Pairs whose difference is tiny, huge, nothing, or at one of the loss's own parameters."""
    largest, step = kind.largest, 2 * kind.half
    parameters = [v for v in loss.get_config().values() if isinstance(v, float)]
    near = [v * f for v in parameters for f in (1, 1 - step, 1 + step, 0.999, 1.001, 0.1, 10)]
    far = [largest / 4, 0.9 * largest, 1.2 * largest**0.5, 0.9 * largest**0.5]
    alone = signed([*REALS, *near, *far, 1e-3, 0.7, 20, 89, 104])
    made = [(0.0, e) for e in alone] + [(e, 0.0) for e in alone[::3]] + [(e, e) for e in alone[::3]]
    for y in (1.0, 0.001, -3.0, 300.0, 1e10, 1e-20, 1e30):
        made += [(y, y * (1 + k * step)) for k in (-1, 1, 2, 100)] + [(y, y * 1.1), (y, -y), (y, 2 * y)]
        made += [(y, y + e) for e in (1e-8, 1e-4, 0.5, -1.0, 20.0)]
    return [*made, (0.9 * largest, -0.9 * largest), (0.4 * largest, -0.4 * largest), (largest / 4, largest / 5)]


def signed(values: list[float]) -> list[float]:
    return sorted({float(s * v) for v in values for s in (-1, 1)})


def labels(loss: Any) -> list[float]:
    own = getattr(loss, "ignore_class", None)
    return [*dict.fromkeys(SOFT), *([] if own is None else [float(own)])]


def random_row(loss: Any, rng: np.random.Generator, width: int, scale: float) -> tuple[Any, Any]:
    rules = loss.contract
    p, y = rng.normal(size=width) * scale, rng.normal(size=width) * scale
    if rules.prediction is c.PROBABILITY:
        p = 1 / (1 + np.exp(-np.clip(p, -15, 15)))
    if rules.prediction is LOG_PROBABILITY:
        p, y = -abs(p), -abs(y)
    if rules.target is c.SOFT_LABEL:
        y = rng.choice([0, 1, 0, 1, rng.uniform()], size=width)
    elif rules.target is c.SIGN:
        y = rng.choice([-1.0, 1.0], size=width)
    elif rules.target is c.COUNT:
        y = rng.poisson(min(scale, 100), size=width)
        p = np.clip(p, -50, 50) if rules.prediction is c.REAL else abs(p)
    elif "Logarithmic" in type(loss).__name__ or rules.target.low == 0:
        y, p = abs(y), abs(p)
    return y, p


# -- row by row -----------------------------------------------------------------------------------------------------


def of_classes(loss: Any, kind: Float, rng: np.random.Generator, width: int) -> Iterator[tuple[Any, Any]]:
    sparse, ignored = loss.contract.shape == "index", getattr(loss, "ignore_class", None)
    predictions = list(
        logits(kind, rng, width) if loss.from_logits else shares(rng, width, normed=getattr(loss, "normalised", False))
    )
    targets = [0, 1] if width > 2 else [0, 1, 0]
    for k, p in enumerate(predictions):
        for true in targets if width <= 10 else targets[:1]:
            yield (np.int64(true), p) if sparse else (one_hot(width, true), p)
        if not sparse:
            soft = soft_target(rng, width, k, p if loss.from_logits else np.log(np.maximum(p, 1e-30)))
            if ignored is None or soft.argmax() != ignored:
                yield soft, p
    if ignored is not None and ignored < width:
        yield (np.int64(ignored), predictions[0]) if sparse else (one_hot(width, ignored), predictions[0])


def one_hot(width: int, true: int) -> np.ndarray:
    """(The identity matrix of 10,000 classes would be large.)"""
    return (np.arange(width) == true).astype("float64")


def soft_target(rng: np.random.Generator, width: int, k: int, logit: np.ndarray) -> np.ndarray:
    """In turn: nearly one-hot, smoothed, even, random, and close to the softmax of the prediction."""
    if k % 5 == 0:
        return np.where(np.arange(width) == 0, 1 - 1e-3, 1e-3 / (width - 1))
    if k % 5 == 1:
        return np.where(np.arange(width) == 1, 0.7, 0.3 / (width - 1))
    if k % 5 == 2:
        return np.full(width, 1 / width)
    if k % 5 == 3:
        return rng.dirichlet(np.ones(width))
    shifted = np.exp(np.clip(logit - logit.max(), -80, 0))
    return shifted / shifted.sum()


def logits(kind: Float, rng: np.random.Generator, width: int) -> Iterator[np.ndarray]:
    ramp = np.linspace(0, -1, width - 1)
    for m in [*MARGINS, 100.0, kind.largest / 4]:
        yield np.r_[m, np.zeros(width - 1)]
        yield np.r_[-m, ramp]
        yield np.r_[m, m, ramp[1:]]
        yield np.r_[m, -m, ramp[1:]]
        yield np.r_[0.1, m, ramp[1:] - m]
    for offset in (1e4, -1e4, 1e6, kind.largest / 8):
        yield offset + np.r_[3, 0, 2 * ramp[1:]]
        yield offset + np.zeros(width)
    yield np.r_[0.9, -0.9, 0.1 * ramp[1:]] * kind.largest
    for scale in (1e-3, 1.0, 1.0, 5.0, 20.0, 60.0):
        for _ in range(6):
            yield rng.normal(size=width) * scale


def shares(rng: np.random.Generator, width: int, normed: bool) -> Iterator[np.ndarray]:
    for p in PROBABILITIES:
        yield np.r_[p, 1 - p, np.zeros(width - 2)]
        yield np.r_[p, np.full(width - 1, (1 - p) / (width - 1))]
        yield np.r_[0.5, p, np.full(width - 2, 0.25)]
        if p or normed:
            yield np.full(width, p)
    for concentration in (0.05, 0.3, 1.0, 10.0):
        for _ in range(8):
            yield rng.dirichlet(np.full(width, concentration)) if width < 1000 else rng.dirichlet(np.ones(width))


def of_masks(loss: Any, kind: Float, rng: np.random.Generator, width: int) -> Iterator[tuple[Any, Any]]:
    entries = signed([*MARGINS, kind.largest / 4]) if loss.from_logits else [*PROBABILITIES, 1 - kind.half]
    masks = [np.zeros(width), np.ones(width), one_hot(width, 0), 1 - one_hot(width, 0), np.full(width, 0.5)]
    low = entries[0]
    for y, p in product(masks, entries):
        yield y, np.full(width, p)
        yield y, np.where(y > 0, p, low)
        yield y, np.r_[p, rng.choice(entries, size=width - 1)]
    for _ in range(60):
        y = rng.integers(0, 2, size=width) if rng.uniform() < 0.7 else rng.uniform(size=width)
        if loss.ignore_class is not None:
            y = np.where(rng.uniform(size=width) < 0.3, loss.ignore_class, y)
        yield y, rng.normal(size=width) * 4 if loss.from_logits else rng.beta(0.4, 0.4, size=width)


def of_distributions(kind: Float, rng: np.random.Generator, width: int) -> Iterator[tuple[Any, Any]]:
    predictions = list(shares(rng, width, normed=True))
    for k, p in enumerate(predictions):
        yield one_hot(width, 0), p
        yield p, predictions[-1 - k]
        yield rng.dirichlet(np.ones(width)), p
        yield p, p
        yield p, np.clip(p * (1 + 1e-3 * rng.normal(size=width)), 0, 1)


def of_scores(kind: Float, rng: np.random.Generator, width: int) -> Iterator[tuple[Any, Any]]:
    for p in logits(kind, rng, width):
        for true in (0, 1, width - 1):
            yield one_hot(width, true), p
    for big in (1e10, 1e18, 1e30):
        yield one_hot(width, 0), np.r_[big, big, np.zeros(width - 2)]
        yield one_hot(width, 1), np.r_[-big, 1.0, np.full(width - 2, big)]


OUTPUTS = [-20, -6, -1.5, -0.5, -1e-4, 0, 1e-8, 0.02, 0.7, 2, 5, 12, 30]
AMOUNTS = [1e-20, 1e-6, 0.02, 0.5, 1, 1.0001, 2.5, 30, 300]


def of_likelihood(loss: Any, rng: np.random.Generator) -> Iterator[tuple[Any, Any]]:
    """Targets in the middle and at the ends, outputs that are small, large and nothing; no target beyond a support."""
    target, k = loss.target, loss.contract.parameters
    if target.low == -np.inf:
        hard = signed([0, 1e-20, 1e-4, 0.5, 1, 3, 30, 300])
    elif target.high == 1:
        hard = [1e-20, 1e-4, 0.02, 0.3, 0.5, 0.9, 1 - 2.0**-11]
    else:
        hard = [0, 1, 2, 7] if target.high < np.inf else [0, 1, 2, 7, 30, 1000] if target is c.COUNT else AMOUNTS
    if target is AMOUNT_TARGET:
        hard = [0.0, *AMOUNTS]
    if loss.contract.ends:
        yield from of_ends(loss, hard, rng)
        return
    for y, z in product(hard, OUTPUTS):
        yield [y], [rng.choice(OUTPUTS[1:-1]) * rng.uniform(0.9, 1.1) if place else z for place in range(k)]
        yield [y], np.r_[rng.normal(size=k - 1) * 2, z] if k > 1 else [z]
    for scale in (0.1, 1.0, 4.0):
        for _ in range(30):
            yield targets(loss.contract.target, (1,), rng), rng.normal(size=k) * scale


def of_ends(loss: Any, hard: list[float], rng: np.random.Generator) -> Iterator[tuple[Any, Any]]:
    """Known targets, and those that lie above, below, in a narrow and in a wide interval."""
    target = type(loss).target
    for k, (y, z) in enumerate(product([y for y in hard if y == 0 or abs(y) > 1e-10], OUTPUTS)):
        narrow, wide = y + abs(y) * 2.0 ** -rng.integers(3, 20), y + rng.gamma(1.0)
        ends = [(y, y), (y, target.high), (target.low, y), (y, min(narrow, target.high)), (y, min(wide, target.high))]
        p = rng.normal(size=loss.outputs) * rng.choice([0.3, 1.0, 3.0])
        p[rng.integers(loss.outputs)] = z if abs(z) < 25 else 1.0
        for low, high in ends if k % 4 == 0 else ends[k % 5 : k % 5 + 1]:
            if high > max(target.low, getattr(loss, "minimum", -np.inf)) and low < target.high:
                yield [low, high], p


def of_parts(loss: Any, rng: np.random.Generator, width: int) -> Iterator[tuple[Any, Any]]:
    """Lawful vectors, and hard ones; outputs that are alike, apart, large and small."""
    hard = [np.full(width, 1 / width), np.r_[1 - 1e-3, np.full(width - 1, 1e-3 / (width - 1))]]
    hard += [] if loss.target.high == 1 else [np.zeros(width), np.r_[1000, 3, np.zeros(width - 2)], np.full(width, 30)]
    for k, z in enumerate([*OUTPUTS] * 6):
        y = hard[k % len(hard)] if k % 3 == 0 else targets(loss.target, (width,), rng)
        yield y, z + rng.normal(size=width) * [0, 0.01, 1, 4][k % 4]


def supported(loss: Any, y: Any, p: Any) -> bool:
    """Whether a target lies inside of a support that ends where the shape says."""
    if loss.heads.get("shape") != "real" or getattr(loss, "part", None):
        return True
    loc, z, shape = (0.0, *p) if len(p) == 2 else p
    scale = np.exp(z) if loss.link == "exp" else np.logaddexp(z, 0.0)
    inside = [shape * (one - loc) / scale > -0.999 for one in y if np.isfinite(one)]
    return bool(abs(shape) < 13 and all(inside))


def of_parameters(loss: Any, kind: Float, rng: np.random.Generator) -> Iterator[tuple[Any, Any]]:
    if isinstance(loss, Outputs):
        yield from (pair for pair in of_likelihood(loss, rng) if supported(loss, *pair))
        return
    if not hasattr(loss, "spread"):
        k = loss.contract.parameters
        for y, p in errors(loss, kind):
            yield [y], np.full(k, p)
            yield [y], [p, *rng.normal(size=k - 1)]
        for scale in (1e-3, 1.0, 1e3):
            for _ in range(20):
                yield rng.normal(size=1) * scale, rng.normal(size=k) * scale
        return
    spreads = [0, 1e-38, 1e-20, 1e-8, 1e-4, 0.5, 1, 2, 20, 1e4, 1e10, 1e30]
    if loss.spread == "log_variance":
        spreads = signed([0, 1e-8, 1, 2, 10, 20, 50, 80, 88])
    gaps = [(0, 0), (0, 1e-20), (0, 1e-4), (1, 1.1), (0, 1), (0, -30), (300, 0), (1e10, 0), (0, 1e20), (1e30, 0)]
    for (y, mu), s in product(gaps, spreads):
        yield [y], [mu, s]
    for scale in (0.1, 1.0, 10.0):
        for _ in range(20):
            s = rng.normal() * min(scale, 3)
            yield rng.normal(size=1) * scale, [rng.normal() * scale, s if loss.spread == "log_variance" else np.exp(s)]


def of_vectors(rng: np.random.Generator, width: int) -> Iterator[tuple[Any, Any]]:
    first, flat, mixed = one_hot(width, 0), np.ones(width), np.linspace(-1, 2, width)
    turned = np.r_[-mixed[1], mixed[0], -mixed[3], mixed[2], np.zeros(width - 4)]
    sizes = (1, 1e-45, 1e-38, 1e-30, 1e-20, 1e-10, 1e-4, 300, 1e10, 1e18, 1e20, 1e30, 1e38, 0)
    for y in (first, flat, mixed):
        for p, size in product((first, flat, mixed, -y, turned, y + 1e-3 * mixed, y + 1e-7 * turned), sizes):
            yield y, size * p
    for size in sizes:
        yield size * mixed, flat
        yield size * mixed, size * turned
    for spread in (0.0, 1.0, 8.0):
        for _ in range(24):
            yield rng.normal(size=width), rng.normal(size=width) * 10 ** (spread * rng.normal(size=width) / 2)


# -- losses whose rows look at one another, and sequences -------------------------------------------------------------


def whole_batches(loss: Any, kind: Float, rng: np.random.Generator) -> list[Block]:
    few = rows(loss, kind, rng, WIDTH)
    groups = [rng.permutation(len(few))[:WIDTH] for _ in range(12)]
    return [Block(*stacked([few[k] for k in group]), coupled=True) for group in groups]


def moments(kind: Float, rng: np.random.Generator) -> list[Block]:
    """Batches of real columns: near and far from 0, alike and apart. There is a value for each, so as many as rows."""
    made = []
    for mean, apart, noise in product((0.0, 30.0, 1000.0), (0.0, 3.0), (1e-3, 1.0)):
        y = mean + (1 + mean / 30) * rng.normal(size=(WIDTH, WIDTH))  # bfloat16 has three digits
        p = y + apart + noise * rng.normal(size=y.shape)
        made.append(Block(rounded(y, kind), rounded(p, kind), coupled=True))
    return made


def ctc(kind: Float, rng: np.random.Generator) -> Block:
    targets = [[1, 2], [1, 1], [2, 0], [0, 0], [2, 1]]
    frames = [rng.normal(size=(4, 3)) * scale for scale in (0.01, 1.0, 5.0, 20.0)] + [np.zeros((4, 3))]
    frames.append(np.tile([30.0, 0.0, -30.0], (4, 1)))
    y, p = zip(*product(targets, frames), strict=True)
    return Block(np.array(y), rounded(p, kind))
