"""Examples of errors of losses that read named slots."""

from __future__ import annotations

from tools.errors_example import Example

SLOTS = [
    Example(
        "Missing targets of a loss that reads a row as a whole",
        '`missing="nan"` leaves single targets out; class numbers, directions and masks have none.',
        'ls.SparseCategoricalCrossentropy(missing="nan")',
    ),
    Example(
        "Edges of bins that do not rise",
        "BinnedNLL is given edges in another order, or the same edge twice.",
        "ls.BinnedNLL(edges=[0.0, 2.0, 1.0])",
        "Sort the edges, and leave out those that occur twice.",
    ),
    Example(
        "A matrix of label noise of other sums or sizes",
        "The rows of `transition` do not sum to 1, or there are not as many as classes.",
        "ls.ForwardCorrected(transition=[[0.9, 0.1], [0.5, 0.9]])([0, 1], np.zeros((2, 2)))",
    ),
    Example(
        "A matrix of label noise without an inverse",
        "Two classes get the same labels equally often, so no correction can tell them apart.",
        "ls.BackwardCorrected(transition=[[0.5, 0.5], [0.5, 0.5]])",
        "Use ForwardCorrected, or estimate the matrix anew.",
    ),
    Example(
        "Frequencies that are not one for each label",
        "DistributionBalanced is given frequencies of another number of labels than the model has outputs.",
        "ls.DistributionBalanced(frequency=[0.5, 0.1])(np.zeros((4, 3)), np.zeros((4, 3)))",
    ),
    Example(
        "Soft labels of another number of levels",
        "UnimodalCrossEntropy is given a matrix of soft labels that has another number of rows than the model outputs.",
        "ls.UnimodalCrossEntropy(labels=[[0.9, 0.1], [0.2, 0.8]])([0], np.zeros((1, 3)))",
    ),
    Example(
        "Ratios of another number of classes",
        "EqualizationV2 is given another number of ratios than there are classes.",
        "ls.EqualizationV2(ratios=[0.5, 1.0])([[1.0, 0.0, 0.0]], np.zeros((1, 3)))",
    ),
    Example(
        "Bones without points",
        "BoneLength is given another number of parents than there are points, or a parent that is not a point.",
        "ls.BoneLength(parents=[0, 0])(np.zeros((1, 3, 2)), np.zeros((1, 3, 2)))",
    ),
    Example(
        "Sigmas of another number of points",
        "OKS is given another number of sigmas than there are points.",
        "ls.OKS(sigmas=[0.1, 0.2])((np.zeros((1, 3, 2)), [1.0]), np.zeros((1, 3, 2)))",
    ),
    Example(
        "Cutoffs that do not form clusters",
        "AdaptiveSoftmax is given cutoffs that do not rise, or not as many as logits of clusters.",
        "ls.AdaptiveSoftmax(cutoffs=[3, 1])([0], (np.zeros((1, 4)), np.zeros((1, 2))))",
    ),
    Example(
        "Distances that are not one for each pair of classes",
        "WassersteinDice is given distances of another number of classes than the model has outputs, or none above 0.",
        "ls.WassersteinDice(distances=[[0.0, 1.0], [1.0, 0.0]])(np.zeros((1, 2, 2), int), np.zeros((1, 2, 2, 3)))",
    ),
    Example(
        "Fourier coefficients along an axis of unknown length",
        "A spectral loss is compiled for rows whose length is not known yet.",
        "ls.FreDF().call(keras.KerasTensor((2, None, 1)), keras.KerasTensor((2, None, 1)))",
    ),
    Example(
        "A check with unknown input names",
        "ls.check is given tensors by name for a loss of y_true and y_pred.",
        'ls.check("mse", np.zeros((4, 1)), np.zeros((4, 1)), anchor=np.zeros((4, 1)))',
        "Pass y_true and y_pred; `lossary show NAME` lists the inputs of a loss.",
    ),
    Example(
        "An explanation with unknown input names",
        "ls.explain is given tensors by name for a loss of y_true and y_pred.",
        'ls.explain("mse", np.zeros((4, 1)), np.zeros((4, 1)), anchor=np.zeros((4, 1)))',
        "Pass y_true and y_pred; `lossary show NAME` lists the inputs of a loss.",
    ),
    Example(
        "Images that are brighter than the peak",
        "Images of 8 bits are compared as if they went from 0 to 1.",
        "ls.SSIM()(np.full((1, 4, 4, 3), 200.0), np.full((1, 4, 4, 3), 190.0))",
    ),
    Example(
        "Images of fewer than three pixels",
        "A loss reads three neighbouring pixels, and the images have fewer along height or width.",
        "ls.bending_energy(np.zeros((1, 2, 8, 1)))",
    ),
    Example(
        "Images of unknown size, to be halved",
        "MultiScaleSSIM is compiled for images whose height or width is not known yet.",
        "ls.MultiScaleSSIM().of(keras.KerasTensor((2, None, None, 1)), keras.KerasTensor((2, None, None, 1)))",
    ),
    Example(
        "A transducer with too few positions",
        "RNNT reads logits before the first symbol and after each one, and y_pred has one position less.",
        "ls.rnnt([[1, 2]], np.zeros((1, 5, 2, 3)))",
    ),
    Example(
        "A history shorter than a season",
        "The history of MeanAbsoluteScaledError has no two steps that are a season apart.",
        "ls.mean_absolute_scaled_error([[5.0, 6.0]], [[1.0, 2.0]], [[6.0, 8.0]], season=7)",
    ),
    Example(
        "A label without a row in the kernel",
        "Tokens that do not count are marked by a number such as -100.",
        "ls.LinearCrossEntropy()([0, -100], np.zeros((2, 3)), kernel=np.zeros((4, 3)))",
        "Pass `ignore_class=-100`, or whatever the number is.",
    ),
    Example(
        "Class weights of another number than the kernel's rows",
        "`class_weight` holds more or fewer numbers than there are classes.",
        "ls.LinearCrossEntropy(class_weight=(1.0, 2.0))([0, 1], np.zeros((2, 3)), kernel=np.zeros((4, 3)))",
    ),
    Example(
        "An input that is missing",
        "A loss of several inputs is called without one of them.",
        'loss = ls.TripletMargin()\nloss(y_pred={"anchor": np.zeros((2, 3)), "positive": np.zeros((2, 3))})',
        "Pass all of them: by name, as a tuple or dictionary, or stacked along the axis given in docs/losses.md.",
    ),
    Example(
        "On JAX, a metric that reads weights which train",
        "A loss with weights of its own is the loss and a metric at once.",
        "loss = ls.ArcFace(classes=3, features=2)\n"
        "model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])\n"
        'model.compile("sgd", loss, metrics=[ls.metric(loss)])',
        hidden='patch("keras.backend.backend", lambda: "jax")',
    ),
    Example(
        "A metric of a loss whose weights have no sizes yet",
        "A loss with weights of its own is to be a metric, and does not say of how many classes.",
        'ls.metric("proxy_anchor")',
        'Pass the sizes: `ls.metric("proxy_anchor", classes=3, features=8)`.',
    ),
    Example(
        "A length beyond the list",
        "`lengths` counts more items than a padded list has places.",
        "ls.listwise_softmax([[1.0, 0.0]], [[0.5, 0.2]], lengths=[3])",
    ),
    Example(
        "An input that a loss does not have",
        "A tensor is passed under a name that the loss does not know.",
        "ls.DPO()(y_pred=([-1.0], [-2.0]), wanted=[0.0])",
        "`lossary show NAME` lists the inputs of a loss.",
    ),
    Example(
        "A dictionary with other keys",
        "The outputs of the model have other names than the inputs of the loss.",
        'ls.DPO()(y_pred={"good": [-1.0], "bad": [-2.0]})',
        "Give the outputs the names of the inputs, or pass the tensors by name.",
    ),
    Example(
        "One tensor for several inputs",
        "The predictions are one tensor, which does not hold the inputs along the expected axis.",
        "ls.TripletMargin()(y_pred=np.zeros((2, 3, 4, 5)))",
        "Stack them along axis 1, shape (rows, 3, features), or give the model one output for each.",
    ),
    Example(
        "Inputs whose sizes do not agree",
        "Two inputs have axes of the same name but different lengths.",
        "ls.triplet_margin(np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((2, 4)))",
        "Reshape the input that is named; nothing is broadcast.",
    ),
    Example(
        "An input with too many axes",
        "An input has more or fewer axes than the loss reads.",
        "ls.cox_ph([1.0, 2.0], [1, 0], np.zeros((2, 3)))",
        "Give the model one output per row.",
    ),
    Example(
        "Weights that do not fit named inputs",
        "The sample weights have a different number of rows than the predictions.",
        "ls.DPO()(y_pred=([-1.0, -1.0], [-2.0, -2.0]), sample_weight=[1.0, 2.0, 3.0])",
    ),
    Example(
        "An input out of its range",
        "A probability is passed where a log-probability is expected.",
        "ls.dpo([0.9], [0.2])",
    ),
    Example(
        "A term that lacks inputs of its loss",
        "ls.Term is given sources for some of the loss's inputs.",
        'ls.Term(ls.TripletMargin(), anchor=ls.Output("a"), positive=ls.Hidden("b"))',
        "Give every input of one side a source, or none of them: then they come as in compile.",
    ),
    Example(
        "A layer of a loss that lacks an input",
        "ls.LossLayer or ls.TermLayer is called on some of the loss's inputs.",
        'ls.LossLayer(ls.CoxPH())({"score": keras.Input(())})',
        "Call it on a dictionary with all of them.",
    ),
    Example(
        "Outputs that a likelihood does not have",
        "ls.gaussian_nll is given outputs under other names than mean and spread.",
        'ls.gaussian_nll([1.0], {"mean": [0.0], "sigma": [1.0]})',
    ),
    Example(
        "A tuple that may be rows or outputs",
        "As many rows as outputs arrive as a tuple, so that it can be read in two ways.",
        "rows = np.zeros((2, 2))\nls.gaussian_nll(np.zeros(2), tuple(rows))",
    ),
    Example(
        "Outputs of a likelihood with different shapes",
        "The mean has a different number of columns than the spread.",
        "ls.gaussian_nll([1.0, 2.0], mean=np.zeros((2, 1)), spread=np.zeros((2, 3)))",
    ),
    Example(
        "Half of a reference",
        "ls.dpo is given the reference for one of the two answers only.",
        "ls.dpo([-1.0], [-2.0], reference_chosen=[-1.0])",
        "Pass both reference_chosen and reference_rejected, or neither.",
    ),
    Example(
        "Ambiguous positional inputs",
        "A function with several signatures is given tensors by position, and several signatures match, or none.",
        "ls.nt_xent(np.eye(2), np.eye(2))",
        "Pass them by name: first= and second=, or label= and embedding=.",
    ),
    Example(
        "A piece of a batch without the others",
        "partial() of a loss that compares rows is called on a part of the batch.",
        "ls.CoxPH().partial(y_true=([1.0, 2.0], [1.0, 0.0]), y_pred=[0.0, 1.0])",
    ),
    Example(
        "A tensor that the loss does not take",
        "A parameter, or another tensor, is passed to a loss when it is called.",
        "ls.Huber()([[0.0]], [[1.0]], delta=2.0)",
        "Pass parameters to the constructor: ls.Huber(delta=2.0).",
    ),
    Example(
        "A loss whose weights have no size yet",
        "A loss that owns weights is called before it can know how many classes there are.",
        "ls.ArcFace()([0, 1], np.eye(2))",
        "Pass classes=, and features= where the model is not built yet.",
    ),
    Example(
        "A loss with weights, and a model without a shape",
        "compile is given a loss that owns weights, and the model's outputs have no size yet.",
        "import keras\n\nmodel = keras.Sequential([keras.layers.Dense(8)])\n"
        'model.compile("sgd", loss=ls.ArcFace(classes=10))',
        "Begin the model with keras.Input, or pass features=.",
    ),
    Example(
        "Boxes with another coding",
        "Read with the wrong coding, boxes have a negative width or height.",
        "ls.giou([[5.0, 5.0, 2.0, 2.0]], [[4.0, 4.0, 6.0, 6.0]])",
    ),
    Example(
        "Thresholds that fall",
        "The predictions of an ordinal model are not in order: logits of classes, or of passing a threshold.",
        "ls.cumulative_link([0, 1], [[1.0, 0.0], [2.0, 1.0]])",
        "End the model in ls.heads.CumulativeLink; of logits of passing a threshold, use ls.Coral.",
    ),
    Example(
        "A metric of other columns",
        "A metric with one sum for each column is given a batch with another number of columns.",
        'metric = ls.metric("concordance_correlation")\n'
        "metric.update_state(np.eye(3), np.eye(3))\nmetric.update_state(np.eye(2), np.eye(2))",
        "Use one metric for each output of the model, and a new metric for other data.",
    ),
    Example(
        "Padded arrays of different lengths",
        "ls.padded is given inputs and targets with different numbers of rows.",
        "ls.padded(np.zeros((3, 2)), np.zeros(4))",
        "Check which rows were filtered out of one of them.",
    ),
    Example(
        "Padding to a multiple of nothing",
        "ls.padded(multiple=...) is not a whole number >= 1.",
        "ls.padded(np.zeros((3, 2)), np.zeros(3), multiple=0)",
    ),
    Example(
        "A process group that is not initialised",
        "ls.across is given something that is not a process group.",
        "ls.across(3)",
    ),
    Example(
        "An accumulated step that is not a tuple",
        "ls.across(batches=...) is given arrays instead of the targets and weights of each step.",
        "ls.across(False, batches=[np.zeros(3)])",
    ),
    Example(
        "A ratio over accumulated steps",
        "The loss is one number of all rows at once, and the batch comes in several steps.",
        "masks = np.ones((2, 4))\nwith ls.across(False, batches=[(masks,)]):\n"
        "    ls.Dice(whole_batch=True)(masks, masks)",
    ),
    Example(
        "A refusal in another process",
        "Another process of the group was given what the loss refuses.",
        "ls.Huber()([[1.0]], [[2.0]])  # inside ls.across(), while process 1 raises",
        hidden="from types import SimpleNamespace\n"
        'patch("lossary.core.across.joined", lambda: SimpleNamespace(count=2, agreed=lambda wrong, rows: ([1], [])))\n',
    ),
    Example(
        "Unequal batches in the processes of JAX",
        "Each process of JAX has another number of rows; the one program that they run needs equal ones.",
        'ls.Huber()([[1.0]], [[2.0]])  # inside ls.across("batch"), with 40 and 21 rows',
        hidden="from types import SimpleNamespace\n"
        'patch("lossary.core.across.joined", lambda: SimpleNamespace(agreed=lambda wrong, rows: ([], [40, 21])))\n',
    ),
    Example(
        "fit in several processes of torch",
        "Keras's fit does not average the gradients of the processes, so that each trains a model of its own.",
        'model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)], name="line")\n'
        'model.compile("sgd", ls.Huber())\nmodel.fit(np.zeros((4, 3)), np.zeros((4, 1)))',
        hidden='patch("lossary.objective.attachment.unsynchronised", lambda model: "This is one of 2 processes of '
        'torch, and fit does not average their gradients.")\n',
    ),
    Example(
        "Classes on several devices",
        "A loss other than a plain cross-entropy is given logits as a DTensor of torch, sharded over the classes.",
        "ls.SparseCategoricalFocalCrossentropy(from_logits=True)([0, 1], np.zeros((2, 4)))  # a DTensor",
        hidden='patch("lossary.core.forms.labels.over_classes", lambda logits: True)\n',
    ),
]
