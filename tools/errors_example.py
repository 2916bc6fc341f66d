"""What an example of an error is: the smallest code that causes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Example:
    """The smallest code that causes one error. A line that begins with `$ ` is a command.

    `files` are written into an empty folder first; `hidden` is run before, and not shown. In it `patch(target, value)`
    replaces something for the time of the example.
    """

    title: str
    when: str
    code: str
    fix: str = ""  # what the message does not say, if anything: what to type, where to look
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    hidden: str = ""
