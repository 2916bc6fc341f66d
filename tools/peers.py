"""Freezes what other libraries give, as tables that the tests read where these are not installed.

make peers                          installs the extra `peers`, and writes tests/peers/frozen/
python tools/peers.py monai kornia  only these

For every line of a card's "Elsewhere" that names one of the libraries in CALLS: small inputs as lossary takes them, and
the library's own number for them, with its defaults and with every parameter that has an equal away from them.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import json
import os
import sys
import warnings
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

import numpy as np  # noqa: E402

from lossary import _saving  # noqa: E402
from lossary.core.elsewhere import home, peer_names, read  # noqa: E402
from lossary.core.loss import CLASSES  # noqa: E402
from tools import peers_catboost, peers_formulas  # noqa: E402

TABLES = ROOT / "tests" / "peers" / "frozen"
Array = Any
Inputs = dict[str, Array]
REDUCTIONS = ("mean", "sum", "none")
OTHER = {  # values away from the defaults
    "alpha": 0.3, "beta": 0.6, "gamma": 1.3, "smooth": 0.4, "smooth_dr": 0.3, "smooth_nr": 0.3, "eps": 0.01,
    "epsilon": 1.3, "smoothing": 0.2, "smooth_factor": 0.1, "temperature": 0.7, "margin": 0.4, "tau": 0.3,
    "huber_slope": 0.7, "quantile_alpha": 0.3, "expectile_alpha": 0.3, "fair_c": 0.8, "gamma_neg": 3.0,
    "gamma_pos": 0.7, "clip": 0.1, "dim": 1, "ignore_index": 1, "t": 0.9, "c": 2.3, "a": 0.7, "b": 1.9,
    "batch": True, "from_logits": False, "lambda_dice": 0.7, "lambda_ce": 1.3, "lambda_focal": 0.6, "tp": 3.0,
    "tn": 1.5, "data_range": 1.2, "win_size": 3, "kernel_sigma": 0.8, "k1": 0.02, "k2": 0.05, "num_bins": 7,
    "sigma_ratio": 0.7, "df": 3, "lambda_gdl": 0.7, "eta": 0.7, "alphas": 0.2, "alpha2": 0.1,
    "tweedie_variance_power": 1.3, "variance_power": 1.7, "k": 3, "iter_": 2, "max_val": 1.2, "window_size": 5,
    "weightage": "linear", "num_classes": 4, "num_samples": 20.0, "focal_balance": 1.5, "neg_scale": 3.0,
    "init_bias": 0.1, "map_alpha": 0.2, "map_beta": 8.0, "map_mu": 0.3,
    "class_counts": (5.0, 3.0, 8.0, 1.0), "dist_matrix": ((0.0, 1.0, 0.7), (1.0, 0.0, 0.5), (0.7, 0.5, 0.0)),
    "classes": 3,
}  # fmt: skip

OTHER_OF: dict[str, dict[str, Any]] = {"entmax.entmax_bisect_loss": {"alpha": 1.7}}


# -- inputs ----------------------------------------------------------------------------------------------------------


def inputs(cls: type, place: str, given: dict[str, Any], rng: np.random.Generator) -> Inputs:
    """What the loss takes: few numbers, of few digits."""
    family, name = cls.__module__.rpartition(".")[2], peer_names(place)[0]
    if family == "boxes":
        corner, side = rng.uniform(0, 4, (2, 5, 2)), rng.uniform(1, 4, (2, 5, 2))
        corner, side = corner.round(2), side.round(2)
        boxes = np.concatenate([corner, (corner + side).round(2)], -1)
        return {"y_true": boxes[0], "y_pred": boxes[1]}
    if family == "survival":
        time, score = np.array([2.0, 1.0, 3.0, 2.0, 5.0]), rng.normal(size=5).round(2)
        return {"time": time, "event": np.array([1, 0, 1, 1, 1]), "score": score}
    if family == "embeddings":
        return embeddings(cls, name, rng)
    if cls.__name__ in ("ExponentialNLL", "PoissonNLL"):
        drawn = rng.poisson(2.0, (5, 1)) if cls.__name__ == "PoissonNLL" else rng.gamma(2.0, size=(5, 1)).round(2)
        return pair(drawn, rng.normal(size=(5, 1)).round(2))
    if cls.__name__ == "NormalNLL":
        return pair(rng.normal(size=(5, 1)).round(2), rng.normal(size=(5, 2)).round(2))
    if name.endswith(("DiffusionLoss", "BendingEnergyLoss")):
        return {"y_pred": rng.uniform(size=(2, 2, 4, 5)).round(2)}
    if name.endswith("InverseDepthSmoothnessLoss"):
        image, depth = rng.uniform(size=(2, 3, 4, 5)).round(2), rng.uniform(size=(2, 4, 5)).round(2)
        return {"image": image, "depth": depth}
    if family == "images":
        return pair(*rng.uniform(size=(2, 2, 2, 11, 11)).round(2))
    if name.endswith(("NACLLoss", "WassersteinDiceLoss")):
        return pair(rng.integers(0, 3, (2, 4, 5)), rng.normal(size=(2, 3, 4, 5)).round(2))
    if name.endswith("HausdorffERLoss"):
        y = np.moveaxis(np.eye(2, dtype="int64")[rng.integers(0, 2, (2, 6, 7))], -1, 1)
        return pair(y, np.abs(y - rng.uniform(0.7, 1.0, y.shape)).round(2))
    if family == "structures":
        return pair(rng.integers(0, 2, (2, 2, 4, 5)), rng.uniform(0.05, 0.95, (2, 2, 4, 5)).round(2))
    if family == "lovasz":
        classes = rng.integers(0, 3, (2, 3, 2))
        scores = rng.normal(size=(2, 3, 3, 2)).round(2)
        return pair(classes, scores) if cls.__name__ == "LovaszSoftmax" else pair(classes > 0, scores[:, 0])
    if family == "overlaps" or name == "monai.losses.FocalLoss":
        return masks(name, given, rng)
    if family in ("ordinal", "multilabel") and name.startswith(("dlordinal", "tensorflow_addons", "timm.loss.Distr")):
        return levels(name, rng)
    if name.endswith("SigmoidFocalCrossEntropy"):
        return pair(rng.integers(0, 2, (3, 4)), rng.uniform(0.05, 0.95, (3, 4)).round(2))
    if cls.__name__ == "Tweedie":
        return pair(rng.poisson(1.0, (5, 1)), rng.normal(size=(5, 1)).round(2))
    ours = read(place).values({**read(place).asked(), **given})
    if family == "scores" or (cls.__name__.startswith(("Sparse", "Poly")) and "Binary" not in cls.__name__):
        return pair(rng.integers(0, 3, 5), rng.normal(size=(5, 3)).round(2))
    if cls.__name__.startswith("Categorical"):
        return pair(np.eye(3)[rng.integers(0, 3, 4)], rng.normal(size=(4, 3)).round(2))
    single = name.startswith(("xgboost", "lightgbm", "catboost")) and "Multi" not in name
    shape = (5, 1) if single else (3, 4)
    if ours.get("from_logits") or family == "multilabel":
        return pair(rng.integers(0, 2, shape), rng.normal(size=shape).round(2))
    if cls.__name__ == "Poisson":
        return pair(rng.integers(0, 5, shape), rng.normal(size=shape).round(2))
    if cls.__name__ == "MeanSquaredLogarithmicError":
        return pair(*rng.uniform(0, 4, (2, *shape)).round(2))
    return pair(*rng.normal(0, 2, (2, *shape)).round(2))


def pair(y: Array, p: Array) -> Inputs:
    return {"y_true": np.asarray(y).astype("int64" if np.asarray(y).dtype.kind in "bi" else "float64"), "y_pred": p}


def masks(name: str, given: dict[str, Any], rng: np.random.Generator) -> Inputs:
    """(row, class, height, width), with every class in every row."""
    mode = given.get("mode", "")
    classes = 1 if mode == "binary" or name == "segmentation_models_pytorch.losses.MCCLoss" else 3
    drawn = np.stack([rng.permutation(np.arange(8) % 3) for _ in range(2)]).reshape(2, 2, 4)
    y = np.moveaxis(np.eye(3, dtype="int64")[drawn], -1, 1)
    z = rng.normal(size=y.shape).round(2)
    logits = (
        "Focal" in name
        or name.startswith("kornia")
        or given.get("sigmoid")
        or given.get("softmax")
        or (mode and given.get("from_logits", True))
    )
    if not logits:
        z = rng.uniform(0.05, 0.95, y.shape).round(2)
    return pair(y[:, :classes], z[:, :classes])


def levels(name: str, rng: np.random.Generator) -> Inputs:
    """(row,) and (row, class), or labels (row, class)."""
    z = rng.normal(size=(5, 4)).round(2)
    if name.startswith("timm"):
        return pair(np.eye(4, dtype="int64")[[0, 2, 2, 1, 0]] | np.eye(4, dtype="int64")[[2, 0, 3, 2, 1]], z)
    return pair(rng.permutation([0, 1, 2, 3, 2]), rng.dirichlet(np.ones(4), 5).round(2) if "Kappa" in name else z)


def embeddings(cls: type, name: str, rng: np.random.Generator) -> Inputs:
    parts = rng.normal(size=(3, 5, 3)).round(2)
    if cls.__name__ == "NTXent":
        return {"first": parts[0], "second": parts[1]}
    return {"label": np.array([0, 0, 1, 1, 2]), "embedding": parts[0]}


# -- the libraries ---------------------------------------------------------------------------------------------------


def module_of(name: str) -> Any:
    """A module, with what of torchvision its losses do not need left out where torch is the CPU's."""
    import torch

    if not hasattr(torch.ops.torchvision, "nms"):
        library = torch.library.Library("torchvision", "DEF")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor a, Tensor b, float c) -> Tensor")
        KEPT.append(library)
    return importlib.import_module(name)


