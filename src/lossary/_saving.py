"""Keras finds a saved loss only once its class is registered; lossary loads its losses when they are touched.

So that `import lossary` stays light and a saved model still loads without custom_objects, the losses are registered as
soon as both lossary and Keras are imported, in whichever order.
"""

from __future__ import annotations

import sys
from importlib import import_module

TYPE_CHECKING = False  # typing, pathlib and importlib.abc would be half of the time that `lossary list` takes
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any


def announce() -> None:
    """Register the losses now if Keras is there, or when it comes."""
    keras = sys.modules.get("keras")
    if keras is not None and not _initialising(keras):
        register_all()
    elif not any(isinstance(finder, _WhenKerasComes) for finder in sys.meta_path):
        sys.meta_path.insert(0, _WhenKerasComes())


def register_all() -> None:
    """Import every family, layer and head; defining one registers it."""
    import pkgutil

    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _WhenKerasComes)]
    families = import_module(f"{__package__}.families")
    for family in pkgutil.iter_modules(families.__path__):
        import_module(f"{__package__}.families.{family.name}")
    for module in ("objective.layers", "objective.learned", "heads"):
        import_module(f"{__package__}.{module}")


def settle() -> None:
    """Register what had to wait because lossary's own import was what brought Keras in."""
    if any(isinstance(finder, _WhenKerasComes) and finder.came for finder in sys.meta_path):
        register_all()


def _initialising(module: ModuleType) -> bool:
    return bool(getattr(module.__spec__, "_initializing", False))


def _ours() -> list[ModuleType]:
    return [module for name, module in list(sys.modules.items()) if name.startswith(f"{__package__}.")]


class _WhenKerasComes:
    """Finds Keras where everybody finds it, and registers the losses after it has been imported."""

    came = False

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != "keras" or self.came:
            return None
        from importlib import util

        self.came = True  # also keeps the search below from coming back here
        spec = util.find_spec(name)
        if spec is None or spec.loader is None:
            self.came = False
            return None
        spec.loader = _ThenRegister(spec.loader)  # type: ignore[assignment]
        return spec


class _ThenRegister:
    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self.loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self.loader
        self.loader.exec_module(module)
        if not any(map(_initialising, _ours())):  # else the façade registers once its own import is through
            register_all()
