"""Seeds of random numbers."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from .errors import ParameterError, shown


def check_seed(seed: Any, asked: str, without: str = "") -> None:
    """Refuse what is no seed; `without` says what None gives, where it is allowed."""
    if (seed is None and without) or (isinstance(seed, Integral) and not isinstance(seed, bool) and int(seed) >= 0):
        return
    raise ParameterError(
        asked,
        arrived=f"seed is {shown(seed)}.",
        allowed="Expected a whole number >= 0" + (f", or None for {without}." if without else "."),
        do="Pass for instance seed=0.",
    )
