"""The exception tree is whole: every code has a class, and every error survives the way between processes."""

import pickle
import re
from pathlib import Path

import dnstide.mtbl
import pytest
from dnstide.mtbl import CountOverflow, Stopped, TableError, error_from_code

NATIVE = Path(__file__).parents[2] / "workers" / "native" / "error.h"
UNDAMAGED = {"TABLE_MISSING", "TABLE_UNREADABLE"}


def codes() -> list[str]:
    """The codes that the native reader can give, from its own list."""
    return re.findall(r'return "([A-Z_]+)";', NATIVE.read_text())


def test_every_native_code_has_a_class() -> None:
    """Each code has one class, which says whether the file is damaged, and all are public."""
    classes = {cls.code: cls for cls in TableError.__subclasses__()}
    assert set(codes()) == set(classes)
    assert len(classes) == 10
    for code, cls in classes.items():
        assert type(error_from_code(code, "p", None, "r")) is cls
        assert cls.damaged == (code not in UNDAMAGED)
        assert cls.__name__ in dnstide.mtbl.__all__


def test_unknown_code_is_a_plain_table_error() -> None:
    """A newer peer's failure still arrives, with its text."""
    error = error_from_code("ON_FIRE", "a.mtbl", 7, "smoke")
    assert type(error) is TableError
    assert str(error) == "a.mtbl: smoke (at byte 7)"


@pytest.mark.parametrize("code", sorted(set(codes())))
def test_errors_pickle(code: str) -> None:
    """Path, place and reason come out of a pickle as they went in."""
    for offset in (None, 2**40):
        error = error_from_code(code, "dir/a.mtbl", offset, "is bad")
        copy = pickle.loads(pickle.dumps(error))
        assert type(copy) is type(error)
        assert (copy.path, copy.offset, copy.reason, str(copy)) == (
            "dir/a.mtbl",
            offset,
            "is bad",
            str(error),
        )


@pytest.mark.parametrize("kind", [*Stopped, CountOverflow])
def test_the_others_pickle(kind: type[Exception]) -> None:
    """What ends work on sound tables crosses processes too."""
    copy = pickle.loads(pickle.dumps(kind("why")))
    assert type(copy) is kind
    assert str(copy) == "why"
