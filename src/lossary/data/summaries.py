"""What the columns of a problem hold, in a few numbers each."""

from __future__ import annotations

from collections import Counter

import numpy as np

from lossary.data.columns import Column
from lossary.data.problem import Ints, Problem
from lossary.data.results import Summary

MOST = 6  # values of a text column that are named


def summarise(problem: Problem) -> list[Summary]:
    """The target first, then the inputs; numbers are of the rows that are used, holes of the whole table."""
    names = [problem.target, *problem.inputs]
    columns = [column for name in names if (column := problem.table.column(name)) is not None]
    keep = problem.rows
    return [_summary(column, keep, bool(problem.classes) and column.name == problem.target) for column in columns]


def _summary(column: Column, keep: Ints, as_classes: bool) -> Summary:
    missing = int(column.missing.sum())
    if column.numbers is not None and not as_classes:
        quantiles = [float(q) for q in np.quantile(column.numbers[keep], [0, 0.25, 0.5, 0.75, 1])]
        return Summary(column.name, missing, quantiles, "")
    counts = Counter(column.show(int(row)) for row in keep).most_common()
    words = ", ".join(f"{value} ({count})" for value, count in counts[:MOST])
    return Summary(column.name, missing, [], words + (f" and {len(counts) - MOST} more" if len(counts) > MOST else ""))
