"""Random calls, each a line of Python that repeats it, with what is right for it.

A call is a function of (seed, number) alone. `Call.expects` is the value by a formula that shares no code with the
losses ("value"), a refusal ("refused"), or one of the two where nothing more is known ("any").
"""

import array
import contextlib
import importlib.util
import math
import warnings
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import keras
import ml_dtypes
import numpy as np
from keras import ops

import lossary as ls
from lossary.core.forms import Categorical, Divergence, Outputs, Overlap, VectorLikelihood
from tests.backends import BACKEND, compiled
from tests.laws.cases import CASES, targets
from tests.oracle import likelihoods  # noqa: F401  (they enter their losses)
from tests.oracle.formulas import ORACLE

pd = importlib.import_module("pandas") if importlib.util.find_spec("pandas") else None
pl = importlib.import_module("polars") if importlib.util.find_spec("polars") else None
sp = importlib.import_module("scipy.sparse") if importlib.util.find_spec("scipy") else None
other = importlib.import_module("jax" if BACKEND == "torch" else "torch")  # a library that Keras does not run on here
own = importlib.import_module(BACKEND)


@dataclass
class Call:
    """`code` is evaluated; `name` is the callable that is counted."""

    name: str
    code: str
    expects: str
    value: Any = None
    tolerance: float = 2e-4


# -- helpers that the lines of code use -------------------------------------------------------------------------------


def ro(x):
    """Read-only."""
    x.flags.writeable = False
    return x


def masked(tensor, mask):
    """A tensor that carries a mask."""
    tensor = ops.copy(ops.convert_to_tensor(tensor))
    with contextlib.suppress(AttributeError):
        tensor._keras_mask = mask
    return tensor


def recorded(x):
    """A tensor of the other library whose gradient would be lost."""
    if BACKEND == "torch":
        return other.make_jaxpr(lambda v: v)(x)
    return other.tensor(x, requires_grad=True)


def line(loss=None):
    """A small model, compiled with a loss if one is given."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    if loss is not None:
        model.compile("sgd", loss)
    return model


def trained(model, x, y, **how):
    """The last target of one short training."""
    return ls.train(model, x, y, epochs=1, batch_size=4, optimizer="sgd", verbose=0, **how)


SPACE = {
    "np": np,
    "ls": ls,
    "keras": keras,
    "ops": ops,
    "ml_dtypes": ml_dtypes,
    "pd": pd,
    "pl": pl,
    "sp": sp,
    "array": array.array,
    "Decimal": Decimal,
    "Fraction": Fraction,
    "other": other,
    "own": own,
    "ro": ro,
    "masked": masked,
    "recorded": recorded,
    "compiled": compiled,
    "line": line,
    "trained": trained,
    "nan": math.nan,
    "inf": math.inf,
    "math": math,
}


# -- what a call gives ------------------------------------------------------------------------------------------------


def outcome(call):
    """ "right", "refused", or a sentence that says what is wrong."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            got = eval(call.code, dict(SPACE))
    except ls.LossaryError as error:
        if call.expects == "value":
            return f"refused what it should take: {error}"
        four = error.asked and (error.arrived and error.allowed and error.do)
        return (
            "refused" if four or type(error).__name__ == "UnknownLossError" else f"an error without its parts: {error}"
        )
    except Exception as error:
        text = str(error).strip().splitlines() or [""]
        return f"{type(error).__name__}: {text[0][:150]}"
    if call.expects == "refused":
        return f"took what it should refuse, and gave {_short(got)}"
    if call.expects == "value":
        want = np.asarray(call.value, "float64")
        if keras.backend.standardize_dtype(got.dtype) == "float16":
            want = np.where(np.abs(want) < 65520, want, np.copysign(np.inf, want))  # beyond its largest number
        got = np.asarray(ops.convert_to_numpy(ops.cast(got, "float32")), "float64")
        if got.shape != want.shape:
            return f"gave shape {got.shape}, right is {want.shape}"
        if not np.allclose(
            got,
            want,
            rtol=call.tolerance,
            atol=call.tolerance * max(1.0, np.abs(want).max(initial=0.0, where=np.isfinite(want))),
        ):
            return f"gave {_short(got)}, right is {_short(want)}"
    return "right"


def _short(x):
    return str(x).replace("\n", " ")[:120]


# -- numbers and what holds them --------------------------------------------------------------------------------------


def literal(a, dtype="float64"):
    """An array as Python writes it."""
    text = repr(a.tolist())
    return f"np.array({text}, {dtype!r})" if a.size else f"np.zeros({a.shape}, {dtype!r})"


