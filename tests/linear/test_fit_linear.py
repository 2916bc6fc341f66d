"""`ls.fit_linear` against solutions that share no code with it, on the backend in KERAS_BACKEND."""

import threading

import keras
import numpy as np
import pytest
from keras import ops

import lossary as ls
from lossary.core.errors import LossaryError
from tests.linear import tables


def coefficients(fit):
    return np.r_[np.ravel(fit.coefficients), np.ravel(fit.intercept)]


def test_least_squares_meets_the_certified_values():
    fit = ls.fit_linear(tables.LONGLEY[:, 1:], tables.LONGLEY[:, 0])
    np.testing.assert_allclose(coefficients(fit), tables.LONGLEY_CERTIFIED, rtol=1e-9)
    assert fit.certificate.kind == "optimum" and fit.certificate.unique
    assert fit.certificate.gap < 1e-9
    assert fit.loss * 16 == pytest.approx(836424.055505915, rel=1e-11)  # certified too


@pytest.mark.parametrize("q", [0.1, 0.5, 0.9])
def test_quantiles_meet_the_linear_programme(q, rng):
    for x, y in ((tables.STACKLOSS[:, 1:], tables.STACKLOSS[:, 0]), tables.mixed(rng)):
        expected, value = tables.pinball(x, y, q)
        fit = ls.fit_linear(x, y, loss=ls.Quantile(q=q))
        assert fit.loss == pytest.approx(value, rel=1e-11)
        assert fit.certificate.kind == "optimum" and fit.certificate.gap < 1e-11
        if fit.certificate.unique:
            np.testing.assert_allclose(coefficients(fit), expected, rtol=1e-7)


def test_absolute_errors_that_leave_a_choice_say_so():
    x, y = [[0.0], [0.0], [1.0], [1.0]], [0.0, 1.0, 0.0, 1.0]
    fit = ls.fit_linear(x, y, loss="mae")
    assert fit.loss == pytest.approx(0.5)
    assert fit.certificate.unique is False and fit.certificate.words == "optimum, not unique"
    assert "not unique" in fit.certificate.sentence()


@pytest.mark.parametrize("delta", [0.01, 1.0, 30.0])
def test_huber_meets_reweighted_least_squares(delta, rng):
    x, y = tables.mixed(rng)
    fit = ls.fit_linear(x, y, loss=ls.Huber(delta=delta))
    np.testing.assert_allclose(coefficients(fit), tables.huber(x, y, delta), rtol=1e-4 if delta < 0.1 else 1e-7)
    assert fit.certificate.kind == "optimum" and fit.certificate.unique


@pytest.fixture
def classes(rng):
    x = rng.normal(size=(90, 3)) * [1, 10, 100] + [0, 5, 1000]
    score = (x - [0, 5, 1000]) / [1, 10, 100]
    return x, np.argmax(score @ rng.normal(size=(3, 3)) + rng.gumbel(size=(90, 3)), axis=1)


def test_logistic_and_softmax_meet_scikit_learn(classes):
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, y = classes
    scaled = (x - x.mean(0)) / x.std(0)
    yes = (y == 0).astype(float)
    peer = linear_model.LogisticRegression(C=np.inf, tol=1e-14, max_iter=10_000, solver="newton-cholesky")
    for inputs in (scaled, x):
        fit = ls.fit_linear(inputs, yes, loss="binary_crossentropy")
        expected = peer.fit(scaled, yes).coef_[0] / (1 if inputs is scaled else x.std(0))
        np.testing.assert_allclose(fit.coefficients, expected, rtol=1e-7)
        assert fit.certificate.kind == "optimum" and fit.certificate.unique
    fit = ls.fit_linear(scaled, y, loss="sparse_categorical_crossentropy")
    expected = peer.fit(scaled, y).coef_.T
    np.testing.assert_allclose(fit.coefficients, expected - expected.mean(axis=1, keepdims=True), rtol=1e-6, atol=1e-8)
    assert abs(fit.intercept.sum()) < 1e-12  # only differences count: they sum to 0
    dense = ls.fit_linear(scaled, np.eye(3)[y], loss=ls.CategoricalCrossentropy(from_logits=True))
    np.testing.assert_allclose(dense.coefficients, fit.coefficients, rtol=1e-9, atol=1e-12)


