"""The same losses elsewhere: Keras on every backend, torch.nn.functional on torch, optax on JAX.

`peers(case)` gives the functions that mean what a case means, with one value per row. A case with a parameter that the
other library does not have, or a loss it defines otherwise, is left out; LEFT_OUT says which and why.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import keras

from tests.backends import BACKEND
from tests.laws.cases import Case, twin

Function = Callable[[Any, Any], Any]

LEFT_OUT = {
    "Keras": "RootMeanSquaredError (a metric only), CategoricalHinge and Circle (defined otherwise, as documented), "
    "Dice and Tversky counted per row",
    "torch": "losses that take log-probabilities (KL divergence) or have another definition (multi-class hinge)",
    "optax": "losses that take log-probabilities (KL divergence), Dice",
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
    """The equal functions by library."""
    found: dict[str, Function] = {}
    own = keras_function(case)
    if own is not None:
        found["Keras"] = own
    if BACKEND == "torch":
        found |= native("torch", TORCH, case)
    if BACKEND == "jax" and present("optax"):
        found |= native("optax", OPTAX, case)
    return found


def present(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True


def changed(case: Case) -> dict[str, Any]:
    """The parameters that are not at their defaults."""
    defaults = {name: p.default for name, p in case.cls.signature.parameters.items()}
    return {name: value for name, value in case.parameters.items() if value != defaults[name]}


def keras_function(case: Case) -> Function | None:
    name, given = twin(case.cls).__name__, changed(case)
    names = KERAS.get(name)
    if names is None or set(given) - set(names):
        return None
    if name in ("dice", "tversky") and not given.get("whole_batch"):
        return None
    function = getattr(keras.losses, name)
    theirs = {names[k]: v for k, v in given.items() if names[k]}
    if name == "categorical_generalized_cross_entropy":
        theirs.setdefault("q", 0.5)
    return lambda y, p: function(y, p, **theirs)


def native(library: str, table: dict[str, Callable[..., Function | None]], case: Case) -> dict[str, Function]:
    """The function of the backend's own library, where the table has one for these parameters."""
    build = table.get(twin(case.cls).__name__)
    if build is None:
        return {}
    try:
        function = build(**changed(case))
    except TypeError:  # a parameter that the library does not have
        return {}
    return {} if function is None else {library: function}


def torch_rows(name: str, **options: Any) -> Function:
    """A function of torch.nn.functional, entry by entry, and the mean of each row."""
    import torch

    function = getattr(torch.nn.functional, name)
    return lambda y, p: function(p, y, reduction="none", **options).mean(-1)


def torch_binary(from_logits: bool = False) -> Function:
    return torch_rows("binary_cross_entropy_with_logits" if from_logits else "binary_cross_entropy")


def torch_weighted(from_logits: bool = False, pos_weight: float = 1.0) -> Function | None:
    import torch

    if not from_logits:
        return None
    return torch_rows("binary_cross_entropy_with_logits", pos_weight=torch.tensor(pos_weight))


def torch_classes(from_logits: bool = False, label_smoothing: float = 0.0) -> Function | None:
    import torch

    if not from_logits:
        return None

    def rows(y: Any, p: Any) -> Any:
        target = y.long() if y.ndim < p.ndim else y
        return torch.nn.functional.cross_entropy(p, target, reduction="none", label_smoothing=label_smoothing)

    return rows


def torch_gaussian(spread: str = "log_variance", full: bool = True) -> Function | None:
    import torch

    if spread != "variance":
        return None
    function = torch.nn.functional.gaussian_nll_loss
    return lambda y, p: function(p[:, :1], y, p[:, 1:], full=full, reduction="none")[:, 0]


def torch_ctc() -> Function:
    import torch

    def rows(y: Any, p: Any) -> Any:
        lengths = torch.full((p.shape[0],), p.shape[1])
        return torch.nn.functional.ctc_loss(
            torch.log_softmax(p, -1).transpose(0, 1), y, lengths, (y != 0).sum(-1), reduction="none"
        )

    return rows


def torch_cosine() -> Function:
    import torch

    return lambda y, p: -torch.nn.functional.cosine_similarity(y, p, dim=-1)


TORCH: dict[str, Callable[..., Function | None]] = {
    "mean_squared_error": lambda: torch_rows("mse_loss"),
    "mean_absolute_error": lambda: torch_rows("l1_loss"),
    "huber": lambda delta=1.0: torch_rows("huber_loss", delta=delta),
    "smooth_l1": lambda beta=1.0: torch_rows("smooth_l1_loss", beta=beta),
    "poisson": lambda log_rate=False: torch_rows("poisson_nll_loss", log_input=log_rate),
    "binary_crossentropy": torch_binary,
    "weighted_binary_crossentropy": torch_weighted,
    "categorical_crossentropy": torch_classes,
    "sparse_categorical_crossentropy": torch_classes,
    "gaussian_nll": torch_gaussian,
    "cosine_similarity": torch_cosine,
    "ctc": torch_ctc,
}


def optax_rows(name: str, mean: bool = True, **options: Any) -> Function:
    """A function of optax.losses, and the mean of each row where it works entry by entry."""
    function = getattr(importlib.import_module("optax").losses, name)
    return lambda y, p: function(p, y, **options).mean(-1) if mean else function(p, y, **options)


def optax_binary(from_logits: bool = False) -> Function | None:
    return optax_rows("sigmoid_binary_cross_entropy") if from_logits else None


def optax_focal(
    from_logits: bool = False, gamma: float = 2.0, alpha: float = 0.25, apply_class_balancing: bool = False
) -> Function | None:
    chosen = alpha if apply_class_balancing else None
    return optax_rows("sigmoid_focal_loss", alpha=chosen, gamma=gamma) if from_logits else None


def optax_hinge(name: str) -> Function:
    function = getattr(importlib.import_module("optax").losses, name)
    if name == "multiclass_hinge_loss":
        return lambda y, p: function(p, y.argmax(-1))
    return lambda y, p: function(p, y + (y == 0) * -1).mean(-1)


def optax_ctc() -> Function:
    function = importlib.import_module("optax").losses.ctc_loss
    return lambda y, p: function(p, 0.0 * p[..., 0], y, (y == 0).astype(p.dtype))


OPTAX: dict[str, Callable[..., Function | None]] = {
    "mean_squared_error": lambda: optax_rows("squared_error"),
    "huber": lambda delta=1.0: optax_rows("huber_loss", delta=delta),
    "log_cosh": lambda: optax_rows("log_cosh"),
    "cosine_similarity": lambda: (lambda rows: lambda y, p: -rows(y, p))(optax_rows("cosine_similarity", mean=False)),
    "hinge": lambda: optax_hinge("hinge_loss"),
    "categorical_hinge": lambda: optax_hinge("multiclass_hinge_loss"),
    "binary_crossentropy": optax_binary,
    "binary_focal_crossentropy": optax_focal,
    "categorical_crossentropy": lambda from_logits=False: (
        optax_rows("softmax_cross_entropy", mean=False) if from_logits else None
    ),
    "sparse_categorical_crossentropy": lambda from_logits=False: (
        optax_rows("softmax_cross_entropy_with_integer_labels", mean=False) if from_logits else None
    ),
    "ctc": optax_ctc,
}
