"""docs/errors.md: every error by its text. Runs the examples of errors_table.py."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
import textwrap
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from tools.errors_example import Example
from tools.errors_foreign import FOREIGN, Foreign
from tools.errors_misuses import MISUSES
from tools.errors_table import COMMANDS, LOSSES, MODELS

SOURCE = Path(__file__).resolve().parents[1] / "src" / "lossary"
EXAMPLES = [*LOSSES, *MODELS, *COMMANDS]
IMPORTS = "import keras\nimport numpy as np\nfrom keras import ops\nimport lossary as ls\n"
KINDS = {
    "ShapeError": "y_true, y_pred or weights do not fit together.",
    "TargetError": "y_true holds what the loss cannot read.",
    "PredictionError": "y_pred holds what the loss cannot read.",
    "ParameterError": "A loss is built with a parameter it cannot have.",
    "DefinitionError": "A loss of your own is declared in a way that cannot work.",
    "UnknownLossError": "No loss has this name. Also a LookupError.",
    "ColumnError": "A history of training has no such column. Also a KeyError.",
    "CallError": "A function is called with other arguments than it takes. Also a TypeError.",
    "LossaryError": "Everything else that lossary can name; the base of the errors above, and a ValueError.",
    "DataError": "A table, or data to train on, cannot be used as asked; on the command line exit code 2.",
    "AttributeError": "Python's own, with the nearest names.",
    "TypeError": "Python's own.",
}
Site = tuple[str, int]


@dataclass(frozen=True)
class Seen:
    """What running an example gave: the error, and the line of the source that raised it."""

    kind: str
    parts: tuple[str, ...]
    site: Site

    @property
    def text(self) -> str:
        """What `str(error)` gives."""
        return " ".join(self.parts)


def run(example: Example) -> Seen:
    """Run an example in an empty folder; it has to raise an error of lossary."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        before = os.getcwd()
        stack.callback(os.chdir, before)
        os.chdir(folder)
        _write(Path(folder), example)
        stack.enter_context(_forgetting_losses())
        stack.enter_context(_forgetting_modules(Path(folder)))
        names: dict[str, Any] = {"__name__": "example"}
        names["patch"] = lambda target, value: stack.enter_context(mock.patch(target, value))
        exec(IMPORTS + example.hidden, names)
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))  # what a command says on its way
        try:
            _execute(example.code, names)
        except Exception as error:
            return Seen(type(error).__name__, _parts(error), _site(error))
    raise AssertionError(f"{example.title}: nothing was raised")


def _parts(error: Exception) -> tuple[str, ...]:
    """The four parts of a text, without addresses in memory: they are others each time."""
    parts = [getattr(error, name, "") for name in ("asked", "arrived", "allowed", "do")]
    return tuple(re.sub(r" at 0x[0-9a-f]+", "", part) for part in (parts if any(parts) else [str(error)]) if part)


def _write(folder: Path, example: Example) -> None:
    for name, content in example.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


@contextlib.contextmanager
def _forgetting_losses() -> Iterator[None]:
    """Losses defined elsewhere are not seen by an example, and its own are gone afterwards."""
    from lossary.core import catalogue, loss

    with mock.patch.dict(catalogue._CUSTOM, clear=True), mock.patch.dict(loss.CLASSES):
        yield
    catalogue._exact_built_in.cache_clear()


@contextlib.contextmanager
def _forgetting_modules(folder: Path) -> Iterator[None]:
    """Modules that an example imports from its folder are gone afterwards, and Python no longer looks there."""
    before = set(sys.modules)  # there are thousands
    with mock.patch("sys.path", list(sys.path)):
        yield
    for name in sys.modules.keys() - before:
        if Path(getattr(sys.modules[name], "__file__", None) or "").is_relative_to(folder):
            del sys.modules[name]


def _execute(code: str, names: dict[str, Any]) -> None:
    if not code.startswith("$ lossary "):
        exec(code, names)
        return
    from lossary.cli.commands import cli

    cli.carry_out(shlex.split(code)[2:], 0.0)


