"""docs/likelihood.md runs as it is written."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "likelihood.md"


@pytest.mark.once
def test_the_page_runs():
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.S))
    names = {}
    exec(compile(code.replace("epochs=20", "epochs=8"), str(PAGE), "exec"), names)
    assert abs(names["told"].coverage(names["y"], 0.8) - 0.8) < 0.15
    assert names["fit"].success and names["glm"].success
