"""The dnstable encoding against worked examples, and every entry type there and back."""

import dns.name
import dns.rdata
import pytest
from dnstide.mtbl.dnstable import (
    MAX_U64,
    BadEntry,
    OwnerName,
    RdataName,
    RdataRow,
    Row,
    SourceInfo,
    TimeRange,
    Version,
    decode_union,
    decode_varint,
    encode_union,
    encode_varint,
    owner_prefix,
    read_reversed_name,
    reversed_name,
)
from dnstide.mtbl.entries import decode_entry, encode_entry, merge_values, row_keys
from dnstide.mtbl.errors import CountOverflow
from hypothesis import given
from hypothesis import strategies as st


def name(text: str) -> dns.name.Name:
    return dns.name.from_text(text)


def wire(rrtype: str, text: str) -> bytes:
    data = dns.rdata.from_text("IN", rrtype, text, origin=dns.name.root, relativize=False)
    return data.to_wire()


labels = st.lists(st.binary(min_size=1, max_size=20), max_size=6)
names = labels.map(lambda parts: dns.name.Name((*(part.lower() for part in parts), b"")))
u64 = st.integers(0, MAX_U64)
rows = st.builds(
    Row,
    names,
    st.integers(0, 65535),
    names,
    st.lists(st.binary(max_size=300), min_size=1, max_size=4).map(tuple),
    u64,
    st.integers(1, MAX_U64),
    st.integers(1, MAX_U64),
)


def test_worked_example() -> None:
    """The NS example of the format's manual gives these very bytes."""
    row = Row(
        name("example.com."),
        2,
        name("com."),
        (wire("NS", "ns1.example.com."), wire("NS", "ns2.example.com.")),
        1333370000,
        1333380000,
        23,
    )
    key, value = encode_entry(row)
    assert key == (
        b"\x00\x03com\x07example\x00\x02\x03com\x00"
        b"\x11\x03ns1\x07example\x03com\x00\x11\x03ns2\x07example\x03com\x00"
    )
    assert value == bytes.fromhex("90b9e6fb04 a087e7fb04 17")
    assert decode_entry(key, value) == row
    _, by_name, by_rdata, rdata_names = row_keys(row.owner.labels, 2, row.bailiwick.labels, row.rdata)
    assert by_name == b"\x01\x07example\x03com\x00"
    assert by_rdata[0] == b"\x02\x03ns1\x07example\x03com\x00\x02\x03com\x07example\x00\x11\x00"
    assert rdata_names[1] == b"\x03\x03com\x07example\x03ns2\x00"


@pytest.mark.parametrize(
    ("rrtype", "text", "head"),
    [
        ("MX", "10 mail.example.com.", 2),
        ("SRV", "1 2 443 host.example.com.", 6),
        ("SVCB", "1 svc.example.com. alpn=h2", 2),
        ("HTTPS", "0 alias.example.com.", 2),
    ],
)
def test_slices(rrtype: str, text: str, head: int) -> None:
    """MX, SRV, SVCB and HTTPS get a second RDATA key that begins with the name inside the data."""
    data = wire(rrtype, text)
    number = dns.rdatatype.from_text(rrtype)
    owner = name("example.com.")
    _, _, by_rdata, rdata_names = row_keys(owner.labels, number, owner.labels, (data,))
    plain, sliced = by_rdata
    assert plain == b"\2" + data + bytes((number,)) + b"\3com\7example\0" + len(data).to_bytes(2, "little")
    tail = len(data) - head
    assert sliced == (
        b"\2"
        + data[head:]
        + bytes((number,))
        + b"\3com\7example\0"
        + data[:head]
        + tail.to_bytes(2, "little")
    )
    assert decode_entry(sliced, b"\1\2\3") == RdataRow(data, int(number), owner, True, 1, 2, 3)
    assert decode_entry(plain, b"\1\2\3") == RdataRow(data, int(number), owner, False, 1, 2, 3)
    assert rdata_names[0].startswith(b"\3\3com\7example")


def test_soa_is_found_by_its_first_name() -> None:
    data = wire("SOA", "ns.example.com. admin.example.org. 1 2 3 4 5")
    owner = name("example.com.")
    _, _, by_rdata, rdata_names = row_keys(owner.labels, 6, owner.labels, (data,))
    assert len(by_rdata) == 1
    assert rdata_names == (b"\3\3com\7example\2ns\0",)


@pytest.mark.parametrize(
    ("types", "encoded"),
    [
        (None, ""),
        ({1}, "01"),
        ({0}, "00"),
        ({65}, "41"),
        ({257}, "0101"),
        ({65280}, "00ff"),
        ({1, 2, 6}, "000162"),
        ({1, 2, 35, 99, 6, 15, 16, 28, 29}, "000d 6201800c10 00000000000000 10"),
        ({1, 257}, "00014001 0140"),
    ],
)
def test_unions(types: set[int] | None, encoded: str) -> None:
    """The unions of the format's manual, single types and a second window, there and back."""
    assert encode_union(types) == bytes.fromhex(encoded)
    assert decode_union(bytes.fromhex(encoded)) == types


@given(st.frozensets(st.integers(0, 65535), min_size=1, max_size=40))
def test_unions_return(types: frozenset[int]) -> None:
    assert decode_union(encode_union(types)) == types


@given(u64)
def test_varints_return(value: int) -> None:
    encoded = encode_varint(value)
    assert decode_varint(b"\xff" + encoded + b"\x80", 1) == (value, 1 + len(encoded))


@pytest.mark.parametrize("data", ["", "80", "ff" * 10, "ffffffffffffffffff02", "80" * 10 + "01"])
def test_bad_varints(data: str) -> None:
    """Cut short, or past 64 bits."""
    with pytest.raises(BadEntry):
        decode_varint(bytes.fromhex(data))


