"""libmtbl's own iterator, for comparison. It aborts on damage: only for tables known to be sound."""

import ctypes
import functools
from collections.abc import Iterator

from tests.mtbl.reference import Entry


@functools.cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL("libmtbl.so.1")
    for name, result, arguments in (
        ("mtbl_reader_init", ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_void_p]),
        ("mtbl_reader_source", ctypes.c_void_p, [ctypes.c_void_p]),
        ("mtbl_source_iter", ctypes.c_void_p, [ctypes.c_void_p]),
        ("mtbl_iter_next", ctypes.c_int, [ctypes.c_void_p] * 5),
        ("mtbl_iter_destroy", None, [ctypes.c_void_p]),
        ("mtbl_reader_destroy", None, [ctypes.c_void_p]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def iterate(path: str) -> Iterator[Entry]:
    """Every entry of a sound table, as libmtbl reads it."""
    library = _library()
    reader = ctypes.c_void_p(library.mtbl_reader_init(path.encode(), None))
    if not reader:
        raise OSError(f"libmtbl cannot open {path}")
    iterator = ctypes.c_void_p(library.mtbl_source_iter(library.mtbl_reader_source(reader)))
    key, value = ctypes.c_void_p(), ctypes.c_void_p()
    key_size, value_size = ctypes.c_size_t(), ctypes.c_size_t()
    out = [ctypes.byref(place) for place in (key, key_size, value, value_size)]
    try:
        while iterator and library.mtbl_iter_next(iterator, *out):
            yield ctypes.string_at(key, key_size.value), ctypes.string_at(value, value_size.value)
    finally:
        library.mtbl_iter_destroy(ctypes.byref(iterator))
        library.mtbl_reader_destroy(ctypes.byref(reader))
