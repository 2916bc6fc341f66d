"""The comparison on the backend in KERAS_BACKEND: fits against closed forms, and all that is reported of them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from lossary.core.errors import LossaryError
from lossary.data.columns import from_cells
from lossary.data.problem import Question, pose
from lossary.data.tables import Table, load
from lossary.training.candidates import ask_all
from lossary.training.compare import compare
from lossary.training.settings import Settings
from tests.linear import tables


def run(problem, losses="", **settings):
    return compare(problem, ask_all((losses,) if losses else (), problem.task), Settings(**settings))


def phones():
    return pose(load("phones"), Question())


@pytest.fixture(scope="module")
def demo():
    """What `lossary compare` runs on its own."""
    return run(phones())


def slopes(found):
    return {fit.label: fit.coefficients.weights[0][0] for fit in found.fits}


def test_least_squares_to_a_thousandth(demo):
    problem = phones()
    expected = np.linalg.lstsq(np.column_stack([problem.x, np.ones(24)]), problem.y, rcond=None)[0]
    assert slopes(demo)["mse"] == pytest.approx(expected[0], rel=1e-3)
    assert demo.fits[0].coefficients.intercepts[0] == pytest.approx(expected[1], rel=1e-3)


def test_redescending_losses_ignore_the_six_years_and_the_others_lie_between(demo):
    found = slopes(demo)
    assert found["tukey"] == pytest.approx(1.10, abs=0.03)
    assert found["cauchy"] == pytest.approx(1.12, abs=0.04)
    for label in ("mae", "huber", "log_cosh"):
        assert found["tukey"] < found[label] < found["mse"]
    # every line with a slope from 1.19 to 1.47 has the same least sum of absolute errors
    assert 1.15 < found["mae"] < 1.5


def test_huber_agrees_with_an_independent_optimiser(demo):
    problem = phones()
    z, x = problem.y_scaled, problem.x_scaled[:, 0]
    w = np.zeros(2)
    design = np.column_stack([x, np.ones(24)])
    for _ in range(500):  # iteratively reweighted least squares
        weight = 1 / np.maximum(1, np.abs(z - design @ w))
        w = np.linalg.solve(design.T @ (design * weight[:, None]), design.T @ (weight * z))
    assert slopes(demo)["huber"] == pytest.approx(w[0] * problem.scale.spread / problem.scale.std[0], rel=5e-3)


def test_every_loss_is_smallest_on_its_own_fit(demo):
    for label in demo.asked:
        values = {fit.label: fit.train[label] for fit in demo.fits}
        assert values[label] <= min(values.values()) * 1.0005, label


def test_losses_are_reported_in_the_stated_units(demo):
    problem, mse = phones(), demo.fits[0]
    assert mse.train["mse"] == pytest.approx(np.mean((np.array(mse.gaps) / problem.scale.spread) ** 2), rel=1e-4)
    assert mse.train["mae"] == pytest.approx(np.mean(np.abs(mse.gaps)) / problem.scale.spread, rel=1e-4)
    assert mse.figures["train"]["50%"] == pytest.approx(np.median(mse.gaps))


def test_pulls_are_the_gradients(demo):
    mse, mae = demo.fits[0], demo.fits[1]
    expected = np.abs(mse.gaps) / np.sum(np.abs(mse.gaps))
    np.testing.assert_allclose(list(mse.pull_shares.values()), expected, rtol=1e-3)
    on_the_line = np.abs(mae.gaps) < 1e-9  # an optimum of absolute errors goes through rows, which pull neither way
    assert 1 <= on_the_line.sum() <= 3
    shares = np.where(on_the_line, 0, 1 / (24 - on_the_line.sum()))
    np.testing.assert_allclose(list(mae.pull_shares.values()), shares, rtol=1e-3)
    assert mse.pulls[0].row == 19  # 1969, 212 million
    tukey = demo.fits[5]
    assert sum(tukey.pull_shares[row] for row in range(14, 20)) == pytest.approx(0, abs=1e-6)


def test_the_findings_name_the_wild_rows_and_both_slopes(demo):
    text = " ".join(demo.findings)
    assert "5.041 (mse)" in text
    assert "rows 14–2" in text
    held = re.search(r"have (\d+)% of the gradient of mse, and (\d+)% of that of (tukey|cauchy)", text)
    assert held
    assert int(held[1]) > 50
    assert int(held[2]) <= 15


def test_what_was_decided_is_said(demo):
    notes = " ".join(note for fit in demo.fits for note in fit.notes)
    assert "tukey is not convex, so it starts from the fit with mae" in notes
    assert "median and 1.4826" in " ".join(demo.decided)


def test_the_document_is_json_and_whole(demo):
    document = json.loads(json.dumps(demo.document(), allow_nan=False))
    assert document["format"] == 2
    assert [fit["label"] for fit in document["fits"]] == demo.asked
    assert len(document["fits"][0]["predictions"]) == 24
    assert document["versions"]["backend"]


def test_the_order_asked_is_kept_and_the_hidden_start_is_not_shown():
    found = run(phones(), "tukey,mse")
    assert [fit.label for fit in found.fits] == ["tukey", "mse"]


def test_the_same_seed_gives_the_same_numbers():
    problem = pose(load("engel"), Question(seed=3))
    one, two = (run(problem, "huber", epochs=3, batch_size=50, model="mlp:4", seed=3) for _ in range(2))
    assert one.fits[0].predictions == two.fits[0].predictions
    other = run(problem, "huber", epochs=3, batch_size=50, model="mlp:4", seed=4)
    assert other.fits[0].predictions != one.fits[0].predictions


def test_regularization_is_reported_apart_and_shrinks():
    problem = phones()
    plain, ridge = (run(problem, "mse", l2=l2).fits[0] for l2 in (0.0, 1.0))
    assert plain.regularization == 0
    assert abs(ridge.coefficients.weights[0][0]) < abs(plain.coefficients.weights[0][0])
    kernel = ridge.coefficients.weights[0][0] * problem.scale.std[0] / problem.scale.spread
    assert ridge.regularization == pytest.approx(kernel**2, rel=1e-3)
    gaps = np.array(ridge.gaps) / problem.scale.spread
    assert ridge.train["mse"] == pytest.approx(np.mean(gaps**2), rel=1e-3)


def test_quantiles_split_engel_as_asked():
    found = run(pose(load("engel"), Question(validation=0)), "quantile:q=0.1,quantile:q=0.9")
    below = [np.mean(np.array(fit.gaps) < 0) for fit in found.fits]
    assert below == [pytest.approx(0.1, abs=0.03), pytest.approx(0.9, abs=0.03)]
    assert found.fits[0].params == {"q": 0.1}


def test_every_coefficient_is_that_of_the_optimum():
    """In the data's own units, against solutions of other means."""
    problem = pose(load("engel"), Question(validation=0))
    found = run(problem, "mse,mae,quantile:q=0.1,huber:delta=25")
    expected = [
        np.linalg.lstsq(tables.with_ones(problem.x), problem.y, rcond=None)[0],
        tables.pinball(problem.x, problem.y, 0.5)[0],
        tables.pinball(problem.x, problem.y, 0.1)[0],
        tables.huber(problem.x, problem.y, 25.0),
    ]
    for fit, (slope, intercept) in zip(found.fits, expected, strict=True):
        assert fit.coefficients.weights[0][0] == pytest.approx(slope, rel=1e-6), fit.label
        assert fit.coefficients.intercepts[0] == pytest.approx(intercept, rel=1e-6), fit.label
        assert (fit.convergence.kind, fit.convergence.unique) == ("optimum", True)
        assert fit.convergence.gap < 1e-10
        assert found.document()["fits"][0]["convergence"]["words"] == "optimum"


