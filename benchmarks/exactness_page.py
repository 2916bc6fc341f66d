"""docs/exactness.md from the records of a measurement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from benchmarks.peers import LEFT_OUT

Record = dict[str, Any]
DTYPES = ("float32", "bfloat16", "float16", "float64")
NATIVE = ("torch", "optax", "tf.nn")

INTRODUCTION = """\
# How exact the losses are

Written by `make exactness`, which takes hours; `make exactness LOSSES=Huber,Poisson` measures a few anew. The results
are kept in benchmarks/results.
Measured on CPU: {versions}.

{count} losses are called over a grid of hard inputs: tiny, huge, equal and subnormal numbers; differences that are tiny
beside the numbers; logits far beyond saturation, tied, and with a common offset; probabilities 0, 1 and everything
between 1e-45 and 1 - 2^-24; one-hot, soft and smoothed targets; 2 to 10,000 classes; zero, parallel and opposite
vectors; empty and full masks; and random rows. Losses of named inputs (pairs, lists, boxes, groups ...) have two
batches of eight rows each, with ties, empty lists and boxes, equal vectors, and numbers of very different sizes, with
weights and a mask. The truth is the documented formula in 100 digits, of the numbers as
the type holds them. Values are those of the function, one per row; gradients are those of their sum by y_pred, entry
by entry. lossary runs eagerly, and compiled: under `jax.jit`, and under `tf.function` with XLA and without; other
libraries run under `jax.jit` on JAX, and eagerly on TensorFlow and torch. In half precision, losses of named inputs are
compared with float64: the weighted mean of the same batches times 1,024, with as much room for what cancels as float32
leaves. Types that have no table below are measured on request, as with `--dtypes float16`.

Half precision was measured over the thin grid of the tests (`--quick`), all losses on all backends. The largest error
is 0.9 ulp on each (`CategoricalGeneralizedCrossEntropy` in float16; on TensorFlow and JAX `MixtureNLL` in bfloat16),
and 0.5 for nearly all losses. Two things miss the bar: `DirichletNLL` in float16 is infinite at equal
concentrations of 1e13, whose terms of 1e15 cancel; and on TensorFlow and JAX two gradients in bfloat16 of 1e-35 and
8e-38 are 0 (`BetaNLL`, censored `LogNormalNLL`).

