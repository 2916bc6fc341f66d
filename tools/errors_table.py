"""The examples behind docs/errors.md: one or more for every place in the source that raises an error.

Each example is run, so that the page shows real texts; a test fails when a place that raises has none.
"""

from __future__ import annotations

from tools.errors_check import CHECKS
from tools.errors_choosing import CHOOSING, SUGGEST
from tools.errors_distributions import DISTRIBUTIONS
from tools.errors_example import Example
from tools.errors_likelihood import LIKELIHOOD, MLE
from tools.errors_linear import LINEAR
from tools.errors_objective import TARGETS
from tools.errors_predict import PREDICTIONS
from tools.errors_slots import SLOTS
from tools.errors_train import OPTIONS

ZEROS = "y_true, y_pred = np.zeros((4, 3)), np.zeros((4, 3))\n"
SUBCLASSED = "class Doubled(keras.Model):\n    def call(self, x):\n        return 2 * x\n\n"
STACK = 'model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)], name="line")\n'
TABLE = {"data.csv": "x,y\n1,2\n2,3\n3,5\n4,4\n"}
LINE = "import keras\n\nmodel = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])\n"
PARQUET = (
    "import pyarrow, pyarrow.parquet\n"
    'columns = {"price": [1.0], "colour": ["red"]}\n'
    'pyarrow.parquet.write_table(pyarrow.table(columns), "rows.parquet")\n'
)
ARCHIVE = (
    "import zipfile\n"
    "with zipfile.ZipFile('data.zip', 'w') as archive:\n"
    "    archive.writestr('a.csv', 'x')\n    archive.writestr('b.csv', 'x')\n"
)
STORED = "import pyarrow, pyarrow.parquet\npyarrow.parquet.write_table({}, 'data.parquet')"
BOOK = """import zipfile
relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
links = "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>{}</Relationships>"
book_link = f"<Relationship Id='r1' Type='{relations}/officeDocument' Target='xl/workbook.xml'/>"
link = f"<Relationship Id='r1' Type='{relations}/worksheet' Target='worksheets/sheet1.xml'/>"
sheets = "<sheets><sheet name='Sheet1' sheetId='1' r:id='r1'/></sheets>"
with zipfile.ZipFile("data.xlsx", "w") as book:
    book.writestr("[Content_Types].xml", "<Types/>")
    book.writestr("_rels/.rels", links.format(book_link))
    book.writestr("xl/workbook.xml", f"<workbook xmlns='{main}' xmlns:r='{relations}'>{sheets}</workbook>")
    book.writestr("xl/_rels/workbook.xml.rels", links.format(link))
    book.writestr("xl/worksheets/sheet1.xml", f"<worksheet xmlns='{main}'><sheetData/></worksheet>")
"""
FOLDER = """import pathlib, pyarrow, pyarrow.parquet
pathlib.Path("folder").mkdir()
pyarrow.parquet.write_table(pyarrow.table({"x": [1.0, 2.0], "y": [1.0, 3.0]}), "folder/rows.parquet")
"""
NOT_THERE = 'patch("{}.util.find_spec", lambda name: None)'

