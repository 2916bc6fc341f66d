"""The engine of this process: parts are read one after the other, and memory holds two blocks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..parts import Block, Part, Question, Recipe, answer


class Local:
    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts
        self.waiting: deque[tuple[int, Recipe, Question]] = deque()

    def begin(self, place: int, recipe: Recipe, question: Question) -> None:
        self.waiting.append((place, recipe, question))

    def ended(self) -> tuple[int, Any]:
        place, recipe, question = self.waiting.popleft()
        return place, answer(recipe, question, ahead(self.parts[place].blocks()))

    def close(self) -> None:
        self.waiting.clear()


def ahead(blocks: Iterator[Block]) -> Iterator[Block]:
    """Blocks, of which the next is read while one is computed with."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, blocks, None)
        while (block := coming.result()) is not None:
            coming = reader.submit(next, blocks, None)
            yield block


def engine(parts: list[Part], workers: int | None) -> Local:
    return Local(parts)