def test_penalties_translate_to_scikit_learn(classes, rng):
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, y = tables.mixed(rng)
    x, n = (x - x.mean(0)) / x.std(0), len(y)
    ridge = linear_model.Ridge(alpha=3.0, tol=1e-15).fit(x, y)
    np.testing.assert_allclose(ls.fit_linear(x, y, l2=3.0 / n).coefficients, ridge.coef_, rtol=1e-9)
    lasso = linear_model.Lasso(alpha=0.9, tol=1e-14, max_iter=100_000).fit(x, y)
    fit = ls.fit_linear(x, y, l1=2 * 0.9)
    np.testing.assert_allclose(fit.coefficients, lasso.coef_, rtol=1e-7, atol=0)
    assert 0 < np.sum(fit.coefficients == 0) == np.sum(lasso.coef_ == 0) < 3
    elastic = linear_model.ElasticNet(alpha=0.5, l1_ratio=0.7, tol=1e-14, max_iter=100_000).fit(x, y)
    fit = ls.fit_linear(x, y, l1=2 * 0.5 * 0.7, l2=0.5 * 0.3)
    np.testing.assert_allclose(fit.coefficients, elastic.coef_, rtol=1e-7, atol=1e-12)
    x, y = classes
    x, yes = (x - x.mean(0)) / x.std(0), (y == 0).astype(float)
    logistic = linear_model.LogisticRegression(C=0.2, tol=1e-14, max_iter=10_000, solver="newton-cholesky").fit(x, yes)
    fit = ls.fit_linear(x, yes, loss="bce", l2=1 / (2 * 0.2 * len(x)))
    np.testing.assert_allclose(fit.coefficients, logistic.coef_[0], rtol=1e-7)


def test_penalties_of_standardised_columns(rng):
    x, y = tables.mixed(rng)
    spread = x.std(0)
    for penalty in ({"l1": 0.3}, {"l2": 0.4}, {"l1": 0.3, "l2": 0.4}):
        apart = ls.fit_linear(x / spread, y, **penalty)
        fit = ls.fit_linear(x, y, **penalty, standardise=True)
        np.testing.assert_allclose(fit.coefficients * spread, apart.coefficients, rtol=1e-9, atol=1e-12)
        assert fit.penalty == pytest.approx(apart.penalty)
        own = ls.fit_linear(x, y, **penalty)
        b = own.coefficients
        assert own.penalty == pytest.approx(penalty.get("l1", 0) * abs(b).sum() + penalty.get("l2", 0) * (b**2).sum())


PENALISED = ["mae", "hinge", "huber", "bce"]


@pytest.mark.parametrize("loss", PENALISED)
@pytest.mark.parametrize("penalty", [{"l1": 0.05}, {"l2": 0.05}, {"l1": 0.02, "l2": 0.02}], ids=str)
def test_corners_and_penalties_together(loss, penalty, classes):
    """A zero of the subgradient, written down here, proves the optimum."""
    x, y = classes
    x, y = (x - x.mean(0)) / x.std(0), (y == 0).astype(float)
    fit = ls.fit_linear(x, y, loss=loss, **penalty)
    assert fit.certificate.kind == "optimum" and fit.certificate.gap < 1e-10
    b, eta = fit.coefficients, fit.predict(x)
    if loss in ("mae", "hinge"):  # slopes in a corner may be anything between those beside it
        sign, e = (
            (np.where(y == 1, 1.0, -1.0), 1 - np.where(y == 1, 1, -1) * eta) if loss == "hinge" else (-1.0, y - eta)
        )
        low, high = (0.0, 1.0) if loss == "hinge" else (-1.0, 1.0)
        fixed = (
            np.where(e > 1e-9, high, np.where(e < -1e-9, low, 0.0)) * -np.asarray(sign) * (1 if loss == "hinge" else -1)
        )
        corner = np.abs(e) <= 1e-9
    else:
        fixed = np.clip(eta - y, -1, 1) if loss == "huber" else 1 / (1 + np.exp(-eta)) - y
        corner = np.zeros(len(y), dtype=bool)
    design = tables.with_ones(x) / len(x)
    rest = design.T @ fixed + np.r_[2 * penalty.get("l2", 0) * b + penalty.get("l1", 0) * np.sign(b), 0]
    free = np.concatenate([design[corner], penalty.get("l1", 0) * np.eye(4)[:3][b == 0]])
    if len(free):
        import scipy.optimize

        low_u = np.r_[np.full(corner.sum(), -1.0), np.full((b == 0).sum(), -1.0)]
        found = scipy.optimize.lsq_linear(free.T, -rest, (low_u, np.ones(len(free))), tol=1e-14)
        rest = rest + free.T @ found.x
    assert np.abs(rest).max() < 1e-9


