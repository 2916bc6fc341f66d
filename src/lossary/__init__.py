"""lossary: loss functions for Keras 3, exact on TensorFlow, JAX and torch.

    import lossary as ls
    model.compile(optimizer="adam", loss=ls.Huber(delta=1.0))

Names are loaded when they are touched: importing lossary imports no backend.
"""

from importlib import import_module as _import_module

from . import _saving

__version__ = "0.1.0"

_HOMES = {  # names that are no losses, and the modules they live in
    "card": "core.catalogue",
    "losses": "core.catalogue",
    "get": "core.lookup",
    "metric": "core.metrics",
    "evaluate_stream": "core.streamed",
    "loss": "core.custom",
    "Loss": "core.loss",
    "across": "core.across",
    "padded": "core.padding",
    "checks": "core.contract",
    "Card": "core.cards",
    **dict.fromkeys(["Sum", "Weighted", "MultiLoss"], "core.sums"),
    **dict.fromkeys(["Schedule", "LinearSchedule", "CosineSchedule", "StepSchedule", "Dial"], "core.schedules"),
    "at_step": "core.moments",
    **dict.fromkeys(["LossLayer", "TermLayer", "without_targets"], "objective.layers"),
    **dict.fromkeys(["regularization", "target_split", "target_table"], "objective.terms"),
    **dict.fromkeys(["Input", "Column", "Output", "Hidden", "Teacher", "Fixed", "Itself"], "objective.sources"),
    "Term": "objective.term",
    "derivative": "numerics.backend",
    **dict.fromkeys(["UncertaintyWeighted", "GradNorm"], "objective.learned"),
    "weights_from": "objective.weights",
    "train": "training.loop",
    "History": "training.history",
    "compare": "training.table",
    "Compared": "training.compared",
    **dict.fromkeys(["load_fit", "TableFit", "Predictions"], "training.tablefit"),
    "fit_linear": "linear.fit",
    **dict.fromkeys(["LinearFit", "Certificate"], "linear.result"),
    "value_and_gradient": "linear.scipy",
    **dict.fromkeys(["fit_distribution", "compare_distributions", "DistributionFit"], "likelihood.fit"),
    "LikelihoodFit": "likelihood.result",
    "fit_likelihood": "likelihood.own",
    "fit_glm": "likelihood.glm",
    **dict.fromkeys(["suggest", "Suggestions"], "choosing.suggest"),
    "draw": "drawing.curves",
    **dict.fromkeys(["landscape", "WeightPath"], "drawing.surfaces"),
    "draw_predictions": "drawing.predictions",
    "check": "checking.check",
    "Check": "checking.callback",
    **dict.fromkeys(["Finding", "Findings"], "checking.findings"),
    "explain": "checking.explain",
    "diagnose": "checking.diagnose",
    **dict.fromkeys(["LossaryError", "ShapeError", "TargetError", "PredictionError"], "core.errors"),
    **dict.fromkeys(["ParameterError", "DefinitionError", "UnknownLossError"], "core.errors"),
    **dict.fromkeys(["Param", "number", "positive", "nonnegative", "fraction", "flag", "whole"], "core.params"),
}

_ROOMS = ("heads",)  # modules that are public as they are


def __getattr__(name: str) -> object:
    if name in _ROOMS:
        value = _import_module(f"{__name__}.{name}")
    elif name in _HOMES:
        value = getattr(_import_module(f"{__name__}.{_HOMES[name]}"), name)
    else:
        from .core import catalogue

        card = None if name.startswith("_") else catalogue.names().get(name)
        if card is None or "." in name:
            near = ", ".join(catalogue.nearest(name, more=_HOMES)) if not name.startswith("_") else ""
            raise AttributeError(
                f"module 'lossary' has no attribute {name!r}" + (f"; similar: {near}." if near else ".")
            )
        value = getattr(_import_module(card.module), card.name if name == card.name else card.function)
    if name not in (*_HOMES, *_ROOMS):  # a loss, which may be given to compile
        _import_module(f"{__name__}.core.compiling").needed()
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    from .core import catalogue

    return sorted({*_HOMES, *_ROOMS, "__version__", *(name for name in catalogue.names() if name.isidentifier())})


_saving.announce()
