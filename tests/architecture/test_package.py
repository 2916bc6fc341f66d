"""Laws about the package itself: light imports, rooms, generated files, size of files."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "lossary"
pytestmark = pytest.mark.backendless
HEAVY = {"keras", "numpy", "tensorflow", "jax", "torch", "matplotlib", "sklearn", "pandas", "scipy"}


def fresh(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ), timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "touch",
    ["ls.losses()", "ls.card('huber')", "dir(ls)", "ls.UnknownLossError", "ls.Card", "str(ls.card('torch.nn.L1Loss'))"],
)
def test_the_catalogue_needs_no_backend(touch):
    loaded = set(fresh(f"import sys, lossary as ls; {touch}; print(*sys.modules)").split())
    assert not loaded & HEAVY


def test_only_files_named_after_a_backend_import_it():
    allowed = {"torch": "torch.py", "jax": "jax.py", "tensorflow": "tensorflow.py"}
    for file in SOURCE.rglob("*.py"):
        for package in re.findall(r"^\s*(?:import|from) (torch|jax|tensorflow)\b", file.read_text(), flags=re.M):
            assert file.name == allowed[package], file
    for file in SOURCE.rglob("*.py"):
        if re.search(r"^\s*(import|from) matplotlib", file.read_text(), flags=re.M):
            assert file.parent.name == "drawing", file
        if re.search(r"^\s*(import|from) (click|rich)", file.read_text(), flags=re.M):
            assert file.parent.name == "cli", file
        if re.search(r"^\s*(import|from) (starlette|uvicorn)", file.read_text(), flags=re.M):
            assert file.parent.name == "explorer", file
        if re.search(r"^\s*(import|from) keras\b", file.read_text(), flags=re.M):
            rooms = {
                "numerics",
                "calls",
                "joined",
                "core",
                "families",
                "objective",
                "heads",
                "likelihood",
                "training",
                "drawing",
                "checking",
                "epochs",
                "explorer",
                "forms",
            }
            rooms |= {"linear", "engines", "projections"}
            assert file.parent.name in rooms or file.name == "backends.py", file  # which starts the chosen backend


def _private_names(node):
    """The private names that a piece of source asks an object for, and whether it may be its own; texts too."""
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and re.match(r"_[a-z]", part.attr):
            yield part.attr, _of_itself(part)
        elif isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.startswith("_"):
            yield part.value, True


def _defined_names(node):
    """The private names that a piece of source gives to things of its own."""
    for part in ast.walk(node):
        if isinstance(part, (ast.FunctionDef, ast.ClassDef)):
            yield part.name
        elif isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store) and _of_itself(part):
            yield part.attr


def _of_itself(attribute):
    return getattr(attribute.value, "id", "") in {"self", "cls"}


OF_OTHERS = {  # of Python, torch and TensorFlow
    "_exit", "_fields", "_replace", "_repr_html_", "_initializing", "_lossary", "_lossary_apart",
    "_C", "_functorch", "_ops", "_schema", "_omit_frequent_tracing_warning",
    "_are_functorch_transforms_active", "_current_level",
}  # fmt: skip


def test_one_file_touches_the_private_parts_of_keras():
    adapter = SOURCE / "numerics" / "keras_private.py"
    trees = {file: ast.parse(file.read_text()) for file in SOURCE.rglob("*.py")}
    of_keras = {name for name, _ in _private_names(trees[adapter])} - OF_OTHERS
    assert {"_flatten_layers", "_compile_loss", "_track_variable"} <= of_keras
    ours = OF_OTHERS.union(*(_defined_names(tree) for tree in trees.values()))
    for file, tree in trees.items():
        if file != adapter:
            assert not re.search(r"keras\.src|keras\._(?!_)", file.read_text()), file
            asked = list(_private_names(tree))
            assert not {name for name, _ in asked} & of_keras, file
            assert not {name for name, own in asked if not own} - ours, file


def test_no_file_outgrows_its_shelf():
    for file in [*SOURCE.rglob("*.py"), *SOURCE.rglob("*.js"), *SOURCE.rglob("*.css")]:
        assert len(file.read_text().splitlines()) <= 600, file


def test_the_project_speaks_of_itself_alone():
    """No path of the machine it was written on, and no host of a package registry."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    words = ["/wo" + "rk/", "files.python" + "hosted", "pypi.o" + "rg/simple", "registry.np" + "mjs"]
    for name in listed:
        file = ROOT / name
        if file.suffix in {".py", ".md", ".toml", ".json", ".pyi", ".html", ".js", ".css", ""} and file.is_file():
            text = file.read_text(encoding="utf-8")
            assert not [word for word in words if word in text], name


def test_the_page_is_served_before_keras_is_there():
    """Starting the explorer's application imports no backend by itself; that happens behind it."""
    code = "import sys, lossary.explorer.app, lossary.explorer.serve; print(*sys.modules)"
    assert not set(fresh(code).split()) & (HEAVY - {"numpy"})


def test_the_version_is_told_once():
    import lossary

    assert f'version = "{lossary.__version__}"' in (ROOT / "pyproject.toml").read_text()
    assert f"## {lossary.__version__}" in (ROOT / "CHANGELOG.md").read_text()
