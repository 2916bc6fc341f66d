"""`lossary compare FOLDER`: linear models over Parquet files that need not fit memory."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Any

import click

from lossary._errors import LossaryError, visible
from lossary.cli.backends import choose_backend
from lossary.cli.interrupts import WATCH
from lossary.cli.progress import Bars
from lossary.core.files import write_whole
from lossary.data.rowfiles import Files
from lossary.training.candidates import ask_all

ENGINES = ("local", "ray", "dask")
OWNER = "lossary compare FOLDER"
WHOLE = {  # options that need all rows in memory, with what they are without being given
    "model": "linear", "missing": "drop", "meanings": (), "settings": (), "optimizer": None, "epochs": None,
    "batch_size": None, "learning_rate": None, "validation": None, "report": None, "save": None,
}  # fmt: skip


def is_streamed(data: str, engine: str | None) -> bool:
    """Whether the rows are read by passes: those of a folder of Parquet files are, and of a file with an engine."""
    return engine is not None or (os.path.isdir(data) and any(Path(data).glob("*.parquet")))


def compare_folder(data: str, options: dict[str, Any], quiet: bool) -> None:
    """Fit once per loss, judge every fit by every loss, show both."""
    _refuse_what_needs_memory(options)
    files = _files(data, options)
    task = options["task"] or _task(files)
    asked = ask_all(options["losses"], task)
    to_stdout = options["json_path"] is not None and str(options["json_path"]) == "-"
    with Bars(quiet) as bars:
        bars.say(f"Loading Keras on {choose_backend(options['backend'])} …")
        from lossary.training.folders import compare_files

        penalties = options["l1"], options["l2"]
        engine = options["engine"] or "local", options["workers"]
        with WATCH.patiently():
            found = compare_files(files, asked, penalties, engine, bars)
    found |= {"data": data, "task": task}
    if not to_stdout:
        for line in _lines(found, quiet):
            click.echo(visible(line))
    if options["json_path"] is not None:
        text = json.dumps(found, indent=1, allow_nan=False) + "\n"
        if to_stdout:
            click.echo(text, nl=False)
        else:
            write_whole(options["json_path"], text)


def _refuse_what_needs_memory(options: dict[str, Any]) -> None:
    for name, usual in WHOLE.items():
        if options[name] != usual:
            option = {"meanings": "as", "settings": "read"}.get(name, name.replace("_", "-"))
            raise LossaryError(
                f"{OWNER} fits linear models by passes over the rows of Parquet files.",
                arrived=f"--{option} was given, which needs all rows in memory.",
                allowed="Expected --target, --features, --ignore, --task, --loss, --l1, --l2, --engine or --json.",
                do=f"Leave --{option} out, or take some rows into one file and compare on that.",
            )


def _files(data: str, options: dict[str, Any]) -> Files:
    if options["target"] is None:
        raise LossaryError(
            f"{OWNER} fits a target.",
            arrived="No --target was given.",
            allowed="Expected the name of a column of the files.",
            do=f"Name it: lossary compare {shlex.quote(visible(data))} --target COLUMN.",
        )
    chosen = _names(options["features"]) or None
    return Files.at(OWNER, data, options["target"], chosen, ignored=_names(options["ignore"]), texts=True)


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _task(files: Files) -> str:
    """As for tables: two values are a yes or no, few whole ones are classes; by the first rows."""
    import numpy as np

    first = next(files._blocks(files.targets, 2**16)).column(0).to_numpy(zero_copy_only=False)
    values = np.unique(first[~np.isnan(first.astype(float))]).astype(float)
    if len(values) == 2:
        return "binary"
    return "multiclass" if first.dtype.kind in "iu" and len(values) <= 20 else "regression"


def _lines(found: dict[str, Any], quiet: bool) -> list[str]:
    fits = found["fits"]
    width = max(len("loss"), *(len(fit["label"]) for fit in fits))
    lines = (
        []
        if quiet
        else [
            f"{found['data']}: {found['rows']:,} rows, {len(found['names'])} inputs, {found['task']}; all are fitted.",
            "",
        ]
    )
    lines.append(f"{'loss':{width}}  {'value':>14}  {'ended at':22}  {'gap':>7}  {'passes':>6}  {'seconds':>7}")
    for fit in fits:
        gap = "" if fit["gap"] is None else f"{max(fit['gap'], 1e-16):.0e}"
        lines.append(
            f"{fit['label']:{width}}  {fit['value']:14.8g}  {fit['ended']:22}  {gap:>7}  {fit['passes']:6}  "
            f"{fit['seconds']:7.1f}"
        )
    lines += ["", "Coefficients, in the units of the columns:"]
    for place, name in enumerate([*found["names"], "intercept"]):
        cells = []
        for fit in fits:
            one = (
                fit["intercept"] if name == "intercept" and place == len(found["names"]) else fit["coefficients"][place]
            )
            cells.append(f"{one:>14.8g}" if isinstance(one, float) else "  ".join(f"{c:>11.5g}" for c in one))
        lines.append(f"  {name:{max(map(len, [*found['names'], 'intercept']))}}  " + "  ".join(cells))
    if len(fits) > 1:
        lines += ["", "Each fit (column), evaluated by each loss (row):"]
        lines.append(f"  {'':{width}}  " + "  ".join(f"{fit['label'][:14]:>14}" for fit in fits))
        for fit, row in zip(fits, found["values"], strict=True):
            lines.append(f"  {fit['label']:{width}}  " + "  ".join(f"{value:14.8g}" for value in row))
    return lines