LOSSES = [
    Example(
        "Rows of unequal length",
        "The inner lists have different lengths.",
        "ls.mean_squared_error([[1.0, 2.0], [3.0]], [[1.0, 2.0], [3.0, 4.0]])",
    ),
    Example(
        "Text instead of numbers",
        "y_true or y_pred holds strings or objects.",
        'ls.mean_squared_error(["1.0", "2.0"], [1.0, 2.0])',
        "Convert the column: y.astype('float32'). Class names need numbers first, for instance np.unique(names, "
        "return_inverse=True)[1].",
    ),
    Example(
        "Complex numbers, dates, objects",
        "y_true, y_pred or sample_weight holds something that is not a real number.",
        "ls.mean_squared_error([1.0, 2.0], np.array([1.0, 2.0j]))",
        "Take the real part or the absolute value; a loss never drops the imaginary part for you.",
    ),
    Example(
        "Masked arrays",
        "A NumPy masked array masks some of its entries.",
        "ls.mean_squared_error(np.ma.array([1.0, 2.0], mask=[False, True]), [1.0, 2.0])",
        "Fill it, and give the masked rows weight 0. Masked arrays that mask nothing are accepted.",
    ),
    Example(
        "A loss of symbolic tensors",
        "A loss is called with the outputs of a functional model that is being built.",
        "ls.mean_squared_error(keras.Input((3,)), keras.Input((3,)))",
    ),
    Example(
        "Tensors of unequal shapes in a list",
        "A list holds arrays or tensors that cannot be stacked.",
        "ls.mean_squared_error([np.zeros(2), np.zeros(3)], [np.zeros(2), np.zeros(2)])",
        "Pad them to one shape.",
    ),
    Example(
        "An object that claims to be an array, but is not",
        "The object's own conversion to an array fails.",
        'class Broken:\n    def __array__(self, dtype=None, copy=None):\n        raise TypeError("not loaded")\n\n\n'
        "ls.mean_squared_error([1.0], Broken())",
    ),
    Example(
        "Labels too large for the backend's integers",
        "ls.Circle is given labels beyond the backend's widest integer type; rounding would merge them.",
        'ls.Circle()(np.array([2**64 - 1, 2**64 - 2], dtype="uint64"), np.eye(2))',
    ),
    Example(
        "A dictionary without tensors",
        "A loss of your own is given an empty dictionary.",
        '@ls.loss\ndef of_parts(y_true, y_pred):\n    return ops.mean(y_pred["a"], axis=-1)\n\n\n'
        "of_parts(np.zeros((4, 1)), {})",
    ),
    Example(
        "Rows without numbers",
        "An axis of y_pred has length 0.",
        "ls.huber(np.zeros((2, 0)), np.zeros((2, 0)))",
        "Reshape the predictions; a batch may be empty, its rows may not.",
    ),
    Example(
        "An axis that y_pred does not have",
        "The axis of ls.Dice or ls.Tversky lies outside y_pred, or is given twice.",
        "ls.Dice(axis=(1, 2))(np.zeros((2, 3)), np.zeros((2, 3)))",
        "Count from 0, the batch included, or leave axis out.",
    ),
    Example(
        "Generalized Dice without an axis of classes",
        "The axis of ls.GeneralizedDice names all axes of y_pred, so that no classes are left to be weighed.",
        "ls.GeneralizedDice(axis=(0, 1))(np.zeros((2, 3)), np.zeros((2, 3)))",
    ),
    Example(
        "Exclusive classes without their axis",
        "exclusive=True asks for a softmax, but there is no class axis, or y_pred holds probabilities.",
        "ls.Dice(exclusive=True, from_logits=True)",
    ),
    Example(
        "Reference embeddings without labels",
        "ls.circle is given reference embeddings without labels, or labels without embeddings.",
        "ls.circle([0, 1], np.eye(2), ref_labels=[0, 1])",
    ),
    Example(
        "An unsupported dtype",
        "`dtype` is not a floating-point type.",
        'ls.Huber(dtype="int32")',
    ),
    Example(
        "A reduction for a function",
        "A function is given reduction, name or dtype, which belong to the class.",
        'ls.huber([1.0], [2.0], reduction="sum")',
    ),
    Example(
        "ls.loss of something that is not a function",
        "ls.loss is given a class, a number, or a function whose arguments cannot be read.",
        "ls.loss(3.0)",
    ),
    Example(
        "Single numbers",
        "y_true or y_pred has no axis at all.",
        "ls.mean_squared_error(1.0, 2.0)",
        "Pass at least a list: ls.mean_squared_error([1.0], [2.0]).",
    ),
    Example(
        "An axis out of range",
        "axis= names an axis that y_pred does not have.",
        "ls.CategoricalCrossentropy(axis=3)(np.eye(3), np.full((3, 3), 1 / 3))",
    ),
    Example(
        "A tensor of unknown rank",
        "On TensorFlow, a dataset or a signature gives no shape for a tensor: tf.TensorSpec(None).",
        "ls.Huber()(np.zeros((4, 1)), np.zeros((4, 1)))  # in a compiled step that does not know these shapes",
        "Give the dataset an output_signature with shapes, for instance tf.TensorSpec((None, 1)): sizes may be None.",
        hidden='patch("lossary.core.contract._unknown_rank", lambda x: True)',
    ),
    Example(
        "Shapes that would broadcast",
        "y_true and y_pred have different shapes, and not only by a trailing 1.",
        "ls.MeanSquaredError()(np.zeros((5, 3)), np.zeros((5, 1)))",
        "Check the width of the last layer and the columns of the targets; add an axis with y_true[:, None].",
    ),
    Example(
        "One-hot targets for a sparse loss",
        "A sparse loss is given targets with a class axis.",
        "ls.SparseCategoricalCrossentropy()(np.eye(3), np.full((3, 3), 1 / 3))",
        "Use the dense loss, here ls.CategoricalCrossentropy(), or y_true.argmax(axis=-1).",
    ),
    Example(
        "Too few outputs for a distribution or for several quantiles",
        "The model has one output where the loss reads several numbers per target.",
        "ls.MultiQuantile(q=(0.1, 0.9))(np.zeros((4, 1)), np.zeros((4, 1)))",
        "End the model in Dense(k): one output per quantile, two for ls.GaussianNLL.",
    ),
    Example(
        "Weights for other rows",
        "sample_weight has a different number of rows than y_pred.",
        ZEROS + "ls.MeanSquaredError()(y_true, y_pred, sample_weight=np.ones(3))",
        "Pass one weight per row; after a split or a filter, filter the weights too.",
    ),
    Example(
        "A weight for every entry",
        "The loss takes the mean over the last axis, and the weights still have it.",
        ZEROS + "ls.MeanSquaredError()(y_true, y_pred, sample_weight=np.ones((4, 3)))",
        "Weight the rows, sample_weight.mean(axis=-1), or add an axis to both: y_true[..., None], y_pred[..., None].",
    ),
    Example(
        "A loss of your own that takes the mean of the batch",
        "A function or class of yours gives one number for many rows.",
        "@ls.loss\ndef my_error(y_true, y_pred):\n    return ops.mean(ops.square(y_pred - y_true))\n\n\n"
        "my_error(np.zeros((4, 3)), np.ones((4, 3)))",
        "Take the mean over the last axis only: ops.mean(..., axis=-1). lossary takes the mean over the rows.",
    ),
    Example(
        "The same, with weights",
        "The loss gives one number for a flat batch, and there are weights to apply.",
        "@ls.loss\ndef my_flat_error(y_true, y_pred):\n    return ops.mean(ops.square(y_pred - y_true))\n\n\n"
        "my_flat_error.cls()(np.zeros(4), np.ones(4), sample_weight=np.ones(4))",
        "Return one value per row: ops.square(y_pred - y_true) for flat data.",
    ),
    Example(
        "CTC with other shapes",
        "Targets are not a matrix of symbols, or outputs are not rows of logits per frame.",
        "ls.CTC()(np.ones((2, 3)), np.zeros((2, 8)))",
    ),
    Example(
        "CTC: a target that does not fit into the frames",
        "A target is longer than the output, or holds a symbol without a class.",
        "ls.CTC()(np.array([[1, 1, 2]]), np.zeros((1, 3, 4)))",
        "Pool less before the loss, so that more frames are left: `strides=1` in place of 2.",
    ),
    Example(
        "Classes that the model does not have",
        "A class index is negative, a fraction, or beyond the number of outputs.",
        "ls.SparseCategoricalCrossentropy()(np.array([0, 5]), np.full((2, 3), 1 / 3))",
        "Give the model one output per class. For labels such as -1 or 255 that mean 'none', pass ignore_class=255.",
    ),
    Example(
        "One number for each row, where there should be one for each class",
        "A loss of classes is given the probability of one of two classes.",
        "ls.SparseCategoricalCrossentropy()(np.array([0, 1, 1]), np.array([0.2, 0.7, 0.9]))",
    ),
    Example(
        "Labels between two classes",
        "A class index is a fraction: an average, or a soft label.",
        "ls.SparseCategoricalCrossentropy()(np.array([0.0, 0.5]), np.full((2, 3), 1 / 3))",
    ),
    Example(
        "Classes counted from 1",
        "The labels run from 1 to the number of classes.",
        "ls.SparseCategoricalCrossentropy()(np.array([1, 2, 3]), np.full((3, 3), 1 / 3))",
    ),
    Example(
        "Labels with another coding",
        "A binary cross-entropy is given -1 and 1, class indices, or amounts. In other libraries the loss then "
        "becomes negative.",
        "ls.BinaryCrossentropy()(np.array([[3.0], [5.0]]), np.array([[0.2], [0.8]]))",
        "Labels must lie in [0, 1]; several classes need ls.SparseCategoricalCrossentropy().",
    ),
    Example(
        "Negative counts",
        "A Poisson loss is given targets below 0, often a code for a missing value.",
        "ls.Poisson()(np.array([[-999.0], [2.0]]), np.array([[1.0], [2.0]]))",
        "Give such rows sample_weight 0, or drop them.",
    ),
    Example(
        "Logits instead of probabilities",
        "The model does not end in a sigmoid or softmax, and from_logits is not set.",
        "ls.BinaryCrossentropy()(np.array([[0.0], [1.0]]), np.array([[-2.3], [4.1]]))",
        "Tell the loss: ls.BinaryCrossentropy(from_logits=True). It is exact there, and better than a sigmoid.",
    ),
    Example(
        "A parameter out of its bounds",
        "A loss is built with a value it cannot work with.",
        "ls.Huber(delta=-1.0)",
        "The bounds of every parameter: docs/losses.md, or ls.card('huber').",
    ),
    Example(
        "An unknown parameter of a loss",
        "The name is misspelt, or belongs to another loss.",
        "ls.Huber(detla=2.0)",
        "The message lists the names. ls.get takes the parameters of other libraries with their qualified names.",
    ),
    Example(
        "An unknown reduction",
        "`reduction` is not a known one; not all of torch's names are known here.",
        'ls.Huber(reduction="batchmean")',
        'The formulas of all reductions: docs/contracts.md. torch\'s "batchmean" is the default of ls.KLDivergence.',
    ),
    Example(
        "Class weights of a binary loss",
        "`class_weight` does not have exactly two numbers.",
        "ls.BinaryCrossentropy(class_weight=(1.0, 2.0, 3.0))",
        "The weight of label 0 comes first, that of label 1 second.",
    ),
    Example(
        "Class weights for another number of classes",
        "There are more or fewer weights than outputs.",
        "ls.CategoricalCrossentropy(class_weight=(1.0, 2.0))(np.eye(3), np.full((3, 3), 1 / 3))",
    ),
    Example(
        "Class counts for another number of classes",
        "`class_counts` holds more or fewer numbers than there are outputs.",
        "ls.LogitAdjusted(class_counts=(40.0, 8.0))(np.array([0, 1, 2]), np.zeros((3, 3)))",
    ),
    Example(
        "One alpha per class, for another number of classes",
        "`alpha` holds more or fewer numbers than there are outputs.",
        "ls.CategoricalFocalCrossentropy(alpha=(0.2, 0.8))(np.eye(3), np.full((3, 3), 1 / 3))",
    ),
    Example(
        "Quantiles out of order",
        "`q` is not increasing, repeats a value, or is a single number.",
        "ls.MultiQuantile(q=(0.9, 0.1))",
    ),
    Example(
        "Thresholds out of order",
        "`a`, `b` and `c` of Hampel's loss do not increase.",
        "ls.Hampel(a=2.0, b=9.0, c=8.0)",
    ),
    Example(
        "A parameter that has no translation",
        "A loss is requested by its name in another library, with a parameter that has no counterpart.",
        'ls.get("torch.nn.BCELoss", weight=[1.0, 2.0])',
        "Drop the parameter, or use lossary's loss with its own parameters.",
    ),
    Example(
        "A name that means different losses in different libraries",
        "A bare name stands for another loss, or for other inputs, in another library.",
        'ls.get("l2_loss")',
    ),
    Example(
        "A name that is not text",
        "A loss is given a number as its name, usually by position.",
        'ls.SparseCategoricalCrossentropy(True, None, "sum", -1, 0.1)',
        "Write label_smoothing=0.1: parameters that Keras may add by position in later releases are keyword-only here.",
    ),
    Example(
        "A function without its second argument",
        "A function of lossary is called with y_true alone.",
        "ls.huber(np.zeros((2, 1)))",
        "Pass y_pred as well. For compile, write the class: ls.Huber().",
    ),
    Example(
        "A metric of another library's loss",
        "ls.metric is given a loss that is not lossary's.",
        "ls.metric(keras.losses.MeanSquaredError())",
        "Use lossary's equivalent, `ls.metric(\"mse\")`, or pass Keras's own metric to compile.",
    ),
    Example(
        "A loss of the batch as a metric",
        "compile(metrics=...) is given a loss that compares rows with one another, or a sum of losses.",
        "import keras\n\nmodel = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])\n"
        'model.compile("sgd", loss="mse", metrics=[ls.circle])',
    ),
    Example(
        "A lambda, or a function with *args",
        "ls.loss is given a function without a name of its own, or with *args.",
        "ls.loss(lambda y_true, y_pred: ops.mean(ops.abs(y_pred - y_true), axis=-1))",
        "Write a def, or pass a name: ls.loss(fn, name='my_error'). The name is how a saved model finds its loss.",
    ),
    Example(
        "A name that is taken",
        "A loss of yours has the name or alias of another.",
        "class Huber(ls.Loss):\n    def call(self, y_true, y_pred):\n"
        "        return ops.mean(ops.abs(y_pred - y_true), axis=-1)",
        "Choose another name.",
    ),
    Example(
        "A loss without a formula",
        "A subclass of ls.Loss has no `call`.",
        "class Nothing(ls.Loss):\n    top: float = 1.0\n\n\nNothing()(np.zeros((2, 1)), np.zeros((2, 1)))",
        "Define call(self, y_true, y_pred); its name is `call`, not `__call__` or `forward`.",
    ),
    Example(
        "An argument that the base class does not take",
        "Your own __init__ passes something to super().__init__ that is not a parameter.",
        'class Coloured(ls.Loss):\n    def __init__(self):\n        super().__init__(colour="red")\n\n\nColoured()',
        "Pass on reduction, name and dtype only; set your own attributes yourself.",
    ),
    Example(
        "An unknown loss",
        "No loss has this name. Keras says: Could not interpret loss identifier.",
        'ls.get("hubr")',
        "The message suggests similar names; docs/losses.md lists all, with their names in other libraries.",
    ),
    Example(
        "A loss of another library that has no equal",
        "The name is that of one library, whose loss differs from the nearest one here.",
        'ls.get("timm.loss.JsdCrossEntropy")',
        "Choose the nearest one, if what differs does not matter.",
    ),
    Example(
        "A score in place of a loss",
        "The name is that of a metric, which is not minimised itself.",
        'ls.get("sklearn.metrics.f1_score")',
    ),
    Example(
        "A loss that is here under another name",
        "Another library has a loss of this name, whose numbers were not compared.",
        'ls.get("pytorch_metric_learning.losses.NTXentLoss")',
    ),
    Example(
        "A loss of other libraries that is not here",
        "The name is known: it is said why the loss is missing.",
        'ls.get("lightly.loss.VICRegLoss")',
    ),
    Example(
        "A part of a target by its name alone",
        "Sums, schedules, terms and learned weights have to be created from losses, numbers or tensors.",
        'ls.get("GradNorm")',
        "Create it as the message says; docs/target.md shows how.",
    ),
    Example(
        "An unknown name of the package",
        "lossary has no such attribute.",
        "ls.hubr",
        "dir(ls) lists everything.",
    ),
    Example(
        "An unknown family, task or trait",
        "ls.losses is called with a group that no loss belongs to.",
        'ls.losses(task="clustering")',
        "`lossary list` shows the groups.",
    ),
    Example(
        "Something that is not a loss",
        "ls.get is given a number, a list or something else that is not a loss.",
        "ls.get(3)",
        "Pass a name, a class, a function of (y_true, y_pred), or a configuration.",
    ),
]

