"""`ls.fit_linear` beside exact solutions made by other means: data × loss × worst coefficient, gap, seconds.

    KERAS_BACKEND=torch python benchmarks/linear.py --quick            # a look: small tables
    for b in tensorflow jax torch; do KERAS_BACKEND=$b python benchmarks/linear.py --csv linear-$b.csv; done
    KERAS_BACKEND=torch python benchmarks/linear.py --only iris,wine   # some tables

The tables are those that scikit-learn bundles, statsmodels' longley, stackloss, statecrime and engel where statsmodels
is installed, and lossary's own. Inputs are used as they are, in their own units.

Exact solutions: least squares by a QR of scaled columns; linear programmes in their primal form for absolute errors,
quantiles and hinges; reweighted least squares for Huber; scikit-learn's Newton for logistic and softmax, Ridge and
Lasso with the smallest tolerance, on standardised inputs, turned back. Where the optimum is unique the worst
coefficient is compared, as a share of it (of the standardised ones, those below a millionth of the largest count as 0);
else the objective.

Times: "first" is the wall time of the first call, with all that is compiled then; the others are seconds of the
processor, which other programs do not change (set OMP_NUM_THREADS=1, or threads that wait are counted too): "again" a
second call, "exact s" the exact solution, "sklearn" and "statsm." the estimators that people would use, as they come:
LinearRegression and OLS, QuantileRegressor and QuantReg, HuberRegressor and RLM (which estimate a scale), Ridge, Lasso,
LogisticRegression, Logit and MNLogit. Nothing stands where there is none, or where it gives up.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import scipy.optimize
import scipy.sparse

Array = np.ndarray
Answer = tuple[Array, Array]  # coefficients (p, k) and intercepts (k,) of standardised columns
HUGE = 2_000_000  # cells of x times outputs; larger tables are left out of programmes


def tables(quick: bool) -> Iterator[tuple[str, str, Array, Array]]:
    """(name, task, x, y)"""
    from sklearn import datasets

    names = {"diabetes": "regression", "breast_cancer": "binary", "iris": "classes", "wine": "classes"}
    names |= {} if quick else {"digits": "classes"}
    for name, task in names.items():
        x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        yield name, task, x, y
        if task == "binary":
            yield f"{name}[:4]", task, x[:, :4], y
        if name == "wine":
            yield "wine alcohol", "regression", x[:, 1:], x[:, 0]
            yield "wine[:3]", "classes", x[:, [0, 1, 2]], y
        if name == "iris":
            yield "iris petal", "regression", x[:, :3], x[:, 3]
    x, y = datasets.load_linnerud(return_X_y=True)
    for place, name in enumerate(("weight", "waist", "pulse")):
        yield f"linnerud {name}", "regression", x, y[:, place]
    yield from _embedded()
    yield from _statsmodels()


def _embedded() -> Iterator[tuple[str, str, Array, Array]]:
    from lossary.data.problem import Question, pose
    from lossary.data.tables import load

    for name, target in (("phones", None), ("engel", None), ("penguins", "species"), ("penguins", "body_mass_g")):
        problem = pose(load(name), Question(target=target, validation=0))
        task = {"multiclass": "classes"}.get(problem.task, problem.task)
        yield f"{name} {target or ''}".strip(), task, problem.x, problem.y


def _statsmodels() -> Iterator[tuple[str, str, Array, Array]]:
    try:
        from statsmodels import datasets
    except ImportError:
        print("statsmodels is not installed: its tables are left out (pip install 'lossary[benchmarks]')")
        return
    for name in ("longley", "stackloss", "statecrime", "engel"):
        loaded = getattr(datasets, name).load()
        x = np.asarray(loaded.exog, dtype=float)
        yield f"statsmodels {name}", "regression", x, np.asarray(loaded.endog, dtype=float)


def losses(task: str, y: Array) -> Iterator[tuple[str, Any, dict[str, float], Callable[..., Answer]]]:
    """(label, loss, penalties in units of standardised columns, exact solution)"""
    import lossary as ls

    if task == "regression":
        spread = 1.4826 * float(np.median(np.abs(y - np.median(y)))) or float(y.std())
        yield "mse", ls.MeanSquaredError(), {}, least_squares
        yield "mae", ls.MeanAbsoluteError(), {}, lambda x, y: quantile(x, y, 0.5)
        yield "quantile 0.1", ls.Quantile(q=0.1), {}, lambda x, y: quantile(x, y, 0.1)
        yield "quantile 0.9", ls.Quantile(q=0.9), {}, lambda x, y: quantile(x, y, 0.9)
        for share in (0.2, 1.0):
            yield f"huber {share:g}", ls.Huber(delta=share * spread), {}, lambda x, y, d=share * spread: huber(x, y, d)
        yield "mse l2", ls.MeanSquaredError(), {"l2": 0.1}, ridge
        size = 0.5 * spread
        yield "mse l1", ls.MeanSquaredError(), {"l1": size}, lambda x, y: lasso(x, y, size)
    elif task == "binary":
        yield "logistic", ls.BinaryCrossentropy(from_logits=True), {}, lambda x, y: logistic(x, y, 0.0)
        yield "logistic l2", ls.BinaryCrossentropy(from_logits=True), {"l2": 0.01}, lambda x, y: logistic(x, y, 0.01)
        yield "hinge", ls.Hinge(), {}, hinge
    else:
        yield "softmax", ls.SparseCategoricalCrossentropy(from_logits=True), {}, lambda x, y: logistic(x, y, 0.0)
        loss = ls.SparseCategoricalCrossentropy(from_logits=True)
        yield "softmax l2", loss, {"l2": 0.01}, lambda x, y: logistic(x, y, 0.01)


def _ones(x: Array) -> Array:
    return np.column_stack([x, np.ones(len(x))])


def _split(b: Array) -> Answer:
    return b[:-1, None], b[-1:]


def least_squares(x: Array, y: Array) -> Answer:
    return _split(np.linalg.lstsq(_ones(x), y, rcond=1e-11)[0])


def quantile(x: Array, y: Array, q: float) -> Answer:
    """y = x b + up - down, the primal programme."""
    design, n = scipy.sparse.csr_matrix(_ones(x)), len(y)
    one = scipy.sparse.identity(n, format="csr")
    cost = np.r_[np.zeros(design.shape[1]), np.full(n, q), np.full(n, 1 - q)]
    bounds = [(None, None)] * design.shape[1] + [(0, None)] * (2 * n)
    equal = scipy.sparse.hstack([design, one, -one])
    return _split(_programme(cost, bounds, A_eq=equal, b_eq=y)[: design.shape[1]])


def hinge(x: Array, y: Array) -> Answer:
    """slack >= 1 - sign (x b), the primal programme."""
    sign, n = np.where(y > 0, 1.0, -1.0), len(y)
    design = sign[:, None] * _ones(x)
    less = scipy.sparse.hstack([scipy.sparse.csr_matrix(-design), -scipy.sparse.identity(n)])
    cost = np.r_[np.zeros(design.shape[1]), np.ones(n)]
    bounds = [(None, None)] * design.shape[1] + [(0, None)] * n
    return _split(_programme(cost, bounds, A_ub=less, b_ub=-np.ones(n))[: design.shape[1]])


def _programme(cost: Array, bounds: Any, **constraints: Any) -> Array:
    exact = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    return scipy.optimize.linprog(cost, bounds=bounds, method="highs", options=exact, **constraints).x


def huber(x: Array, y: Array, delta: float) -> Answer:
    """Reweighted least squares to the last digits."""
    design = _ones(x)
    b = np.linalg.lstsq(design, y, rcond=None)[0]
    for _ in range(50_000):
        root = np.sqrt(np.minimum(1, delta / np.maximum(np.abs(y - design @ b), 1e-300)))
        before, b = b, np.linalg.lstsq(root[:, None] * design, root * y, rcond=1e-11)[0]
        if np.abs(b - before).max() <= 1e-13 * np.abs(b).max():
            break
    return _split(b)


def ridge(x: Array, y: Array) -> Answer:
    from sklearn.linear_model import Ridge

    found = Ridge(alpha=0.1 * len(y), solver="svd").fit(x, y)
    return found.coef_[:, None], np.array([found.intercept_])


def lasso(x: Array, y: Array, size: float) -> Answer:
    from sklearn.linear_model import Lasso

    found = Lasso(alpha=size / 2, tol=1e-14, max_iter=1_000_000).fit(x, y)
    return found.coef_[:, None], np.array([found.intercept_])


def logistic(x: Array, y: Array, l2: float) -> Answer:
    from sklearn.linear_model import LogisticRegression

    strength = np.inf if l2 == 0 else 1 / (2 * l2 * len(y))
    found = LogisticRegression(C=strength, tol=1e-13, max_iter=2000, solver="newton-cholesky").fit(x, y)
    coefficients, intercepts = found.coef_.T, found.intercept_
    if coefficients.shape[1] > 1:
        return coefficients - coefficients.mean(1, keepdims=True), intercepts - intercepts.mean()
    return coefficients, intercepts


def compare(name: str, task: str, x: Array, y: Array) -> Iterator[dict[str, Any]]:
    """One row for each loss."""
    import lossary as ls

    spread, mean = np.where(x.std(0) > 0, x.std(0), 1.0), x.mean(0)
    scaled = (x - mean) / spread
    for label, loss, penalty, exact in losses(task, y):
        began = time.perf_counter()
        fit = ls.fit_linear(x, y, loss=loss, standardise=True, **penalty)
        first = time.perf_counter() - began
        again, _ = clocked(partial(ls.fit_linear, x, y, loss=loss, standardise=True, **penalty))
        peer, (b, a) = clocked(partial(exact, scaled, y))
        usual = {library: clocked(work)[0] for library, work in estimators(label, scaled, y, penalty).items()}
        got = np.asarray(fit.coefficients).reshape(x.shape[1], -1) * spread[:, None]
        moved = np.asarray(fit.intercept) + mean @ (got / spread[:, None])
        theirs = scaled @ b + a
        values = [_objective(loss, y, eta, w, penalty) for eta, w in ((scaled @ got + moved, got), (theirs, b))]
        large = 1e-6 * max(np.abs(b).max(), np.abs(np.r_[a]).max(), 1e-300)
        both, other = np.r_[got, moved[None] if moved.ndim else [[moved]]], np.r_[b, np.atleast_1d(a)[None]]
        off = np.where(
            np.maximum(np.abs(both), np.abs(other)) > large, np.abs(both - other) / np.maximum(np.abs(other), large), 0
        )
        worst = np.unravel_index(off.argmax(), off.shape)
        known = fit.certificate
        yield {
            "data": name,
            "loss": label,
            "ended at": known.words,
            "got": both[worst],
            "exact": other[worst],
            "worst coefficient %": 100 * off[worst],
            "objective got - exact": (values[0] - values[1]) / max(abs(values[1]), 1e-300),
            "gap": known.gap,
            "zeros": f"{int((got == 0).sum())}/{int((b == 0).sum())}" if "l1" in penalty else "",
            "first": first,
            "again": again,
            "exact s": peer,
            "sklearn": usual.get("sklearn"),
            "statsmodels": usual.get("statsmodels"),
        }


def clocked(work: Callable[[], Any]) -> tuple[float | None, Any]:
    """Seconds of the processor, and what it gives; None where it gives up."""
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = work()
        except Exception as error:
            print(f"    {type(error).__name__}: {str(error)[:100]}", file=sys.stderr)
            return None, None
    return time.process_time() - began, found


def estimators(label: str, x: Array, y: Array, penalty: dict[str, float]) -> dict[str, Callable[[], Any]]:
    """What people would use for this, by library, at its own tolerance."""
    from sklearn import linear_model as sk

    kind, _, rest = label.partition(" ")
    q = {"mae": 0.5}.get(label, float(rest) if kind == "quantile" else None)
    strength = {"C": 1 / (2 * penalty["l2"] * len(y))} if "l2" in penalty else {"C": np.inf}
    made: dict[str, Any] = {
        "mse": sk.LinearRegression(),
        "mse l2": sk.Ridge(alpha=0.1 * len(y)),
        "mse l1": sk.Lasso(alpha=penalty.get("l1", 0.0) / 2),
        "huber": sk.HuberRegressor(alpha=0.0, max_iter=10_000),
        "quantile": None if q is None else sk.QuantileRegressor(quantile=q, alpha=0.0),
        "logistic": sk.LogisticRegression(**strength, max_iter=10_000),
    }
    names = {"mae": "quantile", "softmax": "logistic"}
    chosen = made.get(label) or made.get(names.get(kind, kind))
    found: dict[str, Callable[[], Any]] = {} if chosen is None else {"sklearn": lambda: chosen.fit(x, y)}
    try:
        from statsmodels import api as sm
    except ImportError:
        return found
    wide = _ones(x)
    theirs: dict[str, Callable[[], Any]] = {
        "mse": lambda: sm.OLS(y, wide).fit(),
        "huber": lambda: sm.RLM(y, wide).fit(),
        "quantile": lambda: sm.QuantReg(y, wide).fit(q=q),
        "logistic": lambda: sm.Logit(y, wide).fit(disp=0),
        "softmax": lambda: sm.MNLogit(y, wide).fit(disp=0),
    }
    other = None if penalty else theirs.get(names["mae"] if kind == "mae" else kind)
    return found if other is None else found | {"statsmodels": other}


def _objective(loss: Any, y: Array, eta: Array, b: Array, penalty: dict[str, float]) -> float:
    """The target in float64, by formulas written here."""
    e = eta[:, 0] - y if eta.shape[1] == 1 else 0.0
    name = type(loss).__name__
    if name == "BinaryCrossentropy":
        rows = np.logaddexp(0, np.where(y > 0, -1, 1) * eta[:, 0])
    elif name == "SparseCategoricalCrossentropy":
        rows = np.logaddexp.reduce(eta, axis=1) - eta[np.arange(len(y)), y.astype(int)]
    elif name == "Hinge":
        rows = np.maximum(0, 1 - np.where(y > 0, 1, -1) * eta[:, 0])
    elif name == "Quantile":
        rows = np.where(e > 0, (1 - loss.q) * e, -loss.q * e)
    elif name == "Huber":
        near = np.clip(e, -loss.delta, loss.delta)
        rows = near * (e - near / 2)
    else:
        rows = np.abs(e) if name == "MeanAbsoluteError" else np.square(e)
    return float(np.mean(rows) + penalty.get("l1", 0) * np.abs(b).sum() + penalty.get("l2", 0) * np.square(b).sum())


def verdict(row: dict[str, Any]) -> str:
    """Whether a row is what it has to be: unique within 0.1 %, else within 1e-9 of the objective, or said."""
    if row["ended at"] == "no finite optimum":
        return "said"
    if row["ended at"] == "optimum" and row["worst coefficient %"] <= 0.1:
        return "right"
    return "right" if row["ended at"].startswith("optimum,") and row["objective got - exact"] <= 1e-9 else "WRONG"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="leave the largest table out")
    options.add_argument("--only", default="", help="tables whose name contains one of these, by comma")
    options.add_argument("--csv", type=Path, help="write the rows here too")
    asked = options.parse_args()
    import keras

    print(f"backend {keras.backend.backend()}")
    head = (
        f"{'data':24} {'loss':13} {'ended at':22} {'got':>13} {'exact':>13} {'off %':>8} {'objective':>10} {'gap':>7}"
    )
    times = ("first", "again", "exact s", "sklearn", "statsmodels")
    print(f"{head} {'zeros':>6} " + " ".join(f"{time[:7]:>7}" for time in times) + "  verdict")
    rows = []
    for name, task, x, y in tables(asked.quick):
        if not any(part in name for part in asked.only.split(",")):
            continue
        for row in compare(name, task, x, y):
            rows.append(row | {"verdict": verdict(row)})
            gap = "–" if row["gap"] is None else f"{row['gap']:.0e}"
            print(
                f"{name:24} {row['loss']:13} {row['ended at']:22} {row['got']:13.6g} {row['exact']:13.6g} "
                f"{row['worst coefficient %']:8.1e} {row['objective got - exact']:10.1e} {gap:>7} {row['zeros']:>6} "
                + " ".join(f"{'' if row[t] is None else format(row[t], '.3f'):>7}" for t in times)
                + f"  {rows[-1]['verdict']}",
                flush=True,
            )
    if asked.csv:
        with asked.csv.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    wrong = sum(row["verdict"] == "WRONG" for row in rows)
    print(f"{len(rows)} rows, {wrong} wrong")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
