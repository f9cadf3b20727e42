"""Exit codes, all of them, and which error ends with which."""

from __future__ import annotations

from typing import Final

from dnstide.model.errors import Cancelled, DeadlineExceeded, DnstideError, InvalidQuestion

COMPLETE: Final = 0
ERROR: Final = 1
USAGE: Final = 2
PARTIAL: Final = 3
"""The answer came, but tables that it needs did not answer."""
NOTHING: Final = 4
"""Everything was looked at, and there was nothing."""
DEADLINE: Final = 5
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141

HELP = """\b
Exit codes:
  0    complete
  1    error
  2    wrong usage: an option, name, type, date, span or granularity
  3    partial: tables or shards did not answer, the answer is marked
  4    nothing found
  5    the deadline passed
  130  interrupted
  141  the reader of the output went away"""

_BY_ERROR: Final[dict[type[DnstideError], int]] = {
    InvalidQuestion: USAGE,
    DeadlineExceeded: DEADLINE,
    Cancelled: INTERRUPTED,
    DnstideError: ERROR,
}


def exit_code(error: DnstideError) -> int:
    """The code that a command ends with after this error: that of its nearest ancestor in the table."""
    return next(_BY_ERROR[kind] for kind in type(error).__mro__ if kind in _BY_ERROR)