## What a column means
- **entries**: numbers compared, over all modes.
- **not finite**: NaN, or infinite though the truth is a number that the type holds.
- **wrong**: off by more than 1e-3 of the truth, and by more than 8 units of all three kinds below.
- **ulp**: the largest error of all other entries, in units in the last place of the truth; or of its *scale* (the sum
  of the sizes of the formula's terms), where terms cancel; or in what half a unit in the last place of each input would
  change, where that is more. 0.5 is correctly rounded; lossary's bar is 8 in float32, and 2 in half precision.
- **flushed**: entries with a subnormal input or truth. TensorFlow and JAX read and write such numbers as 0; only
  finiteness is required. Those of float16 are ordinary numbers, since it is computed in float32.

What lossary has beyond its bar: numbers below 1e-33 whose parts are below the smallest normal number, which JAX and
TensorFlow read as 0 (mixtures, `BetaNLL`, `GeneralizedNormalNLL`); powers of numbers of 1e-20, whose exponent is a
float32 (`GeneralizedNormalNLL`, 27 ulp) and of large targets (`WeibullNLL` on TensorFlow, 13); sums of one large label
and 1,000 equal small ones (`CategoricalFocalCrossentropy`, 16 on JAX); and a few gradients between 8 and 11 (asymmetric
losses of many labels, truncated inverse Gaussian, CRPS of extreme values). In XLA on TensorFlow, larger batches of rows
of 1,000 equal numbers than the grid's reach 18.

Not everything in the columns of other libraries is a mistake. Keras keeps probabilities 1e-7 away from 0 and 1, adds
1e-7 to rates, divides by at least 1e-7, and says so in part; measured by the formula, what lies beyond is wrong, and
the gradient there is 0. At an exact 0 or 1 on the wrong side, where the formula is infinite, lossary is held to its own
rule ([contracts.md](contracts.md)) and the others only to finiteness. At a corner any slope between the two sides is
right. Half precision is where the libraries differ most: lossary computes it in float32 and rounds once; functions of
the others compute in the type they are given, as a model in mixed precision would call them.

Rows of realistic length carry more rounding than the short ones of this grid. `python -m benchmarks.long_rows` measures
random rows of 1,000 entries or classes in float32, on three backends. Values are off by at most 3.5 ulp (binary focal;
4.4 for the mean absolute percentage error on JAX); gradients by at most 8.1 (binary focal; the categorical focal losses
7.4, the categorical cross-entropies 5.4 on JAX, Tversky 5.9, generalized cross-entropy 4.9, Dice 4.2, all others at
most 4.0).

Cases with parameters that another library lacks are left out of its columns, and lossary is shown beside it on the same
cases. Left out altogether, because they do not mean the same:

{left_out}
"""


def page(measured: list[dict[str, Any]]) -> str:
    """The whole document."""
    records = [r for part in measured for r in part["records"]]
    versions = {name: number for part in measured for name, number in part["versions"].items()}
    named = ", ".join(f"{name} {number}" for name, number in versions.items())
    left_out = "\n".join(f"- {library}: {reason}" for library, reason in LEFT_OUT.items())
    done = [r for r in records if "refused" not in r]
    count = len({r["loss"] for r in done})
    text = INTRODUCTION.format(versions=named, left_out=left_out, count=count)
    parts = [text, totals(done), largest(done), refusals(records)]
    for dtype in DTYPES:
        chosen = [r for r in done if r["dtype"] == dtype]
        if chosen:
            parts.append(by_loss(dtype, chosen))
    return "\n".join(part for part in parts if part)


def totals(records: list[Record]) -> str:
    """One line per type, backend and library; beside each other library, lossary on the same cases."""
    lines = ["## Totals", ""]
    lines += table("type", "backend", "library", "entries", "not finite", "wrong", "largest ulp", "flushed")
    for dtype in DTYPES:
        for backend in ordered(r["backend"] for r in records):
            here = [r for r in records if (r["dtype"], r["backend"]) == (dtype, backend)]
            for library, beside in dict.fromkeys((r["library"], r["beside"]) for r in here):
                chosen = [r for r in here if (r["library"], r["beside"]) == (library, beside)]
                name = f"{library} on the cases of {beside}" if beside else library
                lines.append(total_line(dtype, backend, name, chosen))
    return "\n".join([*lines, ""])


def largest(records: list[Record]) -> str:
    """The losses with the largest errors in float32."""
    ours = [r for r in records if r["library"] == "lossary" and not r["beside"] and r["dtype"] == "float32"]
    worst = sorted(((r["worst"], r["loss"], r["backend"], r["what"]) for r in ours), reverse=True)
    seen: dict[str, str] = {}
    for ulp, loss, backend, what in worst:
        seen.setdefault(loss, f"{loss} {ulp:.1f} (the {what}, {backend})")
    median = sorted(max(r["worst"] for r in ours if r["loss"] == loss) for loss in seen)[len(seen) // 2]
    return (
        f"In float32 the largest error of a loss is {median:.1f} in the median over {len(seen)} losses. The largest "
        f"of all: {', '.join(list(seen.values())[:8])}.\n"
    )


def total_line(dtype: str, backend: str, library: str, records: list[Record]) -> str:
    halves = [[r for r in records if r["what"] == what] for what in ("value", "gradient")]
    sums = [" / ".join(f"{sum(r[name] for r in half):,}" for half in halves) for name in ("entries", "broken", "gross")]
    largest = " / ".join(short(max((r["worst"] for r in half), default=0.0)) for half in halves)
    flushed = f"{sum(r['flushed'] for r in records):,}"
    return row(dtype, backend, library, *sums, largest, flushed)


def refusals(records: list[Record]) -> str:
    """What could not be called at all."""
    texts: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for r in records:
        if "refused" in r:
            texts[r["library"], r["backend"], r["dtype"]].add(r["loss"])
    if not texts:
        return ""
    lines = ["Calls that raised an error and are not counted:", ""]
    lines += [f"- {' on '.join(key[:2])}, {key[2]}: {', '.join(sorted(losses))}" for key, losses in texts.items()]
    return "\n".join([*lines, ""])


def by_loss(dtype: str, records: list[Record]) -> str:
    """One line per loss and backend, values and gradients, the libraries side by side."""
    lines = [f"## {dtype}", "", "Each cell: not finite · wrong · largest ulp, for values / for gradients.", ""]
    lines += table(
        "loss",
        "backend",
        "entries",
        "lossary",
        "lossary, Keras's cases",
        "Keras",
        "lossary, their cases",
        "torch, optax or tf.nn",
    )
    for loss in ordered(r["loss"] for r in records):
        for backend in ordered(r["backend"] for r in records):
            here = [r for r in records if (r["loss"], r["backend"]) == (loss, backend)]
            ours = [r for r in here if r["library"] == "lossary" and not r["beside"]]
            if not ours:
                continue
            entries = " / ".join(
                f"{sum(r['entries'] for r in ours if r['what'] == w):,}" for w in ("value", "gradient")
            )
            beside = [cell for other in (("Keras",), NATIVE) for cell in pair(here, other)]
            lines.append(row(loss, backend, entries, both(ours), *beside))
    return "\n".join([*lines, ""])


def pair(records: list[Record], libraries: tuple[str, ...]) -> tuple[str, str]:
    """lossary and another library on the cases that the other has."""
    theirs = [r for r in records if r["library"] in libraries]
    return (both([r for r in records if r["beside"] in libraries]), both(theirs)) if theirs else ("", "")


def both(records: list[Record]) -> str:
    return " / ".join(cell([r for r in records if r["what"] == what]) for what in ("value", "gradient"))


def cell(records: list[Record]) -> str:
    broken, gross = (sum(r[name] for r in records) for name in ("broken", "gross"))
    return f"{broken} · {gross} · {short(max((r['worst'] for r in records), default=0.0))}"


def short(ulp: float) -> str:
    return f"{ulp:.1f}" if ulp < 100 else f"{ulp:.0f}" if ulp < 1e4 else f"{ulp:.0e}".replace("e+0", "e")


def ordered(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def table(*heads: str) -> list[str]:
    return [row(*heads), row(*["---"] * len(heads))]
