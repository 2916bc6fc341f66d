"""Keras's `compile` does what it always did until there is something that it alone would not do right.

Whatever is made for `compile` says so here: losses, sums, terms, layers that add a loss. How `compile` is then followed
is known to a room above (objective.attachment).
"""

from collections.abc import Callable

_made = False
_waiting: list[Callable[[], None]] = []


def when_needed(follow: Callable[[], None]) -> None:
    """Call `follow` once, as soon as something was made that needs it."""
    _waiting.append(follow)
    if _made:
        needed()


def made() -> bool:
    """Whether there is something that needs more than Keras's `compile`."""
    return _made


def needed() -> None:
    """Something was made that needs more than Keras's `compile`, or a loss was named that may be given to it."""
    global _made
    if not _made:
        _made = True
    while _waiting:
        _waiting.pop()()
