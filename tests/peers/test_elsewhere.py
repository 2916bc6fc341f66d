"""Every line of every card's "Elsewhere": the other library's number, and shape, with each of its reductions."""

import importlib
import importlib.util
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from keras.src.losses.losses import LossFunctionWrapper

import lossary as ls
from lossary.core import catalogue
from lossary.core.elsewhere import KERAS, TORCH, home, library, peer_names, read
from lossary.core.forms import Overlap, Sparse
from tests.backends import array
from tests.laws.cases import LOSSES, Case

UNUSUAL = {"delta": 0.7, "beta": 0.6, "q": 0.3, "alpha": 0.3, "gamma": 1.3, "tau": 0.3, "margin": 0.2, "f_scale": 0.6}
UNUSUAL |= {"label_smoothing": 0.2, "ignore_index": 2, "ignore_class": 2, "from_logits": True, "log_input": False}
UNUSUAL |= {"apply_class_balancing": True, "full": True, "pos_weight": 3.0, "remove_diagonal": False, "axis": 1}
UNUSUAL |= {"weight": [0.5, 2.0, 1.0, 3.0], "c": 1.3, "p": 2, "power": 1.4, "quantile": 0.3, "dim": -1}
UNUSUAL |= {"temperature": 0.3, "smooth": 0.6, "blank": 3, "blank_id": 3, "blank_index": 3, "log_target": True}
UNUSUAL |= {"epsilon": 1.3, "cutoffs": (2, 3)}


def with_keras(name, y, p, reduction="sum_over_batch_size", **given):
    module, _, last = name.rpartition(".")
    if module == "keras.metrics":
        return getattr(keras.metrics, last)(**given)(y, p)
    if isinstance(getattr(keras.losses, last), type):
        return getattr(keras.losses, last)(**given, reduction=reduction)(y, p)
    return LossFunctionWrapper(getattr(keras.losses, last), **given)(y, p)  # what compile makes of a function


def with_torch(name, y, p, /, *more, **given):
    torch = importlib.import_module("torch")
    module = torch.nn.functional if ".functional." in name else torch.nn
    found = getattr(module, name.rpartition(".")[2])
    if "Adaptive" in name:  # its layers give these logits of rows that are unit vectors
        ends, (clusters,) = [*given["cutoffs"], p.shape[1]], more
        made = found(len(y), p.shape[1], given["cutoffs"], div_value=1.0)
        made.head.weight.data = torch.tensor(np.concatenate([p[:, : ends[0]], clusters], -1).T)
        for layers, start, end in zip(made.tail, ends, ends[1:], strict=False):
            layers[0].weight.data, layers[1].weight.data = torch.eye(len(y)), torch.tensor(p[:, start:end].T)
        return made(torch.eye(len(y)), torch.tensor(y)).loss.detach().numpy()
    if more:  # triples, or pairs before what they are
        tensors = [torch.tensor(x) for x in ((y, p, *more) if "riplet" in name else (p, *more, y))]
        return (found(*tensors, **given) if module is torch.nn.functional else found(**given)(*tensors)).numpy()
    tensors = [torch.tensor(p), torch.tensor(y)]
    if "CTC" in name or "ctc" in name:  # log-probabilities, frames first, and lengths
        used, frames = [int((row != given["blank"]).sum()) for row in y], [p.shape[1]] * len(p)
        tensors = [tensors[0].log_softmax(-1).transpose(0, 1), tensors[1], torch.tensor(frames), torch.tensor(used)]
    if name.endswith(
        ("CrossEntropyLoss", ".cross_entropy", "MultiMarginLoss", "multi_margin_loss", ".NLLLoss", ".nll_loss")
    ):
        tensors[1] = tensors[1].long()
    if "aussian" in name:
        tensors = [tensors[0][..., 0], tensors[1], tensors[0][..., 1]]
    given = {key: torch.tensor(value) if "weight" in key else value for key, value in given.items()}
    return (found(*tensors, **given) if module is torch.nn.functional else found(**given)(*tensors)).numpy()


def with_optax(name, y, p, *more, **given):
    if more:
        return importlib.import_module("optax").losses.triplet_margin_loss(y, p, *more, **given)
    if name.endswith(".sparsemax_loss"):
        y = y > 0  # it takes labels 0 and 1
    if name.endswith(".ctc_loss"):
        frames = np.zeros(p.shape[:2], "float32")
        return importlib.import_module("optax").losses.ctc_loss(
            p, frames, y, np.float32(y == given["blank_id"]), **given
        )
    return getattr(importlib.import_module("optax").losses, name.rpartition(".")[2])(p, y, **given)


