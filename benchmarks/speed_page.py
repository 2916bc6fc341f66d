"""docs/speed.md, and the table at the end of a run, from the records of measurements."""

from __future__ import annotations

import statistics
from typing import Any

Record = dict[str, Any]
MODES = {"eager": "eager", "jit": "jit", "xla": "XLA", "graph": "graph", "compile": "torch.compile"}


def best(record: Record) -> float | None:
    """The fastest library's time by lossary's; None where there is no other library."""
    return min(record.get("ratios", {}).values(), default=None)


def summary_lines(records: list[Record]) -> list[str]:
    """Median, worst and how many are below 1, for each mode, shape and type; and by library."""
    lines = [f"{'mode':<8}{'shape':>18}{'type':>9}{'against':>9}{'rows':>6}{'median':>8}{'below 1':>9}{'worst':>7}"]
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for r in records:
        if r.get("ratios"):
            groups.setdefault((r["mode"], tuple(r["shape"]), r["dtype"]), []).append(r)
    for (mode, shape, dtype), rows in groups.items():
        libraries = list(dict.fromkeys(name for r in rows for name in r["ratios"]))
        for against in ["best", *(libraries if len(libraries) > 1 else [])]:
            found = {
                f"{r['loss']}{r['how']}": best(r) if against == "best" else r["ratios"][against]
                for r in rows
                if against == "best" or against in r["ratios"]
            }
            worst = min(found, key=found.__getitem__)
            lines.append(
                f"{MODES[mode]:<8}{' × '.join(f'{n:,}' for n in shape):>18}{dtype:>9}{against:>9}{len(found):>6}"
                f"{statistics.median(found.values()):>8.2f}{sum(v < 1 for v in found.values()):>9}{found[worst]:>7.2f}"
                f"  {worst}"
            )
    return lines
