"""Every example runs on the present backend and gives the numbers it is there to give.

Fits use fewer epochs and larger steps than the examples' defaults; lines are fitted to centred inputs in whole batches,
which gives the same line. Tests of files beside the checkout skip, and say so, where the files are not there.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from lossary.core import catalogue
from tests.checked import checked  # noqa: F401

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("checked")]  # on every backend in full

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
DATA = ROOT.parent / "shared" / "data"
QUICK = {"epochs": 30, "rate": 0.2, "batch": 150, "centre": True}


@pytest.fixture(autouse=True)
def _no_losses_of_other_tests(monkeypatch):
    """A reader defines losses in a process of their own."""
    monkeypatch.setattr(catalogue, "_CUSTOM", {})


def example(name, monkeypatch):
    """The module of an example, loaded from its file, with its neighbours in reach."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # stays: losses that an example defines are found again through their module
    spec.loader.exec_module(module)
    return module


def beside(name):
    """A data file that lies beside the checkout, or a skip."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return str(path)


def check_lines(found, expected):
    assert len(found["lines"]) == 9
    for name, line in found["lines"].items():
        np.testing.assert_allclose(line, expected, rtol=0.03, err_msg=name)


def test_linear_regression_finds_least_squares(monkeypatch, tmp_path):
    found = example("1_linear_regression", monkeypatch).main(out=str(tmp_path), **QUICK)
    check_lines(found, found["least_squares"])
    np.testing.assert_allclose(found["least_squares"], (-0.72, 12.7), rtol=0.1)
    first, second, alone = found["predictions"]
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(alone, first, rtol=1e-6)
    values = list(found["arrays"].values())
    np.testing.assert_allclose(values, values[0], rtol=1e-6)
    assert (tmp_path / "1_line.png").stat().st_size > 10_000


def test_linear_regression_on_the_scales_of_animals(monkeypatch, tmp_path):
    file = beside("trilotropicos.csv")
    found = example("1_linear_regression", monkeypatch).main(out=str(tmp_path), data=file, **QUICK)
    np.testing.assert_allclose(found["least_squares"], (-0.71805906, 12.689999), rtol=1e-6)
    check_lines(found, (-0.71805906, 12.689999))


def test_linear_regression_refuses_other_columns(monkeypatch, tmp_path):
    (tmp_path / "other.csv").write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(ValueError, match="longitud"):
        example("1_linear_regression", monkeypatch).main(out=str(tmp_path), data=str(tmp_path / "other.csv"))


def test_losses_by_class_and_function(monkeypatch, tmp_path):
    found = example("2_losses_by_class_and_function", monkeypatch).main(out=str(tmp_path))
    values = found["values"]
    assert values["mean absolute error"] == 2.0
    assert values["mean squared error"] == 5.0
    assert values["categorical cross-entropy"] == pytest.approx(0.2876821, abs=1e-7)
    assert values["sparse categorical cross-entropy"] == pytest.approx(0.2876821, abs=1e-7)
    for name, (by_class, by_function) in found["pairs"].items():
        assert by_class == pytest.approx(by_function, rel=1e-6), name
    assert found["pairs"]["mape"][0] == pytest.approx(62.5)
    assert found["pairs"]["hinge"][0] == pytest.approx((0.6 + 1.3) / 2)
    assert all(path.stat().st_size > 10_000 for path in found["figures"])


def test_digits(monkeypatch, tmp_path):
    found = example("3_digits", monkeypatch).main(out=str(tmp_path), epochs=4)
    assert found["parameters"] == 66_790
    assert found["rows"] == 1797
    assert found["history"]["val_accuracy"][-1] > 0.93
    assert found["history"]["loss"][-1] < 0.3 * found["history"]["loss"][0]


def test_digits_from_a_table(monkeypatch, tmp_path):
    file = beside("mnist1.5k.csv.gz")
    found = example("3_digits", monkeypatch).main(out=str(tmp_path), data=file, epochs=6)
    assert found["rows"] == 1500
    assert found["history"]["val_accuracy"][-1] > 0.82


def test_digits_from_npz_and_idx(monkeypatch, tmp_path):
    digits = example("digits", monkeypatch)
    images, labels = np.arange(2 * 28 * 28, dtype="uint8").reshape(2, 28, 28), np.array([3, 9], dtype="uint8")
    np.savez(tmp_path / "mnist.npz", x_train=images, y_train=labels, x_test=images[:1], y_test=labels[:1])
    for name, array in zip(digits.PARTS, (images, labels, images[:1], labels[:1]), strict=True):
        head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">u4").tobytes()
        (tmp_path / name).write_bytes(head + array.tobytes())
    for place in (tmp_path / "mnist.npz", tmp_path):
        train_x, train_y, test_x, test_y = digits.large_digits(str(place))
        np.testing.assert_allclose(train_x, images / 255.0, rtol=1e-6)
        assert (train_y.tolist(), test_y.tolist(), test_x.shape) == ([3, 9], [3], (1, 28, 28))
    (tmp_path / digits.PARTS[0]).write_bytes(b"not IDX")
    with pytest.raises(ValueError, match="not an IDX file"):
        digits.large_digits(str(tmp_path))
    with pytest.raises(ValueError, match="neither"):
        digits.large_digits(str(tmp_path / "digits.txt"))


def test_regularization(monkeypatch, tmp_path):
    found = example("4_regularization", monkeypatch).main(out=str(tmp_path), epochs=10)
    for strength, result in found.items():
        assert result["parameters"] == 4_810
        after = result["after"]
        assert list(after.regularization) == ["hidden/kernel", "answers/kernel", "hidden/activity"]
        assert after.value == pytest.approx(after.loss + sum(after.regularization.values()))
        assert after.value == pytest.approx(result["reported"]["loss"], rel=1e-5), strength
        assert after.value < result["before"].value
        assert result["largest_norm"] <= 2.0001
    assert found[0.0001]["reported"]["auc"] > 0.97
    assert found[0.01]["reported"]["auc"] < 0.7


def test_regularization_on_generated_questions(monkeypatch):
    x, y = example("4_regularization", monkeypatch).questions(generated=True)
    assert (x.shape, y.shape) == ((1000, 64), (1000, 10))
    assert 0.4 < y.mean() < 0.6


def test_custom_focal(monkeypatch, tmp_path):
    found = example("5_custom_focal", monkeypatch).main(out=str(tmp_path), epochs=2)
    values = found["values"]
    for name in ("function", "closure", "class", "built in"):
        assert values[name] == pytest.approx(values["by hand"], rel=1e-6), name
    assert values["by hand"] == pytest.approx(0.4664491, abs=1e-7)
    assert values["averaged first (wrong)"] == pytest.approx(0.1710444, abs=1e-7)
    assert found["told"]["Forgetful"].startswith("fails")
    assert found["told"]["Forgiven"] == "0.2500"
    losses = [before for before, _, _ in found["trained"].values()]
    np.testing.assert_allclose(losses, losses[0], rtol=1e-5)
    for before, after, loss in found["trained"].values():
        assert after == pytest.approx(before, rel=1e-6)
        assert loss.gamma == 3.0


def test_custom_loop(monkeypatch, tmp_path):
    found = example("6_custom_loop", monkeypatch).main(out=str(tmp_path))
    assert found["m"] == pytest.approx(1.0, abs=0.15)
    assert found["b"] == pytest.approx(2.0, abs=0.15)
    assert found["start"] == pytest.approx(found["errors"][0], rel=1e-6)
    assert found["start"] > 5
    assert len(found["errors"]) == 30
    assert all(later < earlier for earlier, later in zip(found["errors"], found["errors"][1:], strict=False))
    assert found["by_lossary"] == pytest.approx(found["last"], rel=1e-6)
    assert found["last"] < 0.03


def test_gaussian_by_maximum_likelihood(monkeypatch, tmp_path):
    found = example("7_gaussian_mle", monkeypatch).main(out=str(tmp_path))
    five = found["five"]
    assert five["joint density, mean 0"] == pytest.approx(8.952e-4, rel=1e-3)
    assert five["log-likelihood, mean 0"] == pytest.approx(-7.0185, abs=1e-3)
    assert five["log-likelihood, mean 2"] == pytest.approx(-17.3285, abs=1e-3)
    # The source prints -11.6135 and -21.9245: its density was divided by 2 pi instead of the root of 2 pi, five times.
    lost = 5 * np.log(np.sqrt(2 * np.pi))
    assert five["log-likelihood, mean 0"] - lost == pytest.approx(-11.6135, abs=2e-3)
    assert five["log-likelihood, mean 2"] - lost == pytest.approx(-21.9245, abs=2e-3)
    for mean in (0, 2):
        assert five[f"ls.gaussian_nll, mean {mean}"] == pytest.approx(-five[f"log-likelihood, mean {mean}"], rel=1e-6)
    means, likelihoods = found["curve"]
    assert abs(means[np.argmax(likelihoods)] - 3) < 0.2
    for mean, deviation, way in found["fits"].values():
        np.testing.assert_allclose((mean, deviation), found["sample"], atol=2e-3)
        np.testing.assert_allclose((mean, deviation), (2, 1), atol=0.05)
        assert way[-1] < way[0]
    by_hand, by_lossary = (way for _, _, way in found["fits"].values())
    np.testing.assert_allclose(by_lossary, by_hand, rtol=1e-5)


def test_error_and_likelihood_agree(monkeypatch, tmp_path):
    found = example("8_mse_and_likelihood", monkeypatch).main(out=str(tmp_path))
    lowest, highest = found["best"]
    assert lowest == highest
    variance = found["noise"] ** 2
    expected = -100 * (0.5 * np.log(2 * np.pi * variance) + found["mse"] / (2 * variance))
    np.testing.assert_allclose(found["log_likelihood"], expected, rtol=1e-5)
    assert (tmp_path / "8_mse_and_likelihood.png").stat().st_size > 10_000


def test_train_gives_what_fit_gives(monkeypatch, tmp_path):
    found = example("9_train", monkeypatch).main(out=str(tmp_path), epochs=20)
    history, last = found["history"], found["last"]
    np.testing.assert_allclose(history["val_target"], last["val_loss"], rtol=1e-4)
    np.testing.assert_allclose(history["mae"], last["mae"], rtol=1e-4)
    if history.best_epoch == 20:
        np.testing.assert_allclose(found["lines"]["train"], found["lines"]["fit"], rtol=1e-4)
    assert (tmp_path / "9_train.png").stat().st_size > 10_000


def test_options_follow_main(monkeypatch, capsys):
    options = example("options", monkeypatch)
    seen = {}

    def main(out="out", rate=0.1, centre=False):
        seen.update(out=out, rate=rate, centre=centre)

    monkeypatch.setattr(sys, "argv", ["example", "--rate", "0.5", "--centre"])
    options.run(main, "about")
    assert seen == {"out": "out", "rate": 0.5, "centre": True}

    def failing(data=""):
        raise ValueError("no such column")

    monkeypatch.setattr(sys, "argv", ["example"])
    with pytest.raises(SystemExit, match="2"):
        options.run(failing, "about")
    assert "no such column" in capsys.readouterr().err


def test_every_example_is_described():
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for path in EXAMPLES.glob("[0-9]*.py"):
        assert path.name in text, path.name


def test_a_distribution_is_fitted_after_a_look_at_likelihoods(tmp_path, monkeypatch):
    found = example("10_fit_distributions", monkeypatch).main(out=str(tmp_path))
    square = {mean: sum((y - mean) ** 2 for y in (0.5, 2.0, 1.0)) for mean in (0.0, 2.0)}
    for mean, log in found["joint"].items():
        np.testing.assert_allclose(log, -1.5 * np.log(2 * np.pi) - square[mean] / 2, rtol=1e-6)
    assert found["best"][0] == found["best"][1]  # least error and largest likelihood
    assert abs(found["best"][0] - found["data"].mean()) <= 0.05 + 1e-9
    np.testing.assert_allclose(found["fit"].parameters["mean"], found["data"].mean(), rtol=1e-12)
    np.testing.assert_allclose(found["fit"].parameters["std"], found["data"].std(), rtol=1e-9)
    assert (tmp_path / "10_fit_distributions.png").stat().st_size > 8_000
