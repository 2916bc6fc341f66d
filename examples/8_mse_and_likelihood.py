"""Squared error and likelihood agree: in a line with normal noise, the slope of least error is the likeliest slope.

For noise of standard deviation s, the log-likelihood of n points is -n/2·log(2πs²) - n·MSE / (2s²): it falls by as
much as the mean squared error rises. So the two have their best slope in common, whatever s is.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from pathlib import Path
from typing import Any

import numpy as np
from options import run

import lossary as ls
from lossary.drawing.likelihood import mse_and_likelihood
from lossary.drawing.style import save


def main(out: str = "out", rows: int = 100, noise: float = 0.5) -> dict[str, Any]:
    random = np.random.default_rng(3)
    x = random.uniform(-1, 1, size=rows)
    y = 1.5 * x + random.normal(scale=noise, size=rows)
    slopes = np.linspace(0, 3, 121)
    mse, likelihood = ls.MeanSquaredError(), ls.GaussianNLL(spread="std", reduction="sum")
    errors = np.array([float(mse(y, slope * x)) for slope in slopes])
    spread = np.full(rows, noise)
    logs = np.array([-float(likelihood(y, np.stack([slope * x, spread], axis=-1))) for slope in slopes])
    lowest, highest = slopes[np.argmin(errors)], slopes[np.argmax(logs)]
    print(f"the mean squared error is lowest at a slope of {lowest:.3f}")
    print(f"the log-likelihood is highest at a slope of  {highest:.3f}")
    path = save(mse_and_likelihood(slopes, errors, logs), Path(out) / "8_mse_and_likelihood.png")
    print(f"figure: {path}")
    return {"slopes": slopes, "mse": errors, "log_likelihood": logs, "noise": noise, "best": (lowest, highest)}


if __name__ == "__main__":
    run(main, __doc__)
