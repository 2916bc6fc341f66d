"""Ray actors: each holds the blocks of its parts in memory, as they are stored, from the first question on."""

from __future__ import annotations

import os
from typing import Any

import keras
import ray

from ..parts import Block, Part, Question, Recipe, answer
from . import Lost

GONE = (ray.exceptions.RayActorError, ray.exceptions.WorkerCrashedError, ray.exceptions.ObjectLostError)


@ray.remote
class Holder:
    """Parts that were asked before are still there."""

    def __init__(self) -> None:
        self.held: dict[int, list[Block]] = {}

    def ask(self, place: int, part: Part, recipe: Recipe, question: Question) -> Any:
        if place not in self.held:
            self.held[place] = list(part.blocks())
        return answer(recipe, question, iter(self.held[place]))

    def process(self) -> int:
        return os.getpid()


class Actors:
    """Parts are dealt out in turn. An actor that is gone is made anew, and reads its parts again."""

    def __init__(self, parts: list[Part], workers: int | None) -> None:
        self.parts, self.started = parts, not ray.is_initialized()
        if self.started:
            ray.init(include_dashboard=False, log_to_driver=False, logging_level="error")
        count = workers or int(ray.cluster_resources().get("CPU", 1))
        environment = {"KERAS_BACKEND": keras.backend.backend(), "OMP_NUM_THREADS": "1"}
        self.kind = Holder.options(num_cpus=1, runtime_env={"env_vars": environment})  # type: ignore[attr-defined]
        self.actors = [self.kind.remote() for _ in range(max(1, min(count, len(parts))))]
        self.running: dict[Any, tuple[int, Any]] = {}

    def begin(self, place: int, recipe: Recipe, question: Question) -> None:
        actor = self.actors[place % len(self.actors)]
        self.running[actor.ask.remote(place, self.parts[place], recipe, question)] = (place, actor)

    def ended(self) -> tuple[int, Any]:
        (done, *_), _ = ray.wait(list(self.running), num_returns=1)
        place, actor = self.running.pop(done)
        try:
            return place, ray.get(done)
        except GONE:
            if self.actors[place % len(self.actors)] is actor:
                self.actors[place % len(self.actors)] = self.kind.remote()
            return place, Lost()

    def close(self) -> None:
        for actor in self.actors:
            ray.kill(actor)
        if self.started:
            ray.shutdown()


def engine(parts: list[Part], workers: int | None) -> Actors:
    return Actors(parts, workers)