def exact(a, dtype):
    with np.errstate(all="ignore"):
        return bool((a.astype(dtype).astype("float64") == a).all())


def holders(a):
    """Lines of code that hold the numbers of `a`, all of which have to be taken; with the type they compute in."""
    base = literal(a)
    found = [base, f"{base}.astype('>f8')", f"np.asfortranarray({base})", f"{literal(a[::-1])}[::-1]"]
    found += [f"np.repeat({base}, 2, axis=-1)[..., ::2]", f"ro({base})", f"{base}.astype('longdouble')"]
    found += [f"{base}.astype(object)", f"np.ma.array({base})", f"np.ma.array({base}, mask=False)"]
    found += [f"{base}.tolist()"] if a.size else []
    found += [f"tuple({base})"] if a.ndim and len(a) else []
    found += [f"keras.Variable({base}, dtype='float32')", f"ops.convert_to_tensor({base}, 'float32')"]
    found += [f"[ops.convert_to_tensor(v, 'float32') for v in {base}]"] if len(a) else []
    for dtype in ("float16", "float32", ">f4", "int8", "uint8", ">i2", "int16", "uint16", "int32", "uint32", "int64"):
        if exact(a, dtype):
            found.append(f"{base}.astype({dtype!r})")
    found += [f"{base}.astype('uint64')"] if exact(a, "uint64") and (a >= 0).all() else []
    found += [f"{base}.astype(bool)"] if np.isin(a, (0.0, 1.0)).all() else []
    for dtype in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        if exact(a, getattr(ml_dtypes, dtype)):
            found.append(f"{base}.astype(ml_dtypes.{dtype})")
    for dtype in ("float16", "bfloat16", "int32", "uint8"):
        if exact(a, getattr(ml_dtypes, dtype, dtype)):
            found.append(f"ops.cast({base}, {dtype!r})")
    if a.ndim == 2:
        found.append(f"np.asmatrix({base})")
        found += [f"pd.DataFrame({base})", f"pd.DataFrame({base}).astype(object)"] if pd is not None else []
        found += [f"pd.DataFrame({base}).convert_dtypes()"] if pd is not None and a.size else []
        found += [f"pl.DataFrame({base})"] if pl is not None and a.size else []
    if a.ndim == 1:
        found += [f"memoryview({base})", f"array('d', {a.tolist()})", f"list(map(Decimal, {a.tolist()}))"]
        found += [f"list(map(Fraction, {a.tolist()}))"]
        found += [f"pd.Series({base})", f"pd.Series({base}, dtype='Float64')"] if pd is not None else []
        found += [f"pl.Series({base})"] if pl is not None else []
    module = "other.numpy.asarray" if BACKEND == "torch" else "other.tensor"
    found.append(f"{module}({literal(a, 'float32')})")
    return found


NEVER = [
    "None",
    "'text'",
    "b'bytes'",
    "{1.0, 2.0}",
    "(v for v in [1.0])",
    "object()",
    "{'a': [1.0]}",
    "[['a', 'b']]",
    "[None, None]",
    "[[1.0], [2.0, 3.0]]",
    "[1.0, None]",
    "[1.0, 'x']",
    "[{}]",
    "np.array([1j, 2.0])",
    "1j",
    "np.array(['a'])",
    "np.array([b'a'])",
    "np.array(['2026-01-01'], 'datetime64[D]')",
    "[np.timedelta64(1, 's')]",
    "np.zeros(2, [('a', 'f4'), ('b', 'i4')])",
    "np.array([None, 1.0])",
    "[10 ** 400]",
    "10 ** 400",
    "[1.5, 10 ** 400]",
    "np.ma.array([1.0, 2.0], mask=[True, False])",
    "np.ma.masked",
    "np.ma.masked_all((2, 3))",
    "np.void(b'ab')",
    "keras.KerasTensor((2, 3))",
    "ops.cast(ops.convert_to_tensor([1.0]), 'complex64')",
    "line()",
    "ls",
    "ls.Huber()",
    "[Decimal('sNaN')]",
    "recorded([1.0, 2.0])",
    "np.datetime64('NaT')",
    "[ops.zeros(2), ops.zeros(3)]",
    "[ops.zeros(2), 'a']",
    "float",
    "np.random.default_rng(0)",
    "...",
    "slice(3)",
    "iter([1.0])",
    "(lambda: 1)",
]
NEVER += (
    [
        "pd.Series(['a', 'b'])",
        "pd.Series([1, None], dtype='object')",
        "pd.DataFrame({'a': [1.0], 'b': ['x']})",
        "pd.Series(pd.to_datetime(['2026-01-01']))",
        "pd.Series(['a'], dtype='category')",
    ]
    if pd is not None
    else []
)
NEVER += ["pl.Series(['a'])", "pl.DataFrame({'a': [1.0], 'b': ['x']})"] if pl is not None else []
NEVER += ["sp.csr_matrix(np.eye(3))"] if sp is not None else []
NEVER += {
    "tensorflow": [
        "own.constant(['a'])",
        "own.sparse.from_dense([[1.0]])",
        "own.ragged.constant([[1.0], [1.0, 2.0]])",
        "own.constant([1j])",
        "own.IndexedSlices(own.ones((1, 2)), own.constant([0]))",
        "own.TensorArray('float32', 2)",
        "other.eye(2).to_sparse()",
        "other.ones(2, device='meta')",
    ],
    "jax": [
        "own.random.key(0)",
        "own.numpy.array([1j])",
        "own.experimental.sparse.BCOO.fromdense(own.numpy.eye(2))",
        "other.eye(2).to_sparse()",
        "other.ones(2, device='meta')",
        "own.ShapeDtypeStruct((2,), 'float32')",
    ],
    "torch": [
        "own.eye(2).to_sparse()",
        "own.ones(2, device='meta')",
        "own.tensor([1j])",
        "own.nested.nested_tensor([own.ones(1), own.ones(2)])",
        "own.quantize_per_tensor(own.ones(2), 1.0, 0, own.quint8)",
        "other.random.key(0)",
    ],
}[BACKEND]
if BACKEND == "jax":
    importlib.import_module("jax.experimental.sparse")
