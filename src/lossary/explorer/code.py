"""A loss with its parameters as code for Keras, torch, optax and scikit-learn.

The equal of another library is found in the card's list of names elsewhere, and only where it is equal with these very
parameters; otherwise lossary itself runs there.
"""

from __future__ import annotations

from typing import Any

from lossary.core import catalogue
from lossary.core.elsewhere import peer_name, read, translate
from lossary.core.loss import Loss
from lossary.explorer.curves import label
from lossary.explorer.question import Question

LIBRARIES = {"keras": "keras.losses.", "torch": "torch.nn.", "optax": "optax.losses.", "sklearn": "sklearn.metrics."}
PAIR = ("y_true", "y_pred")
Equal = tuple[str, dict[str, Any]]


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """For each loss asked: its label, and code for each library."""
    made = Question(question).losses()
    return {"codes": [{"label": label(loss), "code": {name: code(loss, name) for name in LIBRARIES}} for loss in made]}


def code(loss: Loss, library: str) -> str:
    """Code that gives this loss's numbers in one library."""
    own = f"ls.{label(loss)}"
    own = own if own.endswith(")") else f"{own}()"
    if (given := inputs(loss)) != PAIR and library != "keras":
        return _named(own, given, library)
    write = {"keras": _keras, "torch": _torch, "optax": _optax, "sklearn": _sklearn}[library]
    return write(own, equal(loss, library))


def inputs(loss: Loss) -> tuple[str, ...]:
    """What the loss is called with: y_true and y_pred, or inputs of its own by their names."""
    needed = tuple(loss.inputs.values()[0].needed) if type(loss).inputs else PAIR
    return PAIR if set(needed) == set(PAIR) else needed


def equal(loss: Loss, library: str) -> Equal | None:
    """The equal's qualified name and its parameters away from their defaults; None where there is no equal.

    Losses that read lengths beside both tensors, or inputs of their own, have other arguments elsewhere than in Keras.
    """
    if (type(loss).beside or inputs(loss) != PAIR) and library != "keras":
        return None
    card = catalogue.card(type(loss).__name__)
    ours = {name: getattr(loss, name) for name in loss.params}
    for place in card.elsewhere:
        name = peer_name(place)
        if name.startswith(LIBRARIES[library]):
            line = read(place)
            given = line.asked() | {source: ours[key] for key, source in line.renamed().items() if key in ours}
            if line.unequal(given):
                continue
            reached = {k: v for k, v in translate(card, place, given).items() if k in (*ours, "times")}
            if {**_defaults(loss), **reached} == ours:
                return name, {k: v for k, v in given.items() if v != line.theirs.get(k)}
    return None


def _defaults(loss: Loss) -> dict[str, Any]:
    return {name: type(loss).signature.parameters[name].default for name in loss.params}


def _call(name: str, given: dict[str, Any], *first: str) -> str:
    return f"{name}({', '.join([*first, *(f'{k}={v!r}' for k, v in given.items())])})"


def _keras(own: str, found: Equal | None) -> str:
    text = f'import lossary as ls\n\nmodel.compile(optimizer="adam", loss={own})\n'
    return text + (f"# the same without lossary: loss={_call(*found)}\n" if found else "")


def _torch(own: str, found: Equal | None) -> str:
    if found is None:
        return "# torch has no equivalent: lossary runs on torch tensors, with gradients\n" + _on("torch", own)
    several = found[0].endswith("GaussianNLLLoss")
    arguments = "y_pred[..., 0], y_true, y_pred[..., 1]" if several else "y_pred, y_true"
    return f"import torch\n\nloss_fn = {_call(*found)}\nloss = loss_fn({arguments})  # torch: prediction first\n"


def _optax(own: str, found: Equal | None) -> str:
    if found is None:
        return "# optax has no equivalent: lossary runs on JAX arrays, under jit and grad\n" + _on("jax", own)
    values = _call(*found, "y_pred", "y_true")
    return f"import optax\n\nvalues = {values}  # optax: prediction first\nloss = values.mean()\n"


def _sklearn(own: str, found: Equal | None) -> str:
    if found:
        module, _, name = found[0].rpartition(".")
        every = {"log_loss": ("labels=range(y_pred.shape[1])",)}.get(name, ())  # not those that occur alone
        return f"from {module} import {name}\n\nloss = {_call(name, found[1], 'y_true', 'y_pred', *every)}\n"
    return (
        "# scikit-learn has no equivalent: lossary as a scorer\n"
        "import lossary as ls\nfrom sklearn.metrics import make_scorer\n\n"
        f"loss_fn = {own}\n"
        "scorer = make_scorer(lambda y_true, y_pred: float(loss_fn(y_true, y_pred)), greater_is_better=False)\n"
    )


def _named(own: str, given: tuple[str, ...], library: str) -> str:
    if library == "sklearn":
        return f"# a scorer of scikit-learn has y_true and y_pred; {own} reads {', '.join(given)}\n"
    words = {"torch": "# on torch tensors, with gradients\n", "optax": "# on JAX arrays, under jit and grad\n"}[library]
    return words + _on({"optax": "jax"}.get(library, library), own, ", ".join(f"{name}={name}" for name in given))


def _on(backend: str, own: str, arguments: str = "y_true, y_pred") -> str:
    start = f'import os\n\nos.environ["KERAS_BACKEND"] = "{backend}"\nimport lossary as ls\n\n'
    return f"{start}loss_fn = {own}\nloss = loss_fn({arguments})\n"
