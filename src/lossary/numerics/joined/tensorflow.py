"""The replicas of a strategy of tf.distribute."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


class Replicas:
    """Seen from one of them. Their gradients are added up."""

    averaged = False

    def __init__(self, context: Any) -> None:
        self.context = context
        self.count = int(context.num_replicas_in_sync)

    @property
    def place(self) -> Any:
        return self.context.replica_id_in_sync_group

    def gather(self, x: tf.Tensor) -> tf.Tensor:
        found = tf.stop_gradient(self.context.all_gather(tf.expand_dims(x, 0), axis=0))
        return tf.ensure_shape(found, (self.count, *x.shape))

    def rows(self, x: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
        if x.dtype == tf.bool:
            return tf.cast(self.rows(tf.cast(x, tf.int32), counts), tf.bool)
        found = self.context.all_gather(x, axis=0)
        return tf.ensure_shape(found, (None, *x.shape[1:]))

    def agreed(self, wrong: bool, rows: int | None) -> tuple[list[int], list[int]]:
        return [-1] * wrong, []  # one program: its error ends all replicas


def found() -> Replicas | None:
    """Inside of a replica, where there are several."""
    if tf.distribute.in_cross_replica_context():
        return None
    context = tf.distribute.get_replica_context()
    return Replicas(context) if context is not None and context.num_replicas_in_sync > 1 else None


def said(group: Any) -> None:
    """Replicas are found; nobody says which they are."""
