"""`fit_glm`: regression by likelihood, with the first parameter of a distribution following inputs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._calls import checked_call
from ..core.errors import ParameterError, shown
from ..core.forms import Likelihood
from ..core.forms.likelihoods import POSITIVE_TARGET
from ..linear import asking
from ..linear.rows import row_function
from .columns import Columns, kept_columns
from .corners import around_corners
from .engine import End, Problem, minimise
from .fit import FEW, start_of
from .judged import Judgement, judge
from .links import ALLOWED, LINKS, TURNED, Link
from .means import Rows, at_an_end, scored
from .plain import Quasi, family_of, name_of, with_trials
from .reading import check, numbers
from .regression import GLMFit
from .sample import TINY, Sample
from .supports import allowed_by, brought_inside

Array = np.ndarray
ASKED = "ls.fit_glm(x, y, family=…) fits a regression by likelihood."
ROUNDED = 1e-15  # of squared means: what values of one unit are off by
FAR = 18.0  # in logarithms: what is nothing in comparison


@checked_call
def fit_glm(
    x: Any,
    y: Any,
    *,
    family: Any = "normal",
    link: str | None = None,
    scale_x: Any = None,
    offset: Any = None,
    weights: Any = None,
    frequency_weights: Any = None,
) -> GLMFit:
    """A distribution whose first parameter follows inputs, through a link.

        ls.fit_glm(x, y, family="poisson")

    Args:
        x: (n, p) numbers; a table keeps the names of its columns. An intercept is added.
        y: (n,) numbers.
        family: a distribution by name or loss: "poisson", "gamma", "negative_binomial", "normal", "binomial", …; or a
            deviance, such as ls.TweedieDeviance(power=1.5): then only the mean and the growth of the variance count.
        link: of the first parameter. Above 0: "log", "identity", "inverse", "sqrt", "inverse_squared"; between 0 and 1:
            "logit", "probit", "cloglog", "log", "identity"; else "identity", "log", "inverse". By default the first.
        scale_x: (n, q) inputs of the second parameter, through its own link; by default it is one number.
        offset: (n,), added to the linear predictor.
        weights: how exact each row is: its variance is divided by it, so that standard errors do not fall with it.
        frequency_weights: how often each row counts.

    Returns: a GLMFit: `parameters`, `standard_errors`, `expected_errors`, `dispersion`, `predict`, `flags`. Columns
        that say the same as others before are left out, with the flag "collinear".
    """
    loss = with_trials(family_of(family, ASKED), family, y, ASKED)
    matrix, names = asking.matrix(x, "x", ASKED)
    kind = next(iter(loss.heads.values()))
    name = ALLOWED[kind][0] if link is None else link
    if name not in ALLOWED[kind]:
        raise ParameterError(
            ASKED,
            arrived=f"link={shown(link)} for {type(loss).__name__}.",
            allowed=f"Expected a link of its first parameter, {next(iter(loss.heads))}: {', '.join(ALLOWED[kind])}.",
            do="Pass one of these, or leave link out.",
        )
    target = numbers(y, "y", ASKED)
    if len(target) != len(matrix):
        raise ParameterError(
            ASKED,
            arrived=f"x has {len(matrix)} rows, and y {len(target)}.",
            allowed="Expected one y for each row of x.",
            do="Pass the same rows.",
        )
    rows = len(matrix)
    often = asking.weights(frequency_weights, rows, "frequency_weights", ASKED)
    exact = asking.weights(weights, rows, "weights", ASKED)
    moved = None if offset is None else numbers(asking.column(offset, "offset", rows, asked=ASKED), "offset", ASKED)
    more = None if scale_x is None else _scale_inputs(scale_x, rows, loss)
    keep = often * exact > 0
    if not keep.all():
        matrix, target, often, exact = matrix[keep], target[keep], often[keep], exact[keep]
        moved = None if moved is None else moved[keep]
    check(loss, Sample(target), ASKED)
    first = kept_columns(matrix, names, "x", ASKED)
    second = None if more is None else kept_columns(more[0][keep], more[1], "scale_x", ASKED)
    model = _Model(
        loss, kind, name, target, often * exact, first, second, moved, often * exact**2, tuple(names),
        weights is not None, float(often.sum()),
    )  # fmt: skip
    _check_names(model)
    return model.fitted()


def _scale_inputs(scale_x: Any, rows: int, loss: Likelihood) -> tuple[Array, tuple[str, ...]]:
    """The inputs of the second parameter, with the names of their columns."""
    if loss.outputs < 2:
        raise ParameterError(
            ASKED,
            arrived=f"scale_x, for {name_of(loss)}, which has one parameter.",
            allowed="Expected a distribution with a second parameter, such as 'normal' or 'negative_binomial'.",
            do="Leave scale_x out, or choose another family.",
        )
    matrix, names = asking.matrix(scale_x, "scale_x", ASKED)
    if len(matrix) != rows:
        raise ParameterError(
            ASKED,
            arrived=f"x has {rows} rows, and scale_x {len(matrix)}.",
            allowed="Expected one row of scale_x for each row of x.",
            do="Pass the same rows.",
        )
    return matrix, names


def _check_names(model: _Model) -> None:
    """Refuse columns that have one name, or that of a parameter: estimates are told apart by their names."""
    names = [*model.names, *model.left]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ParameterError(
            ASKED,
            arrived=f"Two columns, or a column and a parameter, have the name {twice!r}.",
            allowed="Expected a name of its own for each column; parameters have the names intercept, "
            f"{', '.join(model.loss.heads)}.",
            do="Rename the column: x.rename(columns={…}).",
        )


@dataclass(frozen=True)
class _Model:
    """What was asked for, in arrays."""

    loss: Likelihood
    kind: str
    link_name: str
    y: Array
    w: Array
    first: Columns
    second: Columns | None
    offset: Array | None
    squares: Array
    columns: tuple[str, ...]
    weighed: bool
    rows: float

    @property
    def link(self) -> Link:
        return LINKS[self.link_name]

    @property
    def left(self) -> tuple[str, ...]:
        return (*self.first.left, *(self.second.left if self.second is not None else ()))

    @property
    def names(self) -> tuple[str, ...]:
        heads = list(self.loss.heads)
        second = heads[1:2] if self.second is None else [f"{heads[1]}: {name}" for name in self.second.names]
        return (*self.first.names, *second, *heads[2:])

    @property
    def kinds(self) -> tuple[str, ...]:
        kinds = list(self.loss.heads.values())
        second = kinds[1:2] if self.second is None else ["real"] * len(self.second.names)
        return ("real",) * self.means_of + (*second, *kinds[2:])

    @property
    def means_of(self) -> int:
        """How many coefficients the first parameter has."""
        return len(self.first.names)

    def turn(self) -> Array | None:
        """What makes coefficients of the columns as they are from those of the columns less their means."""
        k = self.means_of
        shifts = np.zeros((2, len(self.names)))
        shifts[0, :k] = self.first.shifts
        if self.second is not None:
            shifts[1, k : k + len(self.second.shifts)] = self.second.shifts
        if not shifts.any():
            return None
        turn = np.eye(len(self.names))
        turn[0] -= shifts[0]
        if self.second is not None:
            turn[k] -= shifts[1]
        return turn

    def problem(self, most: int | None = None) -> Problem:
        """The likelihood of coefficients, or that of so many rows."""
        some = slice(None) if most is None else np.linspace(0, len(self.y) - 1, most).astype(int)
        second = None if self.second is None else self.second.x[some]
        designs = [self.first.x[some], *[second] * (self.loss.outputs > 1), *[None] * (self.loss.outputs - 2)]
        return Problem(
            row_function(self.loss), self.y[some], self.w[some], designs,
            None if self.offset is None else self.offset[some], None, TURNED.get((self.kind, self.link_name)),
            self.squares[some], allowed_by(self.loss),
        )  # fmt: skip

    def start(self) -> Array:
        """The first parameter at what is usual, whatever the inputs; the others as in a sample."""
        at = start_of(self.loss, Sample(self.y, self.w), {})
        usual = at[0] if self.kind == "real" else LINKS[ALLOWED[self.kind][0]].mean(at[0])
        start = np.zeros(len(self.names))
        start[0] = self.link.back(float(usual)) - (
            0.0 if self.offset is None else float(np.average(self.offset, weights=self.w))
        )
        second = self.means_of
        if self.loss.outputs > 1:
            start[second] = at[1]
        last = start[second + (1 if self.second is None else len(self.second.names)) :]
        last[:] = at[2:]
        return start

    def fitted(self) -> GLMFit:
        links, free = np.array([kind != "real" for kind in self.kinds]), np.ones(len(self.names), bool)
        means = self._means()
        found = None if means is None else self._by_means(means)
        if found is None:
            end = self._searched(free, links)
        c = end.c if found is None else found[0]

        def find() -> tuple[Problem, End, Judgement]:
            problem = self.problem()
            last = end if found is None else self._ended(problem, means, *found)
            edge = self._at_the_edge(problem, c)
            if edge and found is not None:  # where no slope needs to be 0
                last = replace(last, converged=True)
            flags = ("collinear",) * bool(self.left) + ("boundary",) * edge
            flags += ("unbounded likelihood",) * self._on_a_line(c)
            flags += ("irregular",) * self.loss.corner + ("not converged",) * (self.loss.corner and not last.converged)
            return problem, last, judge(problem, last, free, links, len(self.y), flags)

        turn = self.turn()
        return GLMFit(
            model=f"{name_of(self.loss)} regression", names=self.names, kinds=self.kinds,
            c=c if turn is None else turn @ c, free=free, rows=self.rows, find=find, loss=self.loss,
            columns=self.columns, left=self.left, link=self.link_name, means=means, weighed=self.weighed, inner=c,
            turn=turn, shifts=self.first.shifts,
        )  # fmt: skip

    def _searched(self, free: Array, links: Array) -> End:
        """The end of a search over all coefficients."""
        start = self.start()
        if self.loss.corner:
            return around_corners(self.loss, self.problem(), start, self.link, links)
        problem = self.problem()
        start = brought_inside(self.loss, problem, start)
        if len(self.y) > 4 * FEW:
            start = brought_inside(self.loss, problem, self._nearer(start, free, links))
        return minimise(problem, start, free, links)

    def _nearer(self, start: Array, free: Array, links: Array) -> Array:
        """A start for many rows: slopes of a model of means, which tell most; else the end of some of the rows."""
        if self.kind != "share" and self.second is None and (self.kind == "real" or self.y.min() >= 0):
            k, power = self.means_of, 0.0 if self.kind == "real" else 1.0
            c = scored(Rows(self.first.x, self.y, self.w, self.offset, self.link, power), start[:k])
            if c is not None:
                return np.concatenate([c, start[k:]])
        near = minimise(self.problem(FEW), start, free, links)
        return near.c if near.converged else start

    def _means(self) -> Rows | None:
        """The rows of a generalised linear model, where it is one."""
        power = self.loss.variance_power
        if power is None or self.second is not None:
            return None
        trials = float(getattr(self.loss, "trials", 1)) if power == "share" else 1.0
        number = None if power == "share" else float(power)
        return Rows(self.first.x, self.y / trials, self.w, self.offset, self.link, number, trials)

    def _by_means(self, means: Rows) -> tuple[Array, float, Array] | None:
        """Coefficients (those of the mean do not ask for the spread), what a spread weighs, and its curvature."""
        start = self.start()
        c = scored(means, start[: self.means_of])
        if c is None and self.link_name != ALLOWED[self.kind][0]:  # a link that does not keep means possible
            c = at_an_end(means, start[: self.means_of])
        if c is None:
            return None
        if self.loss.outputs == 1:
            return c, 1.0, np.zeros((0, 0))
        usual = float(np.average(self.y, weights=self.w)) if means.power == 3 else 1.0  # gaps have its unit
        two = usual * _as_far(means.gap(c) * usual, means.power)
        one = Problem(row_function(self.loss), two, np.full(2, self.w.sum() / 2), [None] * 2)
        held = np.array([np.log(usual), start_of(self.loss, Sample(two), {})[1]])  # the mean of the two, or 0
        end = minimise(one, held, np.array([False, True]), np.array([False, True]))
        if not end.converged:
            return None
        return np.append(c, end.c[1]), usual * float(end.curvature[0, 0] / one.total), end.curvature[1:, 1:]

    def _ended(self, problem: Problem, means: Rows | None, c: Array, times: float, spread: Array) -> End:
        """Value, gradient and observed curvature: means and spread are apart at the estimates."""
        assert means is not None
        k = self.means_of
        g, h = np.zeros(len(c)), np.zeros((len(c), len(c)))
        with np.errstate(all="ignore"):
            g[:k] = times * means.expand(c[:k])[1]
            h[:k, :k] = times * means.observed(c[:k])
            h[k:, k:] = spread
            value = problem.value(c)
            unit = 1 / np.sqrt(np.maximum(np.abs(np.diag(h)), 1e-300))
        level = means.unit if isinstance(self.loss, Quasi) else 1 + ROUNDED * times * means.unit
        small = bool(np.abs(g * unit).max() <= 1e-6 * np.sqrt(problem.total * level))
        return End(c, value, g, h, 0, small)

    def _on_a_line(self, c: Array) -> bool:
        """Whether rows are where they are predicted, without any spread."""
        if (means := self._means()) is not None and means.power in (2, 3) and self.loss.outputs == 2:
            return bool(np.abs(self.y / means.link.mean(means.predictor(c[: self.means_of])) - 1).max() <= 1e-12)
        if self.kind != "real" or self.second is not None:
            return False
        eta = self.first.x @ c[: self.means_of] + (0.0 if self.offset is None else self.offset)
        given = np.log(self.y) if self.loss.target is POSITIVE_TARGET else self.y  # of a log-normal distribution
        return bool(np.abs(given - self.link.mean(eta)).max() <= 1e-12 * max(np.ptp(given), np.abs(given).max()))

    def _at_the_edge(self, problem: Problem, c: Array) -> bool:
        """Whether rows without any, or with all, have run to a share of 0 or 1 or to no amount at all."""
        if self.kind != "real" and not self.y.any():  # nothing at all is most likely without any
            return True
        if self.link_name != ALLOWED[self.kind][0] and (means := self._means()) is not None and not means.always:
            return means.at_the_end(c[: self.means_of])
        z = problem.outputs(c)[:, 0]
        full = self.kind == "share" and (z > FAR) & (self.y == getattr(self.loss, "trials", 1))
        level = np.log(max(self.y.mean(), 1e-300)) if self.kind == "positive" else 0.0
        return bool(self.kind != "real" and ((z < level - FAR) & (self.y == 0) | full).any())


def _as_far(gap: float, power: float | None) -> Array:
    """Two numbers that are as unlikely as the rows are on average, under their mean of 1 (of 0 if nothing varies)."""
    if power == 0:
        return np.sqrt(2 * gap) * np.array([-1.0, 1.0])
    rest = np.exp(-2 * gap) if power == 2 else 1 / (1 + 2 * gap)  # one less the square of how far they are from 1
    off = np.sqrt(-np.expm1(-2 * gap) if power == 2 else 2 * gap * rest)
    return np.array([max(rest, TINY) / (1 + off), 1 + off])