KEPT: list[Any] = []  # torch forgets operators whose library is gone


def with_torch(name: str, given: Inputs, **how: Any) -> Array:
    """A class or function for torch: (prediction, target)."""
    import torch

    module, _, last = name.rpartition(".")
    found = getattr(module_of(module), last)
    if len(given) == 1:
        x = torch.tensor(given["y_pred"]).float()
        return np.asarray(found(**how)(x) if isinstance(found, type) else found(x, **how))
    if last == "InverseDepthSmoothnessLoss":
        depth, image = torch.tensor(given["depth"]).float().unsqueeze(1), torch.tensor(given["image"]).float()
        return np.asarray(found(**how)(depth, image))
    p, y = (torch.tensor(v) for v in list(given.values())[::-1])
    if p.is_floating_point():
        p = p.float()
    if last in ("LovaszHingeLoss", "lovasz_hinge_loss"):
        p = p.unsqueeze(1)
    if "dist_matrix" in how:
        how["dist_matrix"] = np.array(how["dist_matrix"], "float32")
    if module in ("dlordinal.losses", "entmax") or last in ("NACLLoss", "GeneralizedWassersteinDiceLoss"):
        y = y.long()
    elif module == "kornia.losses" and last in ("FocalLoss", "focal_loss"):
        y = y.argmax(1)
    elif last == "HausdorffERLoss":
        y = y.argmax(1, keepdim=True)
    elif last in (
        "LabelSmoothingCrossEntropy",
        "PolyCrossEntropy",
        "SoftCrossEntropyLoss",
        "AsymmetricLossSingleLabel",
    ):
        y = y.long()
    elif (
        (how.get("mode") == "multiclass" or (module == "kornia.losses" and last != "SSIMLoss"))
        and y.dim() == p.dim() == 4
        and y.shape[1] > 1
    ):
        y = y.argmax(1)
    elif how.get("mode") != "multiclass":
        y = y.float()
    if "reduction" in how and how["reduction"] is None:
        del how["reduction"]
    made = found(**how) if isinstance(found, type) else None
    return np.asarray((made(p, y) if made else found(p, y, **how)).detach())


