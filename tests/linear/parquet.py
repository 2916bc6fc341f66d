"""A table in several Parquet files with small row groups, and the same numbers in memory."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

INPUTS = ["x0", "x1", "x2"]


def written(folder, n=900, files=3):
    """Arrays by name, which are also in `folder`: columns of very different sizes, weights that may be 0."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(n, 3)) * [1, 10, 100] + [0, 5, 1000]
    y = x @ [1.0, -0.2, 0.01] + rng.standard_t(3, size=n)
    known = {name: x[:, k] for k, name in enumerate(INPUTS)}
    known |= {"y": y, "yes": (y > np.median(y)).astype(float), "kind": np.digitize(y, np.quantile(y, [0.3, 0.6]))}
    known |= {"w": rng.integers(0, 3, n).astype(float), "move": rng.normal(size=n)}
    table = pa.table(known)
    for k in range(files):
        part = table.slice(k * n // files, n // files)
        parquet.write_table(part, folder / f"{k}.parquet", row_group_size=110)
    return known | {"x": x}


def coefficients(fit):
    return np.r_[np.ravel(fit.coefficients), np.ravel(fit.intercept)]
