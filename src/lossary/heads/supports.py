"""Which numbers a distribution can give."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ..core.contract import COUNT
from ..core.forms import Likelihood, Outputs
from ..core.forms.likelihoods import POSITIVE_TARGET, SHARE_TARGET
from ..families.mixtures import MixtureNLL
from ..families.positive_likelihoods import GeneralizedParetoNLL
from ..families.real_likelihoods import GeneralizedExtremeValueNLL

Array = np.ndarray
ENDS: dict[type[Likelihood], Callable[[Array, Mapping[str, Array]], Array]] = {
    GeneralizedExtremeValueNLL: lambda y, p: p["shape"] * (y - p["loc"]) > -p["scale"],
    GeneralizedParetoNLL: lambda y, p: p["shape"] * y > -p["scale"],
}  # supports that end where the parameters say: which numbers lie inside


def is_count(loss: Outputs) -> bool:
    """Whether the distribution is one of whole numbers."""
    values = loss.contract.target
    return values is COUNT or values.words.startswith("a count")


def impossible(loss: Likelihood, y: Array) -> Array:
    """Which numbers the distribution cannot give, whatever its parameters."""
    values = loss.contract.target
    low = getattr(loss, "minimum", values.low)
    bad = (y < low) | (y > values.high) | (is_count(loss) & (y != np.rint(y)))
    if values in (POSITIVE_TARGET, SHARE_TARGET) and loss.atom is None:
        bad |= y <= values.low
    return np.asarray(bad | ((y >= 1) if values is SHARE_TARGET else False))


def beyond(loss: Likelihood, y: Array, parameters: Mapping[str, Array]) -> Array:
    """Which numbers it cannot give with these parameters; what is not known is not beyond."""
    with np.errstate(invalid="ignore"):
        never = impossible(loss, y)
        part = loss.part if isinstance(loss, MixtureNLL) else loss
        inside = next((rule for kind, rule in ENDS.items() if isinstance(part, kind)), None)
        if inside is not None:  # a mixture gives what one of its components gives
            never = never | ~(inside(y[..., None], parameters).any(-1) if part is not loss else inside(y, parameters))
    return np.asarray(never & ~np.isnan(y))
