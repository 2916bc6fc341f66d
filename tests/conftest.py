"""The suite runs once per backend: KERAS_BACKEND=tensorflow (default), jax or torch.

Without --full the quick part runs; what it leaves out is marked `full` or, on the other backends, `once`:
- `full` (tests/laws/cases.py): a law of forms, for a loss that is not the first of its form.
- `once` (here): what rooms above the losses say about each loss, model or table. The first parameters of such a test
  run on every backend, the others on one: the numbers of losses are under the laws, on all. Tests that take their time
  and say the same on every backend are marked so too.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # for tensors this small, torch's threads only wait for each other
# JAX compiles every operation for every shape: what one worker, or an earlier run, has compiled need not be again.
os.environ.setdefault(
    "JAX_COMPILATION_CACHE_DIR", os.path.join(os.path.dirname(__file__), "..", ".pytest_cache", "jax")
)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

import numpy as np
import pytest

ABOVE = {"checking", "cli", "drawing", "explorer", "fuzz", "linear", "peers", "tools"}


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="every law for every loss, as `make test-all` does")


def pytest_configure(config):
    full = config.getoption("--full") or "full" in config.option.markexpr
    os.environ["LOSSARY_LAWS"] = "full" if full else "quick"  # for tests/laws/cases.py: thousands need not be collected
    if not config.getoption("--full"):  # the laws of exactness ask for the usual level (tests/backends.py)
        os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")


def pytest_collection_modifyitems(config, items):
    """`-m full` asks for what is left out by itself."""
    seen = set()
    for item in items:
        test = item.nodeid.partition("[")[0]
        if test in seen and above_the_losses(item):
            item.add_marker(pytest.mark.once)
        seen.add(test)
    if not config.getoption("--full") and "full" not in config.option.markexpr:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("full")])
        items[:] = [item for item in items if not item.get_closest_marker("full")]


def above_the_losses(item):
    """Whether a test with parameters is one of a room above the losses, or goes through the losses outside the laws."""
    from lossary.core.loss import Loss

    if not hasattr(item, "callspec"):
        return False
    room = item.path.relative_to(item.config.rootpath / "tests").parts[0]
    cls = getattr(item.callspec.params.get("case"), "cls", item.callspec.params.get("cls"))
    of_each_loss = isinstance(cls, type) and issubclass(cls, Loss)
    return room in ABOVE or (of_each_loss and room not in ("laws", "oracle"))


@pytest.fixture(autouse=True, scope="module")
def _little_memory():
    """JAX keeps every program it has compiled: gigabytes over thousands of tests."""
    yield
    if os.environ["KERAS_BACKEND"] == "jax":
        import jax

        jax.clear_caches()


@pytest.fixture
def rng():
    return np.random.default_rng(20260101)


@pytest.fixture(autouse=True)
def _seeded():
    import keras

    keras.utils.set_random_seed(7)