ODD = [
    "[]",
    "[[]]",
    "np.zeros((0, 3))",
    "np.zeros((3, 0))",
    "np.zeros((0,))",
    "np.zeros((2, 0, 3))",
    "0.5",
    "True",
    "3",
    "np.float32(1.0)",
    "np.array(2.0)",
    "[nan, 1.0, inf]",
    "np.array([[nan, -inf, 0.0]])",
    "[1e308, -1e308]",
    "np.array([1e300, 1e-300])",
    "np.ones((2, 3, 4, 5))",
    "np.ones((1,) * 30)",
    "np.ones((3, 1))",
    "np.ones((1, 3))",
    "[[2 ** 63, 2 ** 64 - 1]]",
    "[-1, 2 ** 63]",
    "np.array([2 ** 64 - 1], 'uint64')",
    "[[True, False]]",
    "np.array([-(2 ** 63)], 'int64')",
    "np.full((2, 3), 3_000_000_000)",
    "np.full((2,), 2 ** 53 + 1)",
    "range(3)",
    "bytearray(b'abc')",
    "np.arange(6).reshape(2, 3)[:, ::-1]",
    "np.broadcast_to(1.0, (2, 3))",
    "np.ones((2, 3), '>i8')",
    "masked(np.ones((2, 3), 'float32'), np.array([True, False]))",
    "masked(np.ones((2, 3), 'float32'), 'x')",
    "masked(np.ones((2, 3), 'float32'), np.ones((3, 2)))",
    "masked(np.ones((2, 3), 'float32'), np.ones((2, 3, 4)))",
    "masked(np.ones((2, 3), 'float32'), [True])",
    "masked(np.ones((2, 3), 'float32'), None)",
    "np.ones((2, 3), 'float16')",
    "np.zeros(0, 'int64')",
    "[[], []]",
    "np.longdouble(1)",
    "np.zeros((2, 3), ml_dtypes.int4)",
    "np.array([], dtype=object)",
]
SCALARS = [
    "None",
    "0",
    "1",
    "-1",
    "2",
    "0.5",
    "-0.5",
    "1.5",
    "1e-12",
    "1e12",
    "nan",
    "inf",
    "-inf",
    "'x'",
    "'2.0'",
    "True",
    "False",
    "10 ** 400",
    "-(10 ** 5000)",
    "2 ** 40",
    "[]",
    "[0.5]",
    "(0.2, 0.7)",
    "[0.5, 2.0]",
    "(1.0, 2.0, 3.0)",
    "np.float32(0.5)",
    "np.int64(2)",
    "np.array(0.5)",
    "np.array([0.2, 0.8])",
    "np.longdouble(0.5)",
    "1j",
    "{}",
    "b'x'",
    "Decimal('0.5')",
    "Fraction(1, 2)",
    "Fraction(10 ** 400)",
    "object()",
    "ops.convert_to_tensor(0.5)",
    "ls.Huber()",
    "ops.convert_to_tensor([0.5, 1.0])",
    "keras.Variable(0.5)",
    "keras.KerasTensor(())",
    "np.ma.masked",
    "'sum'",
    "ls.LinearSchedule(0.1, 0.9, steps=10)",
    "ls.Dial(0.5)",
    "ls.Schedule(lambda step: 0.5)",
    "{'class_name': 'x'}",
    "keras.optimizers.schedules.ExponentialDecay(0.5, 10, 0.9)",
    "float",
    "[[1.0]]",
    "[None]",
    "['a', 'b']",
    "(lambda: 0.5)",
    "np.array(['a'])",
    "'log_variance'",
    "'std'",
    "recorded([0.5])",
    "...",
    "np.datetime64('2026-01-01')",
    "'mse'",
    "np.array([True, False])",
    "'float16'",
    "np.float16",
    "'int32'",
    "'complex64'",
    "keras.DTypePolicy('mixed_float16')",
]


