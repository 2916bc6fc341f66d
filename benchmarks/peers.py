"""The same losses elsewhere: Keras on every backend, torch.nn.functional on torch, optax on JAX, tf.nn on TensorFlow.

`peers(case)` gives the functions that mean what a case means, with one value per row; `means(case)` the same as one
number, the mean, each in the fastest way that its library has. A case with a parameter that the other library does not
have, or a loss it defines otherwise, is left out; LEFT_OUT says which and why. A library that takes logarithms, or
probabilities that sum to one, is given them: what that costs is part of its time.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import keras

from lossary.core.declaration import snake

BACKEND = keras.backend.backend()
Function = Callable[..., Any]


class Case(Protocol):
    """A loss of lossary with parameters."""

    cls: Any
    parameters: dict[str, Any]


@dataclass(frozen=True)
class Peer:
    """A loss of another library: `rows(y, p)`, one value for each row, and `mean(y, p)`, one number."""

    rows: Function
    mean: Function


LEFT_OUT = {
    "Keras": "RootMeanSquaredError (a metric only), CategoricalHinge and Circle (defined otherwise, as documented), "
    "Dice and Tversky counted per row",
    "torch": "losses with another definition (multi-class hinge)",
    "optax": "Dice",
    "tf.nn": "what it has no function for: all but the cross-entropies of logits, Poisson and CTC",
}

# lossary's function -> {lossary's parameter: Keras's}; parameters that are not named must be at their defaults.
SMOOTH = {"from_logits": "from_logits", "label_smoothing": "label_smoothing"}
KERAS: dict[str, dict[str, str]] = {
    "mean_squared_error": {},
    "mean_absolute_error": {},
    "mean_absolute_percentage_error": {},
    "mean_squared_logarithmic_error": {},
    "cosine_similarity": {},
    "huber": {"delta": "delta"},
    "log_cosh": {},
    "hinge": {},
    "squared_hinge": {},
    "kl_divergence": {},
    "poisson": {},
    "binary_crossentropy": SMOOTH,
    "binary_focal_crossentropy": {
        **SMOOTH,
        "apply_class_balancing": "apply_class_balancing",
        "alpha": "alpha",
        "gamma": "gamma",
    },
    "categorical_crossentropy": SMOOTH,
    "categorical_focal_crossentropy": {**SMOOTH, "alpha": "alpha", "gamma": "gamma"},
    "sparse_categorical_crossentropy": {"from_logits": "from_logits"},
    "categorical_generalized_cross_entropy": {"q": "q"},
    "dice": {"whole_batch": ""},
    "tversky": {"whole_batch": ""},
    "ctc": {},
}


def peers(case: Case) -> dict[str, Function]:
    """The equal functions by library, one value per row."""
    return {library: peer.rows for library, peer in found(case).items()}


def means(case: Case) -> dict[str, Function]:
    """The equal functions by library, as one number; Keras's also takes a weight for each row."""
    return {library: peer.mean for library, peer in found(case).items()}


def found(case: Case) -> dict[str, Peer]:
    if case.cls.inputs:
        return of_slots(case)
    library, table = {"torch": ("torch", TORCH), "jax": ("optax", OPTAX), "tensorflow": ("tf.nn", TF_NN)}[BACKEND]
    own = {"Keras": keras_peer(case), library: native(table, case) if present(library.partition(".")[0]) else None}
    return {name: peer for name, peer in own.items() if peer is not None}


def of_slots(case: Case) -> dict[str, Peer]:
    """Losses of named slots: functions of two dictionaries; what differs by an epsilon is near enough for a timing."""
    key = (function_name(case.cls), getattr(case, "form", ""))
    library, table = {"torch": ("torch", TORCH_SLOTS), "jax": ("optax", OPTAX_SLOTS), "tensorflow": ("", {})}[BACKEND]
    if key not in table or changed(case) or not present(library):
        return {}
    return {library: Peer(table[key](), table[key]())}


def present(module: str) -> bool:
    try:
        importlib.import_module({"tf": "tensorflow"}.get(module, module))
    except ImportError:
        return False
    return True


def function_name(cls: Any) -> str:
    return snake(cls.__name__)


def changed(case: Case) -> dict[str, Any]:
    """The parameters that are not at their defaults."""
    defaults = {name: p.default for name, p in case.cls.signature.parameters.items()}
    return {name: value for name, value in case.parameters.items() if value != defaults[name]}


