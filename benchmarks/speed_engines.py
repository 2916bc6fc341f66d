"""How value and gradient are computed, timed and weighed in memory on each backend."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

BACKEND = keras.backend.backend()
MODES = {"torch": ["eager"], "jax": ["jit", "eager"], "tensorflow": ["xla", "graph", "eager"]}[BACKEND]
COMPILED = "eager" if BACKEND == "torch" else MODES[0]
LEAST = 0.02  # seconds that one sample takes at least
Run = Callable[[], Any]


class Engine:
    """A backend on one device: tensors, and functions that give value and gradient."""

    def __init__(self, device: str = "cpu") -> None:
        self.gpu = device != "cpu"
        if BACKEND == "torch":
            import torch

            self.torch, self.device = torch, torch.device(device)
        elif BACKEND == "jax":
            import jax

            self.jax, self.device = jax, jax.devices("gpu" if self.gpu else "cpu")[0]
        else:
            import tensorflow as tf

            self.tf, self.device = tf, "/GPU:0" if self.gpu else "/CPU:0"

    def name(self) -> str:
        """What the device is called, where it is no processor."""
        if not self.gpu:
            return ""
        return str(self.torch.cuda.get_device_name()) if BACKEND == "torch" else str(self.device)

    def tensor(self, x: np.ndarray, dtype: str) -> Any:
        """An array on the device; whole numbers keep their type."""
        x = x if x.dtype.kind in "iu" else x.astype(dtype)
        if BACKEND == "torch":
            return self.torch.from_numpy(np.ascontiguousarray(x)).to(self.device)
        if BACKEND == "jax":
            return self.jax.device_put(x, self.device)
        with self.tf.device(self.device):
            return self.tf.constant(x)

    def both(self, f: Callable[..., Any], given: tuple[Any, ...], mode: str) -> Run:
        """A function without arguments: f(y, p, ...) and its gradient by p."""
        return {"torch": self._torch, "jax": self._jax, "tensorflow": self._tensorflow}[BACKEND](f, given, mode)

    def _torch(self, f: Callable[..., Any], given: tuple[Any, ...], mode: str) -> Run:
        y, p, *more = given
        p = p.detach().clone().requires_grad_()
        f = self.torch.compile(f) if mode == "compile" else f

        def run() -> Any:
            p.grad = None
            value = f(y, p, *more)
            value.backward()
            return value.detach(), p.grad

        return run

    def _jax(self, f: Callable[..., Any], given: tuple[Any, ...], mode: str) -> Run:
        y, p, *more = given
        differentiated = self.jax.value_and_grad(lambda p, y, *more: f(y, p, *more))
        step = self.jax.jit(differentiated) if mode == "jit" else differentiated
        if mode == "jit":
            step = step.lower(p, y, *more).compile()

        def run() -> Any:
            return self.jax.block_until_ready(step(p, y, *more))

        run.program = step  # type: ignore[attr-defined]
        return run

    def _tensorflow(self, f: Callable[..., Any], given: tuple[Any, ...], mode: str) -> Run:
        tf = self.tf

        def both(y: Any, p: Any, *more: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(p)
                value = f(y, p, *more)
            return value, tape.gradient(value, p)

        step = both if mode == "eager" else tf.function(both, autograph=False, jit_compile=mode == "xla")
        return lambda: step(*given)

    def clock(self, threads: int) -> Callable[[], float]:
        """Processor time of this process with one thread, else the time on the wall."""
        return time.process_time if threads == 1 and not self.gpu else time.perf_counter

    def wait(self, out: Any) -> None:
        """Until the device has done what it was asked for."""
        if BACKEND == "torch" and self.gpu:
            self.torch.cuda.synchronize()
        elif BACKEND == "tensorflow" and self.gpu:
            out[1].numpy()

    def arrays(self, out: Any) -> tuple[float, np.ndarray]:
        """Value and gradient as NumPy, in float32."""
        value, slope = (x.float().cpu() if BACKEND == "torch" else x for x in out)
        return float(np.asarray(value, "float32")), np.asarray(slope, "float32")

    def sample(self, run: Run, times: int, clock: Callable[[], float]) -> float:
        """Seconds for one call, over so many of them."""
        if BACKEND == "torch" and self.gpu:
            start, end = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
            self.torch.cuda.synchronize()
            start.record()
            for _ in range(times):
                run()
            end.record()
            end.synchronize()
            return float(start.elapsed_time(end)) / 1e3 / times
        before = clock()
        for _ in range(times):
            out = run()
        self.wait(out)
        return (clock() - before) / times


def disagreement(ours: tuple[float, np.ndarray], theirs: tuple[float, np.ndarray], half: bool) -> str:
    """In what two results differ, or nothing: by 1e-4 of the value and of the largest slope; 1e-2 in half precision."""
    share, least = (1e-2, 1.2e-7) if half else (1e-4, 0.0)
    (v, g), (w, h) = ours, theirs
    if not abs(v - w) <= share * abs(v) + 1e-6:
        return f"value {w:.6g} instead of {v:.6g}"
    if g.shape != h.shape:
        return f"a gradient of shape {h.shape} instead of {g.shape}"
    largest, apart = float(np.abs(g).max()), float(np.abs(g - h).max())
    return "" if apart <= share * largest + least else f"gradients differ by {apart / largest:.2g} of the largest"


def interleaved(engine: Engine, runs: dict[str, Run], rounds: int, threads: int) -> dict[str, list[float]]:
    """Seconds for one call of each, in so many rounds; the order turns from round to round."""
    clock, names = engine.clock(threads), list(runs)
    times = {}
    for name, run in runs.items():
        once = engine.sample(run, 1, clock)
        if once < LEAST:
            once = engine.sample(run, min(max(int(LEAST / 4 / max(once, 1e-6)), 1), 10_000), clock)
        times[name] = max(1, round(LEAST / max(once, 1e-7)))
    found: dict[str, list[float]] = {name: [] for name in names}
    gc.collect()
    gc.disable()
    try:
        for k in range(rounds):
            for name in names[k % len(names) :] + names[: k % len(names)]:
                found[name].append(engine.sample(runs[name], times[name], clock))
    finally:
        gc.enable()
    return found


def ratio(theirs: list[float], ours: list[float]) -> float:
    """The median over the rounds of their time by ours."""
    return statistics.median(t / o for t, o in zip(theirs, ours, strict=True))