# -- lawful calls in unusual clothes ----------------------------------------------------------------------------------


def lawful(random):
    """A loss with lawful numbers in any holder, any shape that fits, weights or none: the value is known."""
    case = random.choice([case for case in CASES if case.parameters.get("whole_batch") or not case().coupled])
    cls, parameters = case.cls, case.parameters
    name = cls.__name__
    n = int(random.choice([0, 1, 2, 3], p=[0.1, 0.2, 0.3, 0.4]))
    y, p, standard = numbers(random, case, n)
    values = rows(case, y, p)
    shapes = values.shape
    function = random.random() < 0.4
    texts = parameters
    given = ", ".join(f"{k}={v!r}" for k, v in texts.items())
    y_text, p_text = random.choice(holders(y)), random.choice(holders(p))
    # A tuple of as many rows as outputs could be either.
    either = case().contract.shape == "parameters" and p_text.startswith("tuple(") and n == p.shape[-1]
    tolerance = 3e-2 if any(t in p_text for t in ("float16", "float8")) else 5e-4
    if function or name in ("Circle",):
        if case().gives.__name__ == "RisingSums":  # one number for all rows
            values = np.array(np.sqrt(np.mean(values**2)) if values.size else 0.0)
        elif y.ndim == 1 and not standard:
            values = values.mean(keepdims=False) if n else None
        if values is None or (name == "Circle" and n < 1):
            return Call(name, f"ls.{snake(name)}({y_text}, {p_text}{', ' + given if given else ''})", "any")
        call = f"ls.{snake(name)}({y_text}, {p_text}{', ' + given if given else ''})"
        return Call(snake(name), call, "refused" if either else "value", values, tolerance)
    reduction = str(random.choice(["none", "sum", "mean", "sum_over_batch_size", "mean_with_sample_weight"]))
    plain = "ignore_class" not in parameters and not parameters.get("whole_batch")
    plain = plain and name not in ("Circle", "RootMeanSquaredError")
    loss = f"ls.{name}({given}{', ' if given else ''}reduction={reduction!r})"
    weight, w = "", None
    if random.random() < 0.6 and plain:
        w = random.integers(0, 4, size=shapes[: int(random.integers(1, len(shapes) + 1))]).astype("float64")
        weight = ", " + str(random.choice(holders(w)))
        w = w.reshape(w.shape + (1,) * (len(shapes) - w.ndim)) * np.ones(shapes)
    if not plain and reduction != "none":
        loss, reduction = f"ls.{name}({given}{', ' if given else ''}reduction='none')", "none"
    if parameters.get("whole_batch"):
        loss, reduction = f"ls.{name}({given})", "sum"
    weighed = values if w is None else values * w
    total, count = weighed.sum(), values.size
    if reduction == "mean_with_sample_weight" and w is not None:
        count = w.sum()
    value = {"none": weighed, "sum": total}.get(reduction, total / count if count else 0.0)
    expects = "refused" if either else "value" if n or plain else "any"
    call = f"{loss}({y_text}, {p_text}{weight})"
    if random.random() < 0.01 and n and "keras.Variable" not in call:
        whole = name != "CTC"  # whose kernel breaks torch's graph
        tensors = f"[{literal(y, 'float32')}, {literal(p, 'float32')}]"
        call = f"compiled({loss}, {whole})(*map(ops.convert_to_tensor, {tensors}))"
        expects = "value"
        value = {"none": values, "sum": values.sum()}.get(reduction, values.mean())
        tolerance = 5e-4
    return Call(name, call, expects, value, tolerance)


def snake(name):
    from lossary.core.declaration import snake as of

    return of(name)


