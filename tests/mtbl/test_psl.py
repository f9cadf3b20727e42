"""The compiled public suffix list against the package it is made from, and against the rules as they are
written down.
"""

from __future__ import annotations

import struct

import dns.name
import pytest
from dnstide.mtbl.dnstable import reversed_name
from dnstide.mtbl.psl import SuffixList, suffix_list
from hypothesis import given, settings
from hypothesis import strategies as st
from publicsuffixlist import PSLFILE, PublicSuffixList

REFERENCE = PublicSuffixList()
with open(PSLFILE, encoding="utf-8") as _file:
    RULES = [
        line.split()[0].encode("idna").decode()
        for line in _file
        if line.strip() and not line.startswith("//")
    ]


def key(text: str) -> bytes:
    return reversed_name(dns.name.from_text(text))


def expected(text: str) -> bytes:
    """By the package: the registered domain, or the name itself where there is none."""
    return key(REFERENCE.privatesuffix(text) or text)


def test_every_rule_and_what_stands_under_it() -> None:
    """Each rule of the list, with 0 to 3 labels in front, gives what the package gives."""
    suffixes = suffix_list()
    assert len(RULES) > 5_000
    for rule in RULES:
        base = rule.removeprefix("!").removeprefix("*.")
        for front in ("", "x.", "www.x.", "a.b.c."):
            assert suffixes.registered_domain(key(front + base)) == expected(front + base), front + base


LABELS = st.sampled_from(
    [
        "com",
        "uk",
        "co",
        "jp",
        "kobe",
        "city",
        "ck",
        "www",
        "github",
        "io",
        "amazonaws",
        "compute",
        "a",
        "b",
        "xn--p1ai",
        "er",
        "kawasaki",
    ]
)


@settings(max_examples=300)
@given(
    st.one_of(
        st.lists(LABELS, min_size=1, max_size=7).map(".".join),
        st.sampled_from(RULES).map(lambda r: r.lstrip("!*.")),
    )
)
def test_generated_names(text: str) -> None:
    """Any mixture of labels that rules are made of."""
    assert suffix_list().registered_domain(key(text)) == expected(text)


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        (".", "."),
        ("com.", "com."),
        ("co.uk.", "co.uk."),
        ("www.example.co.uk.", "example.co.uk."),
        ("nosuchsuffix.", "nosuchsuffix."),
        ("a.b.nosuchsuffix.", "b.nosuchsuffix."),
        ("a.b.c.ck.", "b.c.ck."),
        ("a.www.ck.", "www.ck."),
        ("a.b.github.io.", "b.github.io."),
        ("github.io.", "github.io."),
    ],
)
def test_names_without_a_registered_domain_stand_for_themselves(name: str, domain: str) -> None:
    """Suffixes, single labels and the root are kept as themselves; the rest as the list's rules say."""
    assert suffix_list().registered_domain(key(name)) == key(domain)


def test_the_version_tells_lists_apart() -> None:
    """Two lists with different rules never share a version, whatever their header says; comments change
    nothing.
    """
    head = "// VERSION: 2026-01-01_00-00-00_UTC\n"
    first, second = SuffixList(head + "com\nco.uk\n"), SuffixList(head + "com\n")
    assert first.version.startswith("2026-01-01_00-00-00_UTC/")
    assert first.version != second.version
    assert SuffixList(head + "// a comment\ncom\n").version == second.version
    assert suffix_list().version.startswith("20")


def test_the_compiled_form_is_as_documented() -> None:
    """A walk over the bytes by the documented layout finds every rule of a small list and nothing else."""
    compiled = SuffixList("com\n*.ck\n!www.ck\nco.uk\n").compiled
    (count,) = struct.unpack_from("<I", compiled)
    nodes = [struct.unpack_from("<IHBBI", compiled, 4 + 12 * i) for i in range(count)]
    blob = compiled[4 + 12 * count :]

    def walk(i: int, path: tuple[bytes, ...]) -> dict[tuple[bytes, ...], int]:
        first, children, flags, length, offset = nodes[i]
        here = (*path, blob[offset : offset + length]) if i else path
        rules = {here: flags} if flags else {}
        for child in range(first, first + children):
            rules |= walk(child, here)
        return rules

    assert walk(0, ()) == {(b"com",): 1, (b"ck",): 2, (b"ck", b"www"): 4, (b"uk", b"co"): 1}


@pytest.mark.parametrize(
    ("name", "owns"),
    [
        ("example.com", True),
        ("example.co.uk", True),
        ("a.foo.kobe.jp", True),
        ("city.kobe.jp", True),  # an exception to *.kobe.jp
        ("example.unheard-of", True),
        ("alice.github.io", True),
        ("amazonaws.com", False),  # public suffixes lie under it
        ("github.io", False),  # itself a public suffix
        ("foo.kobe.jp", False),
        ("kobe.jp", False),
        ("www.example.com", False),
        ("com", False),
        (".", False),
    ],
)
def test_domains_that_own_their_subtree(name: str, owns: bool) -> None:
    """Those alone of which no name under them is registered as something else."""
    assert suffix_list().owns_subtree(key(name)) is owns


@given(st.lists(LABELS, min_size=1, max_size=5), st.lists(LABELS, max_size=3))
def test_a_subtree_that_is_owned_is_one_domain(name: list[str], front: list[str]) -> None:
    """Whatever stands in front of such a name is registered as it."""
    domain = ".".join(name)
    if suffix_list().owns_subtree(key(domain)):
        assert suffix_list().registered_domain(key(".".join([*front, domain]))) == key(domain)
