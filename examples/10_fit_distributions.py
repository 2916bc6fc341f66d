"""Likelihood from one observation to a fit: probabilities, their product, the log over means, a distribution fitted.

The normal distribution by the loss `ls.gaussian_nll`, whose value is minus the log of a density; then the fits of
several distributions to one sample, with their standard errors, and the squared error beside the likelihood.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from pathlib import Path
from typing import Any

import numpy as np
from options import run

import lossary as ls


def log_densities(y: np.ndarray, mean: float, std: float = 1.0) -> np.ndarray:
    """The log-density of each number under a normal distribution."""
    outputs = np.tile(np.array([mean, 2 * np.log(std)]), (len(y), 1))
    loss = ls.GaussianNLL(reduction="none")
    return -np.asarray(loss(y.astype("float32"), outputs.astype("float32")), dtype=float)


def main(out: str = "out", rows: int = 1000) -> dict[str, Any]:
    few = np.array([0.5, 2.0, 1.0])
    for y, log in zip(few, log_densities(few, 0.0), strict=True):
        print(f"density of {y:4.1f} under a normal distribution of mean 0: {np.exp(log):.4f}")
    joint = {mean: log_densities(few, mean).sum() for mean in (0.0, 2.0)}
    print(f"all three at once, mean 0: {np.exp(joint[0.0]):.6f}, log {joint[0.0]:.4f}")
    print(f"all three at once, mean 2: {np.exp(joint[2.0]):.6f}, log {joint[2.0]:.4f}")

    data = np.random.default_rng(3).normal(3.0, 1.0, rows)
    means = np.linspace(0.0, 6.0, 61)
    logs = np.array([log_densities(data, mean).sum() for mean in means])
    errors = np.array([np.mean((data - mean) ** 2) for mean in means])
    print(f"the log-likelihood is highest at {means[logs.argmax()]:.1f}, the squared error lowest at "
          f"{means[errors.argmin()]:.1f}")  # fmt: skip

    fit = ls.fit_distribution(data, "normal")
    print(fit)
    print(ls.compare_distributions(data, ["normal", "logistic", "student_t", "laplace"]))
    path = Path(out) / "10_fit_distributions.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    fit.plot().savefig(path)
    print(f"figure: {path}")
    return {"joint": joint, "best": (means[logs.argmax()], means[errors.argmin()]), "fit": fit, "data": data}


if __name__ == "__main__":
    run(main, __doc__)
