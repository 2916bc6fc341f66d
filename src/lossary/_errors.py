"""The error of every room: what was asked, what arrived, what is allowed, what to do. Imports nothing."""


class LossaryError(ValueError):
    """A mistake that lossary can name. `str()` joins the four parts into one readable text."""

    def __init__(self, asked: str, *, arrived: str = "", allowed: str = "", do: str = "") -> None:
        """Keras builds an error anew from its text alone, to add where it happened; then the text is all in `asked`."""
        self.asked, self.arrived, self.allowed, self.do = asked, arrived, allowed, do
        super().__init__(" ".join(filter(None, (asked, arrived, allowed, do))))

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.asked, self.arrived, self.allowed, self.do)


def _rebuild(cls: type[LossaryError], asked: str, arrived: str, allowed: str, do: str) -> LossaryError:
    return cls(asked, arrived=arrived, allowed=allowed, do=do)


def shown(value: object, most: int = 200) -> str:
    """Anything in an error's text: what Python writes for it, cut where it grows long."""
    try:
        text = repr(value)
    except Exception:  # an object's own repr, or an integer of more digits than Python writes
        text = f"a {type(value).__name__} that cannot be written out"
    return text if len(text) <= most else f"{text[:most]}…"