def keras_peer(case: Case) -> Peer | None:
    name, given = function_name(case.cls), changed(case)
    names = KERAS.get(name)
    if names is None or set(given) - set(names):
        return None
    if name in ("dice", "tversky") and not given.get("whole_batch"):
        return None
    function = getattr(keras.losses, name)
    theirs = {names[k]: v for k, v in given.items() if names[k]}
    if name == "categorical_generalized_cross_entropy":
        theirs.setdefault("q", 0.5)
    return Peer(lambda y, p: function(y, p, **theirs), getattr(keras.losses, case.cls.__name__)(**theirs))


def native(table: dict[str, Callable[..., Peer | None]], case: Case) -> Peer | None:
    """The function of the backend's own library, where the table has one for these parameters."""
    build = table.get(function_name(case.cls))
    try:
        return None if build is None else build(**changed(case))
    except TypeError:  # a parameter that the library does not have
        return None


# -- torch ----------------------------------------------------------------------------------------------------------


def torch_entries(name: str, **options: Any) -> Peer:
    """A function of torch.nn.functional that works entry by entry."""
    import torch

    function = getattr(torch.nn.functional, name)
    return Peer(
        lambda y, p: function(p, y, reduction="none", **options).mean(-1), lambda y, p: function(p, y, **options)
    )


def torch_rows(rows: Function) -> Peer:
    return Peer(rows, lambda y, p: rows(y, p).mean())


def torch_binary(from_logits: bool = False) -> Peer:
    return torch_entries("binary_cross_entropy_with_logits" if from_logits else "binary_cross_entropy")


def torch_weighted(from_logits: bool = False, pos_weight: float = 1.0) -> Peer | None:
    import torch

    if not from_logits:
        return None
    function = torch.nn.functional.binary_cross_entropy_with_logits

    def loss(y: Any, p: Any, reduction: str) -> Any:
        return function(p, y, pos_weight=torch.full((), pos_weight, device=p.device), reduction=reduction)

    return Peer(lambda y, p: loss(y, p, "none").mean(-1), lambda y, p: loss(y, p, "mean"))


def torch_classes(
    from_logits: bool = False, label_smoothing: float = 0.0, class_weight: tuple[float, ...] | None = None
) -> Peer | None:
    """Cross-entropy of logits; of probabilities, the negative log-likelihood of the logarithm of their shares."""
    import torch

    F, weight = torch.nn.functional, None if class_weight is None else torch.tensor(class_weight)
    if not from_logits and (label_smoothing or class_weight):
        return None

    def loss(y: Any, p: Any, reduction: str) -> Any:
        sparse = y.ndim < p.ndim
        target = y.long() if sparse else y
        if from_logits:
            matched = None if weight is None else weight.to(p)
            options = {"label_smoothing": label_smoothing, "weight": matched, "reduction": reduction}
            return F.cross_entropy(p, target, **options)
        logs = (p / p.sum(-1, keepdim=True)).log()
        if sparse:
            return F.nll_loss(logs, target, reduction=reduction)
        rows = -(target * logs).sum(-1)
        return rows if reduction == "none" else rows.mean()

    if weight is None:
        return Peer(lambda y, p: loss(y, p, "none"), lambda y, p: loss(y, p, "mean"))
    return Peer(lambda y, p: loss(y, p, "none"), lambda y, p: loss(y, p, "sum") / len(y))  # torch: by the weights


def torch_gaussian(spread: str = "log_variance", full: bool = True) -> Peer | None:
    import torch

    if spread != "variance":
        return None
    function = torch.nn.functional.gaussian_nll_loss

    def loss(y: Any, p: Any, reduction: str) -> Any:
        p = p if p.ndim > y.ndim else p.unsqueeze(1)
        return function(p[..., 0], y, p[..., 1], full=full, reduction=reduction)

    return Peer(lambda y, p: loss(y, p, "none").mean(-1), lambda y, p: loss(y, p, "mean"))


def torch_ctc() -> Peer:
    import torch

    def loss(y: Any, p: Any, reduction: str) -> Any:
        lengths = torch.full((p.shape[0],), p.shape[1])
        logs, given = torch.log_softmax(p, -1).transpose(0, 1), (y != 0).sum(-1)
        return torch.nn.functional.ctc_loss(logs, y, lengths, given, reduction=reduction)

    return Peer(lambda y, p: loss(y, p, "none"), lambda y, p: loss(y, p, "sum") / len(y))


