"""Target = loss + regularization, each term apart.

Ten yes/no questions about 64 pixels: "is it a 0?", "is it a 1?" … The weights are held small by L2 and L1, the hidden
activities by L1, and a constraint keeps the norm of each hidden unit's weights at 2 or less. What training minimises
is the sum of the loss and all regularization terms; `target_split` reports them one by one.

Two strengths are compared. At 0.01 the regularization outweighs the loss: the target falls, but the answers hardly
depend on the pixels any more (AUC near 0.5). The split shows why; a hundredth of that strength does no such harm.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from pathlib import Path
from typing import Any

import keras
import numpy as np
from digits import small_digits
from keras import constraints, layers, regularizers
from options import run

import lossary as ls
from lossary.drawing.style import BLUE, VERMILLION, label, legend, new_figure, save
from lossary.objective import Target, target_split


def questions(generated: bool) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (n, 64) and ten yes/no answers each (n, 10): scikit-learn's digits, or generated data."""
    if not generated:
        images, labels = small_digits()
        return images.reshape(len(images), 64), np.eye(10, dtype="float32")[labels]
    random = np.random.default_rng(0)
    x = random.normal(size=(1000, 64)).astype("float32")
    return x, (x @ random.normal(size=(64, 10)) > 0).astype("float32")


def regularized(strength: float) -> keras.Model:
    """4,810 parameters: 64·64 + 64 and 64·10 + 10."""
    return keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(
                64,
                kernel_regularizer=regularizers.L2(strength),
                activity_regularizer=regularizers.L1(strength),
                kernel_constraint=constraints.MaxNorm(max_value=2, axis=0),
                name="hidden",
            ),
            layers.Dense(
                10,
                activation="sigmoid",
                kernel_regularizer=regularizers.L1L2(l1=strength, l2=strength),
                name="answers",
            ),
        ]
    )


def figure_of_terms(before: Target, after: Target, strength: float) -> Any:
    """The terms of the target as bars, before and after training."""
    figure, (axis,) = new_figure(height=3.0)
    for offset, target, color, word in ((-0.2, before, VERMILLION, "before training"), (0.2, after, BLUE, "after")):
        terms = {"loss": target.loss, **target.regularization}
        axis.barh(np.arange(len(terms)) + offset, list(terms.values()), 0.36, color=color, label=word)
        axis.set_yticks(range(len(terms)), list(terms))
    axis.invert_yaxis()
    label(axis, x="part of the target", title=f"Loss and regularization at strength {strength}")
    legend(axis, loc="center right")
    return figure


def train(x: np.ndarray, y: np.ndarray, strength: float, epochs: int) -> dict[str, Any]:
    """The target before and after training, what Keras reports of it, and the largest norm under the constraint."""
    keras.utils.set_random_seed(0)
    model = regularized(strength)
    model.compile(optimizer="rmsprop", loss=ls.BinaryCrossentropy(), metrics=[keras.metrics.AUC(name="auc")])
    before = target_split(model, x, y, batch_size=len(x))
    model.fit(x, y, epochs=epochs, verbose=0)
    norms = np.linalg.norm(model.get_layer("hidden").get_weights()[0], axis=0)
    return {
        "parameters": model.count_params(),
        "before": before,
        "after": target_split(model, x, y, batch_size=len(x)),
        "reported": model.evaluate(x, y, batch_size=len(x), verbose=0, return_dict=True),
        "largest_norm": float(norms.max()),
    }


def main(out: str = "out", epochs: int = 30, generated: bool = False) -> dict[str, Any]:
    x, y = questions(generated)
    regularized(0.01).summary()
    results = {}
    for strength in (0.01, 0.0001):
        results[strength] = found = train(x, y, strength, epochs)
        print(f"\nstrength {strength}, before training\n{found['before']}\nafter {epochs} epochs\n{found['after']}")
        print(f"model.evaluate reports loss {found['reported']['loss']:.6f}, AUC {found['reported']['auc']:.4f}")
        print(f"largest norm of a hidden unit's weights: {found['largest_norm']:.4f} (at most 2)")
        figure = figure_of_terms(found["before"], found["after"], strength)
        print(f"figure: {save(figure, Path(out) / f'4_target_{strength}.png')}")
    return results


if __name__ == "__main__":
    run(main, __doc__)