@pytest.mark.parametrize("penalty", [{"l2": 0.01}, {"l2": 1e-3}, {"l1": 0.02, "l2": 0.01}], ids=str)
def test_no_way_leads_down_from_corners_with_a_penalty(penalty):
    """Many rows are near their corners at first, more than can hold a fit at once."""
    for seed in (3, 5):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(3000, 4))
        y = x @ rng.normal(size=4) + 1 + rng.standard_t(2, size=3000)
        fit = ls.fit_linear(x, y, loss="mae", **penalty)
        assert fit.certificate.kind == "optimum" and fit.certificate.gap < 1e-9

        def target(c, x=x, y=y):
            bent = penalty.get("l1", 0.0) * abs(c[1:]).sum() + penalty["l2"] * (c[1:] ** 2).sum()
            return abs(y - x @ c[1:] - c[0]).mean() + bent

        best = np.r_[np.ravel(fit.intercept), np.ravel(fit.coefficients)]
        ways = rng.normal(size=(500, 5))
        assert min(target(best + 1e-6 * way) for way in ways) > target(best) - 1e-13


def test_a_redescending_loss_ends_at_a_stationary_point_near_the_robust_fit(rng):
    x, y = tables.mixed(rng, n=80)
    y[:10] += 200
    for loss in (ls.TukeyBiweight(c=4.685), ls.Cauchy(c=2.0)):
        fit = ls.fit_linear(x, y, loss=loss)
        assert fit.certificate.kind == "stationary" and "mean_absolute_error" in fit.certificate.sentence()
        e = fit.predict(x) - y
        c = loss.c
        slope = (
            np.where(abs(e) < c, e * (1 - (e / c) ** 2) ** 2, 0)
            if isinstance(loss, ls.TukeyBiweight)
            else e / (1 + (e / c) ** 2)
        )
        parts = tables.with_ones(x).T @ slope
        assert np.all(np.abs(parts) <= 1e-9 * (np.abs(tables.with_ones(x)).T @ np.abs(slope)))


@pytest.mark.parametrize("loss", ["binary_crossentropy", "sparse_categorical_crossentropy"])
@pytest.mark.parametrize("apart", ["all", "some"])
def test_separable_classes_have_no_finite_optimum(loss, apart):
    x = np.array([[-3.0], [-2.0], [-1.0], [1.0], [2.0], [3.0]])
    other = np.array([[0.3], [1.0], [-0.4], [0.1], [-1.0], [0.6]])
    y = np.array([0, 0, 0, 1, 1, 1])
    if apart == "some":  # one row of each class lies on the border
        x[2:4], other[2:4] = 0.0, 0.0
    fit = ls.fit_linear(np.hstack([x, other]), y, loss=loss)
    assert fit.certificate.kind == "no finite optimum"
    assert "x0" in fit.certificate.direction and "no finite optimum" in fit.certificate.sentence()
    assert np.isfinite(fit.coefficients).all()
    assert ls.fit_linear(np.hstack([x, other]), y, loss=loss, l2=0.01).certificate.kind == "optimum"


