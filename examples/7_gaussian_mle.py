"""A normal distribution fitted by maximum likelihood.

First by hand: how likely five numbers are under two normal distributions, one by one, together, and as a logarithm.
Then the log-likelihood of 1,000 numbers over the mean. Then mean and standard deviation by gradient descent on the
negative log-likelihood, once written out and once as `ls.gaussian_nll`.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from pathlib import Path
from typing import Any

import keras
import numpy as np
from gradients import number, value_and_gradients
from keras import ops
from options import run

import lossary as ls
from lossary.drawing.likelihood import gaussian_fit, history, likelihood_curve
from lossary.drawing.style import save

FIVE = np.array([1.295, -1.276, -0.084, 0.830, -0.920])


def density(x: Any, mean: float, deviation: float) -> Any:
    """The normal density. It is not a probability: for small deviations it is above 1."""
    return np.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * np.sqrt(2 * np.pi))


def five_numbers() -> dict[str, float]:
    """Joint density and log-likelihood of five numbers under N(0, 1) and under N(2, 1)."""
    for x in FIVE:
        print(f"density of {x:6.3f} under N(0, 1): {density(x, 0, 1):.4f}")
    found = {}
    for mean in (0, 2):
        found[f"joint density, mean {mean}"] = float(np.prod(density(FIVE, mean, 1)))
        found[f"log-likelihood, mean {mean}"] = float(np.sum(np.log(density(FIVE, mean, 1))))
        predicted = np.tile([float(mean), 1.0], (5, 1))  # mean and standard deviation for each of the five
        found[f"ls.gaussian_nll, mean {mean}"] = number(ops.sum(ls.gaussian_nll(FIVE, predicted, spread="std")))
    for name, value in found.items():
        print(f"{name:28} {value:.6g}")
    return found


def over_the_mean() -> tuple[np.ndarray, np.ndarray]:
    """The log-likelihood of 1,000 numbers from N(3, 1), for 20 means from 0 to 6 and standard deviation 1."""
    sample = np.random.default_rng(0).normal(3.0, 1.0, size=1000)
    means = np.linspace(0, 6, 20)
    return means, np.array([np.sum(np.log(density(sample, mean, 1.0))) for mean in means])


class Normal(keras.layers.Layer):
    """Mean and standard deviation, to be learned. Called on a sample, it predicts both for each number: (n, 2)."""

    def __init__(self, mean: float, deviation: float) -> None:
        super().__init__()
        self.mean = self.add_weight(shape=(), initializer=keras.initializers.Constant(mean), name="mean")
        self.deviation = self.add_weight(shape=(), initializer=keras.initializers.Constant(deviation), name="deviation")

    def call(self, sample: Any) -> Any:
        ones = ops.ones_like(sample)
        return ops.stack([self.mean * ones, self.deviation * ones], axis=-1)


def negative_log_likelihood(y: Any, mean: Any, deviation: Any) -> Any:
    """The same by hand, for the whole sample y."""
    constant = 0.5 * y.shape[0] * ops.log(2 * np.pi * ops.square(deviation))
    return constant + ops.sum(ops.square(y - mean)) / (2 * ops.square(deviation))


def fit(sample: np.ndarray, epochs: int, rate: float, *, by_hand: bool) -> tuple[float, float, list[float]]:
    """Mean, standard deviation and the way there, from a start that is off on purpose."""
    normal = Normal(0.7 * float(sample.mean()), 1.3 * float(sample.std()))
    y = ops.convert_to_tensor(sample)

    def objective() -> Any:
        if by_hand:
            return negative_log_likelihood(y, normal.mean, normal.deviation)
        return ops.sum(ls.gaussian_nll(y, normal(y), spread="std"))

    way = []
    for _ in range(epochs):
        value, gradients = value_and_gradients(objective, normal.trainable_variables)
        for variable, gradient in zip(normal.trainable_variables, gradients, strict=True):
            variable.assign_sub(rate * gradient)
        way.append(value)
    return number(normal.mean), number(normal.deviation), way


def main(out: str = "out", epochs: int = 50, rate: float = 0.0005) -> dict[str, Any]:
    found = five_numbers()
    means, likelihoods = over_the_mean()
    print(f"of 20 means, {means[np.argmax(likelihoods)]:.4f} is the likeliest; the data have 3")

    sample = np.random.default_rng(2).normal(2.0, 1.0, size=1000).astype("float32")
    fits = {name: fit(sample, epochs, rate, by_hand=name == "by hand") for name in ("by hand", "ls.gaussian_nll")}
    print(f"{'sample':16} mean {sample.mean():.4f}  standard deviation {sample.std():.4f}")
    for name, (mean, deviation, _) in fits.items():
        print(f"{name:16} mean {mean:.4f}  standard deviation {deviation:.4f}")

    mean, deviation, way = fits["ls.gaussian_nll"]
    start = 0.7 * float(sample.mean()), 1.3 * float(sample.std())
    folder = Path(out)
    figures = [
        save(likelihood_curve(means, likelihoods, truth=3.0), folder / "7_likelihood.png"),
        save(gaussian_fit(sample, mean, deviation, start=start), folder / "7_fit.png"),
        save(history(way, y="negative log-likelihood", title="Descent"), folder / "7_descent.png"),
    ]
    print("figures:", *figures, sep="\n  ")
    return {
        "five": found,
        "curve": (means, likelihoods),
        "sample": (float(sample.mean()), float(sample.std())),
        "fits": fits,
    }


if __name__ == "__main__":
    run(main, __doc__)
