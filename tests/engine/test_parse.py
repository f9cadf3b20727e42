from __future__ import annotations

import dns.name
import pytest
from dnstide.engine.parse import NotParsed, OwnerTarget, parse_rrtypes, read_owner, read_rrtype
from dnstide.engine.rrtypes import rrtype_text
from dnstide.model.errors import InvalidQuestion, shown
from dnstide.mtbl import RowFilter, reversed_name
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("asked", "canonical"),
    [
        ("www.example.com", "www.example.com."),
        (" WWW.Example.COM. ", "www.example.com."),
        (".", "."),
        ("@", r"\@."),
        ("@.", r"\@."),
        ("*.@", r"*.\@."),
        ("*", "*."),
        ("*.", "*."),
        ("*.Example.com", "*.example.com."),
        (r"\*.example.com", r"\*.example.com."),
        (r"\042.example.com", r"\*.example.com."),
        (r"a\.b.com", r"a\.b.com."),
        (r"a\046b.com", r"a\.b.com."),
        (r"a\032b.com", r"a\032b.com."),
        (r"\200x.com", r"\200x.com."),
        (r"0\/25.2.0.192.in-addr.arpa", "0/25.2.0.192.in-addr.arpa."),
        (r"0\04725.2.0.192.in-addr.arpa", "0/25.2.0.192.in-addr.arpa."),
        ("0/25.2.0.192.IN-ADDR.arpa", "0/25.2.0.192.in-addr.arpa."),
        ("1.0/25.2.0.192.in-addr.arpa.", "1.0/25.2.0.192.in-addr.arpa."),
        ("*.0/25.2.0.192.in-addr.arpa", "*.0/25.2.0.192.in-addr.arpa."),
        ("www[.]example[.]com", "www.example.com."),
        ("*(.)example[dot]com", "*.example.com."),
        ("hxxps://www[.]example.com/", "www.example.com."),
        ("http://www.example.com:8080", "www.example.com."),
        (r"a\[.]b.com", r"a\[.]b.com."),
        (r"a\@b.com", r"a\@b.com."),
        (r"\+.example.com", r"\+.example.com."),
        ("c++.example.com", "c++.example.com."),
        (r"n\/a.example.com", r"n\/a.example.com."),
        (r"#1.example.com", r"\#1.example.com."),
        ("_dmarc.example.com", "_dmarc.example.com."),
        ("exämple.com", "xn--exmple-cua.com."),
        ("EXÄMPLE.com", "xn--exmple-cua.com."),
        ("*.faß.de", "*.xn--fa-hia.de."),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah."),
        ("xn--n3h.net", "xn--n3h.net."),
    ],
)
def test_names_have_one_canonical_text(asked: str, canonical: str) -> None:
    """Case, dots, escapes and scripts come down to one text."""
    assert str(OwnerTarget.parse(asked)) == canonical


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("", "empty"),
        ("/A", "empty"),
        ("a..b", "a label is empty"),
        (".a", "a label is empty"),
        ("a" * 64 + ".com", "longer than 63 octets"),
        (".".join(["a" * 60] * 5), "longer than 255 octets"),
        ("ä" * 60 + ".com", "63 octets"),
        ("a\\", "backslash"),
        (r"a\25.com", "backslash"),
        (r"a\256.com", "backslash"),
        ("f*.com", "asterisk"),
        ("www.*", "asterisk"),
        ("*.*.com", "asterisk"),
        ("two words.com", r"\\032"),
        ("a\x00b.com", r"\\DDD"),
        (r"ä\.b.com", "A-labels"),
        ("-ä.com", "IDNA 2008"),
        ("a.com/28", "TYPE28"),
        ("a.com/NOPE", "no such record type"),
        ("n/a.example.com", r"written \\/"),
        ("0/25.example.com", r"written \\/"),
        ("0/25.2.0.192.in-addr.arpa/NOPE", "no such record type"),
        ("https://www.example.com/A", "give the host alone"),
        ("hxxp://user@example.com", "give the host alone"),
        ("user@example.com", "mail address"),
        ("www.example.com/A/user@example.com", "mail address"),
        ("a/A/b/c", "NAME/TYPE/BAILIWICK"),
        ("a/A/b..c", "a label is empty"),
    ],
)
def test_wrong_names_say_what_is_wrong(asked: str, reason: str) -> None:
    """Each refusal carries the field, the text as asked and a reason that helps."""
    with pytest.raises(InvalidQuestion, match=reason) as caught:
        OwnerTarget.parse(asked, "names[3]")
    ((field, text),) = caught.value.problems
    assert field == "names[3]"
    assert text.endswith(f"(got {shown(asked)})")