def numbers(random, case, n):
    """Lawful y_true and y_pred that half precision holds exactly, and whether a flat y_true holds rows."""
    loss, name = case(), case.cls.__name__
    rules = loss.contract
    if name == "CTC":
        return np.tile([1.0, 2.0, 0.0], (n, 1)), random.integers(-8, 9, size=(n, 5, 4)) / 4, True
    if name == "Circle":
        return random.integers(0, 2, size=n).astype(float), np.eye(4)[random.integers(0, 4, size=n)], True
    if rules.shape == "parameters":
        p = random.integers(-8, 9, size=(n, rules.parameters)) / 4
        if isinstance(loss, Outputs):
            y = np.round(8.0 * targets(rules.target, (n, 1), random)) / 8
            inside = (y > rules.target.low) & (y < rules.target.high)
            y = np.where(inside, y, rules.target.neutral)
            return np.sort(y, axis=-1) if rules.ends else y, p, True
        if getattr(loss, "spread", "log_variance") != "log_variance":
            p = np.abs(p) + 0.5
        return random.integers(-4, 5, size=(n, 1)).astype(float), p, True
    lead = (n,) if random.random() < 0.6 or "whole_batch" in case.cls.params else (n, int(random.integers(1, 4)))
    if isinstance(loss, VectorLikelihood):
        y = random.integers(1, 9, size=(*lead, 4)).astype(float)
        shares = np.array([[1, 3, 4, 8], [4, 4, 4, 4], [2, 2, 9, 3]]) / 16
        y = shares[random.integers(0, 3, size=lead)] if rules.target.high == 1 else y
        return y, random.integers(-8, 9, size=(*lead, 4)) / 4, False
    if isinstance(loss, (Categorical, Divergence)) or rules.shape == "index" or name == "CategoricalHinge":
        index = random.integers(0, 4, size=lead)
        p = random.integers(-12, 13, size=(*lead, 4)) / 4
        shares = np.array([[1, 3, 4, 8], [4, 4, 4, 4], [2, 2, 9, 3], [10, 1, 1, 4]]) / 16
        if rules.prediction.high == 1.0:
            p = shares[random.integers(0, 4, size=lead)]
        if isinstance(loss, Divergence):
            return (
                shares[index],
                p if rules.prediction.low < 0 or rules.prediction.high == 1.0 else np.abs(p) + 0.125,
                False,
            )
        if rules.shape == "index":
            return index.astype(float), p, True
        return np.eye(4)[index], p, False
    shape = (*lead, 4)
    if len(lead) == 1 and random.random() < 0.2 and name not in ("Dice", "Tversky", "CosineSimilarity"):
        shape = (n, 1)
    kind, target = rules.prediction, rules.target
    p = (
        random.integers(1, 16, size=shape) / 16
        if kind.high == 1.0
        else random.integers(-12, 13, size=shape) / 4 + 0.125
    )
    if (kind.low == 0 and kind.high > 1) or "Logarithmic" in name:
        p = np.abs(p)
    y = random.integers(-3, 4, size=shape).astype(float)
    if target.allowed:
        y = random.choice([-1.0, 1.0], size=shape)
    elif target.high == 1.0:
        y = random.integers(0, 2, size=shape).astype(float)
    elif target.low == 0 or "Logarithmic" in name or name == "MeanAbsolutePercentageError":
        y = np.abs(y) + 1
    y, p = (-np.abs(x) if rule.high == 0 else x for x, rule in ((y, target), (p, kind)))
    if name == "CosineSimilarity":
        y = y + 0.5
    return y, p, False


def rows(case, y, p):
    """The value of every row, by the formulas of the oracle."""
    name = snake(case.cls.__name__)
    whole = case.parameters.get("whole_batch")
    of_images = ("lovasz_hinge", "lovasz_softmax", "scale_invariant_logarithmic_error")
    image = issubclass(case.cls, Overlap) or name in of_images  # one value for each row, however many pixels
    lead = p.shape[: 1 if name in ("circle", "ctc") or image else p.ndim - 1]
    if not p.size:
        return np.zeros(() if whole else lead)
    if name in ("circle", "ctc") or image:
        if name == "lovasz_softmax":  # a row without pixels is one pixel
            y, p = y.reshape(len(p), -1), p.reshape(len(p), -1, p.shape[-1])
        elif p.ndim > 2 and image:
            y, p = y.reshape(len(y), -1), p.reshape(len(p), -1)
        found = ORACLE[name](y, p, **case.parameters)
        return np.array([float(v) for v in found]).reshape(() if whole else lead)
    flat_y = y.reshape(-1) if y.ndim == len(lead) else y.reshape(-1, y.shape[-1])
    found = ORACLE[name](flat_y, p.reshape(-1, p.shape[-1]), **case.parameters)
    return np.array([float(v) for v in found]).reshape(lead)