def test_what_has_no_unique_or_no_finite_optimum_says_so(demo):
    mae, tukey = demo.fits[1], demo.fits[5]
    assert mae.convergence.unique is False and mae.convergence.words == "optimum, not unique"
    assert tukey.convergence.kind == "stationary" and tukey.convergence.start == "the fit with mae"
    text = " ".join(demo.findings)
    assert "It is not unique" in text and "not known to be the lowest" in text
    cells = {"x": range(9), "twice": [2 * v for v in range(9)], "y": ["no"] * 5 + ["yes"] * 4}
    table = Table("t", tuple(from_cells(name, [str(v) for v in values]) for name, values in cells.items()))
    apart = run(pose(table, Question(target="y")), "bce,squared_hinge")
    assert [fit.convergence.kind for fit in apart.fits] == ["no finite optimum", "optimum"]
    assert "no finite optimum" in " ".join(apart.findings) and not apart.fits[0].diverged
    both = run(pose(table, Question(target="x", features=("twice", "y"))), "mse", l2=0.1)
    assert both.fits[0].convergence.words == "optimum"


def test_a_trained_model_has_a_word_from_its_gradient():
    problem = phones()
    short, long = (run(problem, "mse", optimizer="adam", epochs=epochs).fits[0].convergence for epochs in (2, 400))
    assert (short.kind, long.kind) == ("not settled", "settled")
    assert short.gradient > 10 * long.gradient and "--epochs" in short.sentence


