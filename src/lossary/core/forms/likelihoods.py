"""The form of likelihoods: the outputs of a model become the parameters of a distribution of the target."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from ...numerics import ops
from ...numerics.backend import expm1
from ...numerics.special import excess, log_softplus, quotient
from ...numerics.stable import BELOW_ONE, SMALLEST, read_at_least, read_at_most, sigmoid, softplus, times_exp, wide
from .. import axes
from ..contract import REAL, Contract, Values
from ..loss import Loss, Tensor
from ..params import choice, flag
from .errors import Parameters

POSITIVE_TARGET = Values(
    "a number > 0", 0.0, neutral=1.0, draw=lambda rng, shape, top: rng.gamma(2.0, size=shape) + 0.1
)
AMOUNT_TARGET = Values("an amount >= 0", 0.0, neutral=1.0, draw=POSITIVE_TARGET.draw)
ANGLE_TARGET = Values("an angle in radians", draw=lambda rng, shape, top: rng.uniform(-3.1, 3.1, shape))
SHARE_TARGET = Values(
    "a number between 0 and 1", 0.0, 1.0, neutral=0.5, draw=lambda rng, shape, top: rng.uniform(0.05, 0.95, shape)
)


def named(**kinds: str) -> dict[str, str]:
    """The outputs of a likelihood by name: "real", "positive" (through `link`) or "share" (through a sigmoid)."""
    return kinds


class Positive:
    """A parameter above 0 with its logarithm, each without a loss of digits, from any real number."""

    def __init__(self, z: Tensor, link: str) -> None:
        self.z, self.link = z, link
        self.log = z if link == "exp" else log_softplus(z)

    @property
    def value(self) -> Tensor:
        """The parameter itself."""
        return ops.exp(self.z) if self.link == "exp" else softplus(self.z)

    @property
    def slope(self) -> Tensor:
        """Its derivative by the output."""
        return ops.exp(self.z) if self.link == "exp" else sigmoid(self.z)

    def under(self, x: Tensor) -> Tensor:
        """x divided by it."""
        if self.link == "exp":
            return times_exp(x, -self.z)
        return quotient(x, read_at_least(self.value, SMALLEST["float32"]))

    def beyond(self, x: Tensor, line: Tensor) -> Tensor:
        """x divided by it, less 1, also where the two are nearly equal; line is the logarithm of x."""
        if self.link == "softplus":
            return excess(x, read_at_least(self.value, SMALLEST["float32"]))
        off = line - self.z
        near = ops.abs(off) < 1
        return ops.where(near, expm1(ops.where(near, off, 0.0)), self.under(x) - 1)

    def times(self, x: Tensor) -> Tensor:
        """x times it."""
        return times_exp(x, self.z) if self.link == "exp" else x * self.value


class Share:
    """A probability from a logit, with the negative logarithms of it and of what it leaves."""

    def __init__(self, z: Tensor) -> None:
        self.z, self.yes, self.no = z, softplus(-z), softplus(z)

    @property
    def value(self) -> Tensor:
        """The probability itself."""
        return sigmoid(self.z)


Link = Annotated[str, choice("How an output becomes a parameter above 0.", "exp", "softplus")]
Full = Annotated[bool, flag("Whether to include the terms that no parameter changes.", unusual=False)]


class Outputs(Parameters, abstract=True, tasks=("regression",)):
    """A loss of a predicted distribution, whose parameters are predicted as real numbers, one for each of `heads`.

    `heads` says of each parameter whether it is "real", "positive" (through `link`), or a "share" (through a sigmoid).
    """

    heads: ClassVar[dict[str, str]] = {}  # type: ignore[assignment]
    unfit = "it needs the parameters of a distribution for each target"

    link: Link = "exp"

    @property
    def outputs(self) -> int:  # type: ignore[override]
        return len(self.heads)

    @property
    def contract(self) -> Contract:
        return Contract(self.target, self.prediction, shape="parameters", parameters=self.outputs)

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.first_of_heads(list(self.heads), self.typical())]

    def mapped_over(self) -> axes.Plane | None:
        return axes.two_heads(list(self.heads), self.typical()) if self.outputs == 2 else None

    def typical(self) -> float:
        """A target in the middle of what there may be."""
        return 0.0 if self.target.low == -axes.np.inf else self.target.neutral or 1.0

    def read(self, y: Tensor) -> Tensor:
        """Targets at an open end of what there may be are read as the nearest number inside."""
        if self.target is POSITIVE_TARGET:
            return read_at_least(y, SMALLEST[wide(self.dtype)])
        if self.target is SHARE_TARGET:
            return read_at_most(read_at_least(y, SMALLEST[wide(self.dtype)]), BELOW_ONE[wide(self.dtype)])
        return y

    def parameters(self, parts: Tensor) -> list[Any]:
        """The parameters that the outputs stand for."""
        made: list[Any] = []
        for place, kind in enumerate(self.heads.values()):
            z = parts[..., place]
            made.append(Positive(z, self.link) if kind == "positive" else Share(z) if kind == "share" else z)
        return made


class Score(Outputs, abstract=True):
    """The continuous ranked probability score of a predicted distribution, in closed form."""

    heads: ClassVar[dict[str, str]] = {}

    def crps(self, y: Tensor, *parameters: Any) -> Tensor:
        """The score of each target."""
        raise NotImplementedError

    def of(self, y: Tensor, parts: Tensor) -> Tensor:
        return self.crps(self.read(y), *self.parameters(parts))


class Likelihood(Outputs, abstract=True, traits=("likelihood",)):
    """Minus the log-density of the target, whose parameters are predicted as real numbers."""

    heads: ClassVar[dict[str, str]] = {}
    scipy: ClassVar[str | None] = None  # its name in scipy.stats
    exact: ClassVar[bool] = False  # whether a start is the estimate itself
    sums: ClassVar[tuple[str, ...]] = ()  # functions of the target whose sums over a sample are all that it says
    variance_power: ClassVar[float | str | None] = (
        None  # of the mean, in a generalised linear model; "share": m (1 - m)
    )
    corner: ClassVar[bool] = False  # whether the density has a corner, where Newton finds nothing: a start is the end
    atom: ClassVar[float | None] = None  # a number that has a probability of its own, in a density

    full: Full = True

    def of(self, y: Tensor, parts: Tensor) -> Tensor:
        y = self.read(y)
        value = self.nll(y, *self.parameters(parts))
        return value + self.rest(y) if self.full else value

    def nll(self, y: Tensor, *parameters: Any) -> Tensor:
        """Minus the log-density, without the terms that no parameter changes."""
        raise NotImplementedError

    def rest(self, y: Tensor) -> Any:
        """The terms that no parameter changes."""
        return 0.0

    def in_scipy(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """The parameters as the distribution `scipy` of scipy.stats takes them: here by the same names."""
        return dict(zip(self.heads, args, strict=False)) | kwargs

    def start(self, data: Any) -> dict[str, float]:
        """Parameters that a fit can start from, from what `data` says of a sample."""
        raise NotImplementedError


class VectorLikelihood(Loss, abstract=True, tasks=("regression",), traits=("likelihood",)):
    """Minus the log-density of a vector, for each entry of which there is one output."""

    target: ClassVar[Values]
    unfit = "it compares vectors, and one column is none"

    full: Full = True

    @property
    def contract(self) -> Contract:
        return Contract(self.target, REAL)

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.beside_even(self.target.neutral)]

    def mapped_over(self) -> axes.Plane | None:
        return axes.two_outputs(self.target.neutral)

    def nll(self, y: Tensor, z: Tensor) -> Tensor:
        """Minus the log-density of each row, without the terms that no output changes."""
        raise NotImplementedError

    def rest(self, y: Tensor) -> Tensor:
        """The terms that no output changes."""
        raise NotImplementedError

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        value = self.nll(y_true, y_pred)
        return value + self.rest(y_true) if self.full else value
