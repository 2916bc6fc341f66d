"""How a loss reads what it is given: anything that holds numbers becomes a tensor; everything else is refused by name.

    arrived   the thing itself -> a dense tensor of this backend, or a NumPy array of numbers
    tensor    that -> a tensor of the computing type; labels become whole numbers that the backend can hold

Nothing is tried on the backend to see whether it fails: what can be read is decided by looking at what came.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from decimal import Decimal
from numbers import Integral, Real
from typing import Any, NoReturn

import keras
import numpy as np
from keras import ops

from ..numerics import backend
from .errors import LossaryError, ParameterError, ShapeError, TargetError, shown

Tensor = Any
FLOATS = frozenset({"float16", "bfloat16", "float32", "float64"})
INT32, INT64 = np.iinfo("int32"), np.iinfo("int64")
DEPTH = 32  # of nested lists: as many axes as an array may have


def arrived(owner: str, what: str, y: Any) -> Tensor:
    """`y` as a dense tensor of this backend (itself, so that its gradient and mask stay) or as an array of numbers."""
    if isinstance(y, np.ndarray):
        return _of_numbers(owner, what, y if type(y) is np.ndarray else _plain(owner, what, y))
    if backend.native(y):
        obstacle = backend.obstacle(y)
        if obstacle:
            _refuse(owner, what, *obstacle)
        return y
    if isinstance(y, (list, tuple)):
        return _of_list(owner, what, y)
    if isinstance(y, (Real, Decimal)):
        return _of_numbers(owner, what, np.asarray(y) if isinstance(y, (float, np.generic)) else _object(y))
    held = backend.held(y.value if isinstance(y, keras.Variable) else y)
    if held is not None:
        return arrived(owner, what, held)
    if isinstance(y, keras.KerasTensor):
        _refuse(
            owner, what, "a KerasTensor, which holds no numbers yet",
            "Put the loss into the model with ls.LossLayer, or pass it to compile.",
        )  # fmt: skip
    if isinstance(y, dict):
        _refuse(
            owner, what, f"a dictionary with the keys {_few(map(str, y))}",
            "Give each output its own loss with ls.MultiLoss, or pass one entry.",
        )  # fmt: skip
    return _of_others(owner, what, y)


def tensor(y: Tensor, dtype: str, *, whole: bool = False, bounded: bool = True) -> Tensor:
    """What `arrived` gave as a tensor of `dtype`. `whole` keeps labels whole: they become int32.

    A label beyond int32 becomes the largest or smallest int32, and so no class, where classes are counted (`bounded`);
    where labels only tell rows apart it stays what it is.
    """
    if isinstance(y, np.ndarray):
        labels = _labels(y, bounded) if whole else None
        return ops.convert_to_tensor(_native_floats(y, dtype) if labels is None else labels)
    y = ops.convert_to_tensor(y)
    name = backend.type_name(y)
    if whole and ("int" in name or name == "bool"):
        return _native_labels(y, name, bounded)
    return y if name == dtype else ops.cast(y, dtype)


def read(owner: str, what: str, y: Any, dtype: str, whole: bool = False, bounded: bool = True) -> Tensor:
    """Both steps."""
    return tensor(arrived(owner, what, y), dtype, whole=whole, bounded=bounded)


def narrow(before: tuple[Any, ...], after: tuple[Any, ...]) -> list[tuple[Tensor, Tensor]]:
    """Tensors that were widened, and what they were in half precision, where one pass can read that as well."""
    if not backend.reads_halves():
        return []
    return [
        (y, x)
        for x, y in zip(before, after, strict=True)
        if backend.native(x) and backend.type_name(x) in ("float16", "bfloat16") and y is not x
    ]


def plain(owner: str, what: str, y: Any) -> Any:
    """For code that is no loss of lossary: a tensor of this backend, or an array of a type that every backend has.

    Integers beyond 32 bits become float64: JAX would wrap them round.
    """
    y = arrived(owner, what, y)
    if not isinstance(y, np.ndarray):
        return y
    name, dtype = y.dtype.name, y.dtype
    if y.dtype.kind in "fV":
        dtype = np.dtype("float64" if y.dtype.itemsize > 8 else name if name in ("float16", "float64") else "float32")
    elif name in ("uint16", "uint32", "int64", "uint64") and y.size:
        fits = INT32.min <= y.min().item() and y.max().item() <= INT32.max
        dtype = np.dtype(("int64" if name == "int64" else "int32") if fits else "float64")
    return np.ascontiguousarray(y, dtype.newbyteorder("=")).reshape(y.shape)


def real_type(y: Any) -> str:
    """The type a function computes in: that of the predictions, or floatx for lists, integers and single numbers."""
    if isinstance(y, np.ndarray):
        name = "float64" if y.dtype.kind == "f" and y.dtype.itemsize > 8 else y.dtype.name
    else:
        name = backend.type_name(y)
    return backend.canonical(name) if name in FLOATS else str(keras.config.floatx())


def policy(owner: str, dtype: Any) -> keras.DTypePolicy | None:
    """Keras's policy for the type of a loss's result: a type of real numbers, or a policy that computes in one."""
    if dtype is None:
        return None
    found = None
    if isinstance(dtype, (str, type, dict)) or hasattr(dtype, "name") or "dtype" in type(dtype).__name__:
        with contextlib.suppress(TypeError, ValueError, AttributeError, KeyError):  # so many ways to say "unknown"
            found = keras.dtype_policies.get(dtype)
    if getattr(found, "compute_dtype", None) not in FLOATS:
        raise ParameterError(
            f"{owner}(dtype=...) is the dtype of the result.",
            arrived=f"It was given dtype={shown(dtype)}.",
            allowed="Expected float16, bfloat16, float32, float64, a Keras dtype policy that computes in one, or None.",
            do="Leave `dtype` out for keras.config.floatx().",
        )
    return found


def _native_floats(y: np.ndarray, dtype: str) -> np.ndarray:
    """In the type that is computed in, in this machine's order of bytes, each number rounded once."""
    if y.dtype.itemsize > np.dtype(dtype).itemsize:
        with np.errstate(over="ignore"):  # beyond float32 is infinite, as in a tensor
            y = y.astype(dtype, order="C", copy=False)
    else:
        y = y.astype(dtype, order="C", copy=False)
    return y if y.flags.writeable else y.copy()


