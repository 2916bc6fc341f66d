"""Keras finds a saved loss only once its class is registered; lossary loads its losses when they are touched.

So that `import lossary` stays light and a saved model still loads without custom_objects, Keras's table of registered
names learns where lossary's are as soon as both are imported, in whichever order (numerics.keras_private).
"""

from __future__ import annotations

import sys
from importlib import import_module

from .core import compiling

TYPE_CHECKING = False  # typing, pathlib and importlib.abc would be half of the time that `lossary list` takes
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any


def announce() -> None:
    """Tell Keras where the losses are: now if it is there, or when it comes. `compile` is followed once it matters."""
    compiling.when_needed(_follow_compile)
    keras = sys.modules.get("keras")
    if keras is not None and not getattr(keras.__spec__, "_initializing", False):
        _tell()
    else:
        sys.meta_path.insert(0, _WhenKerasComes())


def register_all() -> None:
    """Import every family, layer and head; defining one registers it."""
    import pkgutil

    families = import_module(f"{__package__}.families")
    for family in pkgutil.iter_modules(families.__path__):
        import_module(f"{__package__}.families.{family.name}")
    for module in ("objective.layers", "objective.learned", "heads"):
        import_module(f"{__package__}.{module}")


def _follow_compile() -> None:
    import_module(f"{__package__}.objective.attachment")


def _tell() -> None:
    import_module(f"{__package__}.numerics.keras_private")


class _WhenKerasComes:
    """Finds Keras where everybody finds it, and tells it after it has been imported."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != "keras":
            return None
        from importlib import util

        sys.meta_path.remove(self)  # also keeps the search below from coming back here
        spec = util.find_spec(name)
        if spec is None or spec.loader is None:
            sys.meta_path.insert(0, self)
            return None
        spec.loader = _ThenTell(spec.loader)  # type: ignore[assignment]
        return spec


class _ThenTell:
    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self.loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self.loader
        self.loader.exec_module(module)
        _tell()