@pytest.mark.parametrize("loss", ["binary_crossentropy", "exponential", "squared_hinge"])
@pytest.mark.parametrize("rows", [300, 20_000, 60_000])
def test_many_rows_that_a_line_separates(loss, rows):
    """Walks to places where the loss has no digits left: a hinge is 0 there, an exponential nowhere."""
    for seed in range(1 if rows > 10_000 else 4):
        x = np.random.default_rng(seed + 1).normal(size=(rows, 3))
        fit = ls.fit_linear(x, x[:, 0] > 0, loss=loss)
        expected = "optimum" if loss == "squared_hinge" else "no finite optimum"
        assert fit.certificate.kind == expected, (seed, fit.certificate)


def test_hinges_of_separable_classes_are_a_perfect_fit():
    x, y = [[-2.0], [-1.0], [1.0], [3.0]], [0, 0, 1, 1]
    for loss in ("hinge", "squared_hinge"):
        fit = ls.fit_linear(x, y, loss=loss)
        assert fit.certificate.kind == "optimum" and fit.loss < 1e-15


def test_a_perfect_fit(rng):
    x = rng.normal(size=(30, 3)) * [1, 100, 1e4]
    for loss in ("mse", "mae", "huber", "log_cosh"):
        fit = ls.fit_linear(x, x @ [1.0, -0.02, 3e-4] + 7, loss=loss)
        np.testing.assert_allclose(coefficients(fit), [1, -0.02, 3e-4, 7], rtol=1e-7)
        assert fit.certificate.kind == "optimum", loss


def test_collinear_columns_are_named_and_shared_out(rng):
    x = rng.normal(size=(40, 3))
    y = x @ [1.0, 2.0, 3.0] + rng.normal(size=40)
    table = np.column_stack([x, x[:, 0] + x[:, 2], np.full(40, 3.0)])
    fit = ls.fit_linear(table, y)
    assert fit.certificate.collinear == ("x0", "x2", "x3", "x4")
    assert fit.certificate.unique is False and fit.certificate.words == "optimum, collinear"
    np.testing.assert_allclose(fit.predict(table), ls.fit_linear(x, y).predict(x), rtol=1e-9)
    assert fit.coefficients[4] == 0
    assert ls.fit_linear(table, y, l2=0.1).certificate.unique


# -- weights, offset, intercept -----------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", ls.Quantile(q=0.8), ls.TukeyBiweight(c=3.0)], ids=str)
@pytest.mark.parametrize("penalty", [0.0, 0.02])
def test_a_weight_repeats_a_row_and_0_leaves_it_out(loss, penalty, rng):
    x, y = tables.mixed(rng, n=40)
    times = rng.integers(0, 4, 40)
    repeated = ls.fit_linear(np.repeat(x, times, axis=0), np.repeat(y, times), loss=loss, l2=penalty)
    y[times == 0], x[times == 0] = np.nan, np.inf
    fit = ls.fit_linear(x, y, loss=loss, l2=penalty, sample_weight=times)
    assert fit.target == pytest.approx(repeated.target, rel=1e-11)
    if fit.certificate.unique:
        np.testing.assert_allclose(coefficients(fit), coefficients(repeated), rtol=1e-6)
    assert (fit.rows, fit.weight) == (np.sum(times > 0), times.sum())


def test_an_offset_is_added_and_an_intercept_can_be_left_out(rng):
    x, y = tables.mixed(rng)
    move = rng.normal(size=len(y)) * 5
    for loss in ("mse", "mae", "huber"):
        moved = ls.fit_linear(x, y + move, loss=loss, offset=move)
        np.testing.assert_allclose(coefficients(moved), coefficients(ls.fit_linear(x, y, loss=loss)), rtol=1e-6)
        np.testing.assert_allclose(moved.predict(x, offset=move) - move, moved.predict(x))
    plain = ls.fit_linear(x, y, intercept=False)
    np.testing.assert_allclose(plain.coefficients, np.linalg.lstsq(x, y, rcond=None)[0], rtol=1e-9)
    assert plain.intercept == 0


