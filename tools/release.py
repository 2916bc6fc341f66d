"""Whether a release would work: python tools/release.py, as `make release-check` does.

A wheel and an sdist are built from a clean copy, looked into (what is in them, what they say of themselves), installed
into empty environments, and used: without a backend, and with JAX.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IN_WHEEL = (
    "lossary/__init__.py", "lossary/__init__.pyi", "lossary/py.typed", "lossary/core/catalogue.json",
    "lossary/core/parts.json", "lossary/core/field.json", "lossary/data/embedded/penguins.csv",
    "lossary/explorer/static/index.html", "lossary/drawing/templates/figure.html",
)  # fmt: skip
NOT_IN_WHEEL = re.compile(r"^(tests|tools|docs|examples|benchmarks)/|__pycache__|\.pyc$")
IN_SDIST = ("README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml", "src/lossary/__init__.py", "tests/conftest.py")
NOT_IN_SDIST = re.compile(r"(^|/)(\.venv[^/]*|build|dist|out|\.git|\.pytest_cache)/")
LIGHT = """
import sys, lossary as ls
assert "keras" not in sys.modules, "importing lossary loads Keras"
assert len(ls.losses()) == {count}, len(ls.losses())
assert "delta" in str(ls.card("huber"))
"""
HEAVY = """
import keras, numpy as np, lossary as ls
assert float(ls.MeanSquaredError()([1.0, 0.0], [2.0, 3.0])) == 5.0
model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
model.compile("sgd", loss=ls.Huber())
model.fit(np.zeros((4, 1)), np.zeros((4, 1)), verbose=0)
print(ls.compare("phones", "calls", loss="mse,huber", features=["year"]))
"""


def main() -> int:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        wheel, sdist = built(folder)
        run(sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist))
        run(sys.executable, "-m", "check_wheel_contents", str(wheel))
        look_into(wheel, sdist)
        used(folder / "light", str(wheel), LIGHT)
        used(folder / "heavy", f"{wheel}[jax,cli]", HEAVY, "lossary list --task survival", "lossary show huber")
        used(folder / "source", str(sdist), LIGHT)
    print(f"{wheel.name} and {sdist.name} build, install and work")
    return 0


def run(*command: str, **how: object) -> None:
    words = (Path(part).name if os.sep in part else part for part in command[:6])
    print("$", " ".join(words).partition("\n")[0], flush=True)
    subprocess.run(command, check=True, **how)  # type: ignore[call-overload]


def built(folder: Path) -> tuple[Path, Path]:
    """A wheel made from the sdist, which is made from what git knows: nothing that lies about can slip in."""
    copy = folder / "copy"
    archive = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, archive.decode().split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    run(sys.executable, "-m", "build", "--outdir", str(folder / "dist"), str(copy))
    (wheel,) = (folder / "dist").glob("*.whl")
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    return wheel, sdist


def look_into(wheel: Path, sdist: Path) -> None:
    """Contents, versions, and what a package index will show."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = zipfile.ZipFile(wheel).namelist()
    expect(set(IN_WHEEL) - set(names), "missing from the wheel")
    expect([name for name in names if NOT_IN_WHEEL.search(name)], "should not be in the wheel")
    with tarfile.open(sdist) as packed:
        inside = [name.partition("/")[2] for name in packed.getnames()]
    expect(set(IN_SDIST) - set(inside), "missing from the sdist")
    expect([name for name in inside if NOT_IN_SDIST.search(name + "/")], "should not be in the sdist")
    (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    said = zipfile.ZipFile(wheel).read(metadata).decode()
    version = project["version"]
    code = (ROOT / "src/lossary/__init__.py").read_text(encoding="utf-8")
    expect([] if f'__version__ = "{version}"' in code else [version], "is not lossary.__version__")
    expect([] if f"\nVersion: {version}\n" in said else [version], "is not the wheel's version")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    expect([] if re.search(rf"^## {re.escape(version)}\b", changes, flags=re.M) else [version], "has no changes listed")
    extras = re.findall(r"^Provides-Extra: (.+)$", said, flags=re.M)
    expect(set(project["optional-dependencies"]) - set(extras), "missing among the wheel's extras")
    print(f"version {version}; wheel: {len(names)} files, {wheel.stat().st_size / 1e6:.1f} MB; "
          f"sdist: {len(inside)} files, {sdist.stat().st_size / 1e6:.1f} MB")  # fmt: skip


def expect(found: object, what: str) -> None:
    if found:
        sys.exit(f"{found} {what}")


def used(place: Path, package: str, code: str, *commands: str) -> None:
    """The package in an environment of its own, away from the checkout."""
    venv.create(place, with_pip=True)
    python = str(place / "bin" / "python")
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"KERAS_BACKEND": "jax"}
    run(python, "-c", code.replace("{count}", str(count())), cwd=place, env=environment)
    for command in commands:
        name, *rest = command.split()
        run(str(place / "bin" / name), *rest, cwd=place, env=environment)


def count() -> int:
    """How many losses there are, by the catalogue of the checkout."""
    text = (ROOT / "src/lossary/core/catalogue.json").read_text(encoding="utf-8")
    return text.count('\n{"name": ')


if __name__ == "__main__":
    sys.exit(main())