# -- shapes -----------------------------------------------------------------------------------------------------------


def shapes(random):
    """Any two shapes: what the contract does not allow has to be refused, whatever broadcasting would make of it."""
    case = random.choice([c for c in CASES if c.cls.__name__ not in ("CTC",)])
    loss, name = case(), case.cls.__name__
    p = tuple(random.choice([0, 1, 2, 3, 4], size=random.integers(0, 4), p=[0.06, 0.24, 0.25, 0.25, 0.2]).tolist())
    y = {
        0: lambda: p,
        1: lambda: p[:-1],
        2: lambda: (*p, 1),
        3: lambda: (*p[:-1], 1),
        4: lambda: tuple(random.choice([1, 2, 3, 4], size=random.integers(0, 4)).tolist()),
        5: lambda: p[::-1],
        6: lambda: p[1:],
    }[int(random.integers(7))]()
    p_text, y_text = f"np.full({p}, 0.5)", f"np.zeros({y})"
    fits = allowed(loss.contract, y, p)
    given = ", ".join(f"{k}={v!r}" for k, v in case.parameters.items())
    weight = ""
    if random.random() < 0.3:
        w = tuple(random.choice([1, 2, 3, 4], size=random.integers(0, 4)).tolist()) if random.random() < 0.5 else p
        weight = f", np.ones({w})"
        fits = fits and (math.prod(w) == 1 or meets(w, p))
    if random.random() < 0.4 and not weight:
        return Call(snake(name), f"ls.{snake(name)}({y_text}, {p_text}, {given})", "any" if fits else "refused")
    return Call(name, f"ls.{name}({given})({y_text}, {p_text}{weight})", "any" if fits else "refused")


def meets(w, p):
    """Whether weights may belong to rows of y_pred: every row has its own, or all share one number."""
    while len(w) > 1 and w[-1] == 1:
        w = w[:-1]
    return len(w) <= len(p) and w[:1] in ((), p[:1]) and all(a in (1, b) for a, b in zip(w, p, strict=False))


def allowed(rules, y, p):
    """The rule of docs/contracts.md, written out once more."""
    if not p or not y or 0 in p[1:]:
        return False
    if rules.rank and len(p) != rules.rank:
        return False
    if rules.shape == "index":
        return rules.axis == -1 and y in (p[:-1], (*p[:-1], 1))
    if rules.shape == "parameters":
        return p in ((*y, rules.parameters), (*y[:-1], rules.parameters)) and (
            p == (*y, rules.parameters) or y[-1] == 1
        )
    return y == p or y == (*p, 1) or p == (*y, 1)


# -- anything at all --------------------------------------------------------------------------------------------------


def anything(random):
    """Odd things for y_true, y_pred and sample_weight; what holds no real numbers has to be refused."""
    case = random.choice(CASES)
    name = case.cls.__name__
    y, p, _ = numbers(random, case, 2)
    texts = {"y_true": random.choice(holders(y)), "y_pred": random.choice(holders(p)), "sample_weight": "[1.0, 2.0]"}
    place = str(random.choice(["y_true", "y_pred", "sample_weight"]))
    never = random.random() < 0.6
    texts[place] = str(random.choice(NEVER if never else ODD))
    if random.random() < 0.2:
        second = str(random.choice(["y_true", "y_pred"]))
        texts[second], never = str(random.choice(ODD)), never and second != place
    function = place != "sample_weight" and random.random() < 0.5
    if texts["sample_weight"] == "None":
        never = False
    given = ", ".join(f"{k}={v!r}" for k, v in case.parameters.items())
    expects = "refused" if never else "any"
    if function:
        return Call(snake(name), f"ls.{snake(name)}({texts['y_true']}, {texts['y_pred']}, {given})", expects)
    weight = texts["sample_weight"] if place == "sample_weight" or random.random() < 0.5 else "None"
    return Call(name, f"ls.{name}({given})({texts['y_true']}, {texts['y_pred']}, {weight})", expects)


