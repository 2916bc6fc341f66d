"""A loss with its parameters as code for Keras, torch, optax and scikit-learn.

The equal of another library is found in the card's list of names elsewhere, and only where it is equal with these very
parameters; otherwise lossary itself runs there.
"""

from __future__ import annotations

from typing import Any

from lossary.core import catalogue
from lossary.core.lookup import COMMON, read_place, translate
from lossary.core.loss import Loss
from lossary.explorer.asked import Asked
from lossary.explorer.curves import label

LIBRARIES = ("keras", "torch", "optax", "sklearn")
Equal = tuple[str, dict[str, Any], dict[str, Any]]


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """For each loss asked: its label, and code for each library."""
    made = Asked(question).losses()
    return {"codes": [{"label": label(loss), "code": {lib: code(loss, lib) for lib in LIBRARIES}} for loss in made]}


def code(loss: Loss, library: str) -> str:
    """Code that runs, and gives this loss's numbers, in one library."""
    own = f"ls.{label(loss)}"
    return {"keras": _keras, "torch": _torch, "optax": _optax, "sklearn": _sklearn}[library](
        loss, own, equal(loss, library)
    )


def equal(loss: Loss, library: str) -> Equal | None:
    """The qualified name, the parameters away from its defaults, and what of ours is fixed by it; None without one."""
    card = catalogue.card(type(loss).__name__)
    ours = {name: getattr(loss, name) for name in loss.params}
    for place in card.elsewhere:
        name = catalogue.peer_name(place)
        if name.startswith(f"{library}.") and ":" not in name:
            theirs, meaning = read_place(place)
            given = {source: ours[key] for key, (named, source) in meaning.items() if named and key in ours}
            reached = {k: v for k, v in translate(card, name, given).items() if k not in COMMON}
            if {**_defaults(loss), **reached} == ours:
                changed = {k: v for k, v in given.items() if v != theirs.get(k)}
                return name, changed, reached
    return None


def _defaults(loss: Loss) -> dict[str, Any]:
    return {name: type(loss).signature.parameters[name].default for name in loss.params}


def _call(name: str, given: dict[str, Any], *first: str) -> str:
    return f"{name}({', '.join([*first, *(f'{k}={v!r}' for k, v in given.items())])})"


def _keras(loss: Loss, own: str, found: Equal | None) -> str:
    own = own if own.endswith(")") else f"{own}()"
    text = f'import lossary as ls\n\nmodel.compile(optimizer="adam", loss={own})\n'
    return text + (f"# the same without lossary: loss={_call(found[0], found[1])}\n" if found else "")


def _torch(loss: Loss, own: str, found: Equal | None) -> str:
    if found:
        order = "" if "loss" not in found[0].lower() else "  # torch: prediction first"
        return f"import torch\n\nloss_fn = {_call(found[0], found[1])}\nloss = loss_fn(y_pred, y_true){order}\n"
    return (
        "# torch has no equal with these parameters: lossary runs on torch tensors, with gradients\n"
        f'import os\n\nos.environ["KERAS_BACKEND"] = "torch"\nimport lossary as ls\n\n'
        f"loss_fn = {own if own.endswith(')') else own + '()'}\nloss = loss_fn(y_true, y_pred)\n"
    )


def _optax(loss: Loss, own: str, found: Equal | None) -> str:
    if found:
        return (
            "import optax\n\n"
            f"values = {_call(found[0], found[1], 'y_pred', 'y_true')}  # optax: prediction first\n"
            "loss = values.mean()\n"
        )
    return (
        "# optax has no equal with these parameters: lossary runs on JAX arrays, under jit and grad\n"
        f'import os\n\nos.environ["KERAS_BACKEND"] = "jax"\nimport lossary as ls\nimport optax\n\n'
        f"loss_fn = {own if own.endswith(')') else own + '()'}\noptimizer = optax.adam(1e-3)\n"
        "loss = loss_fn(y_true, y_pred)\n"
    )


def _sklearn(loss: Loss, own: str, found: Equal | None) -> str:
    if found:
        module, _, name = found[0].rpartition(".")
        return f"from {module} import {name}\n\nloss = {_call(name, found[1], 'y_true', 'y_pred')}\n"
    own = own if own.endswith(")") else f"{own}()"
    return (
        "# scikit-learn has no equal with these parameters: lossary scores there\n"
        "import lossary as ls\nfrom sklearn.metrics import make_scorer\n\n"
        f"loss_fn = {own}\n"
        "scorer = make_scorer(lambda y_true, y_pred: float(loss_fn(y_true, y_pred)), greater_is_better=False)\n"
    )
