"""Owner names and record types as people write them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import dns.exception
import dns.name
from dnstide.engine.rrtypes import rrtype_number, rrtype_text
from dnstide.model.errors import InvalidQuestion
from dnstide.model.question import RowFilter as AskedFilter
from dnstide.model.vocabulary import MAX_RRTYPES
from dnstide.mtbl import ALL_ROWS, LookupQuery, RowFilter
from dnstide.mtbl.dnstable import owner_prefix, read_reversed_name, reversed_name

_REVERSE_ZONE = re.compile(r"(?:[^/]*\.)?[0-9]+/[0-9]+\.(?:[^/]*\.)?(?:in-addr|ip6)\.arpa\.?", re.IGNORECASE)
"""A name at or under a zone of RFC 2317, whose slash belongs to it: what follows is no record type."""

_DEFANGED_DOT = re.compile(r"(?<!\\)(?:\[(?:\.|dot)\]|\((?:\.|dot)\))", re.IGNORECASE)
_URL = re.compile(r"(?:https?|hxxps?|ftp|fxp)(?::|\[:\])//", re.IGNORECASE)
_HOST = re.compile(r"([^/?#@:\\]+)(?::[0-9]+)?/?")
_MAILBOX = re.compile(r"[^.]@|@[^.]")

_ALL_TYPES = frozenset({"ANY", "ANY-DNSSEC", "TYPE255"})
"""All types, in dnstable's words: it reads ANY-DNSSEC as ANY, since DNSSEC has a dataset of its own."""


class NotParsed(ValueError):
    """A text that is no name or no record type; the text of the error is the cure."""


@dataclass(frozen=True)
class OwnerTarget:
    """One owner name, or with `wildcard` everything under it, the name itself included, or with `one_label`
    too what is exactly one label under it; and which rows count.

    str() is the canonical name. `spelling` is the name in the form of tables where its case counts: names are
    compared without regard to it.
    """

    name: dns.name.Name
    wildcard: bool = False
    filter: RowFilter = ALL_ROWS
    spelling: bytes | None = None
    one_label: bool = False

    @classmethod
    def parse(cls, text: str, field: str = "names") -> OwnerTarget:
        """From NAME, NAME/TYPE or NAME/TYPE/BAILIWICK, where TYPE may be empty or a comma list.

        A slash inside a name is written \\/ or \\047, or as it is in the reverse zones of RFC 2317. `*.NAME`
        makes a wildcard, `*` and `*.` stand for all names, `+.NAME` for names of one label more; an asterisk
        or a plus that is meant literally is written \\* or \\+. Raises InvalidQuestion for the field.
        """
        with refused(field, text):
            return read_target(text)

    @cached_property
    def query(self) -> LookupQuery:
        """What a reader looks for."""
        prefix = owner_prefix(self.name, self.wildcard, keep_case=self.spelling is not None)
        row_filter = replace(self.filter, owner_labels=len(self.name)) if self.one_label else self.filter
        return LookupQuery(prefix, self.wildcard, row_filter)

    def narrowed(self, row_filter: RowFilter) -> OwnerTarget:
        """The same name with this filter."""
        return replace(self, filter=row_filter)

    @cached_property
    def text(self) -> str:
        """The canonical name."""
        if self.wildcard:
            sign = "+." if self.one_label else "*."
            return sign if self.name == dns.name.root else f"{sign}{name_text(self.name)}"
        return name_text(self.name)

    @property
    def filter_texts(self) -> AskedFilter:
        """The filter as it is asked, in canonical form."""
        within = self.filter.bailiwick
        return AskedFilter(
            tuple(map(rrtype_text, self.filter.rrtypes)),
            None if within is None else name_text(read_reversed_name(within)[0]),
        )

    def __str__(self) -> str:
        return self.text


@contextmanager
def refused(field: str, text: str) -> Iterator[None]:
    """Turns NotParsed into the InvalidQuestion of a field and the text that was given there."""
    try:
        yield
    except NotParsed as error:
        raise InvalidQuestion.of(field, text, str(error)) from None


def read_owner(text: str, keep_case: bool = False) -> tuple[dns.name.Name, bool]:
    """NAME, or `*.NAME`, `*` and `*.` for a name with all that is under it. Raises NotParsed."""
    name = refanged(text)
    if _is_one_label(name):
        raise NotParsed(
            "exactly one label under a name (+.example.com) is for counts over time; *.example.com is all"
            " that is under it, and a plus that is meant literally is written \\+"
        )
    wildcard = name in ("*", "*.") or name.startswith("*.")
    if wildcard:
        name = name[2:] or "."
    if "*" in _unescaped(name):
        raise NotParsed(
            "an asterisk stands for whole names in front only (*.example.com); a literal one is written \\*"
        )
    return read_name(name, keep_case), wildcard


def name_text(name: dns.name.Name) -> str:
    """In presentation form, with escapes where the name would be read as anything else.

    That is for an asterisk (all names), a slash (a record type follows), a # or a plus in front (a remark,
    one label), and a bracket that looks like a defanged dot.
    """
    text = name.to_text().replace("*", "\\*")
    if "/" in text and not _REVERSE_ZONE.fullmatch(text):
        text = text.replace("/", "\\/")
    if "[" in text:
        text = _DEFANGED_DOT.sub(r"\\\g<0>", text)
    return f"\\{text}" if text.startswith(("#", "+.")) else text


