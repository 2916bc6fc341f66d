"""Examples of the errors of `ls.suggest` and `lossary suggest`."""

from __future__ import annotations

from tools.errors_example import Example

CHOOSING = [
    Example("A task that ls.suggest does not know", "task is not one of the known kinds of targets.",
            'ls.suggest([1.0, 2.5, 4.0], task="sales")'),
    Example("A cost that ls.suggest does not know", "cost is not a known word, a quantile or a pair of costs.",
            'ls.suggest([1.0, 2.5, 4.0], cost="cheap")'),
    Example("A cost that such a target cannot have", "A quantile is requested for classes.",
            'ls.suggest(["cat", "dog", "cow"], cost=0.9)'),
    Example("A target that is not what it is said to be", "task asks for another kind of numbers than y holds.",
            'ls.suggest([1.5, 2.5, 4.0], task="count")'),
    Example("A target that holds infinity", "y is empty, all missing, or holds infinite numbers.",
            "ls.suggest([1.0, np.inf])", "Leave such rows out."),
    Example("A target that is always the same", "y holds one value alone, so that there is nothing to learn.",
            "ls.suggest([3.0, 3.0, 3.0])"),
    Example("Text in several columns, as a target", "y holds labels in more than one column.",
            'ls.suggest(np.array([["a", "b"], ["b", "b"]]))'),
    Example("A target of enormous numbers", "The squares of such numbers are beyond float32.",
            "ls.suggest([1e300, 2e300, 5e299])"),
    Example("A target without rows", "y is empty.", "ls.suggest([])"),
    Example("A target that is missing everywhere", "Every row of y is NaN or None.", "ls.suggest([np.nan, np.nan])",
            "Choose another column."),
]  # fmt: skip
SUGGEST = [
    Example("A target column that is not in the table", "lossary suggest names no column of the table.",
            "$ lossary suggest homes.csv --target prise", "Use one of the names that the error lists.",
            files={"homes.csv": "price,rooms\n300,3\n250,2\n"}),
    Example("Several target columns, one of text", "Two columns are named as a target, and one holds text.",
            "$ lossary suggest homes.csv --target price,town",
            files={"homes.csv": "price,town\n300,Gent\n250,Brugge\n"}),
]  # fmt: skip