MODELS = [
    Example(
        "A configuration that is not of a loss",
        "ls.get, or loading a model, is given a dictionary that keras.losses.serialize did not write.",
        'ls.get({"class_name": "Hubr", "config": {}})',
        "Import the module that defines the loss first; for several outputs use ls.MultiLoss.",
    ),
    Example(
        "A loss layer without a loss",
        "LossLayer is given None.",
        "ls.LossLayer(None)",
        'Name one: ls.LossLayer("mse").',
    ),
    Example(
        "A loss layer that would add many numbers",
        "The loss has reduction='none'.",
        'ls.LossLayer(ls.Huber(reduction="none"))',
    ),
    Example(
        "A loss layer on one tensor",
        "LossLayer is called like another layer, without targets.",
        'ls.LossLayer("mse")(np.zeros((2, 1)))',
        'Call it on both: ls.LossLayer("mse")([targets, outputs]).',
    ),
    Example(
        "A model that cannot be rewired",
        "ls.without_targets is given a model that connects its layers in its own `call`.",
        SUBCLASSED + "\nls.without_targets(Doubled())",
    ),
    Example(
        "An unknown name of lossary.objective",
        "A name is misspelt.",
        "import lossary.objective\n\nlossary.objective.regularisation",
        "The names are those of `dir(lossary.objective)`.",
    ),
    Example(
        "Empty arrays for target_split",
        "ls.target_split or ls.regularization is given empty arrays, or arrays of different length.",
        STACK + 'model.compile("sgd", "mse")\nls.target_split(model, np.zeros((0, 3)), np.zeros((0, 1)))',
    ),
    Example(
        "Training without a loss and an optimizer",
        "ls.train is given a model that is not compiled, and no loss.",
        STACK + "ls.train(model, np.zeros((4, 3)), np.zeros((4, 1)))",
        'Pass them: ls.train(model, x, y, loss="mse", optimizer="adam").',
    ),
    Example(
        "Training without a loss",
        "The model is compiled without a loss, and no layer adds one.",
        STACK + 'model.compile("sgd")\nls.train(model, np.zeros((4, 3)), np.zeros((4, 1)))',
    ),
    Example(
        "Training on arrays of different lengths",
        "x, y or sample_weight of ls.train have different numbers of rows.",
        STACK + 'ls.train(model, np.zeros((4, 3)), np.zeros((5, 1)), loss="mse")',
    ),
    Example(
        "Training for no epochs",
        "epochs, batch_size, patience, chunk or steps_per_epoch of ls.train is not a whole number >= 1.",
        STACK + 'ls.train(model, np.zeros((4, 3)), np.zeros((4, 1)), loss="mse", epochs=0)',
    ),
    Example(
        "Monitoring an unknown column",
        "monitor of ls.train is not a column of the history.",
        STACK + 'x, y = np.zeros((4, 3)), np.zeros((4, 1))\nls.train(model, x, y, loss="mse", monitor="val_mae")',
        'Add metrics=["mae"] and validation_data.',
    ),
    Example(
        "class_weight together with sample_weight",
        "ls.train is given class_weight together with sample_weight, or for several outputs.",
        STACK
        + "x, y, w = np.zeros((4, 3)), np.zeros((4, 1)), np.ones(4)\n"
        + 'ls.train(model, x, y, loss="bce", sample_weight=w, class_weight={1: 2.0})',
    ),
    Example(
        "A history without epochs",
        "history.plot() or ls.draw(history) after a training that stopped in its first epoch.",
        STACK
        + "x, y = np.full((4, 3), np.nan), np.zeros((4, 1))\n"
        + 'ls.train(model, x, y, loss="mse", verbose=0).plot()',
    ),
    Example(
        "A callback that acts on batches",
        "A callback of ls.train acts on batches, or saves every few batches.",
        STACK
        + "x, y = np.zeros((4, 3)), np.zeros((4, 1))\n"
        + 'often = keras.callbacks.ModelCheckpoint("at.weights.h5", save_weights_only=True, save_freq=10)\n'
        + 'ls.train(model, x, y, loss="mse", callbacks=[often])',
        "Leave save_freq out, or use model.fit.",
    ),
    Example(
        "Training on several devices",
        "ls.train is given a model that tf.distribute or keras.distribution spreads over devices.",
        STACK + 'ls.train(model, np.zeros((4, 3)), np.zeros((4, 1)), loss="mse")',
        hidden='patch("keras.distribution.distribution", lambda: "of data")\n',
    ),
    Example(
        "A generator without an end",
        "ls.train is given a generator and does not know how many batches make an epoch.",
        STACK
        + "batches = ((np.zeros((4, 3)), np.zeros((4, 1))) for _ in range(100))\n"
        + 'ls.train(model, batches, loss="mse")',
    ),
    Example(
        "An empty stream",
        "ls.train is given a stream that has no batch.",
        STACK + 'ls.train(model, iter([]), loss="mse", steps_per_epoch=2)',
    ),
    Example(
        "Targets in addition to a stream",
        "ls.train is given batches, and y or sample_weight too.",
        STACK + 'ls.train(model, iter([]), np.zeros((4, 1)), loss="mse", steps_per_epoch=2)',
    ),
    Example(
        "No file to train on",
        "The path given to ls.train does not exist.",
        STACK + 'ls.train(model, "rows.parquet", "price", loss="mse")',
    ),
    Example(
        "A file without targets",
        "ls.train is given a Parquet file, and y does not name columns.",
        STACK + 'ls.train(model, "rows.parquet", loss="mse")',
        files={"rows.parquet": b""},
    ),
    Example(
        "A target that is not a column",
        "y of ls.train names a column that the Parquet file does not have.",
        STACK + 'ls.train(model, "rows.parquet", "prize", loss="mse")',
        "Check the columns that are listed.",
        hidden=PARQUET,
    ),
    Example(
        "A column of text",
        "A column of the Parquet file given to ls.train holds no numbers.",
        STACK + 'ls.train(model, "rows.parquet", "price", loss="mse")',
        hidden=PARQUET,
    ),
    Example(
        "Training on a column of text",
        "A table or array given to ls.train, ls.check or ls.weights_from holds text.",
        'import pandas\n\ntable = pandas.DataFrame({"size": [1.0, 2.0], "colour": ["red", "blue"]})\n'
        + LINE
        + 'ls.train(model, table, [1.0, 2.0], loss="mse")',
        "Number the values, or make a column of 0 and 1 for each: pandas.get_dummies(table).",
    ),
    Example(
        "Training on dates or complex numbers",
        "An array of dates, of times, or of complex numbers is given where numbers are read.",
        LINE + 'x = np.array(["2024-02-28", "2024-02-29"], dtype="datetime64[D]")\n'
        'ls.train(model, x, [1.0, 2.0], loss="mse")',
        "Turn dates into days since a date; pass real and imaginary part as two columns.",
    ),
    Example(
        "A number beyond float64",
        "The data hold a Python integer beyond 1e308.",
        LINE + 'ls.train(model, [[10**400], [1]], [1.0, 2.0], loss="mse")',
        "Scale the column, or take its logarithm.",
    ),
    Example(
        "A number beyond float32",
        "The data hold a float64 beyond the range of the dtype that Keras computes in.",
        LINE + 'ls.train(model, [[1e300], [1.0]], [1.0, 2.0], loss="mse")',
        "Rescale the column, or keras.config.set_floatx('float64').",
    ),
    Example(
        "Ids too large for the model's input",
        "An integer input is given floats, or 64-bit integers on JAX, beyond its range.",
        'inputs = keras.Input((1,), dtype="int32")\n'
        "model = keras.Model(inputs, keras.layers.Flatten()(keras.layers.Embedding(9, 1)(inputs)))\n"
        'ls.train(model, np.array([[3e9], [1.0]]), [1.0, 2.0], loss="mse")',
    ),
    Example(
        "Masked values",
        "A NumPy masked array masks some of its values; only NumPy would see the mask.",
        LINE
        + "x = np.ma.array([[1.0], [2.0]], mask=[[False], [True]])\n"
        + 'ls.train(model, x, [1.0, 2.0], loss="mse")',
    ),
    Example(
        "A single number as data",
        "x, y or sample_weight has no rows.",
        LINE + 'ls.train(model, 3.0, [1.0], loss="mse")',
        "Pass an array, rows first.",
    ),
    Example(
        "A ragged or sparse tensor",
        "A ragged or sparse TensorFlow tensor is given where an array is read.",
        LINE + "\n\nclass RaggedTensor:\n    pass\n\n\n" + 'ls.train(model, RaggedTensor(), [1.0], loss="mse")',
        "Use x.to_tensor() for a ragged tensor, tf.sparse.to_dense(x) for a sparse one.",
    ),
    Example(
        "A lazy table",
        "A LazyFrame of polars is given.",
        'import polars\n\nlazy = polars.DataFrame({"a": [1.0, 2.0]}).lazy()\n'
        + LINE
        + 'ls.train(model, lazy, [1.0, 2.0], loss="mse")',
    ),
    Example(
        "A table without columns",
        "All columns were removed, or only an index is left.",
        "import pandas\n\n" + LINE + 'ls.train(model, pandas.DataFrame(index=[0, 1]), [1.0, 2.0], loss="mse")',
    ),
    Example(
        "A column of arrays",
        "The cells of a column of polars, or of a record array, are arrays.",
        'x = np.zeros(2, dtype=[("a", float), ("b", float, 3)])\n'
        + LINE
        + 'ls.train(model, x, [1.0, 2.0], loss="mse")',
    ),
    Example(
        "A tensor without values",
        "A torch tensor on the device 'meta', or a quantized one, is given.",
        "import torch\n\n" + LINE + 'ls.train(model, torch.zeros(2, 1, device="meta"), [1.0, 2.0], loss="mse")',
    ),
    Example(
        "Training something that is not a model",
        "The first argument of ls.train is not a keras.Model but a torch module, a wrapper or a name.",
        'ls.train("model", [[1.0]], [1.0], loss="mse")',
    ),
    Example(
        "validation_data that can be read only once",
        "validation_data of ls.train is a generator, or has no end.",
        LINE + "held = ((np.ones((2, 1)), np.ones(2)) for _ in range(3))\n"
        'ls.train(model, [[1.0]], [1.0], loss="mse", validation_data=held)',
    ),
    Example(
        "Empty validation_data",
        "validation_data of ls.train is a stream without batches.",
        LINE + "\n\nclass Nothing:\n    def __iter__(self):\n        return iter(())\n\n\n"
        'ls.train(model, [[1.0]], [1.0], loss="mse", validation_data=Nothing(), verbose=0)',
    ),
    Example(
        "A file that is not Parquet",
        "The file given to ls.train is damaged, empty, or of another kind.",
        STACK + 'ls.train(model, "rows.csv", "price", loss="mse")',
        files={"rows.csv": "size,price\n1,2\n"},
    ),
    Example(
        "A Parquet file without rows",
        "All rows were filtered out before the file was written.",
        STACK + 'ls.train(model, "rows.parquet", "price", loss="mse")',
        hidden=PARQUET.replace("[1.0]", "pyarrow.array([], pyarrow.float32())").replace(
            '["red"]', "pyarrow.array([], pyarrow.float32())"
        ),
    ),
    Example(
        "A column that a history does not have",
        "A misspelt column, or a training that stopped before its first epoch ended.",
        STACK + 'ls.train(model, np.full((4, 3), np.nan), np.zeros((4, 1)), loss="mse", verbose=0)["target"]',
        "Look at print(history) and history.stopped.",
    ),
    Example(
        "Something that cannot be explained",
        "ls.explain or ls.diagnose is given something that is not a loss.",
        "ls.explain(None, [[0.0]], [[1.0]])",
        "Pass a loss object, a class, a function or a name; ls.diagnose also takes a compiled model.",
    ),
    Example(
        "A mask with several outputs",
        "ls.explain(mask=...) with predictions in a dictionary or list.",
        'ls.explain("mse", {"a": [[0.0]]}, {"a": [[1.0]]}, mask=[True])',
    ),
    Example(
        "A model that was not compiled, or not built",
        "ls.diagnose needs a model that could train.",
        STACK + "ls.diagnose(model, np.zeros((2, 3)), np.zeros((2, 1)))",
        "Compile it; a subclassed model must have been called once.",
    ),
    Example(
        "A model without targets",
        "ls.diagnose(model, x) although compile was given a loss.",
        STACK + 'model.compile("sgd", "mse")\nls.diagnose(model, np.zeros((2, 3)))',
    ),
    Example(
        "A model without a loss",
        "Neither compile nor a layer provides a loss. Keras says: No loss to compute.",
        STACK + 'model.compile("sgd")\nls.diagnose(model, np.zeros((2, 3)), np.zeros((2, 1)))',
        "model.compile(..., loss=ls.Huber()), or put an ls.LossLayer into the model.",
    ),
    Example(
        "Something that cannot be checked",
        "ls.check is given something that is neither a loss nor a compiled model.",
        "ls.check(3.5, [[0.0]], [[1.0]])",
    ),
    Example(
        "A check of None",
        "ls.check is given None, often the `loss` of a configuration that names none.",
        "ls.check(None, [[0.0]], [[1.0]])",
        'Name one: ls.check("mse", y_true, y_pred).',
    ),
    Example(
        "A check without predictions",
        "ls.check is given a loss and targets, but no predictions.",
        'ls.check("mse", [[0.0]])',
    ),
    Example(
        "Checking single numbers",
        "ls.check is given targets or predictions without an axis for the rows.",
        'ls.check("mse", 1.0, 2.0)',
        "Pass lists or arrays with one row per example.",
    ),
    Example(
        "A check of several outputs at once",
        "ls.check(loss, y_true, y_pred) is given a dictionary, or text.",
        'ls.check("mse", {"a": [[0.0]]}, {"a": [[1.0]]})',
        "Check one output at a time, or the model with all of them.",
    ),
    Example(
        "A check of a model that was not compiled",
        "ls.check(model, x, y) checks the loss given to compile, and there is none yet.",
        STACK + "ls.check(model, np.zeros((2, 3)), np.zeros((2, 1)))",
    ),
    Example(
        "A check of a model without data",
        "ls.check(model, x) without targets, or ls.check(model) alone.",
        STACK + 'model.compile("sgd", "mse")\nls.check(model, np.zeros((2, 3)))',
        "Pass some rows of both, as to model.fit.",
    ),
    Example(
        "A mistake found before training",
        "ls.Check stops fit before the first step; so does `raise_errors()` on the result of ls.check.",
        "labels = np.array([1, 2, 3])\n"
        'ls.check("sparse_categorical_crossentropy", labels, np.full((3, 3), 1 / 3)).raise_errors()',
        "The message says what to change; docs/checks.md explains every rule. One that does not apply to you can be "
        'left out: ignore=["L003"].',
    ),
    Example(
        "An unknown rule",
        "`ignore` holds an id that no rule has.",
        'ls.check("mse", [[0.0]], [[1.0]], ignore=["L099"])',
    ),
    Example(
        "What an error does to fit",
        "ls.Check(on_error=...) is neither 'raise' nor 'warn'.",
        'ls.Check(on_error="ignore")',
        "Pass on_error='warn' to continue training; to silence a rule, name it in `ignore`.",
    ),
    Example(
        "A loss that cannot be drawn over one number",
        "ls.draw is given one number for a whole batch, or a loss of your own that does not say which number matters.",
        "from lossary.core.contract import CLASS_INDEX, REAL, Contract\n\n\n"
        "class Ranked(ls.Loss):\n"
        "    @property\n"
        "    def contract(self):\n"
        '        return Contract(CLASS_INDEX, REAL, shape="index")\n\n'
        "    def call(self, y_true, y_pred):\n"
        "        return y_pred[:, 0]\n\n\n"
        "ls.draw(Ranked())",
        "Give the class a method drawn_over() that returns axes, or pass axis=Axis(label, span, inputs) from "
        "lossary.drawing.curves.",
    ),
    Example(
        "A loss that does not accept the inputs of its axis",
        "A function of your own needs more columns, or returns one number for all rows.",
        "def first_and_third(y_true, y_pred):\n"
        "    return ops.reshape(y_pred, (-1, 3))[:, 2] - y_true[:, 0]\n\n\n"
        "ls.draw(first_and_third)",
        "Pass axis=Axis(label, span, inputs) from lossary.drawing.curves, with inputs that it accepts.",
    ),
    Example("Nothing to draw", "The list of losses is empty.", "ls.draw([])", 'Name one: ls.draw("huber").'),
    Example(
        "A parameter that no drawn loss has",
        "ls.draw(losses, name=[...]) or loss.plot(name=[...]) names a parameter that these losses do not have.",
        'ls.draw(["huber", "mse"], beta=[1, 2])',
    ),
    Example(
        "A setting without a value",
        "There is no NAME=VALUE after the colon.",
        'ls.draw("huber:2")',
        'Write "huber:delta=2".',
    ),
    Example(
        "An unknown kind of figure",
        "ls.draw(kind=...) is given a word it does not know.",
        'ls.draw("huber", kind="surface")',
        "Leave it out for curves; ls.landscape draws the surface of a model's loss.",
    ),
    Example(
        "An unknown curve",
        "ls.draw(show=...) is not value, gradient or curvature.",
        'ls.draw("huber", show="slope")',
    ),
    Example(
        "An unknown axis",
        "ls.draw(axis=...) is given a name it does not know.",
        'ls.draw("huber", axis="errors")',
    ),
    Example(
        "An invalid range",
        "ls.draw(span=...) runs backwards, is empty or infinite.",
        'ls.draw("huber", span=(3, -3))',
    ),
    Example(
        "An unknown theme",
        "ls.draw(theme=...) is given a word it does not know.",
        'ls.draw("huber", theme="night")',
    ),
    Example(
        "A loss without two arguments",
        'ls.draw(kind="map") is given a loss of a margin, of sequences or of whole batches.',
        'ls.draw("hinge", kind="map")',
    ),
    Example(
        "A loss that is not for classes",
        'ls.draw(kind="triangle") is given a loss that does not compare classes.',
        'ls.draw("huber", kind="triangle")',
        "Draw its curves, or its heat map.",
    ),
    Example(
        "A landscape without a loss",
        "ls.landscape is given no loss, and the model was compiled with none, or has several outputs.",
        STACK + "ls.landscape(model, np.zeros((2, 3)), np.zeros((2, 1)))",
        'Name one: ls.landscape(model, x, y, "mse").',
    ),
    Example(
        "A path of another model",
        "ls.landscape(path=...) holds nothing, or weights of other shapes.",
        STACK + 'ls.landscape(model, np.zeros((2, 3)), np.zeros((2, 1)), "mse", path=ls.WeightPath())',
    ),
    Example(
        "Impossible directions",
        "ls.landscape(directions=...) is 'path' without a path, 'weights' for a model with more than two, or an "
        "unknown word.",
        STACK + 'ls.landscape(model, np.zeros((2, 3)), np.zeros((2, 1)), "mse", directions="path")',
    ),
    Example(
        "Predictions for other rows",
        "ls.draw_predictions is given other rows, or several outputs at once.",
        "ls.draw_predictions(np.zeros(4), np.zeros(3))",
    ),
    Example(
        "A format that is not known",
        "A figure is saved with an ending that is not supported.",
        'ls.draw("huber").save("huber.doc")',
    ),
    Example(
        "A folder that is not writable",
        "The system refuses the file, for lack of permission or space, or because a file has the folder's name.",
        'ls.draw("huber").save("plots/huber.png")',
        files={"plots": "a file, not a folder"},
    ),
]