def with_tensorflow(name, y, p, *more, **given):
    function = getattr(importlib.import_module("tensorflow").nn, name.rpartition(".")[2])
    if more:  # logits of rows that are unit vectors; the first classes are the true ones, the others are drawn
        rows, (mine, theirs) = len(y), more
        drawn = np.arange(rows, rows + p.shape[1])
        weights, inputs = np.concatenate([np.diag(y), p.T]), np.eye(rows, dtype="float32")
        return function(weights, np.zeros(len(weights), "float32"), np.arange(rows)[:, None], inputs, p.shape[1],
                        len(weights), sampled_values=(drawn, mine[:, None], theirs[0]), **given).numpy()  # fmt: skip
    if "l2" in name:
        return function(p - y).numpy()
    if "log_poisson" in name:
        return function(y, p, **given).numpy()
    if "ctc" in name:
        used = (y != given["blank_index"]).sum(1)
        return function(y, p, used, [p.shape[1]] * len(p), logits_time_major=False, **given).numpy()
    return function(labels=y, logits=p, **given).numpy()


def with_sklearn(name, y, p, **given):
    if "._loss." in name:
        y = y.ravel().astype("float64")
        p = np.ascontiguousarray(p.reshape(len(y), -1), "float64")
        return getattr(importlib.import_module("sklearn._loss"), name.rpartition(".")[2])(**given)(
            y_true=y, raw_prediction=p
        )
    if name.endswith("log_loss"):
        given |= {"labels": range(p.shape[-1])}
    if name.endswith(("hinge_loss", "deviance", "brier_score_loss")):
        y, p = y.ravel(), p.ravel()  # they take one column
    return getattr(importlib.import_module("sklearn.metrics"), name.rpartition(".")[2])(y, p, **given)


def with_scipy(name, y, p, **given):
    """What least_squares has as its cost where nothing can be fitted."""
    from scipy.optimize import least_squares

    e, kind = (p - y).ravel().astype("float64"), name.rpartition(":")[2]
    return least_squares(lambda x: e + 0 * x[0], [0.0], loss=kind, **given).cost


PEERS = {
    "keras": (with_keras, tuple(KERAS)),
    "torch": (with_torch, tuple(TORCH)),
    "optax": (with_optax, ()),
    "tf": (with_tensorflow, ()),
    "sklearn": (with_sklearn, ()),
    "scipy": (with_scipy, ()),
}


def peer(name):
    """The function that runs the other library, and its reductions."""
    return PEERS[name.partition(".")[0]]


FROZEN = {file.stem for file in (Path(__file__).parent / "frozen").glob("*.json")}  # see test_frozen


def lines():
    for cls in LOSSES:
        for place in cls.card().elsewhere:
            for name in (name for name in peer_names(place) if home(name) not in FROZEN):
                reductions = peer(name)[1] if not name.startswith(("keras.metrics.", "keras.losses.CTC")) else ()
                reductions = () if "reduction" in read(place).ours else reductions
                if name.startswith("keras.losses."):
                    yield cls, place, f"keras.losses.{cls.card().function}", None
                for reduction in (None, *(r for r in reductions if r is not None)):
                    yield cls, place, name, reduction


def choices(cls, place, name):
    """Parameters: the defaults, and all that have an equal away from theirs."""
    theirs, used = read(place).theirs, read(place).used()
    asked = read(place).asked()
    chosen = asked | {key: UNUSUAL[key] for key in theirs if key in used}
    assert all(value != theirs[key] for key, value in chosen.items())
    if catalogue.resolve(name, asked).place == place:  # else an earlier line has the defaults
        yield asked
    if cls is ls.SparseCategoricalCrossentropy and name.startswith("keras."):
        del chosen["axis"]  # D31
    if {"axis", "label_smoothing"} <= set(chosen) and name.startswith("keras."):
        yield {key: value for key, value in chosen.items() if key != "label_smoothing"}  # D32
        del chosen["axis"]
    if chosen:
        yield chosen


