"""The examples of docs/errors.md for what is looked into: ls.check, ls.explain, tables of targets."""

from __future__ import annotations

from tools.errors_example import Example

LINE = (
    'model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)], name="line")\nmodel.compile("sgd", "mse")\n'
)
MODULE = {"data.py": "import keras\n\n\ndef broken():\n    raise RuntimeError('no data today')\n"}
MISFIT = {
    "data.py": "import keras, numpy as np\n\n"
    "layers = [keras.layers.Reshape((7,)), keras.layers.Dense(1, name='score')]\n"
    "model = keras.Sequential(layers, name='line')\nmodel.compile('sgd', 'mse')\n"
    "wrong = np.zeros((4, 5)), np.zeros((4, 1))\n"
}
ROWS = (
    "import pyarrow, pyarrow.parquet\n"
    'pyarrow.parquet.write_table(pyarrow.table({"price": [1.0], "size": [2.0]}), "rows.parquet")\n'
)
RAGGED = (
    "from types import SimpleNamespace\n\n\nclass RaggedTensor:\n    pass\n\n\n"
    "tf = SimpleNamespace(ragged=SimpleNamespace(constant=lambda rows: RaggedTensor()))\n"
)

CHECKS = [
    Example(
        "A check of empty arrays",
        "ls.check is given arrays without a row.",
        'ls.check("mse", np.zeros((0, 1)), np.zeros((0, 1)))',
    ),
    Example(
        "A check of arrays of several shapes",
        "ls.check(loss, y_true, y_pred) is given a list of arrays, as models with several outputs have.",
        'ls.check("mse", [np.zeros((4, 1)), np.zeros((4, 2))], np.zeros((4, 1)))',
        "Check one output at a time, or the model with all of them.",
    ),
    Example(
        "A check of inputs and targets of different lengths",
        "x, y and sample_weight of ls.check(model, x, y, sample_weight) have different numbers of rows.",
        LINE + "ls.check(model, np.zeros((8, 3)), np.zeros((7, 1)))",
    ),
    Example(
        "A check of ragged targets",
        "The rows of targets or weights have different lengths.",
        'ls.check("mse", tf.ragged.constant([[1.0], [2.0, 3.0]]), np.zeros((2, 2)))',
        hidden=RAGGED,
    ),
    Example(
        "A check of batches with separate targets",
        "ls.check(model, batches, y): the batches of a stream hold their own targets.",
        LINE + "batches = iter([(np.zeros((4, 3)), np.zeros((4, 1)))])\nls.check(model, batches, np.zeros((4, 1)))",
        "Leave y out.",
    ),
    Example(
        "A check of an empty stream",
        "The generator, loader or dataset has no batch, often because it has been consumed before.",
        LINE + "ls.check(model, iter([]))",
        "Create it again.",
    ),
    Example(
        "A check of batches without targets",
        "The batches of a stream hold only inputs.",
        LINE + "ls.check(model, iter([np.zeros((4, 3))]))",
    ),
    Example(
        "A check of a Parquet file",
        "ls.check(model, path, y): there is no such file, or y does not name its columns.",
        LINE + 'ls.check(model, "nowhere.parquet", "price")',
        "Check the path, and name the target's column.",
    ),
    Example(
        "A check of a column that a Parquet file lacks",
        "y of ls.check(model, path, y) is not a column of the file.",
        LINE + 'ls.check(model, "rows.parquet", "cost")',
        "Compare the names.",
        hidden=ROWS,
    ),
    Example(
        "An explanation of a model",
        "ls.explain is given a model, as ls.check takes it.",
        LINE + "ls.explain(model, np.zeros((4, 3)), np.zeros((4, 1)))",
        "Predict first; ls.target_split(model, x, y) splits the objective of a model.",
    ),
    Example(
        "A table of one target",
        "ls.target_table is given the result of ls.target_split without a name.",
        LINE + "ls.target_table(ls.target_split(model, np.zeros((4, 3)), np.zeros((4, 1))))",
    ),
    Example(
        "A function for `lossary check` that raises",
        "The function that should return the model and its data raises an error.",
        "$ lossary check data:broken",
        files=MODULE,
    ),
    Example(
        "A model for `lossary check` that does not run on its data",
        "Keras refuses the inputs.",
        "$ lossary check data:model data:wrong",
        files=MISFIT,
    ),
    Example(
        "A check of targets for no output",
        "The keys of the targets are not the names of the model's outputs.",
        LINE + 'ls.check(model, np.zeros((4, 3)), {"price": np.zeros((4, 1))})',
    ),
    Example(
        "A check with a model that is none",
        "ls.check(..., model=...) is not a Keras model.",
        'ls.check("mse", np.zeros((4, 1)), np.zeros((4, 1)), model="line")',
    ),
    Example(
        "A check with options of training",
        "ls.check(model, x, y) is given what fit takes, such as epochs.",
        LINE + "ls.check(model, np.zeros((4, 3)), np.zeros((4, 1)), epochs=3)",
    ),
]