def test_several_outputs_and_several_parameters(rng):
    x, y = tables.mixed(rng)
    both = np.column_stack([y, x[:, 0] - y])
    fit = ls.fit_linear(x, both)
    for column in range(2):
        np.testing.assert_allclose(
            fit.coefficients[:, column], ls.fit_linear(x, both[:, column]).coefficients, rtol=1e-8
        )
    many = ls.fit_linear(x, y, loss=ls.MultiQuantile(q=(0.2, 0.7)))
    for place, q in enumerate((0.2, 0.7)):
        expected, _ = tables.pinball(x, y, q)
        np.testing.assert_allclose(many.coefficients[:, place], expected[:-1], rtol=1e-6)
    likely = ls.fit_linear(x, y, loss="gaussian_nll")
    assert likely.coefficients.shape == (3, 2) and likely.certificate.kind == "stationary"


def test_counts_by_the_logarithm_of_their_rate(rng):
    x = rng.normal(size=(80, 2))
    y = rng.poisson(np.exp(x @ [0.5, -0.3] + 1))
    fit = ls.fit_linear(x, y, loss="poisson")
    design, b = tables.with_ones(x), np.zeros(3)
    for _ in range(50):  # Fisher scoring
        rate = np.exp(design @ b)
        b = b + np.linalg.solve(design.T @ (rate[:, None] * design), design.T @ (y - rate))
    np.testing.assert_allclose(coefficients(fit), b, rtol=1e-9)


# -- losses of any kind -------------------------------------------------------------------------------------------


def test_keras_losses_own_functions_and_sums_of_losses(rng):
    x, y = tables.mixed(rng)
    expected = coefficients(ls.fit_linear(x, y, loss=ls.Huber(delta=0.5)))

    def own(y_true, y_pred):
        e = ops.abs(y_pred - y_true)
        return ops.mean(ops.where(e <= 0.5, 0.5 * e * e, 0.5 * (e - 0.25)), axis=-1)

    for loss in (keras.losses.Huber(0.5), own, 2.0 * ls.Huber(delta=0.5)):
        np.testing.assert_allclose(coefficients(ls.fit_linear(x, y, loss=loss)), expected, rtol=1e-6)
    both = ls.fit_linear(x, y, loss=ls.MeanSquaredError() + 5.0 * ls.MeanAbsoluteError())
    assert both.certificate.kind == "optimum" and both.certificate.gap < 1e-10
    step = 1e-4 * np.array([1, 0.1, 0.01, 1])
    for way in np.vstack([np.diag(step), -np.diag(step)]):
        e = y - tables.with_ones(x) @ (coefficients(both) + way)
        assert np.mean(e**2) + 5 * np.mean(np.abs(e)) > both.loss
    root = ls.fit_linear(x, y, loss="rmse")
    assert root.loss == pytest.approx(np.sqrt(ls.fit_linear(x, y).loss))


