"""Examples of the errors of comparisons from Python, of fits that are kept, and of their predictions."""

from __future__ import annotations

import json

from tools.errors_example import Example

PLAIN = {"plain": False, "fill": None, "values": [], "indicator": False, "affixes": ["", ""], "decimal": "",
         "zero": 0.0, "pattern": "", "low": 0.0, "high": 9.0}  # fmt: skip
FIT = {
    "kind": "lossary fit of a table", "format": 1, "label": "mse", "function": "mean_squared_error", "params": {},
    "task": "regression", "target": "price", "missing": "drop", "center": 0.0, "spread": 1.0, "shift": 0.0,
    "positive": False, "logits": False, "model": "linear", "classes": [],
    "inputs": [
        PLAIN | {"name": "size", "kind": "numbers", "plain": True, "affixes": ["", "m"]},
        PLAIN | {"name": "colour", "kind": "text", "values": ["blue", "red"]},
    ],
    "reading": {"missing": [], "decimal": None}, "mean": [0.0, 0.0], "std": [1.0, 1.0], "facts": {},
    "layers": [[[[2.0], [1.0]], [0.5]]],
}  # fmt: skip
SAVED = f"with open('fit.json', 'w') as file:\n    file.write({json.dumps(FIT)!r})\n"
LOADED = 'fit = ls.load_fit("fit.json")\n'
ROWS = '{"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 3.0, 2.0, 5.0]}'

PREDICTIONS = [
    Example("A comparison with a setting that does not exist", "missing, task or optimizer has an unknown value.",
            f'ls.compare({ROWS}, "y", missing="mean")', "Pass one of those that are listed."),
    Example("Data that is not a table", "A comparison or a fit is given something without columns and their names.",
            "ls.compare(np.zeros((4, 2)), 0)"),
    Example("Columns of unequal length", "A dictionary of columns, and one is longer.",
            'ls.compare({"x": [1.0, 2.0], "y": [1.0]}, "y")'),
    Example("A table in memory without pyarrow", "Frames and dictionaries are read by pyarrow.",
            f'ls.compare({ROWS}, "y")',
            hidden='patch("lossary.data.frames.util.find_spec", lambda name: None)'),
    Example("An array of another width than the fit", "predict is given an array without names of columns.",
            LOADED + "fit.predict(np.zeros((4, 3)))", "Pass one column for each of the fit's, in its order."),
    Example("A fit that a comparison does not have", "fit() or save() names a loss that was not compared.",
            f'ls.compare({ROWS}, "y", loss="mse").fit("huber")', "Use the label under which the loss was compared."),
    Example("A file without a fit", "load_fit or `lossary predict` is given another file, a damaged or a newer one.",
            'ls.load_fit("fit.json")', files={"fit.json": '{"kind": "something else"}'}),
    Example("A linear fit of arrays for a table", "`lossary predict` is given what ls.fit_linear saved.",
            "$ lossary predict fit.json new.csv",
            files={"new.csv": "size\n1\n2\n"},
            hidden="ls.fit_linear([[1.0], [2.0], [3.0]], [1.0, 2.0, 4.0]).save('fit.json')"),
    Example("Predictions that would overwrite the fit", "-o names the file of the fit.",
            "$ lossary predict fit.json new.csv -o fit.json",
            files={"new.csv": "size,colour\n1,red\n2,blue\n"}, hidden=SAVED),
    Example("A table without a column of the fit", "A column is missing, or its name is spelled differently.",
            "$ lossary predict fit.json new.csv", "Rename it, or add it.",
            files={"new.csv": "Size,colour\n1,red\n2,blue\n"}, hidden=SAVED),
    Example("A value that the fit has not seen", "A text cell holds a value that no row of the fit had.",
            "$ lossary predict fit.json new.csv",
            files={"new.csv": "size,colour\n1,red\n2,green\n"}, hidden=SAVED),
    Example("A column of another type than in the fit", "Most often numbers with other cells among them.",
            "$ lossary predict fit.json new.csv", "Correct the cell, or say what it means: --read missing=unknown.",
            files={"new.csv": "size,colour\n1,red\nunknown,blue\n"}, hidden=SAVED),
    Example("A column of another type, in a typed table", "A table with typed columns holds another type.",
            LOADED + 'fit.predict("penguins.csv")',
            hidden=SAVED + "import lossary.data.frames as frames\nfrom lossary.data.columns import Column\n"
            "from lossary.data.tables import Table\n"
            "columns = Column('size', text=('a', 'b')), Column('colour', text=('red', 'blue'))\n"
            "patch('lossary.training.tablefit.table_of', lambda *a: Table('penguins.csv', columns))\n"),
    Example("A column in another unit than in the fit", "The cells have another unit than in the fit.",
            "$ lossary predict fit.json new.csv",
            files={"new.csv": "size,colour\n1 km,red\n2 km,blue\n"}, hidden=SAVED),
    Example("An unknown value of unseen=", "unseen= is neither 'refuse' nor 'missing'.",
            LOADED + 'fit.predict({"size": [1.0], "colour": ["red"]}, unseen="ignore")'),
    Example("Probabilities that a fit does not have", "A regression, or a loss such as hinge, has none.",
            LOADED + 'fit.probabilities({"size": [1.0], "colour": ["red"]})', hidden=SAVED),
]  # fmt: skip
PREDICTIONS = [
    Example(e.title, e.when, e.code, e.fix, e.files, e.hidden or (SAVED if e.code.startswith(LOADED) else ""))
    for e in PREDICTIONS
]