def with_xgboost(name: str, given: Inputs, **how: Any) -> Array:
    """The library's metric for the objective, at margins that are given; of the squared errors half, as it has it."""
    import xgboost

    objective = name.removeprefix("xgboost.")
    metric, finish = {
        "reg:absoluteerror": ("mae", float),
        "reg:gamma": ("gamma-nloglik", float),
        "reg:tweedie": (f"tweedie-nloglik@{how.get('tweedie_variance_power', 1.5)}", float),
        "count:poisson": ("poisson-nloglik", float),
        "reg:pseudohubererror": ("mphe", float),
        "reg:quantileerror": ("quantile", float),
        "reg:squarederror": ("rmse", lambda v: 0.5 * v * v),
        "reg:squaredlogerror": ("rmsle", lambda v: 0.5 * v * v),
        "multi:softprob": ("mlogloss", float),
        "multi:softmax": ("mlogloss", float),
    }.get(objective, ("logloss", float))
    if objective == "survival:cox":
        metric, given = (
            "cox-nloglik",
            {"y_true": np.where(given["event"], 1, -1) * given["time"], "y_pred": given["score"]},
        )
    y, p = given["y_true"].ravel(), given["y_pred"]
    data = xgboost.DMatrix(np.zeros((len(y), 1)), label=y, base_margin=p if p.shape[-1] > 1 else p.ravel())
    how |= {"num_class": 3} if objective.startswith("multi") else {}
    booster = xgboost.Booster({"objective": objective, "eval_metric": metric, **how}, [data])
    return np.asarray(finish(float(booster.eval(data).rpartition(":")[2])))


def with_lightgbm(name: str, given: Inputs, **how: Any) -> Array:
    """Its metric for the objective, at scores that are given; of the squared error half, as it has it."""
    import lightgbm

    objective = name.rpartition(":")[2]
    metric = {"regression": "l2", "regression_l1": "l1", "binary": "binary_logloss", "multiclass": "multi_logloss"}
    y, p = given["y_true"].ravel(), given["y_pred"]
    how |= {"num_class": 3} if objective == "multiclass" else {}
    data = lightgbm.Dataset(np.zeros((len(y), 1)), y, init_score=p if p.shape[-1] > 1 else p.ravel())
    how |= {"objective": objective, "metric": metric.get(objective, objective), "verbose": -1}
    found: dict[str, Any] = {}
    lightgbm.train(how, data, 1, valid_sets=[data], callbacks=[lightgbm.record_evaluation(found)])
    value = next(iter(next(iter(found.values())).values()))[0]
    return np.asarray(value / 2 if objective == "regression" else value)