def test_type_and_bailiwick_come_with_the_name() -> None:
    """NAME/TYPE/BAILIWICK, where parts may be empty and types may be several."""
    assert OwnerTarget.parse("example[.]com/A/com").filter == RowFilter((1,), b"\x03com\x00")
    full = OwnerTarget.parse("www.yahoo.com/cname/yahoo.com")
    assert full.filter == RowFilter((5,), reversed_name(dns.name.from_text("yahoo.com")))
    within = OwnerTarget.parse("a.com//com")
    assert within.filter == RowFilter((), b"\x03com\x00")
    zone = "0/25.2.0.192.in-addr.arpa"
    assert OwnerTarget.parse(f"1.{zone}/PTR/{zone}").filter == RowFilter(
        (12,), reversed_name(dns.name.from_text(zone))
    )
    assert str(OwnerTarget.parse(f"{zone}//arpa")) == f"{zone}."
    assert OwnerTarget.parse("a.com/") == OwnerTarget.parse("a.com/ANY/") == OwnerTarget.parse("a.com")
    assert OwnerTarget.parse("a.com/AAAA,a,TYPE1").filter.rrtypes == (1, 28)


def test_queries_are_key_prefixes() -> None:
    """An exact name ends with its zero byte, a wildcard does not, everything is the type byte alone."""
    exact = OwnerTarget.parse("www.example.com/A/com").query
    assert exact.prefix == b"\x00\x03com\x07example\x03www\x00"
    assert (exact.wildcard, exact.filter) == (False, RowFilter((1,), b"\x03com\x00"))
    under = OwnerTarget.parse("*.example.com").query
    assert (under.prefix, under.wildcard) == (b"\x00\x03com\x07example", True)
    assert OwnerTarget.parse("*").query.prefix == b"\x00"
    assert OwnerTarget.parse(".").query.prefix == b"\x00\x00"


@pytest.mark.parametrize("text", ["ANY", "any", "TYPE255", "ANY-DNSSEC"])
def test_any_means_all_types(text: str) -> None:
    """As dnstable reads these words."""
    assert read_rrtype(text) is None
    assert parse_rrtypes(["A", text]) == ()


@pytest.mark.parametrize("text", ["28", "TYPE0", "TYPE65536", "TYPEX", "", "ÄÄ"])
def test_wrong_types(text: str) -> None:
    """Bare numbers and unknown words are refused, also those that dnspython would take."""
    with pytest.raises(InvalidQuestion) as caught:
        parse_rrtypes([text])
    assert caught.value.problems[0][0] == "rrtypes"


@given(st.integers(1, 65535).filter(lambda n: n != 255))
def test_types_survive_their_text(rrtype: int) -> None:
    """Every number has a text that is read back as the same number."""
    assert read_rrtype(rrtype_text(rrtype)) == rrtype


SLASHED = [
    b"0/25",
    b"a/a",
    b"/",
    b"#",
    b"*",
    b"@",
    b"in-addr",
    b"arpa",
    b"1",
    b"a b",
    b"\\",
    b".",
    b"+",
    b"a[",
    b"]b",
    b"[dot]",
    b"x@y",
    b"http:",
    b"http://a",
]
LABELS = st.lists(st.binary(min_size=1, max_size=20) | st.sampled_from(SLASHED), max_size=6)


@given(LABELS, st.booleans())
def test_canonical_text_is_read_back(labels: list[bytes], wildcard: bool) -> None:
    """str and parse are inverse for any bytes in labels."""
    target = OwnerTarget(dns.name.Name([*(label.lower() for label in labels), b""]), wildcard)
    assert OwnerTarget.parse(str(target)) == target


@pytest.mark.parametrize(
    ("asked", "text", "labels"),
    [
        ("+.Example.com", "+.example.com.", 3),
        ("+", "+.", 1),
        ("+.", "+.", 1),
        ("+.a\\+.com/A", "+.a\\+.com.", 3),
    ],
)
def test_exactly_one_label_more(asked: str, text: str, labels: int) -> None:
    """dnstable's sign: the range of the suffix, of which names of that many labels count."""
    target = OwnerTarget.parse(asked)
    assert str(target) == text.replace("a\\+", "a+")
    assert OwnerTarget.parse(str(target)).query.filter.owner_labels == labels
    assert target.query.wildcard
    assert OwnerTarget.parse("\\+.example.com").query.filter.owner_labels is None


def test_one_label_is_for_counts_over_time() -> None:
    with pytest.raises(NotParsed, match=r"is for counts over time.* written \\\+"):
        read_owner("+.example.com")


@pytest.mark.parametrize(
    ("word", "number"),
    [("EID", 31), ("nimloc", 32), ("ATMA", 34), ("SINK", 40), ("RKEY", 57), ("TALINK", 58), ("UINFO", 100),
     ("UID", 101), ("GID", 102), ("DOA", 259), ("CLA", 263), ("IPN", 264)],
)  # fmt: skip
def test_registered_types_that_dnspython_does_not_name(word: str, number: int) -> None:
    assert read_rrtype(word) == read_rrtype(f"TYPE{number}") == number
    assert rrtype_text(number) == word.upper()