def test_l1_gives_exact_zeros():
    found = run(pose(load("penguins"), Question(target="body_mass_g", validation=0)), "mse,mae", l1=0.2)
    for fit in found.fits:
        weights = np.array(fit.coefficients.weights[0])
        assert 0 < np.sum(weights == 0) < weights.size and fit.convergence.kind == "optimum"


def test_losses_of_relative_size_see_the_true_zero():
    found = run(pose(load("engel"), Question(validation=0)), "mape,poisson,msle")
    for fit in found.fits:
        assert not fit.diverged
        assert np.corrcoef(fit.predictions, found.y)[0, 1] > 0.85
    mape = found.fits[0]
    expected = 100 * np.mean(np.abs(np.array(mape.gaps) / np.array(found.y)))
    assert mape.train["mape"] == pytest.approx(expected, rel=1e-3)


def test_losses_of_relative_size_refuse_what_they_cannot_read():
    cells = {"x": range(6), "y": [0, 1.5, 2, 3, -4, 5]}
    table = Table("t", tuple(from_cells(name, [str(v) for v in values]) for name, values in cells.items()))
    problem = pose(table, Question(target="y"))
    for loss, words in {"poisson": "-4", "mape": "is 0"}.items():
        with pytest.raises(LossaryError, match=words):
            run(problem, loss)


def test_binary_decisions():
    cells = {"x": np.linspace(-3, 3, 120), "y": ["no"] * 60 + ["yes"] * 60}
    table = Table("t", tuple(from_cells(name, [str(v) for v in values]) for name, values in cells.items()))
    found = run(pose(table, Question(target="y", validation=0.2)))
    assert [fit.label for fit in found.fits] == ["bce", "focal", "hinge", "squared_hinge"]
    for fit in found.fits:
        assert fit.figures["valid"]["accuracy"] > 0.9
        assert fit.figures["train"]["auc"] == pytest.approx(1, abs=0.01)
        assert fit.figures["train"]["wrong"] == sum(
            gap <= 0 for gap, held in zip(fit.gaps, found.validation, strict=True) if not held
        )
    bce = found.fits[0]
    margins = np.array(bce.gaps)[~np.array(found.validation)]
    assert bce.train["bce"] == pytest.approx(np.mean(np.logaddexp(0, -margins)), rel=1e-3)
    assert bce.train["hinge"] == pytest.approx(np.mean(np.maximum(0, 1 - margins)), rel=1e-3, abs=1e-6)


def test_multiclass_decisions():
    found = run(pose(load("penguins"), Question(target="species")), "scce,cce,gce,categorical_hinge")
    for fit in found.fits:
        assert fit.figures["valid"]["accuracy"] > 0.9
        assert set(fit.figures["valid"]["recall"]) == {"Adelie", "Chinstrap", "Gentoo"}
    sparse, dense = found.fits[:2]
    assert sparse.train["scce"] == pytest.approx(dense.train["cce"], rel=1e-3)
    assert np.array(sparse.coefficients.weights).shape == (3, len(found.features))


def test_an_interrupt_keeps_what_is_finished():
    def stop(label, done, of):
        if label == "huber":
            raise KeyboardInterrupt

    problem = phones()
    found = compare(problem, ask_all(("mse,huber,mae",), "regression"), Settings(), progress=stop)
    assert found.interrupted
    assert [fit.label for fit in found.fits] == ["mse"]
    assert found.fits[0].train["huber"] is not None


def test_a_fit_that_diverges_is_reported_and_the_others_stay():
    found = run(phones(), "mse,mae", optimizer="sgd", learning_rate=1e4, epochs=60)
    mse = found.fits[0]
    assert mse.diverged
    assert any("mse diverged" in finding for finding in found.findings)
    json.dumps(found.document(), allow_nan=False)


def test_least_squares_on_the_scales_of_fish():
    path = Path(__file__).parents[3] / "shared" / "data" / "trilotropicos.csv"
    if not path.exists():
        pytest.skip("shared/data/trilotropicos.csv does not lie beside the checkout")
    fit = run(pose(load(str(path)), Question(target="densidad_escamas")), "mse").fits[0]
    assert fit.coefficients.weights[0][0] == pytest.approx(-0.71805906, rel=1e-3)
    assert fit.coefficients.intercepts[0] == pytest.approx(12.689999, rel=1e-3)


def test_small_batches_cover_all_rows():
    found = run(phones(), "mse", epochs=150, batch_size=7, optimizer="adam")
    assert found.fits[0].coefficients.weights[0][0] == pytest.approx(5.04, rel=0.1)
