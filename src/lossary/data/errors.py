"""What is wrong with a table, in four parts. This room lies below `core`, so it has an error of its own."""


class DataError(ValueError):
    """Data that cannot be used as asked. `str()` joins the four parts into one readable text."""

    def __init__(self, asked: str, *, arrived: str, allowed: str, do: str) -> None:
        self.asked, self.arrived, self.allowed, self.do = asked, arrived, allowed, do
        super().__init__(f"{asked} {arrived} {allowed} {do}")
