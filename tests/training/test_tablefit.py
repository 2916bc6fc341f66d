"""Fits that are kept: what they predict is what the comparison predicted, from a file, in any order, on any backend."""

import copy
import dataclasses
import datetime
import json
import random

import keras
import numpy as np
import pandas as pd
import pytest

import lossary as ls
from lossary.core.errors import LossaryError
from lossary.data.network import Network
from lossary.data.problem import Question, pose
from lossary.data.tables import load
from lossary.training.fitting import build, weights
from lossary.training.settings import Settings

COLOURS = ("blue", "green", "red")


def rows(count=90, seed=0):
    """Columns of every kind, with holes, and a target of each task that follows from them."""
    rng = np.random.default_rng(seed)
    size = np.round(rng.uniform(10, 90, count), 1)
    days = rng.permutation(count) * 3
    colour = rng.choice(COLOURS, count)
    effect = {"blue": 0.0, "green": 9.0, "red": 5.0}
    price = 3 * size + 0.1 * days + np.array([effect[c] for c in colour]) + rng.normal(size=count)
    wild = np.where(np.arange(count) % 10 == 3, 200.0, 0.0)
    start = datetime.date(2024, 1, 1)
    table = pd.DataFrame(
        {
            "size": [None if k % 9 == 2 else f"{v} m" for k, v in enumerate(size)],
            "when": [start + datetime.timedelta(days=int(d)) for d in days],
            "colour": [None if k % 11 == 4 else c for k, c in enumerate(colour)],
            "weight": rng.normal(size=count),
            "same": 7,
        }
    )
    kind = np.where(price < 130, "low", np.where(price < 220, "middle", "high"))
    return table, {"regression": price + wild, "binary": np.where(kind == "low", "yes", "no"), "multiclass": kind}


LOSSES = {"regression": "huber,mse,poisson", "binary": "bce,hinge", "multiclass": "scce,categorical_hinge"}
CASES = [(task, "linear", losses) for task, losses in LOSSES.items()]
CASES += [("regression", "mlp:5,4", "poisson"), ("multiclass", "mlp:5,4", "scce")]


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def compared(request):
    task, model, losses = request.param
    steps = None if model == "linear" else 3
    frame, targets = rows()
    missing = {"regression": "indicator", "binary": "impute", "multiclass": "drop"}[task]
    frame = frame.assign(y=targets[task])
    found = ls.compare(frame, "y", loss=losses, missing=missing, model=model, l2=0.001, epochs=steps)
    return frame, found


def recorded(found, label):
    """What the comparison itself said of its rows: the value, the score, or the class."""
    record = next(fit for fit in found.fits if fit.label == label)
    return np.array(record.predictions), np.array(found.row_numbers)


def test_a_loaded_fit_predicts_what_the_comparison_did(compared, tmp_path):
    frame, found = compared
    for label, fit in found.kept.items():
        loaded = ls.load_fit(found.save(tmp_path / "fit.json", label))
        before, after = fit.predictions(frame), loaded.predictions(frame)
        np.testing.assert_array_equal(before.values, after.values)
        said, places = recorded(found, label)
        if found.task == "regression":
            np.testing.assert_allclose(after.values[places].astype(float), said, rtol=1e-12)
        elif found.task == "binary":
            np.testing.assert_allclose(after.scores[places, 0], said, rtol=1e-12, atol=1e-12)
            assert after.values[places].tolist() == [found.classes[int(score > 0)] for score in said]
        else:
            assert after.values[places].tolist() == [found.classes[int(k)] for k in said]
        left_out = sorted(set(range(len(frame))) - set(places.tolist()))
        assert all(value is None or value != value for value in after.values[left_out])
        assert bool(left_out) == (found.task == "multiclass")  # only there rows with holes are left out


def test_rows_and_columns_may_come_in_any_order(compared):
    frame, found = compared
    fit = found.fit()
    whole = fit.predictions(frame)
    few = [40, 3, 77, 4]
    part = fit.predictions(frame.iloc[few][frame.columns[::-1]].assign(more=1))
    if found.task == "regression":
        np.testing.assert_allclose(part.values.astype(float), whole.values[few].astype(float), rtol=1e-12)
    else:
        assert part.values.tolist() == whole.values[few].tolist()
    assert any("more" in note and "same" in note for note in part.notes)


