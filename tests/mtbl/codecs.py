"""The six compressions in plain Python, but for zstd's decoder and the compressors: C libraries' own."""

import ctypes
import functools
import zlib

CODES = {"none": 0, "snappy": 1, "zlib": 2, "lz4": 3, "lz4hc": 4, "zstd": 5}
LIMIT = 1 << 20  # larger than any sound block of the tests


class BadStream(ValueError):
    """Compressed bytes that do not decompress."""


def decompress(compression: str, data: bytes) -> bytes:
    """The plain bytes. BadStream where the stream is cut, damaged, or followed by something."""
    match compression:
        case "none":
            return data
        case "zlib":
            return _zlib(data)
        case "snappy":
            return _snappy(data)
        case "lz4" | "lz4hc":
            return _lz4(data)
        case _:
            return _zstd(data)


def compress(compression: str, data: bytes) -> bytes:
    """What libmtbl stores for these bytes. (Its own zlib call aborts where a few bytes do not shrink.)"""
    if compression == "none":
        return data
    if compression == "zlib":
        return zlib.compress(data)
    library = libmtbl()
    out, size = ctypes.c_void_p(), ctypes.c_size_t()
    arguments = (CODES[compression], data, len(data), ctypes.byref(out), ctypes.byref(size))
    if library.mtbl_compress(*arguments) != 1:
        raise BadStream(f"libmtbl cannot compress with {compression}")
    try:
        return ctypes.string_at(out, size.value)
    finally:
        ctypes.CDLL(None).free(out)


@functools.cache
def libmtbl() -> ctypes.CDLL:
    library = ctypes.CDLL("libmtbl.so.1")
    size, pointer = ctypes.c_size_t, ctypes.POINTER
    library.mtbl_compress.argtypes = [
        ctypes.c_int,
        ctypes.c_char_p,
        size,
        pointer(ctypes.c_void_p),
        pointer(size),
    ]
    return library


def _zlib(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(data, LIMIT)
    except zlib.error as error:
        raise BadStream(str(error)) from None
    if not stream.eof or stream.unused_data:
        raise BadStream("zlib stream is cut short or followed by something")
    return plain


def _snappy(data: bytes) -> bytes:
    """https://github.com/google/snappy/blob/main/format_description.txt"""
    try:
        return _snappy_elements(data)
    except IndexError:
        raise BadStream("snappy stream is cut short") from None


def _snappy_elements(data: bytes) -> bytes:
    size = at = shift = 0
    while True:
        byte = data[at]
        size |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            break
        if shift > 28:
            raise BadStream("snappy length is too long")
    if size > LIMIT:
        raise BadStream("snappy stream says it holds more than anyone would store")
    out = bytearray()
    while at < len(data):
        tag, at = data[at], at + 1
        if tag & 3 == 0:
            length = (tag >> 2) + 1
            if length > 60:
                extra = length - 60
                length, at = int.from_bytes(data[at : at + extra], "little") + 1, at + extra
            if at + length > len(data):
                raise BadStream("snappy literal is cut short")
            out += data[at : at + length]
            at += length
        else:
            if tag & 3 == 1:
                length, offset = (tag >> 2 & 7) + 4, (tag >> 5) << 8 | data[at]
                at += 1
            else:
                width = 2 if tag & 3 == 2 else 4
                if at + width > len(data):
                    raise BadStream("snappy copy is cut short")
                length, offset = (tag >> 2) + 1, int.from_bytes(data[at : at + width], "little")
                at += width
            _copy_back(out, offset, length)
        if len(out) > size:
            raise BadStream("snappy stream is longer than it says")
    if len(out) != size:
        raise BadStream("snappy stream is shorter than it says")
    return bytes(out)


def _lz4(data: bytes) -> bytes:
    """A u32 LE size, then https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md"""
    if len(data) < 5:
        raise BadStream("lz4 block is cut short")
    size = int.from_bytes(data[:4], "little")
    if size > LIMIT:
        raise BadStream("lz4 block says it holds more than anyone would store")
    try:
        out = _lz4_sequences(data, size)
    except IndexError:
        raise BadStream("lz4 block is cut short") from None
    if len(out) != size:
        raise BadStream("lz4 block has another size than it says")
    return bytes(out)


def _lz4_sequences(data: bytes, size: int) -> bytearray:
    out, at = bytearray(), 4
    while True:
        token, at = data[at], at + 1
        length, at = _lz4_length(data, at, token >> 4)
        if at + length > len(data):
            raise BadStream("lz4 literal is cut short")
        out += data[at : at + length]
        at += length
        if at == len(data):
            return out
        if at + 2 > len(data):
            raise BadStream("lz4 match is cut short")
        offset, at = int.from_bytes(data[at : at + 2], "little"), at + 2
        length, at = _lz4_length(data, at, token & 15)
        if len(out) + length + 4 > size:
            raise BadStream("lz4 block is longer than it says")
        _copy_back(out, offset, length + 4)


def _lz4_length(data: bytes, at: int, length: int) -> tuple[int, int]:
    if length == 15:
        while True:
            byte, at = data[at], at + 1
            length += byte
            if byte < 255:
                break
    return length, at


def _copy_back(out: bytearray, offset: int, length: int) -> None:
    if not 0 < offset <= len(out):
        raise BadStream("a copy reaches before the beginning")
    if len(out) + length > LIMIT:
        raise BadStream("more than anyone would store")
    for _ in range(length):
        out.append(out[-offset])


def _zstd(data: bytes) -> bytes:
    library = ctypes.CDLL("libzstd.so.1")
    library.ZSTD_getFrameContentSize.restype = ctypes.c_uint64
    library.ZSTD_decompress.restype = ctypes.c_size_t
    size = library.ZSTD_getFrameContentSize(data, ctypes.c_size_t(len(data)))
    if size > LIMIT:
        raise BadStream("zstd frame has no size, or more than anyone would store")
    buffer = ctypes.create_string_buffer(max(size, 1))
    got = library.ZSTD_decompress(buffer, ctypes.c_size_t(size), data, ctypes.c_size_t(len(data)))
    if got != size:
        raise BadStream("zstd frame is damaged")
    return buffer.raw[:size]
