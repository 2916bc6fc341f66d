"""docs/suggest.md: the rules of `ls.suggest` as a table, each with what it suggests for a target of its kind."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

import lossary as ls
from lossary.choosing.suggest import RULES

HEAD = """# How `ls.suggest` chooses

Generated from the rules by `make generate`.

```python
import lossary as ls

# detected: range, zeros, tails, counts, imbalance, several columns, missing labels
ls.suggest([3.1, 2.7, 120.0, 2.9])
# to be stated: an order, angles, times with events
ls.suggest([1, 2, 2, 3, 1, 2], task="ordinal")
# what an error costs: a quantile, two costs, "mean", "median"
ls.suggest([3.1, 2.7, 120.0, 2.9], cost=0.9)
```

`lossary suggest DATA --target COLUMN` does the same for a table. The answer contains up to three losses, the code for
each, what it estimates, why it fits, what can go wrong, what the last layer has to output, and how to evaluate it on
held-out rows. [Which loss?](which-loss.md) lists more losses, by task.

For each task, the first row of the table that applies is used.

| task | target | losses | the first estimates | source of the first |
| --- | --- | --- | --- | --- |
"""

TAIL = """
## On real tables

Ten tables that come with statsmodels and scikit-learn, split 40 times at two thirds: the first suggestion
beside the usual loss, a mean squared error or a cross-entropy. Both are fitted to the same linear model and evaluated
on the rows held out (`python benchmarks/suggest.py`; smaller is better). The party of voters is the failure: seven
ordered levels, which one common score does not describe, so that seven free classes predict a little better.

| table | asked | suggested | evaluated by | suggested | usual | splits won |
| --- | --- | --- | --- | ---: | ---: | ---: |
| visits to a doctor (randhie) | | NegativeBinomialNLL | negative log-likelihood | 2.106 | 3.177 | 100% |
| time in affairs (fair) | | TweedieDeviance | Tweedie deviance | 3.096 | 3.546 | 100% |
| pupils above the median (star98) | | BinaryCrossentropy | cross-entropy | 0.630 | 0.632 | 100% |
| party of voters (anes96) | task="ordinal" | CumulativeLink | negative log-likelihood | 1.609 | 1.600 | 30% |
| expenditure on food (engel) | | GammaDeviance | gamma deviance | 0.019 | 0.022 | 82% |
| spending by credit card (ccard) | | GammaDeviance | gamma deviance | 1.016 | 3.905 | 88% |
| course of diabetes | cost=0.9 | Quantile | pinball loss | 10.07 | 22.50 | 100% |
| breast tumours | cost=(10, 1) | WeightedBinaryCrossentropy | cost of decisions | 0.192 | 0.495 | 100% |
| survival after transplants (heart) | | CoxPH | pairs in the wrong order | 0.394 | 0.408 | 5%, 95% equal |
| loss of ammonia (stackloss) | cost="median" | MeanAbsoluteError | absolute error | 2.884 | 3.047 | 68% |
"""


def _targets() -> dict[str, tuple[Any, dict[str, Any]]]:
    """A target for each rule, and what is said of it."""
    skewed = np.exp(np.linspace(-2, 3, 40))
    return {
        "quantile": (np.linspace(-3, 3, 40), {"task": "regression", "cost": 0.9}),
        "median": (np.linspace(-3, 3, 40), {"task": "regression", "cost": "median"}),
        "distribution": (np.linspace(-3, 3, 40), {"cost": "distribution"}),
        "bounded": (np.maximum(0, np.linspace(-1, 3, 40)), {"task": "regression"}),
        "scales": (np.outer(np.linspace(-1, 1, 40), [1, 100]), {}),
        "outliers": (np.append(np.linspace(-3, 3, 40), [90, -80]), {}),
        "plain": (np.linspace(-3, 3, 40), {}),
        "with_zeros": (np.append(skewed, np.zeros(20)), {}),
        "amounts": (skewed, {}),
        "many_zeros": (np.append(np.zeros(60), np.tile([3, 4, 5, 6], 10)), {"task": "count"}),
        "dispersed": (np.tile([0, 1, 3, 9, 14, 2], 9), {"task": "count"}),
        "counted": (np.tile([0, 1, 2, 3, 1, 2], 9), {"task": "count"}),
        "proportion": (np.linspace(0.1, 0.9, 40), {}),
        "angle": (np.linspace(-3, 3, 40), {"task": "angle"}),
        "survival": (np.column_stack([np.linspace(1, 9, 40), np.arange(40) % 2]), {}),
        "costly": (np.arange(40) % 2, {"cost": (5.0, 1.0)}),
        "rare": (np.arange(40) == 0, {}),
        "yes_or_no": (np.arange(40) % 2, {}),
        "shares": (np.eye(3), {}),
        "long_tail": (np.repeat([0, 1, 2], [400, 100, 3]), {}),
        "classes": (np.repeat(["cat", "cow", "dog"], 20), {}),
        "few_labels": (np.eye(20)[:, :12].repeat(2, 0)[:, ::2] * 1.0, {"task": "multilabel"}),
        "labels": (np.array([[1, 1, 0], [0, 1, 1], [1, 0, 0]]), {}),
        "ordered": (np.repeat([1, 2, 3, 4], 10), {"task": "ordinal"}),
    }


def _short(source: str) -> str:
    """Who and when, as a link where there is an address."""
    found = re.fullmatch(r"(.*? \(\d{4}\)), .*?(?:(doi|arXiv):(\S+))?", source)
    if found is None or found[2] is None:
        return source
    return f"[{found[1]}](https://{'doi.org' if found[2] == 'doi' else 'arxiv.org/abs'}/{found[3]})"


def text() -> str:
    """The whole page."""
    targets, lines = _targets(), []
    for rule in RULES:
        y, asked = targets[rule.name]
        found = ls.suggest(y, **asked)
        assert found[0].rule == rule.name, (rule.name, found[0].rule)
        losses = ", ".join(f"[{each.loss}](losses.md#{each.loss.lower()})" for each in found)
        cells = (", ".join(rule.tasks), rule.when, losses, found[0].estimates, _short(found[0].source))
        lines.append(f"| {' | '.join(cells)} |")
    return HEAD + "\n".join(lines) + "\n" + TAIL
