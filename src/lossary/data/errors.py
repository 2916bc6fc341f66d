"""What is wrong with a table, in four parts. The room below `core` has its own error, so that it needs no other room."""


class DataError(ValueError):
    """Data that cannot be used as asked. `str()` joins the four parts into one readable text."""

    def __init__(self, asked: str, *, arrived: str, allowed: str, do: str) -> None:
        self.asked, self.arrived, self.allowed, self.do = asked, arrived, allowed, do
        super().__init__(f"{asked} {arrived} {allowed} {do}")
