"""Linear fits over Parquet files larger than one wants in memory, and fits in memory beside other libraries.

    python benchmarks/tables.py --rows 5000000            # made, fitted by each engine, deleted
    python benchmarks/tables.py --rows 50000000 --into FOLDER --losses huber   # files that are there are used, and stay
    python benchmarks/tables.py --memory                  # 100,000 rows x 20 columns beside other libraries

Each engine has a process of its own. `plain` is pyarrow and NumPy, the loss written by hand, and SciPy's L-BFGS.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

COLUMNS, FILE = 10, 2_500_000
Array = np.ndarray


def write(folder: Path, rows: int) -> None:
    """Standard normal inputs, heavy-tailed targets and labels, in float32."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    rng = np.random.default_rng(0)
    b = np.linspace(-1, 1, COLUMNS)
    for number, first in enumerate(range(0, rows, FILE)):
        n = min(FILE, rows - first)
        x = rng.standard_normal((n, COLUMNS), dtype=np.float32)
        eta = x @ b.astype(np.float32)
        known = {f"x{k}": x[:, k] for k in range(COLUMNS)}
        known |= {"y": (eta + 1 + rng.standard_t(3, n)).astype(np.float32)}
        known |= {"yes": (eta + rng.logistic(size=n) > 0).astype(np.float32)}
        parquet.write_table(pa.table(known), folder / f"{number:03}.parquet", row_group_size=2**18)


def losses() -> Iterator[tuple[str, Any, str]]:
    import lossary as ls

    yield "huber", ls.Huber(), "y"
    yield "quantile", ls.Quantile(q=0.3), "y"
    yield "logistic", "bce", "yes"


def fitted(folder: Path, name: str, engine: str) -> dict[str, Any]:
    """One fit by an engine."""
    import lossary as ls

    loss, target = next((loss, target) for label, loss, target in losses() if label == name)
    ends: dict[int, float] = {}
    began = time.perf_counter()

    def seen(number: int, done: int, of: int) -> None:
        ends[number] = time.perf_counter()

    inputs = [f"x{k}" for k in range(COLUMNS)]
    fit = ls.fit_linear(folder, target, loss=loss, inputs=inputs, engine=engine, progress=seen)
    passes = np.diff([ends[k] for k in sorted(ends)])
    return {
        "value": fit.target, "gap": fit.certificate.gap, "ended": fit.certificate.words, "passes": len(ends),
        "per pass": float(np.median(passes)), "total": time.perf_counter() - began, "b": fit.coefficients.tolist(),
    }  # fmt: skip


def plainly(folder: Path, name: str, engine: str) -> dict[str, Any]:
    """The same target by hand."""
    import pyarrow.parquet as parquet
    from scipy.optimize import minimize

    inputs = [f"x{k}" for k in range(COLUMNS)]
    target = "yes" if name == "logistic" else "y"
    seconds: list[float] = []

    def at(c: Array) -> tuple[float, Array]:
        began, value, slope, count = time.perf_counter(), 0.0, np.zeros(COLUMNS + 1), 0
        for file in sorted(folder.glob("*.parquet")):
            with parquet.ParquetFile(file) as opened:
                for batch in opened.iter_batches(2**16, columns=[*inputs, target]):
                    x = np.empty((batch.num_rows, COLUMNS))
                    for k in range(COLUMNS):
                        x[:, k] = batch.column(k).to_numpy()
                    y = batch.column(COLUMNS).to_numpy().astype(float)
                    e = x @ c[:-1] + c[-1] - (0 if name == "logistic" else y)
                    if name == "huber":
                        pull = np.clip(e, -1, 1)
                        value += float(pull @ (e - pull / 2))
                    elif name == "quantile":
                        pull = np.where(e > 0, 0.7, -0.3)
                        value += float(pull @ e)
                    else:
                        pull = 1 / (1 + np.exp(-e)) - y
                        value += float(np.logaddexp(0, e).sum() - y @ e)
                    slope += np.r_[pull @ x, pull.sum()]
                    count += len(y)
        seconds.append(time.perf_counter() - began)
        return value / count, slope / count

    began = time.perf_counter()
    options = {"ftol": 1e-15, "gtol": 1e-10, "maxiter": 30}
    found = minimize(at, np.zeros(COLUMNS + 1), jac=True, method="L-BFGS-B", options=options)
    return {
        "value": float(found.fun), "gap": None, "ended": "", "passes": len(seconds),
        "per pass": float(np.median(seconds)), "total": time.perf_counter() - began, "b": found.x[:-1].tolist(),
    }  # fmt: skip


@contextmanager
def files(rows: int, into: Path | None) -> Iterator[Path]:
    """A folder of such files: for the time of a block, or one that stays."""
    with tempfile.TemporaryDirectory() if into is None else nullcontext(into) as made:
        folder = Path(made)
        folder.mkdir(exist_ok=True)
        began = time.perf_counter()
        if not any(folder.glob("*.parquet")):
            write(folder, rows)
        size = sum(file.stat().st_size for file in folder.glob("*.parquet")) / 2**30
        print(f"{rows:,} rows x {COLUMNS}: {size:.2f} GiB, there after {time.perf_counter() - began:.0f} s")
        yield folder


