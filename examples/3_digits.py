"""A classifier of handwritten digits, trained with sparse categorical cross-entropy.

28×28 pixels, 84 hidden units, 10 classes: 66,790 parameters. The labels are whole numbers from 0 to 9, so the loss is
the sparse one. The data are scikit-learn's digits, enlarged to 28×28, or MNIST from a file or folder that you name:

    python examples/3_digits.py --data mnist.npz      (or a .csv, a .csv.gz, or a folder with the four IDX files)
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from pathlib import Path
from typing import Any

import keras
from digits import large_digits
from keras import layers
from options import run

import lossary as ls
from lossary.drawing.likelihood import history
from lossary.drawing.style import save


def classifier() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(84, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def main(out: str = "out", data: str = "", epochs: int = 10, batch: int = 32) -> dict[str, Any]:
    train_x, train_y, test_x, test_y = large_digits(data)
    keras.utils.set_random_seed(0)
    model = classifier()
    model.compile(optimizer="adam", loss=ls.SparseCategoricalCrossentropy(), metrics=["accuracy"])
    model.summary()
    trained = model.fit(
        train_x[..., None], train_y, validation_data=(test_x[..., None], test_y),
        epochs=epochs, batch_size=batch, verbose=0,
    ).history  # fmt: skip
    print(f"{len(train_x):,} images for training, {len(test_x):,} for testing")
    for epoch, row in enumerate(zip(*trained.values(), strict=True), start=1):
        print(f"epoch {epoch:2}  " + "  ".join(f"{k} {v:.4f}" for k, v in zip(trained, row, strict=True)))
    series = {"training": trained["loss"], "validation": trained["val_loss"]}
    figure = history(series, y="cross-entropy", title="Training the classifier")
    print(f"figure: {save(figure, Path(out) / '3_digits.png')}")
    return {"parameters": model.count_params(), "rows": len(train_x) + len(test_x), "history": trained}


if __name__ == "__main__":
    run(main, __doc__)
