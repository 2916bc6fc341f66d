"""How long it takes from a slider's step to the picture, measured in a real browser.

    KERAS_BACKEND=jax python benchmarks/explorer.py            a table on the screen; a Chromium is needed

The clock starts when the key goes down in the page and stops in the first frame after the drawing has changed, so the
way to the server and back, the losses themselves, the drawing and the browser's layout are all in it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from tests.explorer.browser import served, started  # noqa: E402

ALLOWED = 100.0  # milliseconds
CASES = {
    "one loss": ("#/losses?loss=huber", "delta (δ)"),
    "four losses": ("#/losses?loss=huber&loss=cauchy&loss=pseudo_huber&loss=tukey", "delta (δ)"),
    "four cross-entropies": (
        "#/losses?loss=binary_focal_crossentropy&loss=bce&loss=weighted_bce&loss=bce",
        "gamma (γ)",
    ),
    "a line by four losses": ("#/fit?loss=huber&loss=mse&loss=mae&loss=tukey", "delta (δ)"),
    "two classes, four losses": (
        "#/classes?loss=bce&loss=hinge&loss=mse&loss=squared_hinge",
        "Distance of the classes",
    ),
    "likelihood of 60 values": ("#/likelihood", "μ"),
    "a formula and its rows": ("#/own?by=formula", "d"),
}
WATCH = """() => {
    window.times = [];
    let began = null;
    const drawn = () => [...document.querySelectorAll('#panel path.series')].map((p) => p.getAttribute('d')).join();
    let last = drawn();
    document.addEventListener('keydown', () => { began = performance.now(); }, true);
    new MutationObserver(() => {
        const now = drawn();
        if (now === last) return;
        last = now;
        if (began === null) return;
        const since = began;
        requestAnimationFrame(() => window.times.push(performance.now() - since));
        began = null;
    }).observe(document.getElementById('panel'), { subtree: true, childList: true });
}"""


def measure(page: Any, address: str, label: str, steps: int) -> list[float]:
    """Milliseconds from key to picture, one for each step; the first ones, which compile, are left out."""
    page.goto("about:blank")
    page.goto(address)
    page.locator("#panel svg.chart path.series:visible").first.wait_for()
    page.wait_for_load_state("networkidle")
    page.get_by_label(label, exact=True).first.focus()
    for wait in (4000, 1000):  # backends compile what they see for the first time
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(wait)
    page.evaluate(WATCH)
    for _ in range(steps + 3):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(150)
    return list(page.evaluate("window.times"))[3:]


def main() -> int:
    """Print the table; 1 when a median is above what is allowed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=40)
    steps = parser.parse_args().steps
    slow = False
    with served() as home, started() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(120_000)
        print(f"{'slider':<28}{'steps':>6}{'median ms':>11}{'90 %':>8}{'worst':>8}")
        for name, (hash_, label) in CASES.items():
            times = sorted(measure(page, home + hash_, label, steps))
            median = statistics.median(times)
            slow |= median > ALLOWED
            print(f"{name:<28}{len(times):>6}{median:>11.0f}{times[int(0.9 * len(times))]:>8.0f}{times[-1]:>8.0f}")
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