def torch_cosine() -> Peer:
    import torch

    return torch_rows(lambda y, p: -torch.nn.functional.cosine_similarity(y, p, dim=-1))


def torch_divergence() -> Peer:
    import torch

    function = torch.nn.functional.kl_div
    return Peer(
        lambda y, p: function(p.log(), y, reduction="none").sum(-1),
        lambda y, p: function(p.log(), y, reduction="batchmean"),
    )


TORCH: dict[str, Callable[..., Peer | None]] = {
    "mean_squared_error": lambda: torch_entries("mse_loss"),
    "mean_absolute_error": lambda: torch_entries("l1_loss"),
    "huber": lambda delta=1.0: torch_entries("huber_loss", delta=delta),
    "smooth_l1": lambda beta=1.0: torch_entries("smooth_l1_loss", beta=beta),
    "poisson": lambda log_rate=False: torch_entries("poisson_nll_loss", log_input=log_rate),
    "binary_crossentropy": torch_binary,
    "weighted_binary_crossentropy": torch_weighted,
    "categorical_crossentropy": torch_classes,
    "sparse_categorical_crossentropy": torch_classes,
    "kl_divergence": torch_divergence,
    "gaussian_nll": torch_gaussian,
    "cosine_similarity": torch_cosine,
    "ctc": torch_ctc,
}


def torch_triplets() -> Function:
    import torch

    function = torch.nn.functional.triplet_margin_loss
    return lambda y, p: function(*(p["pred"][name] for name in ("anchor", "positive", "negative")))


TORCH_SLOTS = {("triplet_margin", "call"): torch_triplets}

# -- optax ----------------------------------------------------------------------------------------------------------


def optax_entries(name: str, **options: Any) -> Peer:
    """A function of optax.losses that works entry by entry."""
    function = getattr(importlib.import_module("optax").losses, name)
    return Peer(lambda y, p: function(p, y, **options).mean(-1), lambda y, p: function(p, y, **options).mean())


def optax_rows(rows: Function) -> Peer:
    return Peer(rows, lambda y, p: rows(y, p).mean())


def optax_binary(from_logits: bool = False) -> Peer | None:
    return optax_entries("sigmoid_binary_cross_entropy") if from_logits else None


def optax_focal(
    from_logits: bool = False, gamma: float = 2.0, alpha: float = 0.25, apply_class_balancing: bool = False
) -> Peer | None:
    chosen = alpha if apply_class_balancing else None
    return optax_entries("sigmoid_focal_loss", alpha=chosen, gamma=gamma) if from_logits else None


def optax_hinge(name: str) -> Peer:
    function = getattr(importlib.import_module("optax").losses, name)
    if name == "multiclass_hinge_loss":
        return optax_rows(lambda y, p: function(p, y.argmax(-1)))
    entries = lambda y, p: function(p, y + (y == 0) * -1)  # noqa: E731
    return Peer(lambda y, p: entries(y, p).mean(-1), lambda y, p: entries(y, p).mean())


def optax_classes(from_logits: bool = False, label_smoothing: float = 0.0) -> Peer | None:
    losses = importlib.import_module("optax").losses
    if not from_logits:
        return None
    if not label_smoothing:
        return optax_rows(lambda y, p: losses.softmax_cross_entropy(p, y))
    return optax_rows(lambda y, p: losses.softmax_cross_entropy(p, losses.smooth_labels(y, label_smoothing)))


def optax_indices(from_logits: bool = False, label_smoothing: float = 0.0) -> Peer | None:
    losses = importlib.import_module("optax").losses
    if not from_logits:
        return None
    if not label_smoothing:
        return optax_rows(lambda y, p: losses.softmax_cross_entropy_with_integer_labels(p, y))

    def rows(y: Any, p: Any) -> Any:
        one_hot = importlib.import_module("jax").nn.one_hot(y, p.shape[-1], dtype=p.dtype)
        return losses.softmax_cross_entropy(p, losses.smooth_labels(one_hot, label_smoothing))

    return optax_rows(rows)


def optax_divergence() -> Peer:
    function = importlib.import_module("optax").losses.kl_divergence
    log = importlib.import_module("jax").numpy.log
    return optax_rows(lambda y, p: function(log(p), y))