def _labels(y: np.ndarray, bounded: bool) -> np.ndarray | None:
    """Labels as integers; None where some are no whole numbers."""
    kind = y.dtype.kind
    if kind not in "iub" and (kind != "f" or not (np.isfinite(y).all() and (np.rint(y) == y).all())):
        return None
    if kind == "b" or (kind in "iu" and y.dtype.itemsize < 4) or y.size == 0 or y.dtype.name == "int32":
        return y.astype("int32")
    low, high = y.min().item(), y.max().item()
    if low >= INT32.min and high <= INT32.max:
        return y.astype("int32")
    if bounded:
        return np.where(y > INT32.max, INT32.max, np.where(y < INT32.min, INT32.min, y)).astype("int32")
    if backend.canonical("int64") != "int64" or low < INT64.min or high > INT64.max:
        raise TargetError(
            "Class labels are kept as integers.",
            arrived=f"y_true holds labels from {low} to {high}.",
            allowed="Expected labels that fit the backend's widest integer type, which has 32 bits on JAX.",
            do="Renumber them from 0: np.unique(labels, return_inverse=True)[1].",
        )
    return y.astype("int64")


def _native_labels(y: Tensor, name: str, bounded: bool) -> Tensor:
    """Labels that are a tensor already, as int32."""
    if name in ("uint32", "uint64"):
        y = backend.signed(y)
    elif name != "int64":
        return y if name == "int32" else ops.cast(y, "int32")
    if not bounded:
        return y
    return ops.cast(ops.clip(y, INT32.min, INT32.max), "int32")