def test_no_setting_changes_and_threads_do_not_see_it(rng):
    x, y = tables.mixed(rng)

    def settings():
        one = ops.convert_to_tensor(np.ones(3)) * 1.5
        return keras.config.floatx(), str(ops.maximum(one, 1.0).dtype), str(one.dtype)

    before, seen, stop = settings(), [], threading.Event()

    def watch():
        while not stop.is_set():
            seen.append(settings())

    watcher = threading.Thread(target=watch)
    watcher.start()
    fits = []
    workers = [threading.Thread(target=lambda: fits.append(ls.fit_linear(x, y, loss="huber"))) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    stop.set()
    watcher.join()
    assert set(seen) == {before} and settings() == before
    assert all(fit.certificate.gap < 1e-12 for fit in fits) and len(fits) == 2


# -- the result ---------------------------------------------------------------------------------------------------


def test_a_fit_is_saved_and_loaded_with_all_digits(tmp_path, rng):
    pandas = pytest.importorskip("pandas")
    x, y = tables.mixed(rng)
    table = pandas.DataFrame(x, columns=["near", "far", "très loin"])
    for loss, target in (("huber", y), ("mae", y), ("mse", np.column_stack([y, -y]))):
        fit = ls.fit_linear(table, target, loss=loss, l1=0.001)
        again = ls.LinearFit.load(fit.save(tmp_path / "fit.json"))
        assert (again.coefficients == fit.coefficients).all() and np.all(again.intercept == fit.intercept)
        assert again.certificate == fit.certificate and again.settings == fit.settings and again.values == fit.values
        np.testing.assert_allclose(again.predict(table), fit.predict(x), rtol=1e-13)
        assert "très loin" in str(again)
    (tmp_path / "other.json").write_text("[1]")
    with pytest.raises(LossaryError, match="does not hold one"):
        ls.LinearFit.load(tmp_path / "other.json")


def test_bad_input_is_refused(rng):
    x, y = tables.mixed(rng, n=12)
    bad = x.copy()
    bad[3, 1] = np.nan
    for words, given in {
        r"nan in row 3, column x1": {"x": bad},
        r"inf in row 0": {"y": np.where(np.arange(12) == 0, np.inf, y)},
        r"read as numbers": {"x": [["a", "b"]] * 12},
        r"one entry, or one row, for each row": {"y": y[:5]},
        r"at least one of each": {"x": np.empty((0, 2)), "y": []},
        r"l1 is -1": {"l1": -1},
        r"l2 is 'much'": {"l2": "much"},
        r"holds -2": {"sample_weight": np.where(np.arange(12) == 4, -2.0, 1.0)},
        r"Every sample_weight is 0": {"sample_weight": np.zeros(12)},
        r"sample_weight has shape \(3,\)": {"sample_weight": [1, 2, 3]},
        r"offset has shape": {"offset": np.zeros((12, 3))},
        r"no loss": {"loss": "no_such_loss"},
        r"loss is None": {"loss": None},
        r"from_logits=True": {"loss": ls.BinaryCrossentropy(), "y": np.arange(12) % 2},
        r"log_rate=True": {"loss": ls.Poisson(), "y": np.arange(12)},
        r"no value for each row": {"loss": ls.Dice(whole_batch=True, from_logits=True), "y": np.ones((12, 2))},
        r"-1 or 1": {"loss": "hinge", "y": np.arange(12)},
        r"class indices": {"loss": "scce", "y": np.arange(12) - 1},
        r"with a penalty": {"loss": "rmse", "l2": 0.1},
        r"with several outputs": {"loss": ls.MultiLoss({"a": "mse"})},
        r"float32": {"loss": lambda_of("narrow")},
        r"one value per row": {"loss": lambda_of("mean")},
        r"one class index for each row": {"loss": "scce", "y": np.eye(12)},
        r"one number for each row": {"loss": "gaussian_nll", "y": np.ones((12, 2))},
        r"y has shape \(12, 1, 1\)": {"y": np.ones((12, 1, 1))},
        r"outputs=3": {"outputs": 3},
    }.items():
        with pytest.raises(LossaryError, match=words) as raised:
            ls.fit_linear(**{"x": x, "y": y} | given)
        assert raised.value.allowed and raised.value.do, words
    with pytest.raises(LossaryError, match="2 column"):
        ls.fit_linear(x, y).predict(x[:, :2])


def lambda_of(kind):
    def narrow(y_true, y_pred):
        return ops.mean(ops.square(ops.cast(y_pred, "float32") - ops.cast(y_true, "float32")), axis=-1)

    def mean(y_true, y_pred):
        return ops.mean(ops.square(y_pred - y_true))

    return {"narrow": narrow, "mean": mean}[kind]


def test_equal_losses_share_their_programs(rng):
    from lossary.linear import rows

    huber = rows.row_function(ls.Huber(delta=1.7))
    assert rows.row_function(ls.Huber(delta=1.7)) is huber
    assert rows.row_function(ls.Huber(delta=1.8)) is not huber
    assert rows.row_function(lambda y, p: (y - p) ** 2) is not huber
    x = rng.normal(size=(40, 2))
    y = x @ [1.0, -2.0] + rng.standard_t(2, size=40)
    wide, narrow, again = (ls.fit_linear(x, y, loss=ls.Huber(delta=d)).loss for d in (9.0, 0.3, 9.0))
    assert wide == again != narrow