def refanged(text: str) -> str:
    """The text without blanks around it, defanged dots as dots, and a URL of a host alone as the host.

    Raises NotParsed for any other URL.
    """
    text = text.strip()
    if "[" in text or "(" in text:
        text = _DEFANGED_DOT.sub(".", text)
    scheme = _URL.match(text)
    if scheme is None:
        return text
    host = _HOST.fullmatch(text, scheme.end())
    if host is None:
        raise NotParsed("a URL with more than a host is no name: give the host alone")
    return host[1]


def read_name(text: str, keep_case: bool = False) -> dns.name.Name:
    """An absolute name with A-labels, in lower case unless it is kept. Raises NotParsed."""
    text = refanged(text)
    if not text:
        raise NotParsed("the name is empty; the root is written '.'")
    plain = _unescaped(text)
    if not plain.isprintable() or " " in plain:  # other white space is not printable
        raise NotParsed("a space or control character in a name is written \\DDD, as in \\032")
    if _MAILBOX.search(plain):
        raise NotParsed(
            "a mail address is no name: ask for what follows the @, or write \\@ for an @ in a name"
        )
    try:
        if text == "@":
            text = "@."  # which dnspython would take for the origin, as zone files do
        if text.isascii():
            name = dns.name.from_text(text)
            return name if keep_case else name.canonicalize()
        if "\\" in text:
            raise NotParsed("write the labels of a name with escapes as A-labels (xn--…)")
        return dns.name.from_unicode(text, idna_codec=dns.name.IDNA_2008_Practical).canonicalize()
    except dns.name.LabelTooLong:
        reason = "a label is longer than 63 octets"
    except dns.name.NameTooLong:
        reason = "the name is longer than 255 octets"
    except dns.name.EmptyLabel:
        reason = "a label is empty: two dots in a row, or one in front"
    except dns.name.BadEscape:
        reason = "a backslash takes one character or three digits up to 255 after it"
    except (dns.exception.DNSException, UnicodeError) as error:
        detail = getattr(error, "kwargs", {}).get("idna_exception", error)
        reason = f"not a name of IDNA 2008: {detail}; its A-label (xn--…) is taken as it is"
    raise NotParsed(reason)


def read_rrtype(text: str) -> int | None:
    """The number of a mnemonic or TYPEnnn in any case; None for ANY. Raises NotParsed."""
    word = text.strip().upper()
    if word in _ALL_TYPES:
        return None
    if word.isdecimal():
        raise NotParsed(f"write a record type by its name or as TYPE{word}")
    try:
        rrtype = rrtype_number(word)
    except ValueError:
        hint = "; a slash inside a name is written \\/" if "." in word else ""
        raise NotParsed(f"no such record type{hint}") from None
    if not 0 < rrtype < 65536:
        raise NotParsed("record types go from TYPE1 to TYPE65535")
    return rrtype


def parse_rrtypes(texts: Iterable[str], field: str = "rrtypes") -> tuple[int, ...]:
    """Sorted numbers, each once; empty where nothing or ANY is among them. Raises InvalidQuestion for the
    field.
    """
    rrtypes: set[int | None] = set()
    for text in texts:
        with refused(field, text):
            rrtypes.add(read_rrtype(text))
    if len(rrtypes) > MAX_RRTYPES:
        raise InvalidQuestion.of(field, len(rrtypes), f"at most {MAX_RRTYPES} record types at once")
    numbers = [rrtype for rrtype in rrtypes if rrtype is not None]
    return tuple(sorted(numbers)) if len(numbers) == len(rrtypes) else ()


@lru_cache(maxsize=4096)
def read_target(text: str, keep_case: bool = False) -> OwnerTarget:
    """As `OwnerTarget.parse`, in lower case unless it is kept. Raises NotParsed."""
    name, rest = _cut(refanged(text))
    rrtypes, _, bailiwick = (part.strip() for part in rest.partition("/"))
    bailiwick, more = _cut(bailiwick)
    if more:
        raise NotParsed("take NAME/TYPE/BAILIWICK; a slash inside a name is written \\/")
    one_label = _is_one_label(name)
    owner, wildcard = read_owner(f"*{name[1:]}" if one_label else name, keep_case)
    numbers = {read_rrtype(word) for word in rrtypes.split(",") if word.strip()}
    if len(numbers) > MAX_RRTYPES:
        raise NotParsed(f"at most {MAX_RRTYPES} record types at once")
    chosen = () if None in numbers else tuple(sorted(number for number in numbers if number))
    within = reversed_name(read_name(bailiwick, keep_case), keep_case) if bailiwick else None
    spelling = reversed_name(owner, keep_case) if keep_case else None
    return OwnerTarget(owner, wildcard, RowFilter(chosen, within), spelling, one_label)


def _is_one_label(text: str) -> bool:
    """Whether it is dnstable's sign for names of exactly one label more."""
    return text in ("+", "+.") or text.startswith("+.")


def _cut(text: str) -> tuple[str, str]:
    """The name at the beginning, and what follows the slash after it."""
    match = _REVERSE_ZONE.match(text)
    if match and text[match.end() : match.end() + 1].strip() in ("", "/"):
        return match[0], text[match.end() :].strip().removeprefix("/")
    at = 0
    while at < len(text) and text[at] != "/":
        at += 2 if text[at] == "\\" else 1
    return text[:at].strip(), text[at + 1 :]


def _unescaped(text: str) -> str:
    """The characters that no backslash precedes."""
    if "\\" not in text:
        return text
    return "".join(text[at] for at in range(len(text)) if text[at] != "\\" and not _escaped(text, at))


def _escaped(text: str, at: int) -> bool:
    before = at
    while before > 0 and text[before - 1] == "\\":
        before -= 1
    return (at - before) % 2 == 1
