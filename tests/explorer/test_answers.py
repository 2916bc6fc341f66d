"""What the page shows is what the losses compute: laws for every loss that a panel can use."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from keras import ops

import lossary as ls
from lossary.core.errors import LossaryError
from lossary.core.mathml import mathml
from lossary.data import csvfile
from lossary.data.errors import DataError
from lossary.explorer import own
from lossary.explorer.answers import ANSWERS
from lossary.explorer.app import plain
from lossary.explorer.likelihoods import DISTRIBUTIONS
from lossary.explorer.minimise import minimise
from lossary.explorer.network import SIZE, backward, first_state, forward
from lossary.explorer.planes import RIDGE, spread, table, target

CATALOGUE = ANSWERS["catalogue"]({})["losses"]
LINES = [entry for entry in CATALOGUE if entry["line"]]
PLANES = [entry for entry in CATALOGUE if entry["plane"]]
every_loss = pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry["function"])
DRAWN = [entry for entry in CATALOGUE if entry["axis"]]
every_drawn_loss = pytest.mark.parametrize("entry", DRAWN, ids=lambda entry: entry["function"])


def ask(name, **asked):
    return ANSWERS[name](asked)


def moved(entry, share=0.4):
    """Parameters away from their defaults, as sliders set them."""
    return {p["name"]: (1 - share) * p["low"] + share * p["high"] for p in entry["params"] if p["kind"] == "number"}


def test_the_catalogue_is_whole():
    own = [name for name in ls.losses() if ls.card(name).module.startswith("lossary.")]  # other tests make losses too
    assert sorted(entry["function"] for entry in CATALOGUE if entry["function"] in own) == own
    for entry in CATALOGUE:
        for p in entry["params"]:
            ls.get(entry["function"], **({p["name"]: p["low"]} if p["kind"] == "number" else {}))


@every_loss
def test_formulas_are_well_formed_and_keep_their_symbols(entry):
    root = ET.fromstring(entry["formula"].replace("&#8289;", ""))
    assert root.tag == "math" and "\\" not in "".join(root.itertext())


def test_mathml_of_what_it_does_not_know():
    for text in (r"\frac", r"\unknown{x}", "{", "}", "x_", "^", r"\sqrt", "", r"\tfrac{1}", "x_{a", "<b>&"):
        ET.fromstring(mathml(text).replace("&#8289;", ""))
    assert '<msub data-symbol="p_t">' in mathml("p_t") and 'data-symbol="α_t"' in mathml(r"\alpha_t")


@every_drawn_loss
def test_a_curve_is_the_loss_and_its_derivatives(entry):
    found = ask("curves", losses=[{"name": entry["function"], "params": moved(entry)}])
    assert found["axis"]["name"] == entry["axis"]
    (curve,), x = found["curves"], found["x"]
    value, gradient, curvature = (np.asarray(curve[kind], float) for kind in ("value", "gradient", "curvature"))
    assert np.isfinite(value).all() and np.isfinite(gradient).all()
    inner = slice(20, -20)  # away from poles, where differences say little
    for f, slope in ((value, gradient), (gradient, curvature)):
        rough = np.gradient(f, x)[inner]
        off = np.abs(rough - slope[inner]) / (np.abs(slope[inner]).max() + 3e-3 * max(1, 10 * np.abs(f).max()))
        if not type(ls.get(entry["function"])).holds_fixed or f is gradient:
            assert np.quantile(off, 0.9) < 0.03


@pytest.mark.once
def test_a_loss_that_is_not_drawn_says_why():
    for entry in CATALOGUE:
        found = ask("curves", losses=[{"name": entry["function"]}])
        assert (found["axis"] is None) == bool(entry["undrawn"]) == bool(found.get("undrawn")), entry["function"]
        assert entry["inputs"] == ls.get(entry["function"]).takes()


@pytest.mark.once
def test_a_curve_of_errors_is_the_closed_form():
    found = ask("curves", losses=[{"name": "huber", "params": {"delta": 0.7}}, {"name": "cauchy"}, {"name": "bce"}])
    x = np.asarray(found["x"], "float32")
    for curve, loss in zip(found["curves"], (ls.Huber(delta=0.7), ls.Cauchy()), strict=False):
        np.testing.assert_allclose(curve["value"], ops.convert_to_numpy(loss.of(ops.convert_to_tensor(x))), rtol=1e-5)
        np.testing.assert_allclose(
            curve["gradient"], ops.convert_to_numpy(loss.slope(ops.convert_to_tensor(x))), rtol=1e-4, atol=1e-6
        )
    assert "value" not in found["curves"][2] and found["curves"][2]["other"]


def test_symbols_are_the_numbers_of_the_formula():
    params, x = {"alpha": 0.3, "apply_class_balancing": True}, 0.25
    focal = [{"name": "binary_focal_crossentropy", "params": params}]
    (read,) = ask("reading", losses=focal, second=0.0, at=x)["curves"]
    assert read["symbols"]["p_t"] == 0.75 and read["symbols"]["α_t"] == pytest.approx(0.7)
    assert read["value"] == pytest.approx(-0.7 * (1 - (1 - x)) ** 2 * np.log(1 - x), rel=1e-5)


@every_drawn_loss
def test_what_is_read_is_the_curve_at_just_that_place(entry):
    losses = [{"name": entry["function"], "params": moved(entry)}]
    found = ask("curves", losses=losses)
    (curve,), x, place = found["curves"], found["x"], 101
    (read,) = ask("reading", losses=losses, at=float(x[place]))["curves"]
    for kind in ("value", "gradient"):
        assert read[kind] == pytest.approx(float(curve[kind][place]), rel=1e-4, abs=1e-5)
    between = ask("reading", losses=losses, at=float(x[place] + x[place + 1]) / 2)["curves"][0]["value"]
    low, high = sorted(map(float, curve["value"][[place, place + 1]]))
    slack = 0.1 * (high - low) + 1e-5 * (1 + abs(high))
    assert low - slack <= between <= high + slack


def test_at_a_corner_there_is_no_curvature():
    for name, at in (("huber", 1.0), ("mae", 0.0), ("quantile", 0.0), ("hinge", 1.0)):
        (read,) = ask("reading", losses=[{"name": name}], at=at)["curves"]
        assert np.isnan(read["curvature"]), name
        assert np.isfinite(ask("reading", losses=[{"name": name}], at=at + 0.5)["curves"][0]["curvature"])


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"losses": []},
        {"losses": [{"name": "huber"}] * 5},
        {"losses": "huber"},
        {"losses": [{"name": 3}]},
        {"losses": [{"name": "huber", "params": {"delta": [1]}}]},
        {"losses": [{"name": "huber", "params": {"delta": -1}}]},
        {"losses": [{"name": "huber", "params": {"reduction": "sum"}}]},
        {"losses": [{"name": "poisson"}], "second": "big"},
        {"losses": [{"name": "poisson"}], "second": float("nan")},
        {"losses": [{"name": "os.system"}]},
        {"losses": [{"name": "dice", "params": {"axis": 7}}]},
        {"losses": [{"name": "huber", "params": {"delta": 10**400}}]},
        {"losses": [{"name": "multi_quantile", "params": {"q": [0.5, 10**400]}}]},
        {"losses": [{"name": "poisson"}], "second": 10**400},
        {"losses": [{"name": "poisson"}], "second": 5.1},
    ],
)
def test_questions_that_are_wrong_are_refused(asked):
    with pytest.raises(LossaryError):
        ANSWERS["curves"](asked)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("fits", {"losses": [{"name": "huber"}], "points": [[1, 2, 3]]}),
        ("fits", {"losses": [{"name": "huber"}], "points": [[0, 0]] * 201}),
        ("fits", {"losses": [{"name": "huber"}], "points": [["a", 0]]}),
        ("fits", {"losses": [{"name": "bce"}], "points": [[0, 0]]}),
        ("planes", {"losses": [{"name": "bce"}], "shape": "spiral"}),
        ("planes", {"losses": [{"name": "ctc"}]}),
        ("network", {"losses": [{"name": "mse"}], "states": [[1, 2]]}),
        ("network", {"losses": [{"name": "mse"}], "steps": 1.5}),
        ("reading", {"losses": [{"name": "huber"}], "at": 4.5}),
        ("fits", {"losses": [{"name": "huber"}], "points": [["1", 0]]}),
        ("fits", {"losses": [{"name": "huber"}], "points": [[True, 0]]}),
        ("likelihoods", {"μ": 9}),
        ("formula", {"formula": "k*e", "values": [1]}),
        ("rows", {"table": "y,p\n1,1\n", "losses": [{"name": "mse"}], "formula": 3}),
        ("rows", {"table": "a\n1\n", "losses": [{"name": "mse"}]}),
    ],
)
def test_other_questions_that_are_wrong_are_refused(name, asked):
    with pytest.raises(LossaryError):
        ANSWERS[name](asked)


# -- the playground ------------------------------------------------------------------------------------------------


def scattered(rng, n=25):
    x = np.linspace(0.3, 9.7, n)
    y = 2 + 0.5 * x + rng.normal(size=n)
    y[-3:] = 0.5
    return np.stack([x, y], axis=1)


@pytest.mark.parametrize("entry", LINES, ids=lambda entry: entry["function"])
@pytest.mark.parametrize("degree", [1, 3])
def test_a_fit_cannot_be_improved_nearby(entry, degree, rng):
    points, name, params = scattered(rng), entry["function"], moved(entry, 0.15)
    (fit,) = ask("fits", losses=[{"name": name, "params": params}], points=points.tolist(), degree=degree)["fits"]
    loss, p = ls.get(name, **params), points[:, 1] + fit["residuals"]
    assert fit["loss"] == pytest.approx(float(loss(points[:, 1:], p[:, None])), rel=1e-5)
    u = (points[:, 0] - 5) / 5
    cut = "redescending" in loss.traits and "smooth" not in loss.traits  # a small step may reach another valley
    for _ in range(30):
        other = p + 0.03 * np.polyval(rng.normal(size=degree + 1), u)
        assert float(loss(points[:, 1:], other[:, None])) > fit["loss"] - (5e-3 if cut else 2e-4)


def test_a_line_by_hand_and_its_loss(rng):
    points = scattered(rng)
    (fit,) = ask("fits", losses=[{"name": "mse"}], points=points.tolist(), handles=[1.0, 6.0])["fits"]
    assert fit["hand"]["loss"] == pytest.approx(np.mean((1 + 0.5 * points[:, 0] - points[:, 1]) ** 2), rel=1e-5)
    assert (fit["hand"]["slope"], fit["hand"]["intercept"]) == (pytest.approx(0.5), pytest.approx(1.0))
    np.testing.assert_allclose(fit["pulls"], 2 * fit["residuals"], rtol=1e-4, atol=1e-5)
    assert fit["loss"] < fit["hand"]["loss"]


def test_too_few_points_give_no_curve():
    for points in ([], [[1.0, 2.0]], [[1.0, 2.0], [1.0, 3.0]]):
        (fit,) = ask("fits", losses=[{"name": "mse"}], points=points)["fits"]
        assert "curve" not in fit


# -- two classes ---------------------------------------------------------------------------------------------------


def test_the_gradient_of_a_boundary_is_that_of_its_target(rng):
    features, seen = spread(rng.normal(size=(30, 2)), 2), rng.integers(0, 2, 30)
    f = target(table("BinaryCrossentropy", (("from_logits", True),)), 0.1 * features, seen)
    c = 30 * rng.normal(size=6)  # where the ridge counts as much as the loss
    steps = 1e-4 * np.eye(6)
    sides = [(f(c + step)[0] - f(c - step)[0]) / 2e-4 for step in steps]
    np.testing.assert_allclose(f(c)[1], sides, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("entry", PLANES, ids=lambda entry: entry["function"])
def test_a_boundary_cannot_be_improved_nearby(entry, rng):
    name, params = entry["function"], moved(entry)
    asked = {"share": 0.3, "noise": 0.1, "boundary": "curved", "shape": "ring"}
    found = ask("planes", losses=[{"name": name, "params": params}], **asked)
    (fit,) = found["fits"]
    loss = ls.get(name, **params, **({"from_logits": True} if "from_logits" in ls.get(name).params else {}))
    labels = found["seen"] if "from_logits" in loss.params else 2 * found["seen"] - 1
    features = spread(found["points"], 2)

    def total(c):
        value = ops.mean(loss.rows(labels[:, None].astype("float32"), (features @ c)[:, None].astype("float32")))
        return float(value) + RIDGE * (c[1:] ** 2).sum()

    best = total(fit["coefficients"])
    slack = 1e-4 + (2e-3 * abs(best) if best < 0 else 0)  # of a loss without a floor, only the penalty has one
    along = np.linspace(-4, 4, 8001, dtype="float32")[:, None]
    jump = float(np.abs(np.diff(np.ravel(ops.convert_to_numpy(loss.rows(np.ones_like(along), along))))).max())
    slack += 0.1 * jump if jump > 0.05 else 0  # where a loss jumps, no place nearby is a minimum of it
    for _ in range(30):
        assert total(fit["coefficients"] + 0.05 * rng.normal(size=6)) > best - slack


def test_sliders_of_the_sample_do_what_they_say():
    sample = ask("planes", losses=[{"name": "bce"}], rows=200, share=0.1, noise=0.2)
    assert sample["fits"][0]["ones"] == 20
    assert 20 < sample["wrong"].sum() < 60
    clean = ask("planes", losses=[{"name": "bce"}], rows=200, share=0.1)
    assert not clean["wrong"].any() and (clean["points"] == sample["points"]).all()


def test_the_minimum_of_functions_with_and_without_corners():
    def valley(x):
        a, b = x
        return (1 - a) ** 2 + 100 * (b - a * a) ** 2, np.array(
            [-2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)]
        )

    def corners(x):
        return abs(x[0] - 1) + 3 * abs(x[0] + x[1]), np.array(
            [np.sign(x[0] - 1) + 3 * np.sign(x[0] + x[1]), 3 * np.sign(x[0] + x[1])]
        )

    np.testing.assert_allclose(minimise(valley, np.array([-1.2, 1.0])), [1, 1], atol=1e-3)
    np.testing.assert_allclose(minimise(corners, np.array([-2.0, 0.7])), [1, -1], atol=1e-3)


# -- points, lists, boxes ------------------------------------------------------------------------------------------

SCENES = [
    pytest.param(entry["function"], scene, id=f"{entry['function']}-{scene['form']}")
    for entry in CATALOGUE for scene in entry["scenes"]
]  # fmt: skip


def asked_for(scene, at):
    return {"panel": scene["panel"], "form": scene["form"], "at": {name: x.ravel().tolist() for name, x in at.items()}}


@pytest.mark.parametrize(("name", "scene"), SCENES)
def test_a_scene_shows_the_value_and_the_gradient_of_the_loss(name, scene, rng):
    at = {part["name"]: part["start"] for part in scene["parts"]}
    at |= {p["name"]: at[p["name"]] + 0.05 * rng.normal(size=at[p["name"]].shape) for p in scene["parts"] if p["moves"]}
    (run,) = ask("scenes", losses=[{"name": name}], **asked_for(scene, at))["runs"]
    labels = {p["name"] for p in scene["parts"] if "index" in p["words"] or "integer" in p["words"]}
    told = {n: x.astype("int32" if n in labels else "float32") for n, x in at.items()}
    assert run["value"] == pytest.approx(float(ls.get(name)(**told)), rel=1e-5, abs=1e-6)
    if ls.get(name).holds_fixed:  # its gradient leaves parts of the formula out, by design
        return
    way = {n: rng.normal(size=by.shape) for n, by in run["gradients"].items()}
    ends = []
    for step in (1e-3, -1e-3):
        there = {**at, **{n: at[n] + step * along for n, along in way.items()}}
        ends.append(ask("scenes", losses=[{"name": name}], **asked_for(scene, there))["runs"][0]["value"])
    slope = sum(float((run["gradients"][n] * along).sum()) for n, along in way.items())
    assert (ends[0] - ends[1]) / 2e-3 == pytest.approx(slope, rel=2e-2, abs=2e-3 * max(1.0, abs(run["value"])))


def test_scenes_follow_from_slots():
    found = {entry["function"]: [(one["panel"], one["form"]) for one in entry["scenes"]] for entry in CATALOGUE}
    assert found["triplet_margin"] == [("points", "call"), ("points", "mined")]
    assert found["giou"] == [("boxes", "call")] and found["listwise_softmax"] == [("lists", "call")]
    assert found["huber"] == found["ssim"] == []
    other = ask("scenes", panel="points", losses=[{"name": "triplet_margin"}, {"name": "cosine_embedding"}])
    assert "value" in other["runs"][0] and "value" not in other["runs"][1]  # it takes other inputs


@pytest.mark.parametrize("coding", ["corners", "centre", "size"])
def test_boxes_are_corners_on_the_page_whatever_the_loss_reads(coding):
    asked = {"panel": "boxes", "at": {"y_true": [1, 1, 4, 5], "y_pred": [2, 2, 6, 4]}}
    (run,) = ask("scenes", losses=[{"name": "giou", "params": {"coding": coding}}], **asked)["runs"]
    known = ask("scenes", losses=[{"name": "giou"}], **asked)["runs"][0]
    assert run["value"] == pytest.approx(known["value"], rel=1e-5)
    np.testing.assert_allclose(run["gradients"]["y_pred"], known["gradients"]["y_pred"], atol=1e-5)


@pytest.mark.parametrize(
    "wrong",
    [{"at": {"y_true": [1, 2]}}, {"at": {"y_pred": "x"}}, {"at": []}, {"form": "mined"}, {"panel": "balls"},
     {"losses": [{"name": "mse"}]}],
)  # fmt: skip
def test_a_wrong_scene_is_refused(wrong):
    with pytest.raises(LossaryError):
        ask("scenes", **{"panel": "boxes", "losses": [{"name": "iou"}], **wrong})


# -- predicted distributions ---------------------------------------------------------------------------------------

PREDICTED = [entry for entry in CATALOGUE if entry["distribution"]]


@pytest.mark.once
@pytest.mark.parametrize("entry", PREDICTED, ids=lambda entry: entry["function"])
def test_a_distribution_shows_the_loss_of_one_observation(entry):
    name = entry["function"]
    found = ask("densities", losses=[{"name": name}])
    (run,), y, x = found["runs"], found["y"], found["x"]
    outputs = run["outputs"][None].astype("float32")
    assert run["value"] == pytest.approx(float(getattr(ls, name)([float(y)], outputs)[0]), rel=1e-5, abs=1e-6)
    assert np.interp(y, x, run["curve"]) == pytest.approx(run["value"], rel=0.05, abs=0.05)
    for place, by in enumerate(run["gradients"]):
        ends = []
        for step in (2e-3, -2e-3):
            there = outputs.copy()
            there[0, place] += step
            ends.append(float(getattr(ls, name)([float(y)], there)[0]))
        assert (ends[0] - ends[1]) / 4e-3 == pytest.approx(by, rel=1e-2, abs=5e-3)
    if run["density"] is not None:  # the rest is beyond what is shown, or at an atom
        assert 0.8 < run["density"].sum() * (x[1] - x[0]) < 1.01 and run["at"] >= 0


@pytest.mark.once
def test_a_score_has_the_density_of_its_likelihood():
    asked = {"y": 2.5, "at": {"loc": 1.5, "scale": 0.8}}
    score, likelihood = ask("densities", losses=[{"name": "logistic_crps"}, {"name": "logistic_nll"}], **asked)["runs"]
    np.testing.assert_allclose(score["density"], likelihood["density"], atol=6e-3)


# -- likelihood ----------------------------------------------------------------------------------------------------


@pytest.mark.once
def test_the_maximum_of_the_likelihood_is_where_textbooks_say():
    def best(name, **more):
        found = ask("likelihoods", distribution=name, **more)
        return found["best"]["at"], found["sample"]

    at, y = best("normal", outliers=3)
    np.testing.assert_allclose(at, [y.mean(), y.std()], rtol=2e-3)
    at, y = best("Laplace", size=61)
    np.testing.assert_allclose(at, [np.median(y), np.abs(y - np.median(y)).mean()], rtol=5e-3)
    for name in ("Poisson", "Bernoulli"):
        at, y = best(name)
        np.testing.assert_allclose(at, [y.mean()], rtol=2e-3)


@pytest.mark.once
def test_declared_distributions_are_at_the_maximum_of_their_fit():
    for name in ("weibull", "negative binomial"):
        found = ask("likelihoods", distribution=name)
        fit = ls.fit_distribution(found["sample"], name.replace(" ", "_"))
        np.testing.assert_allclose(found["best"]["at"], list(fit.parameters.values()), rtol=2e-2)
        assert found["best"]["value"] == pytest.approx(fit.log_likelihood, abs=1e-2)


SOME = ("normal", "Laplace", "Poisson", "Bernoulli", "exponential", "beta", "binomial")
EVERY = [name if name in SOME else pytest.param(name, marks=pytest.mark.full) for name in DISTRIBUTIONS]


@pytest.mark.parametrize("name", EVERY)
def test_densities_are_densities(name):
    found = ask("likelihoods", distribution=name)
    step = found["x"][1] - found["x"][0]
    rest = 0.1 if name in ("cauchy", "pareto") else 0.03  # beyond what is shown, or at its edge
    width = np.where(found["x"] == getattr(ls.get(found["loss"]), "atom", None), 1, step)  # there is a probability
    assert (found["best_density"] * width).sum() == pytest.approx(1, abs=rest)
    (first, *_), here = found["curves"], found["here"]
    assert np.interp(here["at"][0], first["x"], first["value"]) == pytest.approx(here["value"], rel=1e-2)
    assert here["value"] <= found["best"]["value"]


# -- training ------------------------------------------------------------------------------------------------------


def test_the_network_goes_backwards_as_it_goes_forwards(rng):
    weights, x, g = first_state(3)[:SIZE], rng.normal(size=7), rng.normal(size=7)
    by = backward(weights, x, forward(weights, x)[0], g)
    for i in range(SIZE):
        step = np.zeros(SIZE)
        step[i] = 1e-6
        rough = (forward(weights + step, x)[1] - forward(weights - step, x)[1]) @ g / 2e-6
        assert by[i] == pytest.approx(rough, abs=1e-6)


def test_training_goes_on_where_the_last_request_ended():
    asked = {"losses": [{"name": "huber"}, {"name": "mse"}], "penalty": 0.001}
    whole = ask("network", **asked, steps=12)
    first = plain(ask("network", **asked, steps=5))
    rest = ask("network", **asked, steps=7, states=[run["state"] for run in first["runs"]])
    for one, two in zip(whole["runs"], rest["runs"], strict=True):
        assert two["costs"][-1] == pytest.approx(one["costs"][-1], rel=1e-4) and two["steps"] == one["steps"] == 12
        assert one["costs"][-1] + one["penalties"][-1] < one["costs"][0] + one["penalties"][0]
        kernels = np.r_[one["state"][:16], one["state"][32:48]]
        assert one["penalties"][-1] == pytest.approx(0.001 * (kernels**2).sum())


# -- rows and formulas of one's own --------------------------------------------------------------------------------

TABLE = "y,p,weight\n1,0.8,1\n0,0.4,2\n1,0.1,0.5\n"


def test_rows_cost_what_the_loss_says():
    found = ask("rows", table=TABLE, losses=[{"name": "bce"}])
    y, p, w = np.float32([[1], [0], [1]]), np.float32([[0.8], [0.4], [0.1]]), np.float32([1, 2, 0.5])
    assert found["value"] == pytest.approx(float(ls.BinaryCrossentropy()(y, p, w)))
    assert [row["row"] for row in found["rows"]] == [2, 1, 0]
    assert found["rows"][0]["gradient"] == pytest.approx(-10) and found["rows"][0]["value"] == pytest.approx(2.302585)
    assert sum(row["share"] for row in found["rows"]) == pytest.approx(1)
    assert not found["findings"]


@pytest.mark.once
def test_a_formula_judges_rows_like_the_loss_it_spells():
    table = "y;p;w\n1,5;2;1\n2;3;2\n"
    typed = ask("rows", table=table, formula="where(|e| <= d, e^2/2, d*(|e| - d/2))", values={"d": 0.7})
    named = ask("rows", table=table, losses=[{"name": "huber", "params": {"delta": 0.7}}])
    assert typed["value"] == pytest.approx(named["value"]) and not typed["findings"]
    assert [r["gradient"] for r in typed["rows"]] == pytest.approx([r["gradient"] for r in named["rows"]])
    curve = ask("formula", formula="where(|e| <= d, e^2/2, d*(|e| - d/2))", values={"d": 0.7})
    known = ask("curves", losses=[{"name": "huber", "params": {"delta": 0.7}}])["curves"][0]
    for kind in ("value", "gradient", "curvature"):
        np.testing.assert_allclose(curve[kind], known[kind], rtol=1e-3, atol=1e-4)


def test_the_checks_speak_of_the_rows():
    logits = ask("rows", table="y,p\n1,2.3\n0,-1.2\n", losses=[{"name": "bce"}])
    assert [f["id"] for f in logits["findings"]] == ["L002"] and logits["error"]["kind"] == "PredictionError"
    counted = "y,p0,p1\n1,0.2,0.8\n2,0.1,0.9\n"
    assert ask("rows", table=counted, losses=[{"name": "scce"}])["findings"]
    right = ask("rows", table=counted.replace("\n2,", "\n0,"), losses=[{"name": "scce"}])
    assert not right["findings"] and right["rows"][0]["gradient"].shape == (2,)


def test_columns_without_known_names_are_explained():
    found = ask("rows", table="a,b,c\n1,2,x\n2,2,y\n", losses=[{"name": "mse"}])
    assert found["value"] == pytest.approx(0.5) and "target: a" in found["notes"][0]


@pytest.mark.parametrize("table", ["", ",", ";\n,,", "1,2\n3,4\n", "y,p\n1\n", 'y,p\n"1,2\n', "y,y\n1,2\n"])
def test_bad_tables_are_refused(table):
    with pytest.raises(DataError):
        ask("rows", table=table, losses=[{"name": "mse"}])


def test_a_table_of_many_columns_is_refused_before_it_is_read(monkeypatch):
    def unread(*_):
        raise AssertionError("was read")

    monkeypatch.setattr(csvfile, "_cells", unread)
    wide = "y," + ",".join(f"p{i}" for i in range(own.MOST_COLUMNS))
    with pytest.raises(DataError, match="201 columns"):
        ask("rows", table=f"{wide}\n1\n", losses=[{"name": "cce"}])


@pytest.mark.once
def test_losses_of_pairs_take_fewer_rows():
    rows = int(own.MOST_PAIRS**0.5) + 1
    table = "y,p0,p1\n" + "1,0.6,0.8\n" * rows
    with pytest.raises(LossaryError, match="compares every row with every other"):
        ask("rows", table=table, losses=[{"name": "circle"}])
    assert ask("rows", table=table, losses=[{"name": "scce"}])["count"] == rows


# -- code ----------------------------------------------------------------------------------------------------------


def test_code_of_a_spread_names_three_arguments():
    import torch

    asked = {"name": "gaussian_nll", "params": {"spread": "variance", "full": False}}
    code = ask("code", losses=[asked])["codes"][0]["code"]["torch"]
    y, p = np.float32([[1.0], [2.0]]), np.float32([[[0.5, 2.0]], [[2.5, 0.3]]])
    known = {"y_true": torch.from_numpy(y), "y_pred": torch.from_numpy(p)}
    exec(code, known)
    assert float(known["loss"]) == pytest.approx(float(ls.GaussianNLL(spread="variance", full=False)(y, p)), rel=1e-5)


def test_where_a_library_has_no_equal_lossary_runs():
    codes = ask("code", losses=[{"name": "cauchy", "params": {"c": 2}}, {"name": "rmse"}])["codes"]
    assert 'KERAS_BACKEND"] = "torch"' in codes[0]["code"]["torch"] and "ls.Cauchy(c=2)" in codes[0]["code"]["optax"]
    assert "keras.metrics" not in codes[1]["code"]["keras"]  # a metric is no loss