MODELS += [*TARGETS, *CHECKS, *LINEAR, *LIKELIHOOD, *CHOOSING, *DISTRIBUTIONS, *PREDICTIONS, *OPTIONS]
LOSSES += SLOTS

COMMANDS = [
    Example("A folder without a target", "Parquet files are compared, and no target is named.",
            "$ lossary compare folder", hidden=FOLDER),
    Example("Names in a column of a folder", "A column of text in Parquet files has more than 20 different values.",
            "$ lossary compare folder --target y --loss mae",
            hidden=FOLDER.replace('"x": [1.0, 2.0], "y": [1.0, 3.0]',
                                 '"name": list("abcdefghijklmnopqrstuvwxyz"), "y": [float(k) for k in range(26)]')),
    Example("An option that needs all rows", "Parquet files are compared by passes over their rows.",
            "$ lossary compare folder --target y --model mlp:8",
            hidden=FOLDER),
    *MLE,
    *SUGGEST,
    Example("An unknown table", "There is neither a file nor an embedded table of this name.", "$ lossary compare "
                                                                                               "fones",
            "The message lists the embedded tables; a file needs its ending."),
    Example("A missing file", "The path does not exist.", "$ lossary compare no/such.csv --target y",
            "Check the current folder."),
    Example("A folder", "The path is a folder.", "$ lossary compare tables --target y",
            files={"tables/data.csv": "x,y\n1,2\n"}),
    Example("An encoding that the file is not in", "The bytes cannot be decoded with --read encoding=.",
            "$ lossary compare data.csv --target y --read encoding=ascii", "Give the right one, such as cp1252.",
            files={"data.csv": "name,y\ncaf\u00e9,2\n".encode("latin-1")}),
    Example("Half a file in UTF-16", "A byte order mark says UTF-16, but the bytes end in the middle.",
            "$ lossary compare data.csv --target y", files={"data.csv": b"\xff\xfex"}),
    Example("A file that cannot be read", "The system refuses it: no permission, or too long a name.",
            f"$ lossary compare {'x' * 300}.csv --target y"),
    Example("An address", "A web address is given, not a file.",
            "$ lossary compare https://example.org/data.csv --target y", "Download it first."),
    Example("A file with the wrong ending", "The name ends in .gz, but the file is not compressed.",
            "$ lossary compare data.csv.gz --target y", "Remove the ending, or download the file again.",
            files={"data.csv.gz": b"x,y\n1,2\n"}),
    Example("A file that cannot be decompressed", "The compressed file is cut off, or damaged.",
            "$ lossary compare data.csv.gz --target y",
            files={"data.csv.gz": b"\x1f\x8bx,y\n1,2\n"}),
    Example("A damaged zip archive", "The archive is cut off, or damaged.",
            "$ lossary compare data.zip --target y", files={"data.zip": b"PK\x03\x04x,y"}),
    Example("An archive of several files", "A zip archive has to hold one file.",
            "$ lossary compare data.zip --target y", hidden=ARCHIVE),
    Example("A document that is not a table", "The file is a PDF, an image or a database.",
            "$ lossary compare data.pdf --target y", files={"data.pdf": b"%PDF-1.4"}),
    Example("A Parquet file that is broken", "The file is cut off, or damaged.",
            "$ lossary compare data.parquet --target y", files={"data.parquet": b"PAR1 and no end"}),
    Example("A Parquet table without rows", "The file has columns only.", "$ lossary compare data.parquet --target y",
            hidden=STORED.format("pyarrow.table({'x': []})")),
    Example("A name twice in a Parquet file", "Two columns have one name.", "$ lossary compare data.parquet --target x",
            hidden=STORED.format("pyarrow.Table.from_arrays([pyarrow.array([1.0])] * 2, names=['x', 'x'])")),
    Example("A workbook that is broken", "The file is not a workbook.", "$ lossary compare data.xls --target y",
            files={"data.xls": b"\xd0\xcf\x11\xe0" + bytes(600)}),
    Example("A workbook without cells", "All its sheets are empty.", "$ lossary compare data.xlsx --target y",
            hidden=BOOK),
    Example("An unknown sheet", "--read sheet= is misspelt.",
            "$ lossary compare data.xlsx --target y --read sheet=Prices", "The message lists the sheets.", hidden=BOOK),
    Example("A table without the packages that read it", "pyarrow, clevercsv, chardet or python-calamine is missing.",
            "$ lossary compare data.csv --target y", files=TABLE,
            hidden=NOT_THERE.format("lossary.data.tables")),
    Example("A binary file", "The file holds NUL bytes: a spreadsheet or a database, not text.",
            "$ lossary compare data.csv --target y", files={"data.csv": b"x,y\n1,\x002\n"}),
    Example("An empty file", "The file is empty.", "$ lossary compare data.csv --target y", files={"data.csv": ""}),
    Example("An open quotation mark", "A quotation mark is never closed, so the rest of the file is one cell.",
            "$ lossary compare data.csv --target y", "Close it, or remove it.", files={"data.csv": 'x,y\n1,"2\n3,4\n'}),
    Example("No line of names", "The first line holds numbers.", "$ lossary compare data.csv --target y",
            files={"data.csv": "1,2\n3,4\n5,6\n"}),
    Example("A line with too many or too few cells", "A line has more or fewer cells than there are names.",
            "$ lossary compare data.csv --target y", "Put quotation marks around a cell that holds a comma.",
            files={"data.csv": "x,y\n1,2\n3\n"}),
    Example("Names without rows", "There is only the line of names.", "$ lossary compare data.csv --target y",
            files={"data.csv": "x,y\n"}),
    Example("A name twice", "Two columns have one name.", "$ lossary compare data.csv --target x",
            files={"data.csv": "x,x\n1,2\n2,3\n3,4\n"}),
    Example("An open quotation mark far down", "The same, below the lines from which the separator is detected.",
            "$ lossary compare data.csv --target y", "Close it, or remove it.",
            files={"data.csv": "x,y\n" + "1,2\n" * 300 + '1,"2\n3,4\n'}),
    Example("No names and no rows", "The file holds separators only.", "$ lossary compare data.csv --target y",
            files={"data.csv": ",,\n"}),
    Example("A cell that is not a number", "Most cells of a column are numbers, and some are not.",
            "$ lossary compare data.csv --target y",
            "Correct the cell; or say that it means missing: --read missing=CELL; or that the column is text.",
            files={"data.csv": "x,y\n1,2\n<2,3\n3,5\n4,6\n"}),
    Example("A key that --read does not have", "--read is misspelt.",
            "$ lossary compare data.csv --target y --read comma", "The message lists the keys.", files=TABLE),
    Example("A value that --read does not take", "--read decimal is neither point nor comma.",
            "$ lossary compare data.csv --target y --read decimal=dot", "The message lists the values.", files=TABLE),
    Example("A separator that cannot be one", "--read separator is a letter, a digit or several characters.",
            "$ lossary compare data.csv --target y --read separator=ab",
            files=TABLE),
    Example("An unknown encoding", "--read encoding is misspelt.",
            "$ lossary compare data.csv --target y --read encoding=ut8f", "utf-8, cp1252 and so on.", files=TABLE),
    Example("An unknown meaning", "--as is misspelt.", "$ lossary compare data.csv --target y --as x=word",
            "The message lists the meanings.", files=TABLE),
    Example("A meaning for no column", "--as names an unknown column.",
            "$ lossary compare data.csv --target y --as z=text", files=TABLE),
    Example("No target", "A file of your own is given without --target.", "$ lossary compare data.csv", files=TABLE),
    Example("An unknown column", "A column is misspelt.", "$ lossary compare phones --target cals"),
    Example("The target among the inputs", "--features includes the target.",
            "$ lossary compare data.csv --target y --features x,y", files=TABLE),
    Example("A target without values", "Every cell of the target is missing.", "$ lossary compare data.csv --target y",
            files={"data.csv": "x,y\n1,NA\n2,\n3,nan\n"}),
    Example("Too few complete rows", "Fewer than three rows have all their cells.",
            "$ lossary compare data.csv --target y",
            files={"data.csv": "x,y\n1,2\n,3\n3,4\n"}),
    Example("A constant target", "The target has a single value.", "$ lossary compare data.csv --target y",
            files={"data.csv": "x,y\n1,5\n2,5\n3,5\n"}),
    Example("A target of another task", "--task does not fit what the column holds.",
            "$ lossary compare phones --task binary", "Leave --task out, and read which one is inferred."),
    Example("Constant inputs", "All inputs are constant, empty or ignored.", "$ lossary compare data.csv --target y",
            files={"data.csv": "x,y\n1,2\n1,3\n1,5\n"}),
    Example("Text as an input", "A text column has too many distinct values for 0/1 columns.",
            "$ lossary compare data.csv --target y",
            files={"data.csv": "name,y\nann,2\nben,3\ncarl,5\ndora,4\n"}),
    Example("A text target without repeated values", "Each row has a different text, so these are not classes.",
            "$ lossary compare data.csv --target y", "Correct the cells, or name another target.",
            files={"data.csv": "x,y\n" + "".join(f"{k},no{k}\n" for k in range(8))}),
    Example("A wrong validation fraction", "The fraction of rows to hold out is not a number from 0 to 0.9.",
            "from lossary.data.problem import Question, pose\nfrom lossary.data.tables import load\n\n"
            'pose(load("phones"), Question(validation=float("nan")))'),
    Example("A validation fraction that leaves no rows", "--validation holds out all rows, or none.",
            "$ lossary compare data.csv --target y --validation 0.1", files=TABLE),
    Example("A table that needs scikit-learn", "The table comes with a package that is not installed.",
            "$ lossary compare digits", hidden=NOT_THERE.format("lossary.data.tables")),
    Example("An unknown model", "--model is neither linear nor mlp with widths.",
            "$ lossary compare phones --model forest"),
    Example("Training options for a linear model", "--epochs, --batch-size or --learning-rate with a linear model.",
            "$ lossary compare phones --epochs 50"),
    Example("An empty list of losses", "--loss holds nothing but commas.", "$ lossary compare phones --loss ,",
            "Leave --loss out for the default losses."),
    Example("An unknown parameter", "A loss on the command line is given what it does not have.",
            "$ lossary compare phones --loss huber:width=2", "`lossary show huber` lists its parameters."),
    Example("A parameter out of range", "A loss on the command line is given a value it cannot have.",
            "$ lossary compare phones --loss huber:delta=0"),
    Example("A loss for another task", "The loss does not fit the target.", "$ lossary compare phones --loss bce",
            "The message lists the losses that fit."),
    Example("A target that a loss cannot read", "Counts and logarithms need targets >= 0, percentages targets other "
                                                "than 0.",
            "$ lossary compare data.csv --target y --loss poisson",
            files={"data.csv": "x,y\n1,-2.5\n2,3\n3,5\n4,4\n"}),
    Example("A check without arguments", "lossary check is given neither a file nor a model.", "$ lossary check"),
    Example("A check of a file without columns", "--y, --p or --loss is missing.",
            "$ lossary check data.csv --y y --loss mse", "Name all three.", files=TABLE),
    Example("A check of an unknown column", "--y, --p or --w is not a numeric column.",
            "$ lossary check data.csv --y y --p score --loss mse", "The message lists the columns; names are "
                                                                   "case-sensitive.",
            files=TABLE),
    Example("A parameter without a value", "--set is given only a name.",
            "$ lossary check data.csv --y y --p x --loss huber --set delta", files=TABLE),
    Example("A model without data, on the command line", "MODULE:NAME is a model, and no data are given.",
            "$ lossary check mymodule:model",
            files={"mymodule.py": LINE}),
    Example("A module that cannot be imported", "MODULE:NAME is misspelt, or lies in another folder.",
            "$ lossary check nomodule:model"),
    Example("An array that cannot be read", "--x, --y or --w is not a .npy file, or one that holds objects.",
            "$ lossary check mymodule:model --x x.npy --y y.npy",
            files={"mymodule.py": LINE, "x.npy": "1,2\n"}),
    Example("An unknown backend", "--backend or KERAS_BACKEND is not a known backend.",
            "$ lossary compare phones --backend mxnet",
            hidden='patch("lossary.cli.backends.util.find_spec", lambda name: True)'),
    Example("A backend that is not installed", "The chosen backend is not installed.",
            "$ lossary compare phones --backend jax",
            hidden='patch("lossary.cli.backends.util.find_spec", lambda name: name == "torch" or None)'),
    Example("Another backend in one process", "Keras already runs, on another backend.",
            "$ lossary compare phones --backend torch",
            hidden='patch("lossary.cli.backends.util.find_spec", lambda name: True)\n'
            'patch("keras.backend.backend", lambda: "jax")'),
    Example("A report without its packages", "--report needs jinja2 and matplotlib.",
            "$ lossary compare phones --report report.html",
            hidden=NOT_THERE.format("lossary.cli.output")),
    Example("An output that would overwrite the data", "The output has the name of the data file.",
            "$ lossary compare data.csv --target y --report data.csv", files=TABLE),
    Example("An output that is a folder", "--report or --json names a folder.", "$ lossary compare phones --report ."),
    Example("An output in a missing folder", "The folder of an output does not exist.",
            "$ lossary compare phones --report out/report.html"),
    Example("An output that is locked", "The file exists and is read-only.",
            "$ lossary compare phones --report report.html", files={"report.html": ""},
            hidden='patch("lossary.core.files.os.access", lambda path, mode, **more: mode != 2)'),
    Example("An output on a full or read-only disk", "No new file can be written in that folder.",
            "$ lossary compare phones --report report.html",
            hidden="def refuse(*all):\n    raise OSError(28, 'No space left on device')\n\n"
            'patch("lossary.core.files._Part", refuse)'),
    Example("A full disk", "The results are printed; an existing file is left as it was.",
            'ls.draw("huber").save("huber.svg")', "Free some space, and run again.",
            hidden="def refuse(*all):\n    raise OSError(28, 'No space left on device')\n\n"
            'patch("lossary.core.files.os.replace", refuse)'),
    Example("Standard output instead of a file", "--report - or -o - would mix with what is printed.",
            "$ lossary compare phones --report -", "Name a file; --json - prints only JSON."),
    Example("An output that is already redirected to", "The shell redirects the results to the same file.",
            "$ lossary compare phones --json printed.txt", "Use two files.", files={"printed.txt": ""},
            hidden='patch("lossary.core.files._same", lambda known, number: True)'),
    Example("An invalid command line", "An unknown option, or a value out of range.",
            "$ lossary compare phones --validation nan", "The message says what is expected."),
    Example("The explorer without its packages", "lossary explore needs starlette and uvicorn.",
            "$ lossary explore",
            hidden="from types import SimpleNamespace as Space\n\n"
            'patch("lossary.explorer.serve.util", Space(find_spec=lambda name: None))'),
    Example("A port that is taken", "--port of lossary explore is in use or not permitted.",
            "$ lossary explore --port 8765",
            hidden="def refuse(self, address):\n    raise OSError(98, 'Address already in use')\n\n"
            'patch("lossary.explorer.serve.socket.socket.bind", refuse)'),
    Example("A typed formula that cannot be read", "On the explorer's page, under 'Your own'.",
            'from lossary.explorer.formulas import parse\n\nparse("e.__class__")',
            "Use the functions that are listed; any other name becomes a slider."),
    Example("A pasted table without targets and predictions", "On the explorer's page, under 'Your own'.",
            'from lossary.explorer.own import read\n\nread("price\\n12.5\\n13\\n")'),
    Example("A pasted table with too many columns", "On the explorer's page, under 'Your own'.",
            'from lossary.explorer.own import read\n\nread("y," + ",".join(f"p{i}" for i in range(500)) + "\\n1\\n")',
            "Paste only the columns needed, or call ls.check in Python."),
    Example("A pasted table for a loss of other inputs", "On the page: a pasted table has only targets and "
                                                         "predictions.",
            'from lossary.explorer.own import rows_answer\n\n'
            'rows_answer({"losses": [{"name": "dpo"}], "table": "y,p\\n1,0.5\\n0,0.2\\n"})',
            "Call the loss in Python, with its inputs by name."),
    Example("Too many rows for a loss of pairs", "On the explorer's page: a loss that compares all pairs of rows.",
            'from lossary.explorer.own import rows_answer\n\ntable = "y,p0,p1\\n" + "1,0.6,0.8\\n" * 1000\n'
            'rows_answer({"losses": [{"name": "circle"}], "table": table})'),
    Example("An empty table", "The file, or the table pasted on the explorer's page, is empty.",
            'from lossary.explorer.own import read\n\nread("")'),
    Example("A table with nothing but separators", "The file, or the table pasted on the explorer's page, has no "
                                                   "cells.",
            'from lossary.explorer.own import read\n\nread(";;\\n;;\\n")'),
    Example("An invalid link of the explorer", "The link asks for something that the panel does not have.",
            'from lossary.explorer import fits\n\nfits.answer({"losses": [{"name": "dice"}]})',
            "Open the page without the part after '#'."),
]  # fmt: skip