def with_statsmodels(name: str, given: Inputs, **how: Any) -> Array:
    norms = importlib.import_module("statsmodels.robust.norms")
    return getattr(norms, name.rpartition(".")[2])(**how).rho(given["y_pred"] - given["y_true"])


def with_formula(name: str, given: Inputs, **how: Any) -> Array:
    """A library that is not installed, by the formulas that it documents."""
    return np.asarray(getattr(FORMULAS[home(name)], name.rpartition(".")[2])(*given.values(), **how))


FORMULAS = {"tensorflow_addons": peers_formulas, "catboost": peers_catboost}
CALLS: dict[str, Callable[..., Array]] = {
    "monai": with_torch,
    "kornia": with_torch,
    "segmentation_models_pytorch": with_torch,
    "timm": with_torch,
    "dlordinal": with_torch,
    "entmax": with_torch,
    "torchvision": with_torch,
    "xgboost": with_xgboost,
    "lightgbm": with_lightgbm,
    "statsmodels": with_statsmodels,
    "tensorflow_addons": with_formula,
    "catboost": with_formula,
}


# -- the tables ------------------------------------------------------------------------------------------------------


def lines(package: str) -> Iterator[tuple[type, str, str]]:
    """Each name of a library, with the line and the loss that have it."""
    _saving.register_all()
    for key, cls in CLASSES.items():
        if key.startswith("lossary>"):
            for place in cls.card().elsewhere:
                yield from ((cls, place, name) for name in peer_names(place) if home(name) == package)


def choices(place: str) -> Iterator[dict[str, Any]]:
    """What is given: what has to be; and with all that has an equal elsewhere, and each of several words."""
    line = read(place)
    asked = {key: OTHER.get(key, value) for key, value in line.asked().items()}
    sets = {key: value for key, value in line.theirs.items() if isinstance(value, set) and ... not in value}
    asked |= {key: sorted(value)[0] for key, value in sets.items()}
    yield asked
    yield from ({**asked, key: one} for key, value in sets.items() for one in sorted(value)[1:])
    own = OTHER_OF.get(peer_names(place)[0], {})
    if other := {key: own.get(key, _other(key, line.theirs[key])) for key in sorted(line.used() - set(asked))}:
        yield {**asked, **other}


def _other(key: str, default: Any) -> Any:
    """A value away from the default."""
    return not default if isinstance(default, bool) else OTHER[key]


def records(package: str) -> Iterator[dict[str, Any]]:
    call = CALLS[package]
    for cls, place, name in lines(package):
        for given in choices(place):
            rng = np.random.default_rng(zlib.crc32(f"{name}{given}".encode()))
            drawn = inputs(cls, place, given, rng)
            default = ("",) if read(place).default in (None, *REDUCTIONS) else ()  # else it has no equal
            words = (*default, *(word for word in REDUCTIONS if reducible(name, call)))
            found = {}
            for word in words:
                how = {**read(place).theirs, **given, **({"reduction": word} if word else {})}
                how = {key: value for key, value in how.items() if not isinstance(value, set)}
                try:
                    found[word] = rounded(call(name, drawn, **how))
                except Exception as refused:  # each library has its own
                    print(f"{name}({given}) {word or 'by default'}: {refused}")
            kept = {key: value.tolist() for key, value in drawn.items()}
            yield {"name": name, "given": given, "inputs": kept, "values": found}


def reducible(name: str, call: Callable[..., Array]) -> bool:
    """Whether the library lets the reduction be chosen."""
    if call is not with_torch:
        return False
    module, _, last = name.rpartition(".")
    return "reduction" in inspect.signature(getattr(module_of(module), last)).parameters


def rounded(value: Array) -> Any:
    return np.vectorize(lambda v: float(f"{v:.7g}"))(np.asarray(value, "float64")).tolist()


def main() -> None:
    warnings.simplefilter("ignore")
    for package in sys.argv[1:] or CALLS:
        rows = [json.dumps(record) for record in records(package)]
        formulas = CALLS[package] is with_formula
        version = FORMULAS[package].VERSION if formulas else importlib.metadata.version(package)
        head = json.dumps({"library": package, "version": version, "formulas": formulas})
        TABLES.mkdir(exist_ok=True)
        (TABLES / f"{package}.json").write_text("[\n" + ",\n".join([head, *rows]) + "\n]\n", encoding="utf-8")
        print(f"{package} {version}: {len(rows)} cases")


if __name__ == "__main__":
    main()