def test_probabilities_are_those_of_the_classes(compared):
    frame, found = compared
    if found.task == "regression":
        return
    proper = found.kept["bce" if found.task == "binary" else "scce"]
    shares = proper.probabilities(frame)
    known = np.isfinite(shares).all(axis=1)
    np.testing.assert_allclose(shares[known].sum(axis=1), 1)
    names = proper.predict(frame)
    assert [found.classes[k] for k in shares[known].argmax(axis=1)] == names[known].tolist()
    true = frame["y"][known].map({name: k for k, name in enumerate(found.classes)}).to_numpy()
    nll = -np.log(shares[known][np.arange(known.sum()), true]).mean()  # the loss itself, by another way
    assert nll == pytest.approx(found.fits[0].train[found.fits[0].label], rel=1e-6)
    for fit in list(found.kept.values())[1:]:
        with pytest.raises(LossaryError, match="gives scores only"):
            fit.probabilities(frame)


def test_coefficients_by_hand_give_the_predictions():
    """The preprocessing against one written here: median, commonest value, days, 0/1 columns."""
    frame, targets = rows()
    found = ls.compare(frame.assign(y=targets["regression"]), "y", loss="mae", missing="indicator")
    c = found.fits[0].coefficients
    by_name = dict(zip(c.features, c.weights[0], strict=True))
    size = frame["size"].str.removesuffix(" m").astype(float)
    day = pd.to_datetime(frame["when"])
    colour = frame["colour"]
    by_hand = {
        "size": size.fillna(size.median()),
        "size missing": size.isna() * 1.0,
        "when": (day - day.min()).dt.days,
        "colour=green": (colour == "green") * 1.0,
        "colour=red": (colour == "red") * 1.0,
        "colour missing": colour.isna() * 1.0,
        "weight": frame["weight"],
    }
    assert set(by_name) == set(by_hand)
    expected = sum(by_name[name] * column for name, column in by_hand.items()) + c.intercepts[0]
    np.testing.assert_allclose(found.fit().predict(frame), expected, rtol=1e-9)


def test_layers_as_arrays_are_the_model_of_the_backend():
    problem = pose(load("penguins"), Question("species"))
    model = build(problem, Settings("mlp:7,5", seed=3))
    x = np.random.default_rng(0).normal(size=(20, problem.x.shape[1]))
    expected = keras.ops.convert_to_numpy(model(x.astype("float32")))
    np.testing.assert_allclose(Network.of(weights(model)).outputs(x), expected, rtol=2e-5, atol=2e-6)


def test_the_best_is_nearest_on_rows_held_back():
    frame, targets = rows(260)
    found = ls.compare(frame.assign(y=targets["regression"]), "y", loss="mse,mae,huber", missing="impute")
    assert found.valid_rows == 52
    held = np.array(found.validation)
    nearest = {fit.label: np.median(np.abs(np.array(fit.gaps)[held])) for fit in found.fits}
    assert found.best() == min(nearest, key=nearest.get) != "mse"
    assert found.fit() is found.kept[found.best()]
    assert "validation rows" in found.why(found.best())


@pytest.fixture(scope="module")
def small():
    frame, targets = rows(40)
    fit = ls.compare(frame.assign(y=targets["multiclass"]), "y", loss="scce", missing="impute").fit()
    rng = np.random.default_rng(0)
    layers = [rng.normal(size=size).astype("float32") for size in ((len(fit.mean), 3), 3, (3, 3), 3)]
    return dataclasses.replace(fit, network=Network.of(layers))  # a network without training


