"""Keras's `compile` and `fit` do what they always did until there is something that they alone would not do right.

Whatever is made for `compile` says so here: losses, sums, terms, layers that add a loss. What the two then do is known
to a room above (objective.attachment).
"""

_made = False


def made() -> bool:
    """Whether there is something that needs more than Keras's `compile`."""
    return _made


def needed() -> None:
    """Something was made that needs more than Keras's `compile`, or a loss was named that may be given to it."""
    global _made
    _made = True