def draw(cls, loss, moved, rng):
    """Lawful input of uneven shape; with the axis of the loss in the middle if `moved`."""
    case = Case(cls, {name: getattr(loss, name) for name in cls.params if name not in ("axis", "class_weight")})
    if getattr(loss, "exclusive", False):
        y = np.eye(3, dtype="float32")[rng.integers(0, 3, (2, 4, 5))]
        return y, rng.normal(size=y.shape).astype("float32")
    if cls is ls.TripletMargin:
        return dict(zip(("anchor", "positive", "negative"), rng.normal(size=(3, 5, 4)).astype("float32"), strict=True))
    if cls in (ls.MarginRanking, ls.CosineEmbedding):
        shape = (5, 3) if cls is ls.CosineEmbedding else (5,)
        pair = rng.normal(size=(2, *shape)).astype("float32")
        return {"y_true": np.float32([1, -1, 1, 1, -1]), "first": pair[0], "second": pair[1]}
    if cls in (ls.SampledSoftmax, ls.NoiseContrastiveEstimation):
        logits, counts = rng.normal(size=(5, 4)).astype("float32"), rng.uniform(0.1, 2, size=9).astype("float32")
        parts = logits[:, 0], logits[:, 1:], counts[:5], np.tile(counts[5:8], (5, 1))
        return dict(zip(("true", "drawn", "true_count", "drawn_count"), parts, strict=True))
    if cls is ls.AdaptiveSoftmax:
        logits = rng.normal(size=(5, 7)).astype("float32")
        return {"label": np.arange(5), "logits": logits[:, :5], "clusters": logits[:, 5:]}
    if cls is ls.NTXent:
        return {"label": np.array([0, 0, 1, 1, 2, 2]), "embedding": rng.normal(size=(6, 3)).astype("float32")}
    if cls is ls.GaussianNLL:
        return rng.normal(size=(5, 3)).astype("float32"), rng.uniform(0.5, 2, size=(5, 3, 2)).astype("float32")
    y, p = case.draw(rng, rows=15 if moved else 5)
    if cls is ls.CTC:
        y = np.where(y == 0, loss.blank, y)
    if not moved:
        return y, p
    y = y.reshape(5, 3, *y.shape[1:])
    y = y % 3 if issubclass(cls, Sparse) else np.moveaxis(y, -1, 1)
    return y, np.moveaxis(p.reshape(5, 3, 4), -1, 1)


@pytest.mark.parametrize(
    ("cls", "place", "name", "reduction"), [*lines()], ids=lambda v: getattr(v, "__name__", str(v))
)
def test_the_equal_loss_gives_the_equal_number(cls, place, name, reduction, rng):
    for given in choices(cls, place, name):
        asked = given if reduction is None else {**given, "reduction": reduction}
        loss = ls.get(name, **asked)
        assert type(loss) is cls or [type(part.loss) for part in loss.parts] == [cls]
        moved = given.get("axis") == 1 and not issubclass(cls, Overlap)
        drawn = draw(cls, loss if type(loss) is cls else loss.parts[0].loss, moved, rng)
        drawn = drawn if isinstance(drawn, dict) else dict(zip(("y_true", "y_pred"), drawn, strict=True))
        if cls is ls.Circle and not given.get("remove_diagonal", True):
            drawn["y_true"] = np.array([0, 0, 1, 1, 2])
        if cls is ls.CategoricalHinge:
            drawn["y_pred"] = np.abs(drawn["y_pred"])  # D2
        if name.endswith("brier_score_loss"):
            drawn = {"y_true": np.float32(drawn["y_true"] > 0), "y_pred": np.float32(drawn["y_pred"] > 0.3)}
        all_given = {key: value for key, value in {**read(place).theirs, **asked}.items() if value is not None}
        want, got = np.asarray(peer(name)[0](name, *drawn.values(), **all_given)), array(loss(**drawn))
        if name == "optax.losses.dice_loss":
            want = np.mean(want)  # one number per row: the mean of its classes
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want, rtol=3e-5, atol=2e-6)


def test_torch_s_class_weights_meet_images(rng):
    """Class axis 1 of four, an ignored label, weights in the divisor, and the words that torch had before reduction."""
    torch = importlib.import_module("torch")
    y, p = rng.integers(0, 3, (2, 5, 3)), rng.normal(size=(2, 4, 5, 3)).astype("float32")
    given = {"ignore_index": 1, "weight": [0.5, 2.0, 1.0, 3.0]}
    for words in ({"size_average": False}, {"reduce": False}, {"size_average": True}, {"reduction": "mean"}):
        with_weights = {**given, "weight": torch.tensor(given["weight"])}
        with pytest.warns(UserWarning, match="deprecated") if "reduction" not in words else np.errstate():
            want = torch.nn.CrossEntropyLoss(**with_weights, **words)(torch.tensor(p), torch.tensor(y)).numpy()
        loss = ls.get("torch.nn.CrossEntropyLoss", **given, **words)
        again = keras.losses.deserialize(keras.losses.serialize(loss))
        for one in (loss, again):
            np.testing.assert_allclose(array(one(y, p)), want, rtol=2e-5)