def test_damaged_files_are_one_error_or_harmless(small, tmp_path):
    """Seeded damage: values replaced, keys taken out, the text cut. Nothing but a LossaryError comes out."""
    path = small.save(tmp_path / "fit.json")
    good, random_ = json.loads(path.read_text()), random.Random(5)
    frame = rows(40)[0]
    said = []
    for _ in range(400):
        bad = copy.deepcopy(good)
        place = bad
        while True:
            keys = list(place) if isinstance(place, dict) else range(len(place))
            key = random_.choice(list(keys))
            if isinstance(place[key], dict | list) and place[key] and random_.random() < 0.8:
                place = place[key]
                continue
            break
        if isinstance(place, dict) and random_.random() < 0.3:
            del place[key]
        else:
            values = (None, "x", -1, 1e308, [], {}, True, [[1.0]], 10**400, "\x1b[31m", 2**70, [None])
            place[key] = random_.choice(values)
        path.write_text(json.dumps(bad))
        try:
            with np.errstate(all="ignore"):
                ls.load_fit(path).predictions(frame)
        except LossaryError as error:
            said.append(str(error))
    assert len(said) > 250 and "\x1b" not in "".join(said)
    text = json.dumps(good)
    for length in range(0, len(text), 97):
        path.write_text(text[:length])
        with pytest.raises(LossaryError, match="is not"):
            ls.load_fit(path)


def test_other_files_are_refused(tmp_path):
    other = tmp_path / "other"
    for content in (b"", b"\xff\xfe", b"[]", b"[" * 100_000, b'{"kind": NaN}', b"PK\x03\x04", b"null"):
        other.write_bytes(content)
        with pytest.raises(LossaryError, match="Cannot load"):
            ls.load_fit(other)
    for path in (tmp_path, tmp_path / "none", "/dev/zero"):
        with pytest.raises(LossaryError, match="Cannot load"):
            ls.load_fit(path)


def test_a_newer_format_is_named(small, tmp_path):
    path = small.save(tmp_path / "fit.json")
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(LossaryError, match="format is 2; this lossary reads format 1"):
        ls.load_fit(path)


def test_a_linear_fit_of_arrays_loads_too(tmp_path):
    fit = ls.fit_linear([[1.0], [2.0], [4.0]], [1.0, 2.0, 3.0])
    path = fit.save(tmp_path / "fit.json")
    assert ls.load_fit(path).predict([[3.0]]) == fit.predict([[3.0]])
    for key, value in (("coefficients", []), ("coefficients", [[1.0, 2.0]]), ("intercept", [1.0, 2.0]), ("names", 5)):
        path.write_text(json.dumps(json.loads(fit.save(path).read_text()) | {key: value}))
        with pytest.raises(LossaryError, match="Cannot load"):
            ls.load_fit(path)


def test_the_same_table_in_every_form(small, tmp_path):
    frame = rows(40)[0]
    fit, wanted = small, small.predict(frame).tolist()
    text = frame.to_csv(index=False)
    (tmp_path / "t.csv").write_text(text)
    frame.to_parquet(tmp_path / "t.parquet")
    pl = pytest.importorskip("polars")
    forms = [str(tmp_path / "t.csv"), tmp_path / "t.parquet", pl.from_pandas(frame), frame.to_dict("list")]
    forms.append(frame[[one.name for one in fit.inputs]].to_numpy())
    for form in forms:
        assert fit.predict(form).tolist() == wanted


@pytest.mark.parametrize(
    ("name", "value"),
    [("missing", "mean"), ("task", "x"), ("optimizer", 3), ("l1", -1), ("l2", float("nan")), ("epochs", 0),
     ("batch_size", 1.5), ("learning_rate", 0), ("validation", "x"), ("seed", -1), ("model", 5), ("loss", "hubr"),
     ("target", "nowhere"), ("features", "nowhere"), ("meanings", {"size": "x"}), ("data", 3), ("data", None),
     ("data", {"a": [1, 2], "b": [1]}), ("validation", 0.99)],
    ids=lambda value: str(value)[:12],
)  # fmt: skip
def test_what_does_not_fit_is_refused(name, value):
    given = {"data": "phones", "loss": "mse"} | {name: value}
    with pytest.raises(LossaryError):
        ls.compare(given.pop("data"), **given)
