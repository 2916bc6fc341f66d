"""The examples behind docs/errors.md for sums of losses, schedules, terms and what learns; see errors_table.py."""

from __future__ import annotations

from tools.errors_example import Example

TWO = (
    'x = keras.Input((2,), name="x")\n'
    'outputs = {name: keras.layers.Dense(1, name=name)(x) for name in ("a", "b")}\n'
    'model = keras.Model(x, outputs, name="two")\n'
)
ONE = 'model = keras.Sequential([keras.Input((2,), name="x"), keras.layers.Dense(1, name="line")])\n'
ROWS = "rows, y = np.zeros((4, 2)), np.zeros((4, 1))\n"
ENERGY = "def energy(h):\n    return ops.mean(h**2, axis=-1)\n\n\n"

TARGETS = [
    Example(
        "A weight of a loss that no model tracks",
        "A loss of one's own holds a keras.Variable, or a layer, that is to be trained, and does not declare it.",
        "class Scaled(ls.Loss):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.scale = keras.Variable(1.0)\n\n"
        "    def call(self, y_true, y_pred):\n"
        "        return ops.mean(ops.abs(y_true - y_pred), axis=-1) * self.scale\n\n\n"
        + ONE
        + 'model.compile("sgd", Scaled())',
    ),
    Example(
        "A weight that is not a number",
        "A loss is multiplied by text, infinity or nan; or LossLayer(weight=...) is.",
        'ls.LossLayer("mse", weight="heavy")',
    ),
    Example(
        "A schedule in compiled code that does not know the step",
        "A function or a training loop of your own wraps a loss whose parameter follows a schedule.",
        ONE + "loss = ls.Huber(delta=ls.LinearSchedule(2.0, 0.5, steps=100))\n"
        'model.compile("sgd", lambda y, p: 0.5 * loss(y, p))\n' + ROWS + "model.fit(rows, y, verbose=0)",
        "Give compile the loss itself (here 0.5 * loss), or open a block of `ls.at_step(step)` in your own loop.",
    ),
    Example(
        "A weight's schedule in compiled code that does not know the step",
        "The same for the weight of a part of a sum.",
        ONE + "loss = ls.Huber() + ls.LinearSchedule(0.0, 1.0, steps=100) * ls.MeanAbsoluteError()\n"
        'model.compile("sgd", lambda y, p: loss(y, p))\n' + ROWS + "model.fit(rows, y, verbose=0)",
        "Give compile the loss itself, or open a block of `ls.at_step(step)` in your own loop.",
    ),
    Example(
        "A schedule of something that is not a number",
        "A schedule or a Dial is given text, infinity or nan.",
        'ls.LinearSchedule("low", 1.0, steps=10)',
    ),
    Example(
        "A schedule over no steps",
        "`steps` is 0, negative, or not a whole number.",
        "ls.CosineSchedule(0.0, 1.0, steps=0)",
    ),
    Example(
        "A schedule that is not a function",
        "ls.Schedule is given a number.",
        "ls.Schedule(0.5)",
    ),
    Example(
        "Values and boundaries that do not match",
        "StepSchedule needs one value more than boundaries.",
        "ls.StepSchedule([1.0, 0.1], boundaries=[100, 200])",
    ),
    Example(
        "A part with one value per row",
        "A loss in a sum has reduction='none', or is None.",
        'ls.Huber() + ls.MeanAbsoluteError(reduction="none")',
    ),
    Example(
        "A number instead of a list",
        "StepSchedule is given a single number where it takes a list.",
        "ls.StepSchedule(1.0, boundaries=[100])",
        "Write both as lists.",
    ),
    Example(
        "A saved schedule of an unknown class",
        "A configuration names a class that Keras does not know.",
        'ls.Huber(delta={"class_name": "Wave", "config": {}, "module": None, "registered_name": "mine>Wave"})',
    ),
    Example("A sum that is not a list", "ls.Sum is given one loss.", 'ls.Sum("mse")', "Put it into a list."),
    Example(
        "MultiLoss without names",
        "MultiLoss is given a list, or keys that are not text.",
        'ls.MultiLoss(["mse", "mae"])',
    ),
    Example("An empty sum", "ls.Sum is given an empty list.", "ls.Sum([])"),
    Example(
        "Weights of outputs that have no loss",
        "MultiLoss(weights=...) names an output without a loss.",
        'ls.MultiLoss({"a": "mse"}, weights={"b": 2.0})',
    ),
    Example(
        "A loss per output, called on one tensor",
        "MultiLoss is called like a loss for one output.",
        'ls.MultiLoss({"a": "mse"})(np.zeros((2, 1)), np.zeros((2, 1)))',
    ),
    Example(
        "Losses for unknown outputs",
        "MultiLoss has to name every output of the model, and no other.",
        TWO + 'model.compile("sgd", ls.MultiLoss({"a": "mse", "bb": "mae"}))',
        "Correct the name; None leaves an output out.",
    ),
    Example(
        "A sum for one output in a model with several",
        "A sum does not say which output it belongs to.",
        TWO + 'model.compile("sgd", ls.Huber() + ls.MeanAbsoluteError())\n'
        "model.evaluate(np.zeros((4, 2)), [np.zeros((4, 1))] * 2, verbose=0)",
    ),
    Example(
        "A target that no output has",
        "y is a dictionary with a key that is neither an output nor read by ls.Column.",
        TWO + 'model.compile("sgd", ls.MultiLoss({"a": "mse", "b": "mae"}))\n' + ROWS + 'model.evaluate(rows, {"a": y, '
        '"b": y, "c": y}, verbose=0)',
    ),
    Example(
        "An output whose target is missing",
        "y has no entry for an output that has a loss.",
        TWO
        + 'model.compile("sgd", ls.MultiLoss({"a": "mse", "b": "mae"}))\n'
        + ROWS
        + 'model.evaluate(rows, {"a": y}, '
        "verbose=0)",
        "Pass the target, or give the output the loss None.",
    ),
    Example(
        "A sum inside a list of losses",
        "compile is given a list of losses, or loss_weights, together with a sum.",
        TWO + 'model.compile("sgd", [ls.Huber() + ls.MeanAbsoluteError(), "mse"])',
        "Use ls.MultiLoss with the names of the outputs, and put the weights into it.",
    ),
    Example(
        "A term with an argument without a source",
        "ls.Term calls a function whose argument has no source.",
        ENERGY + "ls.Term(energy)",
        'Give its source: ls.Term(energy, h=ls.Hidden("name of the layer")).',
    ),
    Example(
        "A term called like another loss",
        "A term reads inputs or hidden layers, which y_true and y_pred do not hold.",
        ENERGY + "ls.Term(energy, h=ls.Input())(np.zeros((2, 1)), np.zeros((2, 1)))",
    ),
    Example(
        "A hidden layer that the model does not have",
        "ls.Hidden or GradNorm(shared=...) names a layer that does not exist.",
        ENERGY + ONE + 'model.compile("sgd", ls.Huber() + ls.Term(energy, h=ls.Hidden("lime")))',
        "Correct the name.",
    ),
    Example(
        "A hidden layer that was not called",
        "The layer exists, but the model does not call it when it predicts.",
        ENERGY + "class Model(keras.Model):\n    def __init__(self):\n        super().__init__()\n"
        '        self.line = keras.layers.Dense(1)\n        self.idle = keras.layers.Dense(1, name="idle")\n\n'
        "    def call(self, x):\n        return self.line(x)\n\n\n" + "model = Model()\n"
        'model.compile("sgd", ls.Term(energy, h=ls.Hidden("idle")), run_eagerly=True)\n'
        + ROWS
        + "model.evaluate(rows, y, verbose=0)",
    ),
    Example(
        "An unknown column, input or output",
        "ls.Column, ls.Input or ls.Output names something that was not passed.",
        ENERGY
        + ONE
        + 'model.compile("sgd", ls.Huber() + ls.Term(energy, h=ls.Column("income")))\n'
        + ROWS
        + 'model.evaluate(rows, {"line": y}, verbose=0)',
        "Pass y as a dictionary with that entry.",
    ),
    Example(
        "A term layer without a function",
        "TermLayer is given a number or a name.",
        "ls.TermLayer(0.5)",
    ),
    Example(
        "A term layer on a single tensor",
        "TermLayer is called like another layer.",
        ENERGY + "ls.TermLayer(energy)(keras.Input((2,)))",
        'Call it on a dictionary: ls.TermLayer(energy)({"h": h}).',
    ),
    Example(
        "One loss to balance",
        "UncertaintyWeighted and GradNorm balance several losses.",
        "ls.UncertaintyWeighted(ls.Huber())",
    ),
    Example(
        "A shared layer that the outputs do not depend on",
        "GradNorm(shared=...) needs a layer of a functional model that all outputs depend on.",
        TWO + 'model.compile("sgd", ls.GradNorm(ls.MultiLoss({"a": "mse", "b": "mae"}), shared="a"))',
    ),
    Example(
        "A learned shape per column, for other columns",
        "AdaptiveRobust(size=...) is not the width of the predictions.",
        "ls.AdaptiveRobust(size=3)(np.zeros((4, 2)), np.zeros((4, 2)))",
    ),
    Example(
        "A saved sum with a part that is not a loss",
        "The configuration of a saved model was changed, or lossary did not write it.",
        'ls.Sum.from_config({"name": "sum", "parts": [{"loss": None, "weights": [], "name": "a", "output": None}]})',
        "keras.models.load_model(path, compile=False), then compile.",
    ),
    Example(
        "Class weights from something that is not labels",
        "ls.weights_from counts class indices from 0.",
        "ls.weights_from([0, 1, 1, 255])",
        "Pass the label that means 'not labelled': ignore_class=255. Encode text classes as integers first.",
    ),
    Example(
        "An unknown rule for class weights",
        "ls.weights_from knows two rules.",
        'ls.weights_from([0, 1, 1], "fair")',
    ),
]
