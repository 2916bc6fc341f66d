"""Errors of options: what `ls.train` and other functions take besides data."""

from __future__ import annotations

from tools.errors_example import Example

STACK = (
    "import keras\n\nmodel = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\n"
    "x, y = np.zeros((4, 3)), np.zeros((4, 1))\n"
)

OPTIONS = [
    Example(
        "Training with a list that holds no loss",
        "loss=[...] or loss={...} is empty, or holds None alone.",
        STACK + "ls.train(model, x, y, loss=[])",
    ),
    Example(
        "Training with what Keras does not compile",
        "An optimizer, loss or metric given to ls.train is unknown to Keras, or does not fit the outputs.",
        STACK + 'ls.train(model, x, y, loss="mse", optimizer="adan")',
        "Check the name; the message quotes Keras's own.",
    ),
    Example(
        "Training with invalid callbacks",
        "ls.train(callbacks=...) is given objects that are not derived from keras.callbacks.Callback.",
        STACK + 'ls.train(model, x, y, loss="mse", callbacks=[print])',
        "Wrap a function: keras.callbacks.LambdaCallback(on_epoch_end=...).",
    ),
    Example(
        "Training with an invalid seed",
        "ls.train(seed=...) is text, a fraction or negative.",
        STACK + 'ls.train(model, x, y, loss="mse", seed=-1)',
    ),
    Example(
        "Training with an unknown verbose",
        "ls.train(verbose=...) is not 0, 1, 2 or 'auto'.",
        STACK + 'ls.train(model, x, y, loss="mse", verbose=3)',
        "Pass verbose=0 for silence.",
    ),
    Example(
        "class_weight that is not a dictionary",
        "ls.train(class_weight=...) is a list or an array, as losses take them, or holds something that is not a "
        "number.",
        STACK + 'ls.train(model, x, y, loss="bce", class_weight=[1.0, 2.0])',
        "Pass dict(enumerate(weights)), or use class_weight of the loss.",
    ),
    Example(
        "sample_weight for some outputs only",
        "ls.train(sample_weight=...) holds None for one of several outputs.",
        STACK + 'ls.train(model, x, y, loss="mse", sample_weight=[np.ones(4), None])',
    ),
    Example(
        "validation_data that is neither arrays nor a stream",
        "ls.train(validation_data=...) is a number, text, or an empty tuple.",
        STACK + 'ls.train(model, x, y, loss="mse", validation_data=0.2)',
        "Hold rows out yourself: validation_data=(x[-100:], y[-100:]).",
    ),
    Example(
        "A structure without an array",
        "A dictionary or list of arrays holds none.",
        STACK + 'ls.train(model, x, {}, loss="mse")',
        "Check how it was filled.",
    ),
    Example(
        "Class weights from several outputs",
        "ls.weights_from is given a dictionary or a list of arrays, or None.",
        'ls.weights_from({"kind": np.array([0, 1, 1]), "size": np.array([2, 0, 1])})',
    ),
    Example(
        "A figure without values",
        "ls.draw(name, parameter=[]) has no value to draw.",
        'ls.draw("huber", delta=[])',
    ),
    Example(
        "A teacher that is not a model",
        "ls.Teacher is given something that is not a Keras model.",
        "ls.Teacher(None)",
    ),
    Example(
        "target_split of something that is not a model",
        "ls.target_split is given no model, or no inputs.",
        'ls.target_split("model", [[1.0]], [1.0])',
    ),
    Example(
        "The target of a model without a loss",
        "ls.target_split is given targets for a model that no loss compares them in, or none where one does.",
        STACK + "ls.target_split(model, np.zeros((4, 3)), np.zeros((4, 1)))",
    ),
    Example(
        "The terms of something that is not a model",
        "ls.regularization is given something else than a model of Keras.",
        'import lossary.objective\n\nlossary.objective.regularization("model")',
        "Pass the model itself.",
    ),
    Example(
        "Inputs that a model does not take",
        "x has another number of columns than the model was built for, another number of arrays, or other names.",
        STACK + 'ls.train(model, np.zeros((4, 2)), np.zeros((4, 1)), loss="mse")',
        "Compare the shapes that the message names; the first axis counts the rows.",
    ),
    Example(
        "Targets by name for one output",
        "y is a dictionary or a list of several arrays, and the model has one output.",
        STACK + 'model.compile("sgd", "mse")\nls.train(model, x, {"y": y})',
    ),
    Example(
        "Arguments that do not fit a function",
        "A public function or class is called with too many arguments by position, with an unknown name, or without "
        "an argument that it needs.",
        STACK + 'ls.train(model, x, y, "mse")',
    ),
    Example(
        "Training without inputs or targets",
        "ls.train(model, x) is given rows without targets, and the loss of the model compares them with targets; or x "
        "is None.",
        STACK + 'ls.train(model, x, loss="mse")',
    ),
    Example(
        "A path of weights that is none",
        "ls.landscape(path=...) is not an ls.WeightPath, nor a list of weights.",
        STACK + 'ls.landscape(model, x, y, "mse", path=5)',
    ),
    Example(
        "A landscape of something that is not a model",
        "The arguments of ls.landscape are in another order.",
        STACK + 'ls.landscape("mse", model, x)',
    ),
    Example(
        "A figure without a path",
        "The save method of a figure is given a number, a file or None.",
        'ls.draw("huber").save(5)',
    ),
    Example(
        "A head that reads other outputs",
        "point, probabilities or predicted of a head is given an array that is not what the head gives, such as x.",
        "head = ls.heads.Gamma()\nhead.predicted(np.zeros((4, 3)))",
    ),
    Example(
        "A stream that cannot be iterated",
        "ls.evaluate_stream is given a number or None instead of chunks.",
        'ls.evaluate_stream("mse", 5)',
    ),
    Example(
        "A source without a name",
        "ls.Hidden, ls.Input, ls.Output or ls.Column is given a layer, a shape or a number instead of a name.",
        'ls.Hidden(keras.layers.Dense(2, name="code"))',
    ),
    Example("A constant that holds no numbers", "ls.Fixed is given text, or rows of unequal lengths.", 'ls.Fixed("a")'),
    Example(
        "Checks that are neither on nor off", "ls.checks is given text or a number.", 'with ls.checks("off"):\n    pass'
    ),
    Example(
        "A step that is not a whole number",
        "ls.at_step is given text, a fraction, None or a negative number.",
        "with ls.at_step(-1):\n    pass",
    ),
    Example(
        "A derivative of something that is not a function",
        "The arguments of ls.derivative are in another order.",
        "ls.derivative(np.zeros((4, 1)), ops.square)",
    ),
    Example(
        "A minimum of something that is not a function",
        "ls.value_and_gradient is given a loss, which is a function of y_true and y_pred and not of parameters.",
        "ls.value_and_gradient(ls.Huber())",
    ),
    Example(
        "A loss with variables, created outside the strategy's scope",
        "Under tf.distribute, the variables of a loss must be created where those of the model are.",
        "import keras\n\n"
        'loss = ls.UncertaintyWeighted(["mse", "mae"])\n'
        "model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])  # in strategy.scope()\n"
        'model.compile("adam", loss=loss)  # in strategy.scope()',
        hidden='patch("lossary.objective.attachment.made_elsewhere", lambda model, variables: "a MirroredStrategy")\n',
    ),
]