def _of_numbers(owner: str, what: str, y: np.ndarray) -> np.ndarray:
    """An array, unless it holds something else than real numbers."""
    kind = y.dtype.kind
    if kind in "fiub":
        return y
    if kind == "O":
        return _from_objects(owner, what, y)
    name = y.dtype.name
    if kind == "V" and y.dtype.names is None and name.startswith(("bfloat16", "float", "int", "uint")):
        return y.astype("int32" if "int" in name else "float32") if name != "bfloat16" else y  # four bits, eight bits
    named = {"c": "complex numbers", "M": "points in time", "m": "spans of time", "U": "text", "S": "bytes"}
    _refuse(
        owner, what, f"an array of {named.get(kind, 'records')} ({y.dtype})",
        {
            "c": "Take y.real, or the absolute value.", "M": "Subtract a first day, and divide by a span of time.",
            "m": "Divide by a span of time, for instance np.timedelta64(1, 's').",
            "U": "Convert numbers with y.astype('float32'); encode names with np.unique(y, return_inverse=True)[1].",
        }.get(kind, "Take one column of numbers."),
    )  # fmt: skip


def _from_objects(owner: str, what: str, y: np.ndarray) -> np.ndarray:
    """Python's own numbers (also Decimal and Fraction) out of an array of objects."""
    for place, entry in enumerate(y.flat):
        if not isinstance(entry, (Real, Decimal)) or type(entry).__name__ == "NaTType":
            _refuse(
                owner, what, f"an array of objects; entry {place} is a {type(entry).__name__}",
                "Convert it to numbers, for instance with y.astype('float32'); fill what is missing first.",
            )  # fmt: skip
    entries: list[Any] = list(y.flat)
    if entries and all(isinstance(entry, Integral) and INT64.min <= int(entry) <= INT64.max for entry in entries):
        return np.array(list(map(int, entries)), dtype="int64").reshape(y.shape)
    try:
        return np.array(list(map(float, entries)), dtype="float64").reshape(y.shape)
    except (OverflowError, ValueError):  # 10 ** 400; a signalling NaN of Decimal
        _refuse(owner, what, "a number that float64 does not hold", "Rescale the numbers.")


def _of_list(owner: str, what: str, y: Any) -> Tensor:
    """Nested lists: by NumPy, or part by part where they hold arrays or tensors."""
    kinds = _leaves(owner, what, y, 1)
    if not any(_is_array(kind) for kind in kinds):
        try:
            return _of_numbers(owner, what, np.asarray(y))
        except ValueError as error:
            if isinstance(error, LossaryError):
                raise
            raise _unequal(owner, what) from error
        except OverflowError:  # a float beside an integer that no float holds
            _refuse(owner, what, "a number that float64 does not hold", "Rescale the numbers.")
    parts = [arrived(owner, what, part) for part in y]
    if len({tuple(part.shape) for part in parts}) != 1:
        raise _unequal(owner, what)
    if all(isinstance(part, np.ndarray) for part in parts):
        return np.stack(parts)
    tensors = [ops.convert_to_tensor(part) for part in parts]
    common = keras.backend.result_type(*map(backend.type_name, tensors))
    return ops.stack([ops.cast(part, common) for part in tensors])


def _leaves(owner: str, what: str, y: Iterable[Any], depth: int) -> set[type]:
    """The types of what nested lists hold."""
    kinds = set(map(type, y))
    nested = {kind for kind in kinds if issubclass(kind, (list, tuple))}
    if nested and depth == DEPTH:
        _refuse(owner, what, f"lists nested more than {DEPTH} deep", "Look for a list that holds itself.")
    if nested:
        kinds -= nested
        for part in y:
            if isinstance(part, (list, tuple)):
                kinds |= _leaves(owner, what, part, depth + 1)
    return kinds


def _is_array(kind: type) -> bool:
    return not issubclass(kind, np.generic) and (
        hasattr(kind, "__array__") or hasattr(kind, "shape") or issubclass(kind, (keras.Variable, keras.KerasTensor))
    )


