"""Texts that other libraries show, for docs/errors.md."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Foreign:
    """A text that other libraries show, what it means, and what lossary has for it."""

    texts: tuple[str, ...]
    source: str
    means: str
    here: str


FOREIGN = [
    Foreign(
        ("Could not interpret loss identifier: focal_loss", "Unknown loss function: focal_loss_fixed"), "Keras 3 and 2",
        "compile or load_model was given a name that Keras does not know: a custom loss that is not registered, or an "
        "alias that Keras lacks, such as rmse, l1, smooth_l1 or pinball.",
        "`loss=ls.get(\"rmse\")` knows the aliases. A loss made with `@ls.loss` or `ls.Loss` is registered when it is "
        "defined: import its module before `load_model`.",
    ),
    Foreign(
        ("Could not locate class 'Huber'. Make sure custom classes and functions are decorated with "
         "`@keras.saving.register_keras_serializable()`. If they are already decorated, make sure they are all "
         "imported so that the decorator is run before trying to load them. Full object config: {'module': "
         "'lossary.families.robust', 'class_name': 'Huber', ...}",
         "Could not locate class 'Sum'", "Could not locate class 'MultiLoss'", "Could not locate class 'LossLayer'"),
        "Keras 3, load_model",
        "The file holds a loss or a layer of lossary (`'registered_name': 'lossary>...'` is in the message), and "
        "lossary is not imported in this process.",
        "`import lossary` before `keras.saving.load_model(path)`: that registers all of its classes; "
        "`custom_objects` is not needed. To predict only, without lossary installed: `load_model(path, "
        "compile=False)` leaves out the loss (a model with an `ls.LossLayer` or `ls.TermLayer` inside needs lossary, "
        "or `ls.without_targets(model)` before saving). What a saved file may run, and what `safe_mode` protects from: "
        "docs/target.md, \"Files and modules that you do not trust\".",
    ),
    Foreign(
        ("Could not locate function 'my_loss'. Make sure custom classes and functions are decorated with "
         "`@keras.saving.register_keras_serializable()`.",
         "Could not locate class"), "Keras 3",
        "The saved model names a function or class that is not registered in this process. A closure or lambda can "
        "never be found.",
        "Decorate it with `@ls.loss`: it is registered with its parameters, and they come back with the model.",
    ),
    Foreign(
        ("Could not deserialize 'keras.metrics.mse' because it is not a KerasSaveable subclass",), "Keras 3, .h5 files",
        "A model compiled with the string \"mse\" as loss or metric was saved as .h5.",
        "Save as .keras, and pass the object `ls.MeanSquaredError()`. Old files load with `compile=False`.",
    ),
    Foreign(
        ("Requested the deserialization of a Python lambda. This carries a potential risk of arbitrary code execution "
         "and thus it is disallowed by default.",
         "you can override this error by passing `safe_mode=False` to the loading function"), "Keras 3",
        "A saved model holds Python code: a lambda, in a Lambda layer or as a loss. With `safe_mode=False` whatever "
        "is in the file is run, with your permissions.",
        "A loss made with `@ls.loss`, and everything of lossary, is saved without code and loads in safe mode; "
        "`load_model(path, compile=False)` leaves out the loss. docs/target.md says what to trust: `lossary check "
        "module:model` runs the module too.",
    ),
    Foreign(
        ("A KerasTensor cannot be used as input to a TensorFlow function",
         "A KerasTensor is symbolic: it's a placeholder for a shape an a dtype"), "Keras 3",
        "A loss closes over `keras.Input` or another symbolic tensor: it needs more than y_true and y_pred.",
        "Put the loss into the model: `ls.LossLayer(loss)([targets, outputs])` (for loops of "
        "your own see examples/6_custom_loop.py).",
    ),
    Foreign(
        ("NotImplementedError (with an empty message, from model.add_loss)",), "Keras 3",
        "Functional models lost `add_loss(tensor)`.",
        "Add an `ls.LossLayer`, or call `self.add_loss` in a layer; `ls.target_split` shows every part.",
    ),
    Foreign(
        ("No loss to compute. Provide a `loss` argument in `compile()`.",), "Keras 3 (not on JAX)",
        "compile was given no loss, and no layer adds one. On JAX training runs, but minimises nothing.",
        "Pass a loss. `ls.diagnose(model, x, y)` refuses such a model on every backend.",
    ),
    Foreign(
        ("`class_weight` not supported for 3+ dimensional targets.",
         "TypeError: only 0-dimensional arrays can be converted to Python scalars"), "TensorFlow 2's Keras, Keras 3",
        "`fit(class_weight=...)` was used with targets such as (batch, height, width).",
        "Use class weights inside the loss: `ls.SparseCategoricalCrossentropy(class_weight=(1.0, 5.0))`, any rank.",
    ),
    Foreign(
        ("Using a target size (torch.Size([8])) that is different to the input size (torch.Size([8, 1])).",), "torch",
        "The two broadcast, and every row is compared with every other.",
        "lossary reads (n,) with (n, 1) as n rows; anything else that would broadcast is a ShapeError.",
    ),
    Foreign(
        ("Arguments `target` and `output` must have the same shape.",
         "Arguments `target` and `output` must have the same rank (ndim)."), "Keras 3",
        "A cross-entropy got targets and outputs of different shapes: often class indices where one-hot is meant.",
        "The ShapeError of lossary names both shapes. Class indices belong to `ls.SparseCategoricalCrossentropy`.",
    ),
    Foreign(
        ("`binary_crossentropy` received `from_logits=True`, but the `output` argument was produced by a Sigmoid "
         "activation",), "Keras 3 on TensorFlow",
        "The sigmoid or softmax is applied twice. Other backends do not warn.",
        "Drop the activation and keep from_logits=True. The other way round, logits read as probabilities, is a "
        "PredictionError where they leave [0, 1].",
    ),
    Foreign(
        ("Received a label value of 5 which is outside the valid range of [0, 2)", "Target 5 is out of bounds."),
        "TensorFlow on CPU, torch on CPU",
        "A class index has no output. TensorFlow on a GPU gives nan and JAX -0.0 without a message; torch on CUDA "
        "stops with a device-side assert.",
        "A TargetError, alike on every backend; in compiled code the value is nan, and `ls.diagnose` names the row.",
    ),
    Foreign(
        ("all elements of input should be between 0 and 1", "CUDA error: device-side assert triggered"), "torch",
        "A binary cross-entropy got predictions outside [0, 1], or nan; on CUDA also a class that does not exist.",
        "A PredictionError or TargetError says which; `ls.diagnose(model, x, y)` finds the layer a nan comes from.",
    ),
    Foreign(
        ("loss: nan",), "the progress bar of fit",
        "Something in the step is not a number: data, weights, a layer, the loss or a gradient.",
        "`print(ls.diagnose(model, x_batch, y_batch))` names the first such tensor, its row, and what to do. Losses of "
        "lossary are finite for probabilities of 0 and 1 and for logits of ±10,000, and so are their gradients.",
    ),
    Foreign(
        ("negative loss (loss: -3.1415)",), "the progress bar of fit",
        "A cross-entropy with labels outside [0, 1], KL divergence of rows that do not sum to 1, Dice of logits; or a "
        "likelihood of a density (`ls.GaussianNLL`), or a cosine similarity of Keras, where it is to be expected.",
        "Labels and probabilities out of range are a TargetError or PredictionError. The card of "
        "`ls.CosineSimilarity` says what its values mean: `print(ls.card(\"cosine_similarity\"))`.",
    ),
    Foreign(
        ("loss (of fit) and metric differ for the same formula",), "Keras",
        "With sample_weight the loss divides by the number of rows, the metric by the sum of the weights.",
        "`print(ls.explain(loss, y_true, y_pred, sample_weight))` shows both numbers; "
        "`reduction=\"mean_with_sample_weight\"` makes them one.",
    ),
    Foreign(
        ("Cannot clone object '...', as the constructor either does not set or modifies parameter",), "scikit-learn",
        "clone found that an estimator's constructor changed an argument it was given.",
        "Losses of lossary are not estimators, and keep their arguments: `copy`, pickle and `get_config` give the "
        "same loss.",
    ),
    Foreign(
        ("'Tensor' object has no attribute 'log_prob'",), "TensorFlow Probability with Keras",
        "The model's output became a plain tensor where the loss expects a distribution.",
        "Predict the parameters and let the loss hold the distribution: `ls.GaussianNLL()` with Dense(2).",
    ),
]  # fmt: skip
