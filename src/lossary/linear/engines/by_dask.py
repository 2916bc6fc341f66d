"""Dask workers: parts are loaded once and stay on the workers; what a lost worker held is loaded by another."""

from __future__ import annotations

import os
from typing import Any

import keras
from distributed import Client, LocalCluster, get_client, wait
from distributed.client import FutureCancelledError
from distributed.scheduler import KilledWorker

from ..parts import Block, Part, Question, Recipe, answer
from . import Lost


def load(part: Part) -> list[Block]:
    """The blocks of a part, in a worker."""
    return list(part.blocks())


def asked(recipe: Recipe, question: Question, blocks: list[Block]) -> Any:
    return answer(recipe, question, iter(blocks))


class Workers:
    """A client that is there is used; else one is made, of processes on this machine."""

    def __init__(self, parts: list[Part], workers: int | None) -> None:
        self.parts, self.own, self.cluster = parts, False, None
        try:
            self.client = get_client()
        except ValueError:
            self.own = True
            os.environ.setdefault("KERAS_BACKEND", keras.backend.backend())
            count = max(1, min(workers or os.cpu_count() or 1, len(parts)))
            self.cluster = LocalCluster(
                n_workers=count, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50
            )
            self.client = Client(self.cluster)
        self.loaded = [
            self.client.submit(load, part, key=f"lossary-part-{id(self)}-{k}") for k, part in enumerate(parts)
        ]
        self.running: dict[Any, int] = {}

    def begin(self, place: int, recipe: Recipe, question: Question) -> None:
        future = self.client.submit(asked, recipe, question, self.loaded[place], pure=False)
        self.running[future] = place

    def ended(self) -> tuple[int, Any]:
        done = next(iter(wait(list(self.running), return_when="FIRST_COMPLETED").done))
        place = self.running.pop(done)
        try:
            return place, done.result()
        except (KilledWorker, FutureCancelledError):
            self.loaded[place] = self.client.submit(load, self.parts[place], pure=False)
            return place, Lost()

    def close(self) -> None:
        self.running.clear()
        self.loaded.clear()
        if self.own and self.cluster is not None:
            self.client.close()
            self.cluster.close()


def engine(parts: list[Part], workers: int | None) -> Workers:
    return Workers(parts, workers)
