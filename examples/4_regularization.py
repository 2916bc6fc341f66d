"""Target = loss + regularization, each term apart.

Ten yes/no questions about 64 pixels: "is it a 0?", "is it a 1?" … The weights are held small by L2 and L1, the hidden
activities by L1, and a constraint keeps the norm of each hidden unit's weights at 2 or less. What training minimises
is the sum of the loss and all regularization terms; `ls.target_split` reports them one by one.
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


def questions(generated: bool) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (n, 64) and ten yes/no answers each (n, 10): scikit-learn's digits, or generated data."""
    if not generated:
        images, labels = small_digits()
        return images.reshape(len(images), 64), np.eye(10, dtype="float32")[labels]
    random = np.random.default_rng(0)
    x = random.normal(size=(1000, 64)).astype("float32")
    return x, (x @ random.normal(size=(64, 10)) > 0).astype("float32")


def regularized() -> keras.Model:
    """4,810 parameters: 64·64 + 64 and 64·10 + 10."""
    return keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(
                64,
                kernel_regularizer=regularizers.L2(0.01),
                activity_regularizer=regularizers.L1(0.01),
                kernel_constraint=constraints.MaxNorm(max_value=2, axis=0),
                name="hidden",
            ),
            layers.Dense(
                10, activation="sigmoid", kernel_regularizer=regularizers.L1L2(l1=0.01, l2=0.01), name="answers"
            ),
        ]
    )


def figure_of_terms(before: ls.Target, after: ls.Target) -> Any:
    """The terms of the target as bars, before and after training."""
    figure, (axis,) = new_figure(height=3.0)
    for offset, target, color, word in ((-0.2, before, VERMILLION, "before training"), (0.2, after, BLUE, "after")):
        terms = {"loss": target.loss, **target.regularization}
        axis.barh(np.arange(len(terms)) + offset, list(terms.values()), 0.36, color=color, label=word)
        axis.set_yticks(range(len(terms)), list(terms))
    axis.invert_yaxis()
    label(axis, x="part of the target", title="Target = loss + regularization")
    legend(axis)
    return figure


def main(out: str = "out", epochs: int = 30, generated: bool = False) -> dict[str, Any]:
    x, y = questions(generated)
    keras.utils.set_random_seed(0)
    model = regularized()
    model.compile(optimizer="rmsprop", loss=ls.BinaryCrossentropy(), metrics=[keras.metrics.AUC(name="auc")])
    model.summary()
    before = ls.target_split(model, x, y)
    model.fit(x, y, epochs=epochs, verbose=0)
    after = ls.target_split(model, x, y)
    reported = model.evaluate(x, y, verbose=0, return_dict=True)
    norms = np.linalg.norm(model.get_layer("hidden").get_weights()[0], axis=0)
    print(f"before training\n{before}\n\nafter {epochs} epochs\n{after}\n")
    print(f"model.evaluate reports loss {reported['loss']:.6f}, AUC {reported['auc']:.4f}")
    print(f"largest norm of a hidden unit's weights: {norms.max():.4f} (at most 2)")
    path = save(figure_of_terms(before, after), Path(out) / "4_target.png")
    print(f"figure: {path}")
    return {
        "parameters": model.count_params(),
        "before": before,
        "after": after,
        "reported": reported,
        "largest_norm": float(norms.max()),
    }


if __name__ == "__main__":
    run(main, __doc__)
