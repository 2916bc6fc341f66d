"""Distributions by name."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any

import numpy as np

from ..core import catalogue
from ..core.declaration import snake
from ..core.elsewhere import value_of
from ..core.errors import ParameterError, shown
from ..core.forms import Likelihood
from ..core.forms.likelihoods import AMOUNT_TARGET, Positive, named
from ..core.lookup import get
from ..core.loss import Tensor
from ..core.params import number
from ..families.count_likelihoods import BinomialNLL, PoissonNLL
from ..families.mixtures import KINDS
from ..families.real_likelihoods import NormalNLL
from ..numerics.stable import times_exp
from .mixture import FittedMixture
from .reading import numbers


class Quasi(Likelihood, abstract=True):
    """What a deviance says: a mean, and a variance that grows with a power of it. It is no density."""

    variance_power: Annotated[float, number("The power of the mean in the variance.", slide=(0.0, 3.0))] = 1.5  # type: ignore[misc]
    target = AMOUNT_TARGET
    heads = named(mean="positive")
    exact = True

    def nll(self, y: Tensor, mean: Positive) -> Tensor:
        k = self.variance_power
        gain = mean.log if k == 1 else times_exp(1 / (1 - k) + 0.0 * y, (1 - k) * mean.z)
        cost = mean.log if k == 2 else times_exp(1 / (2 - k) + 0.0 * y, (2 - k) * mean.z)
        return cost - y * gain

    def start(self, data: Any) -> dict[str, float]:
        return {"mean": data.mean}


OWN = {"normal": NormalNLL, "gaussian": NormalNLL, "poisson": PoissonNLL}
SHORT = {"student_t": "student_tnll", "t": "student_tnll", "beta": "beta_distribution_nll"}
FAMILIES = ("real_likelihoods", "positive_likelihoods", "count_likelihoods", "compound_likelihoods")
MIXED = "gaussian_mixture_nll"  # its parameters have no names of their own


def known() -> list[str]:
    """The names of all distributions that can be fitted, in short."""
    short = {full: name for name, full in SHORT.items() if len(name) > 1}
    cards = [card for card in catalogue.built_in().values() if card.family in FAMILIES]
    found = [card.function for card in cards if any(param.name == "full" for param in card.params)]  # densities
    names = {short.get(name, name.removesuffix("_nll")) for name in found if name != MIXED}
    return sorted(names | {"normal", "poisson"})


def name_of(loss: Likelihood) -> str:
    """The short name of a distribution."""
    if isinstance(loss, FittedMixture):
        return f"{loss.distribution}_mixture"
    full = next((name for name, kind in OWN.items() if type(loss) is kind), type(loss).__name__)
    short = {"StudentTNLL": "student_t", "BetaDistributionNLL": "beta"}
    return short.get(full, snake(full.removesuffix("NLL")) or "distribution")


@lru_cache(maxsize=64)
def _named(text: str) -> Likelihood | None:
    """The likelihood of a name, made once."""
    if text in OWN:
        return OWN[text]()
    if text == "bernoulli":
        return BinomialNLL(trials=1)
    if text.endswith("_mixture") and text.removesuffix("_mixture") in KINDS:
        return FittedMixture(distribution=text.removesuffix("_mixture"))
    text, *settings = text.split(":")
    if not all("=" in setting for setting in settings):
        return None
    given = (setting.split("=", 1) for setting in settings)
    parameters = {key: value_of(value) for key, value in given}
    for full in (SHORT.get(text, text), f"{text}_nll", text):
        found = get(full, **parameters) if catalogue.names().get(full) is not None else None
        if isinstance(found, Likelihood) and found.heads:
            return found
    return None


def distribution(name: Any, asked: str) -> Likelihood:
    """The likelihood of a name, a class or an object."""
    if isinstance(name, type) and issubclass(name, Likelihood) and name.heads:
        return name()
    if isinstance(name, Likelihood) and hasattr(name, "components") and name.components > 1:
        return FittedMixture(distribution=getattr(name, "distribution", "normal"), components=name.components)
    if isinstance(name, Likelihood) and name.heads and not getattr(name, "censored", False):  # codes say it here
        return name
    found = _named(name.lower().replace("-", "_").replace(" ", "_")) if isinstance(name, str) else None
    if found is not None:
        return found
    raise ParameterError(
        asked,
        arrived=f"The distribution is {shown(name)}.",
        allowed=f"Expected one of {', '.join(known())}, a likelihood of one number such as ls.GammaNLL(), or a "
        "mixture of several of a kind, such as 'gamma_mixture'.",
        do="Pass one of these names.",
    )


def with_trials(loss: Likelihood, name: Any, data: Any, asked: str) -> Likelihood:
    """The same; where a name alone asks for counts of trials, one trial for rows of 0 and 1. Else their number has to
    be said, since the data do not hold it."""
    if not (isinstance(name, str) and hasattr(loss, "trials")) or name.lower() == "bernoulli" or ":" in name:
        return loss
    y = numbers(data, "data", asked)
    if isinstance(loss, BinomialNLL) and np.isin(y, (0, 1)).all():
        return BinomialNLL(trials=1)
    most = max(int(y.max()), 2)
    raise ParameterError(
        asked,
        arrived=f"The distribution is {shown(name)}, without the number of trials; the largest number is {y.max():g}.",
        allowed="Expected that number; each row counts the successes among them.",
        do=f'Pass ls.{type(loss).__name__}(trials={most}) or "{name.lower()}:trials={most}", with your number.',
    )


def family_of(name: Any, asked: str) -> Likelihood:
    """The likelihood of a regression; a deviance stands for a mean and the growth of the variance."""
    full = "tweedie_deviance" if name == "tweedie" else name
    card = catalogue.names().get(full) if isinstance(full, str) else None
    given = get(full) if card is not None and card.function.endswith("_deviance") else full
    given = given() if isinstance(given, type) and hasattr(given, "variance_power") else given
    power = getattr(given, "variance_power", None)
    if isinstance(given, Likelihood) or power is None:
        return distribution(name, asked)
    return Quasi(variance_power=float(power))