@given(rows)
def test_rows_return(row: Row) -> None:
    """An RRSET entry gives back the row that it was made of, and its key begins with the owner's prefixes."""
    key, value = encode_entry(row)
    assert decode_entry(key, value) == row
    assert key.startswith(owner_prefix(row.owner))
    for depth in range(1, len(row.owner.labels) + 1):
        assert key.startswith(owner_prefix(row.owner.split(depth)[1], wildcard=True))


@given(
    st.one_of(
        st.builds(OwnerName, names, st.none() | st.frozensets(st.integers(0, 65535), min_size=1, max_size=5)),
        st.builds(RdataName, names, st.none() | st.frozensets(st.integers(0, 65535), min_size=1, max_size=5)),
        st.builds(
            RdataRow,
            st.binary(max_size=100),
            st.integers(0, 65535),
            names,
            st.just(False),
            u64,
            st.integers(1, MAX_U64),
            st.integers(1, MAX_U64),
        ),
        st.builds(TimeRange, u64, u64),
        st.builds(Version, st.integers(0, 255), u64),
        st.just(TimeRange(None, None)),
        st.builds(Version, st.integers(0, 255), st.none()),
    )
)
def test_other_entries_return(entry: OwnerName | RdataName | RdataRow | TimeRange | Version) -> None:
    assert decode_entry(*encode_entry(entry)) == entry


@given(st.binary(max_size=60), st.binary(max_size=30))
def test_any_bytes_decode_or_are_refused(key: bytes, value: bytes) -> None:
    """Bytes that are no entry end in BadEntry and in nothing else."""
    try:
        entry = decode_entry(key, value)
    except BadEntry:
        return
    assert entry is not None


def test_names_are_lower_cased_and_reversed() -> None:
    assert reversed_name(name("WWW.Example.COM.")) == b"\3com\7example\3www\0"
    assert read_reversed_name(b"\3com\7example\3www\0") == (name("www.example.com."), 17)
    assert owner_prefix(dns.name.root) == b"\0\0"
    assert owner_prefix(dns.name.root, wildcard=True) == b"\0"


def test_relative_names_are_refused() -> None:
    with pytest.raises(BadEntry, match="absolute"):
        reversed_name(dns.name.from_text("www", origin=None))


def test_stored_zeros_are_read_as_dnstable_reads_them() -> None:
    """A count of 0 counts once, and a last time of 0 is the first time."""
    key, _ = encode_entry(Row(name("a."), 1, name("."), (b"\1\2\3\4",), 0, 0, 0))
    row = decode_entry(key, bytes((50, 0, 0)))
    assert isinstance(row, Row)
    assert (row.time_first, row.time_last, row.count) == (50, 50, 1)


def test_merge_law() -> None:
    """Earliest, latest, sum; types join; the lowest version stays; emptied entries stay empty."""
    row_key = encode_entry(Row(name("a."), 1, name("."), (b"\1\2\3\4",), 0, 0, 0))[0]
    assert merge_values(row_key, [b"\5\6\7", b"\4\5\1", b"\6\7\0"]) == b"\4\7\x08"
    assert merge_values(b"\1\1a\0", [b"\1", b"\2", b"\1"]) == encode_union({1, 2})
    assert merge_values(b"\3\1a\0", [b"\1", b""]) == b""
    assert merge_values(b"\xfe", [b"\5\6", b"\4\5"]) == b"\4\6"
    assert merge_values(b"\xfe", [b"\5\6", b""]) == b""
    assert merge_values(b"\xff\1", [b"\1", b"\0"]) == b"\0"
    assert merge_values(b"\xff\1", [b"\1", b""]) == b""
    assert merge_values(b"\xfdsource", [b"", b""]) == b""


def test_merge_overflow() -> None:
    key = encode_entry(Row(name("a."), 1, name("."), (b"\1\2\3\4",), 0, 0, 0))[0]
    with pytest.raises(CountOverflow):
        merge_values(key, [b"\1\1" + encode_varint(MAX_U64), b"\1\1\1"])


def test_rdata_without_a_name_is_stored_without_a_slice() -> None:
    """An MX whose data holds no name counts, and is found by its data, as dnstable_convert has it."""
    _, _, by_rdata, names = row_keys(name("a.").labels, 15, name("a.").labels, (b"\0\x0a\5",))
    assert by_rdata == (b"\2\0\x0a\5\x0f\1a\0\3\0",)
    assert names == ()


@pytest.mark.parametrize("rrtype", [64, 65])
def test_slices_of_svcb_and_https_are_in_lower_case(rrtype: int) -> None:
    """The name alone; what follows it, and the entry of the whole data, are as they were."""
    data = b"\0\1\3CDN\7Example\3net\0\0\1\0\3\2H2"
    _, _, by_rdata, names = row_keys(name("www.a.").labels, rrtype, name("a.").labels, (data,))
    owner = bytes((rrtype,)) + b"\1a\3www\0"
    assert by_rdata == (
        b"\2" + data + owner + len(data).to_bytes(2, "little"),
        b"\2\3cdn\7example\3net\0\0\1\0\3\2H2" + owner + b"\0\1" + (len(data) - 2).to_bytes(2, "little"),
    )
    assert names == (b"\3\3net\7example\3cdn\0",)


def test_source_info_is_an_entry() -> None:
    entry = SourceInfo(b"sensor 7")
    assert encode_entry(entry) == (b"\xfd", b"sensor 7")
    assert decode_entry(b"\xfd", b"sensor 7") == entry
