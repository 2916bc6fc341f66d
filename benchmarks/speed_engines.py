"""How value and gradient are computed, timed and weighed in memory on each backend."""

from __future__ import annotations

import contextlib
import gc
import os
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from benchmarks import speed_passes

BACKEND = keras.backend.backend()
MODES = {"torch": ["eager"], "jax": ["jit", "eager"], "tensorflow": ["xla", "graph", "eager"]}[BACKEND]
COMPILED = "eager" if BACKEND == "torch" else MODES[0]
LEAST = 0.02  # seconds that one sample takes at least
Run = Callable[[], Any]


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Nothing on the error stream, whichever language writes there."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


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

    def tensor(self, x: Any, dtype: str) -> Any:
        """An array on the device, or a dictionary of them; whole numbers keep their type."""
        return keras.tree.map_structure(lambda x: self._tensor(x, dtype), x)

    def _tensor(self, x: np.ndarray, dtype: str) -> Any:
        whole = x.dtype.kind in "iu"
        if BACKEND == "torch":
            made = self.torch.from_numpy(np.ascontiguousarray(x)).to(self.device)
            return made if whole else made.to(getattr(self.torch, dtype))
        if BACKEND == "jax":
            return self.jax.device_put(self.jax.numpy.asarray(x, x.dtype if whole else dtype), self.device)
        with self.tf.device(self.device):
            return self.tf.constant(x) if whole else self.tf.cast(x, dtype)

    def both(self, f: Callable[..., Any], given: tuple[Any, ...], mode: str) -> Run:
        """A function without arguments: f(y, p, ...) and its gradient by p."""
        return {"torch": self._torch, "jax": self._jax, "tensorflow": self._tensorflow}[BACKEND](f, given, mode)

    def _torch(self, f: Callable[..., Any], given: tuple[Any, ...], mode: str) -> Run:
        y, p, *more = given
        p = keras.tree.map_structure(lambda x: x.detach().clone().requires_grad_(), p)
        leaves = keras.tree.flatten(p)
        f = self.torch.compile(f) if mode == "compile" else f

        def run() -> Any:
            for leaf in leaves:
                leaf.grad = None
            value = f(y, p, *more)
            value.backward()
            return value.detach(), [leaf.grad for leaf in leaves]

        return run

    def _jax(self, f: Callable[..., Any], given: tuple[Any, ...], mode: str) -> Run:
        y, p, *more = given
        step = self.jax.value_and_grad(lambda p, y, *more: f(y, p, *more))
        step = self.jax.jit(step) if mode == "jit" else step

        def run() -> Any:
            out = step(p, y, *more)
            return out if self.gpu else self.jax.block_until_ready(out)

        if mode == "jit":
            run.program = lambda: step.lower(p, y, *more).compile()  # type: ignore[attr-defined]
            run.text = lambda: run.program().as_text()  # type: ignore[attr-defined]
        return run

    def _tensorflow(self, f: Callable[..., Any], given: tuple[Any, ...], mode: str) -> Run:
        tf = self.tf

        def both(y: Any, p: Any, *more: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(p)
                value = f(y, p, *more)
            return value, tape.gradient(value, p)

        step = both if mode == "eager" else tf.function(both, autograph=False, jit_compile=mode == "xla")

        def run() -> Any:
            return step(*given)

        if mode == "xla":
            run.text = lambda: step.experimental_get_compiler_ir(*given)(stage="optimized_hlo")  # type: ignore[attr-defined]
        return run

    def memory(self, run: Run) -> int | None:
        """Bytes that are held at most beyond those before a call, its results among them; None where nothing counts.

        Counted by torch's profiler, from what XLA says of JAX's compiled program, and by TensorFlow's own allocator.
        """
        if BACKEND == "jax":
            found = run.program().memory_analysis()  # type: ignore[attr-defined]
            return None if found is None else int(found.temp_size_in_bytes + found.output_size_in_bytes)
        if BACKEND == "tensorflow":
            memory, name = self.tf.config.experimental, self.device.strip("/")
            run()
            memory.reset_memory_stats(name)
            before = memory.get_memory_info(name)["current"]
            kept = run()
            peak = memory.get_memory_info(name)["peak"]
            del kept
            return int(peak - before)
        if self.gpu:
            cuda = self.torch.cuda
            kept = run()
            held = sum(g.nbytes for g in kept[1] if g is not None)  # freed when the next call begins
            del kept
            cuda.synchronize()
            cuda.reset_peak_memory_stats()
            before = cuda.memory_allocated()
            run()
            cuda.synchronize()
            return int(cuda.max_memory_allocated() - before + held)
        return self._profiled(run)

    def passes(self, run: Run, size: int) -> int | None:
        """How often the whole matrix is gone over; None where the program cannot be read."""
        if BACKEND == "torch":
            with silence():
                return speed_passes.of_torch(self.torch, run, size)
        text = run.text() if hasattr(run, "text") else ""
        return speed_passes.of_program(text, size) if text else None

    def _profiled(self, run: Run) -> int:
        profiler = self.torch.profiler
        run()
        cpu = [profiler.ProfilerActivity.CPU]
        with silence(), profiler.profile(activities=cpu, profile_memory=True) as profile:
            run()
        events = [e for e in profile.profiler.kineto_results.events() if e.name() == "[memory]"]
        now = peak = low = 0
        for event in sorted(events, key=lambda event: event.start_ns()):
            now += event.nbytes()
            low, peak = min(low, now), max(peak, now)  # the gradient of the call before is freed first
        return int(peak - low)

    def clock(self, threads: int) -> Callable[[], float]:
        """Processor time of this process with one thread, else the time on the wall."""
        return time.process_time if threads == 1 and not self.gpu else time.perf_counter

    def wait(self, out: Any) -> None:
        """Until the device has done what it was asked for."""
        if not self.gpu:
            return
        if BACKEND == "torch":
            self.torch.cuda.synchronize()
        elif BACKEND == "jax":
            self.jax.block_until_ready(out)
        else:
            keras.tree.flatten(out)[-1].numpy()

    def arrays(self, out: Any) -> tuple[float, np.ndarray]:
        """Value and gradient as NumPy, in float32: the gradient as one row of numbers."""
        value, *slopes = (
            x.float().cpu() if BACKEND == "torch" else x for x in keras.tree.flatten(out) if x is not None
        )
        slopes = [np.asarray(x, "float32").ravel() for x in slopes]
        return float(np.asarray(value, "float32")), slopes[0] if len(slopes) == 1 else np.concatenate(slopes)

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
    """In what two results differ, or nothing: by 1e-4 of the value and of the largest slope; 5e-2 in half precision."""
    share, least = (5e-2, 1.2e-7) if half else (1e-4, 0.0)
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
