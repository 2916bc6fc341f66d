"""What is wrong with a table or with data, in four parts. This room lies below `core`, whose errors speak of losses."""

from lossary._errors import LossaryError


class DataError(LossaryError):
    """Data that cannot be used as asked."""
