"""The style of matplotlib under which pictures are made: its own defaults, whatever a user has set."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from dnstide.model.errors import MissingExtra

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def own_style(work: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """The same work, in which no matplotlibrc has a say; the user's settings stand again after it.

    It raises MissingExtra without matplotlib.
    """

    @wraps(work)
    def styled(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        try:
            import matplotlib as mpl
        except ImportError:
            raise MissingExtra("a picture", "plot") from None
        with mpl.rc_context():
            mpl.rcdefaults()
            return work(*args, **kwargs)

    return styled