def integers(random):
    """Integers of every width, far beyond 2^31 and 2^53, on every side of a loss."""
    wide = {"int64": [3_000_000_000, 2**53 + 1, 2**63 - 1, -(2**63), 7], "uint64": [2**64 - 1, 2**63, 2**31, 0, 5]}
    wide |= {
        "uint32": [2**32 - 1, 2**31, 1],
        "int32": [2**31 - 1, -(2**31), 3],
        "uint16": [65535, 0],
        "int8": [-128, 127],
    }
    dtype = str(random.choice([*wide, "python"]))
    pool = wide.get(dtype, [2**64, -(2**70), 10**20, 3, 3_000_000_000])
    entries = [pool[int(k)] for k in random.integers(0, len(pool), size=3)]
    text = f"{entries}" if dtype == "python" else f"np.array({entries}, {dtype!r})"
    if dtype in ("int32", "int8", "uint16") and random.random() < 0.5:
        text = f"ops.convert_to_tensor({text})"
    numbers = np.array([float(v) for v in entries])
    where = int(random.integers(4))
    if where == 0:
        return Call("mae", f"ls.mae({text}, [0.0, 0.0, 0.0])", "value", np.abs(numbers).mean(), 1e-6)
    if where == 1:
        call = f"ls.MeanAbsoluteError(reduction='sum')([0, 0, 0], {text})"
        return Call("MeanAbsoluteError", call, "value", np.abs(numbers).sum(), 1e-6)
    if where == 2:
        call = f"ls.MeanAbsoluteError(reduction='none')([1, 1, 1], [0, 0, 0], {text})"
        return Call("MeanAbsoluteError", call, "value", numbers, 1e-6)
    labels = all(v in (0, 1, 2, 3) for v in entries)
    ignore = random.choice(["", ", ignore_class=-1"])
    call = f"ls.SparseCategoricalCrossentropy(reduction='sum'{ignore})({text}, np.full((3, 4), 0.25))"
    if labels:
        return Call("SparseCategoricalCrossentropy", call, "value", 3 * np.log(4), 1e-5)
    return Call("SparseCategoricalCrossentropy", call, "refused" if not ignore or -1 not in entries else "any")


def constructors(random):
    """Parameters of any kind, also names, types and reductions; what is built is saved, built again and called."""
    case = random.choice(CASES)
    cls, name = case.cls, case.cls.__name__
    known = [*cls.params, "reduction", "name", "dtype"]
    chosen = random.choice(known, size=min(len(known), int(random.integers(1, 4))), replace=False)
    given = ", ".join(f"{k}={random.choice(SCALARS)}" for k in chosen)
    if random.random() < 0.05:
        given += f", {random.choice(['detla', 'reducton', 'axes', 'x'])}=1"
    y, p, _ = numbers(random, case, 2)
    after = str(random.choice(["", ".get_config()", f"({literal(y)}, {literal(p)})", ".__reduce__()", ".card()"]))
    if random.random() < 0.2:
        return Call(snake(name), f"ls.{snake(name)}({literal(y)}, {literal(p)}, {given})", "any")
    if random.random() < 0.2:
        return Call("get", f"ls.get({snake(name)!r}, {given}){after}", "any")
    return Call(name, f"ls.{name}({given}){after}", "any")


