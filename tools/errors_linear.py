"""Examples of the errors of linear fits."""

from __future__ import annotations

from tools.errors_example import Example

LINE = "x, y = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([1.0, 3.0, 2.0, 5.0])\n"
ROWS = (
    "import pyarrow as pa\nfrom pyarrow import parquet\n\n"
    'columns = {"x": [-1.0, 2.0, 3.0], "y": [1.0, 3.0, 2.0], "w": [1.0, 1.0, 2.0], "none": [0.0] * 3}\n'
    'parquet.write_table(pa.table(columns), "rows.parquet")\n'
)
OWN = "import keras\n\n\n"
NARROW = (
    "from keras import ops\n\n\n"
    "def narrow(y_true, y_pred):\n"
    '    return ops.mean(ops.square(ops.cast(y_pred - y_true, "float32")), axis=-1)\n\n\n'
)

LINEAR = [
    Example("A linear fit of text", "ls.fit_linear is given an x, y, weight or offset that is not numeric.",
            LINE + 'ls.fit_linear([["a"], ["b"], ["c"], ["d"]], y)', "Turn text into numbers first."),
    Example("A loss whose gradient is not that of its value", "The loss holds parts of its formula fixed, by design.",
            LINE + 'ls.fit_linear(x, y, loss="beta_nll")', "Train it with ls.train; or fit gaussian_nll."),
    Example("Columns of files for rows in memory", "inputs, engine or workers is given, but x is not a path.",
            LINE + 'ls.fit_linear(x, y, engine="ray")'),
    Example("An unknown engine", "engine= is not one of the three.",
            ROWS + 'ls.fit_linear("rows.parquet", "y", engine="spark")'),
    Example("An engine that is not installed", 'engine="ray" or engine="dask" without the package.',
            ROWS + 'ls.fit_linear("rows.parquet", "y", engine="ray")',
            hidden="import importlib.util\n\npatch('importlib.util.find_spec', lambda name, *more: None)\n"),
    Example("A weight that is not the name of a column", "Rows are in files, and sample_weight or offset is an array.",
            ROWS + 'ls.fit_linear("rows.parquet", "y", sample_weight=[1.0, 2.0])'),
    Example("Weights below 0, in files", "A weight in a file is negative or not finite, or all are 0.",
            ROWS + 'ls.fit_linear("rows.parquet", "y", sample_weight="x", inputs=["w"])'),
    Example("Weights that are all 0, in files", "No row of the files counts.",
            ROWS + 'ls.fit_linear("rows.parquet", "y", inputs=["x"], sample_weight="none")', "Weigh some rows."),
    Example("A root with a penalty, in files", "The root of a mean is not a mean over rows.",
            ROWS + 'ls.fit_linear("rows.parquet", "y", loss="rmse", l2=0.1)'),
    Example("Planes in several outputs, in files", "A loss with corners, of several outputs, over files.",
            ROWS + 'ls.fit_linear("rows.parquet", ["y", "w"], loss="mae")'),
    Example("A part whose worker is always lost", "Workers of Ray or Dask end again and again on the same part.",
            "from lossary.linear import engines\n\n\n"
            "class Gone:\n    def begin(self, place, recipe, question):\n        pass\n\n"
            "    def ended(self):\n        return 0, engines.Lost()\n\n\nengines.ask(Gone(), 1, None, None)"),
    Example("A stream of a loss that compares rows with one another", "The loss has no value without all rows.",
            "ls.evaluate_stream(ls.Circle(), [])"),
    Example("A stream without chunks", "The stream of ls.evaluate_stream is empty, or was read before.",
            'ls.evaluate_stream("mse", [])'),
    Example("A chunk that is not a pair", "A chunk of a stream is not (y_true, y_pred) or (y_true, y_pred, weight).",
            'ls.evaluate_stream("mse", [np.zeros(3)])'),
    Example("A linear fit without rows or columns", "x is empty, or has more than two axes.",
            "ls.fit_linear(np.empty((0, 2)), [])"),
    Example("A linear fit of NaN", "x, y or the offset holds NaN or infinity in a row that counts.",
            LINE + "y[2] = np.nan\nls.fit_linear(x, y)", "Leave such rows out, or give them sample_weight 0."),
    Example("x and y of different lengths", "x and y have different numbers of rows.",
            LINE + "ls.fit_linear(x, y[:3])"),
    Example("One-hot targets for a sparse loss, in a linear fit", "A sparse loss is given one column per class.",
            'ls.fit_linear(np.eye(3), np.eye(3), loss="scce")'),
    Example("Several targets for a loss of several parameters", "A likelihood, and a y of columns.",
            LINE + 'ls.fit_linear(x, np.stack([y, y], axis=1), loss="gaussian_nll")'),
    Example("Targets with more than two axes, in a linear fit", "y has three axes or more.",
            LINE + "ls.fit_linear(x, y[:, None, None])"),
    Example("A wrong number of outputs", "outputs= differs from the columns of y.",
            LINE + "ls.fit_linear(x, y, outputs=3)"),
    Example("Weights or an offset of another length", "sample_weight or offset does not have one entry per row.",
            LINE + "ls.fit_linear(x, y, sample_weight=[1.0, 2.0])"),
    Example("Weights below 0, in a linear fit", "A weight is negative or not finite, or all are 0.",
            LINE + "ls.fit_linear(x, y, sample_weight=[1.0, -2.0, 1.0, 1.0])"),
    Example("A penalty below 0", "l1 or l2 is negative, not finite, or not a number.",
            LINE + "ls.fit_linear(x, y, l2=-1.0)"),
    Example("A linear fit without a loss", "loss is None.", LINE + "ls.fit_linear(x, y, loss=None)"),
    Example("A loss of probabilities, in a linear fit", "The loss reads probabilities or rates.",
            LINE + "ls.fit_linear(x, y > 2, loss=ls.BinaryCrossentropy())"),
    Example("A loss of the whole batch, in a linear fit", "The loss has no value for each row.",
            'ls.fit_linear(np.eye(3), np.eye(3), loss=ls.Dice(from_logits=True, whole_batch=True))'),
    Example("A loss of several inputs, in a linear fit", "The loss reads more than one y_true and one y_pred.",
            "ls.fit_linear(np.eye(3), [0, 1, 0], loss=ls.CoxPH())"),
    Example("A loss that returns one number, in a linear fit", "A loss's call gives one number for the batch.",
            OWN + "class Whole(keras.losses.Loss):\n    def call(self, y_true, y_pred):\n"
            "        return keras.ops.mean(keras.ops.square(y_pred - y_true))\n\n\n" + LINE
            + "ls.fit_linear(x, y, loss=Whole())", "Take the mean over axis=-1 only."),
    Example("Rows that depend on one another, in a linear fit", "A row's value changes with the other rows.",
            OWN + "class Centred(keras.losses.Loss):\n    def call(self, y_true, y_pred):\n"
            "        e = y_pred - y_true\n"
            "        return keras.ops.mean(keras.ops.square(e - keras.ops.mean(e)), axis=-1)\n\n\n" + LINE
            + "ls.fit_linear(x, y, loss=Centred())"),
    Example("A loss of several outputs, in a linear fit", "A MultiLoss names outputs; a linear model has none.",
            LINE + 'ls.fit_linear(x, y, loss=ls.MultiLoss({"price": "mse"}))'),
    Example("A loss in float32, in a linear fit", "A part of the loss computes in float32.",
            NARROW + LINE + "ls.fit_linear(x, y, loss=narrow)"),
    Example("A root with a penalty", "The root of a mean is not a mean over rows.",
            LINE + 'ls.fit_linear(x, y, loss="rmse", l2=0.1)'),
    Example("A linear fit without SciPy", "A loss with corners, or l1, needs linear programmes.",
            LINE + 'ls.fit_linear(x, y, loss="mae")',
            hidden="def missing(name, *more):\n    raise ImportError(name)\n\n"
            'patch("lossary.linear.programs.import_module", missing)'),
    Example("Prediction from other columns", "predict is given more or fewer columns than were fitted.",
            LINE + "ls.fit_linear(x, y).predict([[1.0, 2.0]])"),
    Example("A file that is not a fit", "LinearFit.load is given another file.",
            'ls.LinearFit.load("other.json")', files={"other.json": "{}"}),
    Example("A function in float32, for SciPy", "ls.value_and_gradient is given a function that gives float32.",
            "from keras import ops\n\n\ndef target(b):\n"
            "    return ls.Huber()(np.ones((2, 1)), ops.reshape(b, (2, 1)))\n\n\n"
            "ls.value_and_gradient(target)(np.zeros(2))"),
    Example("A function partly in float32, for SciPy", "A part of the function computes in float32.",
            "from keras import ops\n\n\ndef target(b):\n"
            '    return ops.sum(ops.cast(ops.cast(ops.square(b - 0.3), "float32"), "float64"))\n\n\n'
            "ls.value_and_gradient(target)(np.zeros(2))"),
    Example("A function with several values, for SciPy", "An optimiser minimises a single number.",
            "ls.value_and_gradient(lambda b: b * b)(np.zeros(2))"),
]  # fmt: skip
