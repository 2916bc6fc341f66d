"""How models are fitted. Needs no Keras, so that wrong settings are refused before it loads."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

from lossary.core.errors import LossaryError
from lossary.data.results import OPTIMIZERS as OPTIMIZERS

FULL_BATCH = 2048  # up to so many rows every step sees all of them
BATCH = 256
STEPS = 400  # enough for a full-batch model of scaled numbers to settle
WIDEST, DEEPEST = 10_000, 20
MANY_STEPS = 2000  # small batches are noisy


@dataclass(frozen=True)
class Settings:
    """One model, and how it is fitted. None means: decided by `settle` from the size of the data.

    A linear model is solved: it ends at the optimum of its loss. With an optimizer named, it is trained in steps, as
    every other model is.
    """

    model: str = "linear"
    l1: float = 0.0
    l2: float = 0.0
    epochs: int | None = None
    batch_size: int | None = None
    optimizer: str | None = None
    learning_rate: float | None = None
    seed: int = 0

    @property
    def hidden(self) -> tuple[int, ...]:
        """The widths of the hidden layers; none for a linear model."""
        if self.model == "linear":
            return ()
        found = re.fullmatch(r"mlp:(\d+(?:,\d+)*)", self.model, re.ASCII)
        widths = tuple(int(width[:12]) for width in found[1].split(",")) if found else ()
        if not widths or min(widths) < 1 or max(widths) > WIDEST or len(widths) > DEEPEST:
            raise LossaryError(
                f"Cannot fit the model '{self.model}'.",
                arrived="It is not a model that compare knows.",
                allowed="Expected linear, or mlp with the widths of its hidden layers: at most "
                f"{DEEPEST} layers, each of at most {WIDEST:,}.",
                do="Write linear, mlp:64 or mlp:64,64.",
            )
        return widths

    @property
    def solved(self) -> bool:
        """Whether the model is solved rather than trained in steps. Refuses settings that solving has no use for."""
        if self.hidden or self.optimizer is not None:
            return False
        steps = {"--epochs": self.epochs, "--batch-size": self.batch_size, "--learning-rate": self.learning_rate}
        given = [name for name, value in steps.items() if value is not None]
        if given:
            raise LossaryError(
                "Cannot fit the linear model.",
                arrived=f"{', '.join(given)} was given: a linear model is solved, not trained in steps.",
                allowed="Expected a model with hidden layers, or --optimizer.",
                do=f"Leave {given[0]} out, or add --optimizer adam to train the linear model in steps.",
            )
        return True

    def settle(self, rows: int) -> Settings:
        """The same settings with every None decided for this many rows to train on; a solved model needs none."""
        if self.solved:
            return self
        batch = min(self.batch_size or (rows if rows <= FULL_BATCH else BATCH), rows)
        steps = math.ceil(rows / batch)
        epochs = self.epochs or (STEPS if steps == 1 else max(5, math.ceil(MANY_STEPS / steps)))
        rate = self.learning_rate or (0.01 if self.hidden else 0.1)
        optimizer = self.optimizer or "adam"
        return replace(self, batch_size=batch, epochs=epochs, learning_rate=rate, optimizer=optimizer)