def others(random):
    """Every other public callable."""
    s = lambda: str(random.choice(SCALARS))  # noqa: E731
    loss_like = lambda: str(random.choice([v for v in NEVER + ODD + SCALARS if "lambda" not in v]))  # noqa: E731
    t = lambda: str(random.choice(NEVER + ODD + SCALARS))  # noqa: E731
    data = "np.ones((4, 3), 'float32')"
    loss = random.choice(
        ["ls.Huber()", "'mse'", "ls.Huber() + 0.5 * ls.MeanAbsoluteError()", "'mean_squared_error'", "'bce'"]
    )
    lines = {
        "Sum": f"ls.Sum([{t()}, 'mse'])([[1.0]], [[2.0]])",
        "Sum.parts": f"ls.Sum({t()})",
        "Weighted": f"ls.Weighted('mse', {s()})",
        "mul": f"(ls.Huber() * {s()})([[1.0]], [[2.0]])",
        "add": f"ls.Sum(['mse']) + {s()}",
        "Weighted.name": f"ls.Weighted('mse', 1.0, {s()})",
        "MultiLoss": f"ls.MultiLoss({{'a': {s()}, 'b': 'mse'}})",
        "MultiLoss.all": f"ls.MultiLoss({t()}, {s()})",
        "MultiLoss.call": f"ls.MultiLoss({{'a': 'mse'}})({t()}, {{'a': {t()}}})",
        "Dial": f"ls.Dial({s()})",
        "LinearSchedule": f"ls.LinearSchedule({s()}, {s()}, steps={s()}, begin={s()})",
        "CosineSchedule": f"ls.CosineSchedule(1.0, {s()}, steps={s()})",
        "StepSchedule": f"ls.StepSchedule({t()}, {t()})",
        "Schedule": f"ls.Schedule({s()})",
        "get": f"ls.get({t()})",
        "card": f"ls.card({t()})",
        "losses": f"ls.losses(task={s()}, trait={s()})",
        "weights_from": f"ls.weights_from({t()})",
        "check": f"ls.check({loss}, {t()}, {t()})",
        "check.same": f"ls.check({loss}, {data}, {t()})",
        "explain": f"ls.explain({loss}, {data}, {t()}, sample_weight={random.choice(['None', t()])})",
        "check.loss": f"ls.check({loss_like()}, {data}, {data})",
        "explain.loss": f"ls.explain({loss_like()}, {data}, {data})",
        "diagnose": f"ls.diagnose({loss}, {t()}, {data})",
        "Term": f"ls.Term({t()})",
        "loss": f"ls.loss({t()})",
        "UncertaintyWeighted": f"ls.UncertaintyWeighted({t()})",
        "AdaptiveRobust": f"ls.AdaptiveRobust({s()})",
        "GradNorm": f"ls.GradNorm(['mse', 'mae'], {s()})",
        "Param": f"ls.positive('x', slide=(0.1, 1.0)).check('L', 'x', {t()})",
        "fit_linear": f"ls.fit_linear({t()}, {t()})",
        "fit_linear.how": f"ls.fit_linear({data}, [1.0, 2.0, 3.0, 5.0], {option(random, FITTED)}={s()})",
        "weights_from.how": f"ls.weights_from([0, 1, 1, 2], {option(random, WEIGHED)}={s()})",
        "get.peer": f"ls.get('{option(random, PEERS)}={s()})",
        "check.ignore": f"ls.check('mse', {data}, {data}, ignore={s()})",
        "Check": f"ls.Check({s()}, on_error={s()})",
        "explain.mask": f"ls.explain('mse', {data}, {data}, mask={t()})",
        "Teacher": f"ls.Teacher({s()})",
        "draw": f"ls.draw('huber', {option(random, DRAWN)}={s()})",
        "losses.empty": f"ls.{option(random, TAKES_LOSSES)}({option(random, EMPTY)})",
    }
    heavy = {
        "train": f"trained(line(), {data}, {t()}, loss={loss})",
        "train.weight": f"trained(line(), {data}, np.ones((4, 1)), loss={loss}, sample_weight={t()})",
        "train.loss": f"trained(line(), {data}, np.ones((4, 1)), loss={t()})",
        "train.empty": f"trained(line(), {data}, np.ones((4, 1)), loss={option(random, EMPTY)})",
        "train.how": f"ls.train(line('mse'), {data}, np.ones((4, 1)), {option(random, TRAINED)}={s()})",
        "target_split": f"ls.target_split({option(random, MODELS)}, {data}, {t()})",
        "check.model": f"ls.check(line({loss}), {data}, {t()})",
    }
    pool = heavy if random.random() < 0.02 else lines
    name = str(random.choice(list(pool)))
    return Call(name, pool[name], "any")


FITTED = ["loss", "l1", "l2", "sample_weight", "intercept", "offset", "standardise", "outputs"]
WEIGHED = ["rule", "beta", "ignore_class", "classes"]
PEERS = [
    "torch.nn.CrossEntropyLoss', reduction",
    "torch.nn.CrossEntropyLoss', weight",
    "torch.nn.CrossEntropyLoss', ignore_index",
    "torch.nn.MSELoss', size_average",
    "torch.nn.PoissonNLLLoss', full",
    "torch.nn.PoissonNLLLoss', eps",
    "optax.huber_loss', delta",
]
DRAWN = ["kind", "axis", "show", "theme", "delta"]
EMPTY = ["[]", "{}", "[None]", "[[]]", "[{}]", "{'a': None}", "{'a': []}", "()"]
TAKES_LOSSES = ["Sum", "MultiLoss", "UncertaintyWeighted", "GradNorm", "draw"]
MODELS = ["line('mse')", "line()", "None", "ls.Huber()"]
TRAINED = ["optimizer", "metrics", "batch_size", "shuffle", "seed", "validation_data", "sample_weight", "class_weight"]
TRAINED += ["callbacks", "patience", "monitor", "chunk", "steps_per_epoch", "jit_compile", "epochs"]


def option(random, names):
    return str(random.choice(names))


KINDS = [(lawful, 0.3), (shapes, 0.15), (anything, 0.2), (integers, 0.05), (constructors, 0.2), (others, 0.1)]


def call(seed, number):
    """One random call."""
    random = np.random.default_rng([seed, number])
    kinds, shares = zip(*KINDS, strict=True)
    return kinds[int(random.choice(len(kinds), p=shares))](random)