def optax_cosine() -> Peer:
    function = importlib.import_module("optax").losses.cosine_similarity
    return optax_rows(lambda y, p: -function(p, y))


def optax_ctc() -> Peer:
    function = importlib.import_module("optax").losses.ctc_loss
    return optax_rows(lambda y, p: function(p, 0.0 * p[..., 0], y, (y == 0).astype(p.dtype)))


OPTAX: dict[str, Callable[..., Peer | None]] = {
    "mean_squared_error": lambda: optax_entries("squared_error"),
    "huber": lambda delta=1.0: optax_entries("huber_loss", delta=delta),
    "log_cosh": lambda: optax_entries("log_cosh"),
    "cosine_similarity": optax_cosine,
    "hinge": lambda: optax_hinge("hinge_loss"),
    "categorical_hinge": lambda: optax_hinge("multiclass_hinge_loss"),
    "binary_crossentropy": optax_binary,
    "binary_focal_crossentropy": optax_focal,
    "categorical_crossentropy": optax_classes,
    "sparse_categorical_crossentropy": optax_indices,
    "kl_divergence": optax_divergence,
    "ctc": optax_ctc,
}


def optax_triplets() -> Function:
    function = importlib.import_module("optax").losses.triplet_margin_loss
    return lambda y, p: function(*(p["pred"][name] for name in ("anchor", "positive", "negative"))).mean()


def optax_ranking() -> Function:
    function = importlib.import_module("optax").losses.ranking_softmax_loss

    def loss(y: Any, p: Any) -> Any:
        relevance = y["true"]["relevance"]
        return function(p["pred"]["score"], relevance / relevance.sum(-1, keepdims=True))

    return loss


def optax_pairs() -> Function:
    function = importlib.import_module("optax").losses.ntxent
    return lambda y, p: function(p["pred"]["embedding"], y["true"]["label"], temperature=0.5)


OPTAX_SLOTS = {
    ("triplet_margin", "call"): optax_triplets,
    ("listwise_softmax", "call"): optax_ranking,
    ("nt_xent", "labelled"): optax_pairs,
}

# -- tf.nn ----------------------------------------------------------------------------------------------------------


def tf_entries(name: str, labels: str = "labels", logits: str = "logits", **options: Any) -> Peer:
    """A function of tf.nn that works entry by entry."""
    tf = importlib.import_module("tensorflow")
    function = getattr(tf.nn, name)
    entries = lambda y, p: function(**{labels: y, logits: p, **options})  # noqa: E731
    return Peer(lambda y, p: tf.reduce_mean(entries(y, p), -1), lambda y, p: tf.reduce_mean(entries(y, p)))


def tf_rows(rows: Function) -> Peer:
    tf = importlib.import_module("tensorflow")
    return Peer(rows, lambda y, p: tf.reduce_mean(rows(y, p)))


def tf_classes(name: str) -> Callable[..., Peer | None]:
    def build(from_logits: bool = False) -> Peer | None:
        function = getattr(importlib.import_module("tensorflow").nn, name)
        return tf_rows(lambda y, p: function(labels=y, logits=p)) if from_logits else None

    return build


def tf_ctc() -> Peer:
    tf = importlib.import_module("tensorflow")

    def rows(y: Any, p: Any) -> Any:
        given = tf.reduce_sum(tf.cast(y != 0, "int32"), -1)
        lengths = tf.fill((tf.shape(p)[0],), tf.shape(p)[1])
        return tf.nn.ctc_loss(y, p, given, lengths, logits_time_major=False, blank_index=0)

    return tf_rows(rows)


TF_NN: dict[str, Callable[..., Peer | None]] = {
    "poisson": lambda log_rate=False: tf_entries("log_poisson_loss", "targets", "log_input") if log_rate else None,
    "binary_crossentropy": lambda from_logits=False: (
        tf_entries("sigmoid_cross_entropy_with_logits") if from_logits else None
    ),
    "weighted_binary_crossentropy": lambda from_logits=False, pos_weight=1.0: (
        tf_entries("weighted_cross_entropy_with_logits", pos_weight=pos_weight) if from_logits else None
    ),
    "categorical_crossentropy": tf_classes("softmax_cross_entropy_with_logits"),
    "sparse_categorical_crossentropy": tf_classes("sparse_softmax_cross_entropy_with_logits"),
    "ctc": tf_ctc,
}