def by_engines(rows: int, engines: list[str], names: list[str], into: Path | None) -> None:
    with files(rows, into) as folder:
        print(f"{'loss':10} {'engine':8} {'s/pass':>7} {'passes':>6} {'total s':>8} {'GiB':>5} {'gap':>8} value")
        for name in names:
            for engine in engines:
                command = [sys.executable, __file__, "--one", name, engine, str(folder)]
                ran = subprocess.run(command, capture_output=True, text=True)
                if ran.returncode:
                    print(f"{name:10} {engine:8} failed: {ran.stderr.strip().splitlines()[-1:]}", flush=True)
                    continue
                one = json.loads(ran.stdout.strip().splitlines()[-1])
                gap = "" if one["gap"] is None else f"{one['gap']:.0e}"
                print(
                    f"{name:10} {engine:8} {one['per pass']:7.2f} {one['passes']:6} {one['total']:8.1f} "
                    f"{one['peak']:5.2f} {gap:>8} {one['value']:.12f}",
                    flush=True,
                )


def one_of(name: str, engine: str, folder: Path) -> None:
    found = plainly(folder, name, engine) if engine == "plain" else fitted(folder, name, engine)
    found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps(found))


def in_memory(n: int = 100_000, p: int = 20) -> None:
    """Seconds of the second of two fits, in units of ours, and the objective (where scales are not fitted too)."""
    import statsmodels.api as sm
    from sklearn import linear_model as sk

    import lossary as ls

    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)
    x, b = rng.normal(size=(n, p)), rng.normal(size=p)
    y, yes = x @ b + rng.standard_t(3, n), (x @ b / 2 + rng.logistic(size=n) > 0) * 1.0
    wide = np.column_stack([x, np.ones(n)])

    def of_sklearn(model: Any, y: Array) -> Array:
        model.fit(x, y)
        return np.r_[np.ravel(model.coef_), np.ravel(model.intercept_)]

    def ours(loss: Any, y: Array) -> Array:
        fit = ls.fit_linear(x, y, loss=loss)
        return np.r_[fit.coefficients, fit.intercept]

    def huber(c: Array) -> float:
        e = wide @ c - y
        near = np.clip(e, -1.345, 1.345)
        return float(np.mean(near * (e - near / 2)))

    def check(c: Array) -> float:
        e = y - wide @ c
        return float(np.mean(np.maximum(0.3 * e, -0.7 * e)))

    def logistic(c: Array) -> float:
        return float(np.mean(np.logaddexp(0, wide @ c) - yes * (wide @ c)))

    rows: list[tuple[str, str, Callable[[], Array], Callable[[Array], float] | None]] = [
        ("logistic", "lossary", lambda: ours("bce", yes), logistic),
        ("logistic", "scikit-learn", lambda: of_sklearn(sk.LogisticRegression(C=np.inf, max_iter=1000), yes), logistic),
        (
            "logistic",
            "statsmodels GLM",
            lambda: sm.GLM(yes, wide, family=sm.families.Binomial()).fit().params,
            logistic,
        ),
        ("huber", "lossary", lambda: ours(ls.Huber(delta=1.345), y), huber),
        ("huber", "scikit-learn (scale)", lambda: of_sklearn(sk.HuberRegressor(alpha=0, max_iter=1000), y), None),
        ("huber", "statsmodels RLM (scale)", lambda: sm.RLM(y, wide).fit().params, None),
        ("quantile", "lossary", lambda: ours(ls.Quantile(q=0.3), y), check),
        ("quantile", "statsmodels", lambda: sm.QuantReg(y, wide).fit(q=0.3).params, check),
        ("quantile", "scikit-learn", lambda: of_sklearn(sk.QuantileRegressor(quantile=0.3, alpha=0), y), check),
    ]
    for kind in ("logistic", "huber", "quantile"):
        found = []
        for _, who, work, value in (row for row in rows if row[0] == kind):
            for _ in range(1 if who == "scikit-learn" and kind == "quantile" else 2):
                began, wall = time.process_time(), time.perf_counter()
                c = work()
                spent = time.process_time() - began
            found.append(spent)
            wall = time.perf_counter() - wall
            said = "" if value is None else f"objective {value(c):.15f}"
            print(f"{kind:9} {who:24} {spent:7.2f} s of the processor, {wall:6.2f} s, x{spent / found[0]:5.2f}  {said}")
            sys.stdout.flush()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=5_000_000)
    options.add_argument("--engines", default="plain,local,ray,dask")
    options.add_argument("--losses", default="huber,quantile,logistic")
    options.add_argument("--into", type=Path, help="a folder for the files, which stay there")
    options.add_argument("--memory", action="store_true")
    options.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.one:
        one_of(asked.one[0], asked.one[1], Path(asked.one[2]))
    elif asked.memory:
        in_memory()
    else:
        by_engines(asked.rows, asked.engines.split(","), asked.losses.split(","), asked.into)


if __name__ == "__main__":
    main()