def _plain(owner: str, what: str, y: np.ndarray) -> np.ndarray:
    """A plain array for a subclass of it. A masked array without masked entries is one."""
    if isinstance(y, np.ma.MaskedArray) and np.ma.is_masked(y):
        _refuse(
            owner, what, f"a masked array that masks {int(np.ma.count_masked(y))} of its {y.size} entries",
            "Pass y.filled(0) and sample_weight=~np.ma.getmaskarray(y), one weight for each row.",
        )  # fmt: skip
    return np.asarray(y.data if isinstance(y, np.ma.MaskedArray) else y)


def _of_others(owner: str, what: str, y: Any) -> np.ndarray:
    """Tensors of another library, tables, buffers: whatever can say itself as an array."""
    library = next((base.__module__.partition(".")[0] for base in type(y).__mro__ if _of_library(base)), "")
    if library:
        return _of_numbers(owner, what, _of_library_tensor(owner, what, y, library.removesuffix("lib")))
    known = hasattr(type(y), "__array__") or hasattr(type(y), "__array_interface__")
    if not known and not isinstance(y, (range, memoryview, bytearray)) and type(y).__name__ != "array":
        _refuse(owner, what, f"a {type(y).__name__}", "Convert it to a list or an array of numbers.")
    try:
        array = np.asarray(y)
    except Exception as error:  # the object's own conversion, whatever it may raise
        shown = f"a {type(y).__name__}, whose conversion to an array failed ({error})"
        raise _refusal(owner, what, shown, "") from error
    return _of_numbers(owner, what, array)


def _of_library(base: type) -> bool:
    return base.__module__.partition(".")[0] in ("torch", "tensorflow", "jax", "jaxlib")


def _of_library_tensor(owner: str, what: str, y: Any, library: str) -> np.ndarray:
    """A tensor of a library that Keras does not run on here: its numbers, unless a gradient would be lost."""
    shown, here = f"a {type(y).__name__} of {library}", keras.backend.backend()
    detach = f"Pass its numbers alone (detached, as a NumPy array), or let Keras run on {library}."
    if library == "torch" and hasattr(y, "requires_grad"):
        if y.requires_grad:
            _refuse(owner, what, f"{shown} that records gradients, which are lost on {here}", detach)
        if y.is_sparse or y.is_quantized or y.is_complex() or str(y.layout) != "torch.strided" or y.is_meta:
            _refuse(owner, what, f"{shown} that is not a dense tensor of real numbers", "Pass a dense array.")
        y = y.detach().cpu()
        return np.asarray((y.float() if "float8" in str(y.dtype) or "bfloat16" in str(y.dtype) else y).numpy())
    if library == "tensorflow" and hasattr(y, "numpy") and not hasattr(y, "assign") and hasattr(y, "dtype"):
        return np.asarray(y.numpy())
    if library == "jax" and hasattr(y, "__array__") and isinstance(y.dtype, np.dtype) and not _traced(y):
        return np.asarray(y)
    _refuse(owner, what, f"{shown}, while Keras runs on {here}", detach)


def _traced(y: Any) -> bool:
    return any(base.__name__ == "Tracer" for base in type(y).__mro__)


def _object(y: Any) -> np.ndarray:
    """A number as an array of objects: NumPy would take some of them for text, and others for whole numbers only."""
    array = np.empty((), dtype=object)
    array[()] = y
    return array


def _few(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:5]) + (", …" if len(listed) > 5 else "")


def _unequal(owner: str, what: str) -> ShapeError:
    return ShapeError(
        f"{owner} reads {what} as an array of numbers.",
        arrived="It was given nested lists of unequal lengths.",
        allowed="Expected lists in which every row has the same length.",
        do="Pad the rows to one length and mask the padding with sample_weight.",
    )


def _refuse(owner: str, what: str, shown: str, do: str) -> NoReturn:
    raise _refusal(owner, what, shown, do)


def _refusal(owner: str, what: str, shown: str, do: str) -> LossaryError:
    return LossaryError(
        f"{owner} reads {what} as an array of numbers.",
        arrived=f"It was given {shown}.",
        allowed="Expected floats, integers or booleans in a list, an array, a table or a dense tensor.",
        do=do or "Convert it first, for instance with np.asarray(y, 'float32').",
    )
