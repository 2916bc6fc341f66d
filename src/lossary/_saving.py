"""What Keras has to know of lossary as soon as both are imported, in whichever order, and without importing a loss.

- Saved names: Keras finds a saved loss only once its class is registered, and lossary loads its losses when they are
  touched. Keras's table of names learns where they are (numerics.keras_private).
- `compile` and `fit`: once a loss was made, objective.attachment follows them. They are replaced at once, and pass on
  what they are given: of `model.compile(loss=ls.Huber())`, Python looks up `compile` first.
"""

from __future__ import annotations

import sys
from functools import wraps
from importlib import import_module

from .core import compiling

TYPE_CHECKING = False  # typing, pathlib and importlib.abc would be half of the time that `lossary list` takes
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

LOADING = "compile_from_config"
FOLLOWED = ("compile", "fit", LOADING)


def announce() -> None:
    """Tell Keras now if it is there, or when it comes."""
    keras = sys.modules.get("keras")
    if keras is not None and not getattr(keras.__spec__, "_initializing", False):
        _tell(keras)
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


def _tell(keras: ModuleType) -> None:
    import_module(f"{__package__}.numerics.keras_private")  # which adds the names
    # Each where it is defined: Keras loads a model's compilation only while no class below has its own.
    for name in FOLLOWED:
        owner = next(cls for cls in keras.Model.__mro__ if name in vars(cls))
        setattr(owner, name, _followed(name, vars(owner)[name]))


def _followed(name: str, inner: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(inner)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if name == LOADING and f"{__package__}>" in str((args, kwargs)):
            compiling.needed()  # by a function perhaps, which makes no loss before it is called
        if name == LOADING or not compiling.made():
            return inner(self, *args, **kwargs)
        follow = getattr(import_module(f"{__package__}.objective.attachment"), name)
        return follow(inner, self, *args, **kwargs)

    return method


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
        _tell(module)
