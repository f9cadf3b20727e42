"""The style of matplotlib under which pictures are made: its own defaults, whatever a user has set."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from dnstide.model.errors import MissingExtra

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def own_style(work: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """The same work, in which no matplotlibrc has a say; the user's settings stand again after it.

    It raises MissingExtra without matplotlib.
    """

    @wraps(work)
    def styled(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        mpl = _matplotlib()
        with mpl.rc_context():
            mpl.rcdefaults()
            return work(*args, **kwargs)

    return styled


def _matplotlib() -> Any:
    """The package. A wrong MPLBACKEND in the environment would stop its import, so it is hidden meanwhile.

    Pictures never use that backend; where it is a sound one it is set again for the user's own figures.
    """
    wanted = None if "matplotlib" in sys.modules else os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib as mpl
    except ImportError:
        raise MissingExtra("a picture", "plot") from None
    finally:
        if wanted is not None:
            os.environ["MPLBACKEND"] = wanted
    if wanted:
        with suppress(ValueError):
            mpl.rcParams["backend"] = wanted
    return mpl
