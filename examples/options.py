"""Command-line options for the examples: every keyword of an example's `main` becomes one, with its default."""

import argparse
import inspect
from collections.abc import Callable
from typing import Any


def run(main: Callable[..., dict[str, Any]], about: str | None) -> None:
    """Reads the command line and calls `main`; `about` is the text of --help."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, parameter in inspect.signature(main).parameters.items():
        option, default = f"--{name.replace('_', '-')}", parameter.default
        if isinstance(default, bool):
            parser.add_argument(option, action="store_true")
            continue
        shown = "the built-in data" if default == "" else default
        parser.add_argument(option, type=type(default), default=default, help=f"default: {shown}")
    try:
        main(**vars(parser.parse_args()))
    except (ValueError, OSError) as error:
        parser.error(str(error))
