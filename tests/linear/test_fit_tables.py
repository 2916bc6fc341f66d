"""`ls.fit_linear` over Parquet files: what it finds in memory, by passes over blocks, whoever answers in any order."""

import random
import tracemalloc

import numpy as np
import pytest

import lossary as ls
from lossary.core.errors import LossaryError
from lossary.linear import engines, parts
from lossary.linear.engines import local
from tests.linear.parquet import INPUTS, coefficients, written

pytest.importorskip("pyarrow")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    return folder, written(folder)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Parts of two row groups, so that there are several."""
    monkeypatch.setattr(parts, "PART", 220)
    monkeypatch.setattr(parts, "READ", 64)


SMOOTH = [
    ("mse", "y", {}),
    (ls.Huber(delta=0.7), "y", {}),
    (ls.Huber(delta=0.7), "y", {"l2": 0.01}),
    (ls.Huber(delta=0.7), "y", {"l1": 0.01}),
    ("bce", "yes", {}),
    ("scce", "kind", {}),
    ("scce", "kind", {"l2": 0.01}),
    (ls.Cauchy(c=2.0), "y", {}),
    (ls.GaussianNLL(), "y", {}),
    ("rmse", "y", {"intercept": False}),
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("loss", "target", "settings"), SMOOTH, ids=str)
def test_the_optimum_is_that_of_rows_in_memory(table, loss, target, settings, weighted):
    folder, known = table
    weight = known["w"] if weighted else None
    expected = ls.fit_linear(known["x"], known[target], loss=loss, sample_weight=weight, **settings)
    fit = ls.fit_linear(folder, target, loss=loss, inputs=INPUTS, sample_weight="w" if weighted else None, **settings)
    assert fit.certificate.kind == expected.certificate.kind in ("optimum", "stationary")
    np.testing.assert_allclose(coefficients(fit), coefficients(expected), rtol=1e-9, atol=1e-12)
    assert (fit.rows, fit.weight) == (expected.rows, expected.weight)
    assert fit.target == pytest.approx(expected.target, rel=1e-12)
    assert fit.certificate.start == expected.certificate.start


@pytest.mark.parametrize(
    ("loss", "target", "penalty"),
    [
        ("mae", "y", {}),
        ("mae", "y", {"l1": 0.01}),
        (ls.Quantile(q=0.9), "y", {}),
        ("hinge", "yes", {}),
        ("hinge", "yes", {"l2": 0.1}),
    ],
    ids=str,
)
def test_corners_are_proved_to_a_gap(table, loss, target, penalty):
    folder, known = table
    fit = ls.fit_linear(folder, target, loss=loss, inputs=INPUTS, sample_weight="w", **penalty)
    assert fit.certificate.kind == "optimum" and fit.certificate.gap <= 1e-6
    e = known["y"] - fit.predict(known["x"])
    rows = {
        "mae": np.abs(e),
        "hinge": np.maximum(0, 1 - (2 * known["yes"] - 1) * fit.predict(known["x"])),
    }.get(str(loss), np.maximum(0.9 * e, -0.1 * e))
    value = np.average(rows, weights=known["w"])
    b = fit.coefficients
    assert fit.loss == pytest.approx(value, rel=1e-12)
    assert fit.penalty == pytest.approx(penalty.get("l1", 0) * abs(b).sum() + penalty.get("l2", 0) * (b**2).sum())
    expected = ls.fit_linear(known["x"], known[target], loss=loss, sample_weight=known["w"], **penalty)
    assert fit.target <= expected.target * (1 + 1e-6)
    if not penalty:
        assert fit.target == pytest.approx(expected.target, rel=1e-11)


def test_the_gap_is_no_smaller_than_the_truth(table, monkeypatch):
    """Where no corners are solved exactly, what the lines prove still holds of the exact optimum."""
    from lossary.linear import narrow

    folder, known = table
    exact = ls.fit_linear(known["x"], known["y"], loss="mae").target
    monkeypatch.setattr(narrow, "FEW", 0)
    gaps = []
    for least in (1e-2, 1e-4):
        monkeypatch.setattr(narrow, "LEAST", least)
        fit = ls.fit_linear(folder, "y", loss="mae", inputs=INPUTS)
        assert fit.target - exact >= -1e-14 and fit.target * (1 - fit.certificate.gap) <= exact * (1 + 1e-14)
        gaps.append(fit.certificate.gap)
    assert gaps[1] < 0.5 * gaps[0] < 0.1


class Unlike(local.Local):
    """Answers in any order, and loses the worker of every part once in a while."""

    def __init__(self, found):
        super().__init__(found)
        self.random, self.lost = random.Random(0), 0

    def ended(self):
        self.random.shuffle(self.waiting)
        if self.random.random() < 0.2:
            self.lost += 1
            return self.waiting.popleft()[0], engines.Lost()
        return super().ended()


def test_neither_order_nor_lost_workers_change_a_digit(table, monkeypatch):
    folder, _ = table
    monkeypatch.setattr(parts, "PART", 110)
    here = ls.fit_linear(folder, "y", loss=ls.Quantile(q=0.3), inputs=INPUTS)
    made = []
    monkeypatch.setattr(local, "engine", lambda found, workers: made.append(Unlike(found)) or made[-1])
    there = ls.fit_linear(folder, "y", loss=ls.Quantile(q=0.3), inputs=INPUTS)
    assert made[0].lost > 5
    np.testing.assert_array_equal(coefficients(here), coefficients(there))
    assert here.target == there.target


@pytest.mark.backendless
def test_a_worker_that_is_always_lost_is_an_error():
    class Gone:
        def begin(self, place, recipe, question):
            pass

        def ended(self):
            return 0, engines.Lost()

    with pytest.raises(LossaryError, match="part 0 was lost 4 times"):
        engines.ask(Gone(), 1, None, None)


def test_offsets_outputs_and_progress(table):
    folder, known = table
    seen = []
    fit = ls.fit_linear(folder, "y", offset="move", inputs=INPUTS, progress=lambda *at: seen.append(at))
    expected = ls.fit_linear(known["x"], known["y"], offset=known["move"])
    np.testing.assert_allclose(coefficients(fit), coefficients(expected), rtol=1e-9)
    assert seen[0] == (1, 1, seen[0][2]) and seen[-1][0] > 2 and seen[-1][1] == seen[-1][2] > 3
    both = ls.fit_linear(folder, ["y", "move"], inputs=INPUTS)
    assert both.coefficients.shape == (3, 2) and both.names == tuple(INPUTS)


def test_memory_holds_a_block(tmp_path, monkeypatch):
    import pyarrow as pa
    import pyarrow.parquet as parquet

    rng = np.random.default_rng(0)
    monkeypatch.setattr(parts, "PART", 2**20)
    monkeypatch.setattr(parts, "READ", 2**12)
    peaks = []
    for n in (2**14, 2**17):
        x = rng.normal(size=(n, 4))
        path = tmp_path / f"{n}.parquet"
        table = pa.table({f"x{k}": x[:, k] for k in range(4)} | {"y": x.sum(axis=1) + rng.normal(size=n)})
        parquet.write_table(table, path, row_group_size=2**12)
        tracemalloc.start()
        ls.fit_linear(path, "y", loss="huber")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0] + 2**20 < 2**17 * 5 * 8 * 2


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"y": "nothing"}, "no column 'nothing'"),
        ({"y": None}, "y is missing"),
        ({"y": "y", "engine": "spark"}, "engine is 'spark'"),
        ({"y": "y", "sample_weight": [1.0]}, "sample_weight is"),
        ({"y": "y", "sample_weight": "x0"}, "sample_weight holds -"),
        ({"y": "y", "loss": "triplet"}, "reads anchor"),
        ({"y": ["y", "move"], "loss": "mae"}, "piecewise linear in several outputs"),
        ({"y": "kind", "loss": "bce"}, "y_true .*2"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(table, asked, said):
    folder, _ = table
    with pytest.raises(LossaryError, match=said):
        ls.fit_linear(folder, asked.pop("y"), inputs=INPUTS, **asked)


def test_a_cell_without_a_number_is_named(tmp_path):
    import pandas

    rows = pandas.DataFrame({"x": np.arange(300.0), "y": np.arange(300.0), "w": np.ones(300)})
    rows.loc[200, "x"] = np.nan
    rows.to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(LossaryError, match="row 200, column x"):
        ls.fit_linear(tmp_path, "y", inputs=["x"])
    rows.loc[200, "w"] = 0.0
    rows.to_parquet(tmp_path / "rows.parquet")
    assert ls.fit_linear(tmp_path, "y", inputs=["x"], sample_weight="w").rows == 299


def test_rows_in_memory_have_no_engine():
    with pytest.raises(LossaryError, match="in memory"):
        ls.fit_linear([[0.0], [1.0]], [0.0, 1.0], engine="ray")