@pytest.mark.parametrize(
    ("name", "given", "word"),
    [
        ("torch.nn.BCELoss", {"weight": [1.0, 2.0]}, "sample_weight"),
        ("torch.nn.BCEWithLogitsLoss", {"weight": [1.0, 2.0]}, "weight"),
        ("torch.nn.PoissonNLLLoss", {"full": True}, "full=False"),
        ("torch.nn.PoissonNLLLoss", {"eps": 0.1}, "eps=1e-08"),
        ("torch.nn.GaussianNLLLoss", {"eps": 0.1}, "eps=1e-06"),
        ("torch.nn.MSELoss", {"reduction": "batchmean"}, "batchmean"),
        ("tf.nn.log_poisson_loss", {"compute_full_loss": True}, "compute_full_loss=False"),
        ("sklearn.metrics.mean_squared_error", {"multioutput": "raw_values"}, "multioutput"),
        ("torch.nn.CrossEntropyLoss", {"class_weight": [1.0]}, "class_weight"),
    ],
)
def test_what_has_no_equal_is_refused_with_a_sentence(name, given, word):
    with pytest.raises(ls.ParameterError, match=word):
        ls.get(name, **given)


def test_none_leaves_a_parameter_out():
    assert ls.get(
        "torch.nn.BCEWithLogitsLoss", weight=None, pos_weight=None, size_average=None, reduce=None
    ).from_logits


@pytest.mark.parametrize("name", ["torch.nn.MSELoss", "optax.huber_loss", "torch.nn.CrossEntropyLoss"])
def test_another_library_s_sum_is_saved(name, rng):
    loss = ls.get(name, reduction="sum")
    y, p = draw(type(loss), loss, False, rng)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert array(again(y, p)) == array(loss(y, p))
    assert repr(again) == repr(loss)


def reduced(place):
    """A reduction, where the library's own has no equal."""
    return {} if read(place).default in (None, *TORCH) else {"reduction": "mean"}


def test_what_the_lines_say_can_be_built():
    for cls in LOSSES:
        for place in cls.card().elsewhere:
            assert set(read(place).ours) <= {*cls.signature.parameters, "times", "entries", "beside"}, (
                cls.__name__,
                place,
            )
            assert "times" not in cls.signature.parameters
            for name in peer_names(place):
                assert isinstance(ls.get(name, **read(place).asked(), **reduced(place)), ls.Loss | ls.Sum)
            assert library(catalogue.peer_name(place)).default in (*KERAS, "sum")


BARE = [
    ("torch.nn.", "torch.nn", r".*Loss"),
    ("torch.nn.functional.", "torch.nn.functional", r".*(loss|entropy|kl_div).*"),
    ("optax.losses.", "optax.losses", r"[a-z].*"),
    ("tf.nn.", "tensorflow.nn", r".*(loss|entropy).*"),
    ("sklearn.metrics.", "sklearn.metrics", r".*(loss|error|deviance)"),
]


def spellings(name):
    return {name, name.lower(), name.replace("_", "-"), name.removesuffix("_loss").removesuffix("Loss")}


@pytest.mark.parametrize(("start", "module", "pattern"), BARE, ids=[start for start, _, _ in BARE])
def test_a_bare_name_means_what_its_library_means_or_is_refused(start, module, pattern):
    """Of lossary's own names, those that Keras has too stay Keras's."""
    package, _, rest = module.partition(".")
    found = importlib.import_module(package)
    for part in rest.split("."):
        found = getattr(found, part)
    names = [name for name in dir(found) if re.fullmatch(pattern, name)]
    assert len(names) >= 5
    for name in names:
        for spelled in spellings(name):
            try:
                loss = ls.get(spelled)
            except ls.UnknownLossError:
                continue
            card = ls.card(type(loss))
            if (spelled in card.aliases and spelled != name) or spelled in (card.name, card.function):
                continue
            if catalogue.plain(spelled) == catalogue.plain(card.name):
                continue
            theirs = ls.get(start + name)  # a line says so; its numbers are held above
            assert type(theirs) is type(loss), spelled
            assert parameters(theirs) == parameters(loss), spelled


def parameters(loss):
    return {name: getattr(loss, name) for name in loss.params}


@pytest.mark.parametrize(
    ("name", "both"),
    [
        ("softmax_cross_entropy", ("categorical_crossentropy", "optax.losses.softmax_cross_entropy")),
        ("sigmoid_cross_entropy", ("binary_crossentropy", "tf.nn.sigmoid_cross_entropy_with_logits")),
        ("sigmoid_focal_loss", ("torchvision.ops.sigmoid_focal_loss", "optax.losses.sigmoid_focal_loss")),
        ("L2Loss", ("mean_squared_error", "half")),
    ],
)
def test_a_name_with_several_meanings_is_refused_with_all_of_them(name, both):
    for ask in (ls.get, ls.card):
        with pytest.raises(ls.UnknownLossError) as caught:
            ask(name)
        assert all(word in str(caught.value) for word in both)


def test_an_alias_that_libraries_sum_differently_is_not_summed():
    assert type(ls.get("huber_loss", delta=2.0)) is ls.Huber
    for reduction in ("sum", "none", None):
        with pytest.raises(ls.UnknownLossError, match=r"torch\.nn\.HuberLoss"):
            ls.get("huber_loss", reduction=reduction)