def _site(error: BaseException) -> Site:
    """The innermost line of lossary's source that the error passed."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(SOURCE)
    ]
    return (str(Path(frames[-1].filename).relative_to(SOURCE)), frames[-1].lineno or 0) if frames else ("", 0)


def sites() -> dict[Site, range]:
    """Every `raise SomeError(...)` in the source: where it begins, and the lines it spans."""
    found = {}
    for file in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and not _internal(node.exc):
                lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                found[str(file.relative_to(SOURCE)), node.lineno] = lines
    return found


def _internal(call: ast.Call) -> bool:
    """What no user meets: methods that a form fills in, Python's own protocols, and what the checks and loops catch."""
    name = ast.unparse(call.func)
    caught = ("NotImplementedError", "LossFailed", "Untraceable", "Unreadable", "Damaged", "OSError", "BrokenPipeError")
    return name in caught or ast.unparse(call) == "AttributeError('__signature__')"


def without_example(seen: list[Seen]) -> list[str]:
    """The places that raise and that no example reaches."""
    reached = {one.site for one in seen}
    return [f"{file}:{line}" for (file, line), span in sites().items() if not any((file, n) in reached for n in span)]


def page_text() -> str:
    """The whole page."""
    seen = [(example, run(example)) for example in EXAMPLES]
    assert not without_example([one for _, one in seen]), without_example([one for _, one in seen])
    lines = [
        "# Every error, by its message",
        "",
        "Generated by running the examples (`make generate`). Search this page for the beginning of your message.",
        "",
        "Every message has four parts: what was asked, what arrived, what is expected, what to do. Here, and on the",
        "command line, each is on its own line; Python shows them in one. They are also the attributes `asked`,",
        "`arrived`, `allowed` and `do` of the error. The command line ends with exit code 2.",
        "",
        *[f"- [{kind}](#{kind.lower()}): {words}" for kind, words in KINDS.items()],
        "- [Messages of other libraries](#messages-of-other-libraries)",
        "",
        "The examples begin with `import keras, numpy as np, lossary as ls` and `from keras import ops`.",
        "",
        *_misuses(),
    ]
    for kind, words in KINDS.items():
        lines += [f"## {kind}", "", words, ""]
        for example, one in seen:
            if one.kind == kind:
                lines += _entry(example, one)
    return "\n".join([*lines, *_beside(), *_elsewhere()])


def _misuses() -> list[str]:
    lines = [
        "## Ten common mistakes",
        "",
        "| mistake | example | message |",
        "| --- | --- | --- |",
    ]
    return [*lines, *(f"| {one.title} | `{one.code}` | {run(one).text} |" for one in MISUSES), ""]


def _entry(example: Example, seen: Seen) -> list[str]:
    command = example.code.startswith("$ ")
    language = "" if command else "python"
    shown = [f"# {name} holds {content!r}" for name, content in example.files.items()]
    return [
        f"### {example.title}",
        "",
        example.when,
        "",
        f"```{language}",
        *shown,
        example.code,
        "```",
        "```",
        f"{seen.kind}: {seen.parts[0]}",
        *seen.parts[1:],
        "```",
        "",
        *([f"**Fix.** {example.fix}", ""] if example.fix else []),
    ]


def _beside() -> list[str]:
    from lossary.cli.main import MISSING

    return [
        "## Before the command line starts",
        "",
        "The command's own packages are missing; it ends with exit code 2.",
        "",
        "```",
        *textwrap.wrap(MISSING.format("click"), 118),
        "```",
        "",
        "Options that are not numbers, or are out of range, are refused with `Invalid value for '--epochs'`.",
        "",
    ]


def _elsewhere() -> list[str]:
    lines = ["## Messages of other libraries", ""]
    for foreign in FOREIGN:
        lines += _foreign(foreign)
    return lines


def _foreign(foreign: Foreign) -> list[str]:
    means, here = f"From {foreign.source}. {foreign.means}", f"**Here.** {foreign.here}"
    return ["```", *foreign.texts, "```", "", means, "", here, ""]
