"""A question about the largest whose texts are parsed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dnstide.engine.catalog import utc_text
from dnstide.engine.parse import (
    NotParsed,
    name_text,
    parse_rrtypes,
    read_owner,
    read_rrtype,
    refused,
)
from dnstide.engine.rrtypes import rrtype_text
from dnstide.engine.volume.plan import PlanKey
from dnstide.model.errors import InvalidQuestion
from dnstide.model.granularity import Granularity
from dnstide.model.question import Span, TopQuestion
from dnstide.model.vocabulary import MAX_EXCLUDED, MAX_PROBLEMS, BucketBy, Grouping
from dnstide.mtbl import reversed_name
from dnstide.mtbl.keys import labels
from dnstide.mtbl.psl import suffix_list
from dnstide.shard.ranking.requests import RankScope
from dnstide.shard.ranking.scope import stays_whole

_Read = TypeVar("_Read")
_PLAIN = re.compile(rb"[a-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class TopQuery:
    """A question with its scope: which rows are ranked, and by what."""

    question: TopQuestion
    scope: RankScope

    @classmethod
    def parse(cls, question: TopQuestion) -> TopQuery:
        """Parse the texts of a question. Raises InvalidQuestion that names the wrong fields, 20 at most."""
        problems: list[tuple[str, str]] = []
        grouping = question.group_by
        rrtypes: tuple[int, ...] = ()
        suffix: bytes | None = None
        excluded: tuple[bytes, ...] = ()
        excluded_under: tuple[bytes, ...] = ()
        try:
            rrtypes = parse_rrtypes(question.filter.rrtypes)
        except InvalidQuestion as error:
            problems += error.problems
        try:
            suffix = _suffix(question.under, question.case_sensitive)
        except InvalidQuestion as error:
            problems += error.problems
        try:
            excluded, excluded_under = _excluded(grouping, suffix, question.exclude, question.case_sensitive)
        except InvalidQuestion as error:
            problems += error.problems
        try:
            _check_apart(question.span, question.baseline)
        except InvalidQuestion as error:
            problems += error.problems
        if problems:
            raise InvalidQuestion(problems[:MAX_PROBLEMS])
        return cls(question, RankScope(grouping, rrtypes, suffix, excluded, excluded_under))

    def plan_key(self, span: Span, granularity: Granularity) -> PlanKey:
        """What the choice of tables depends on: whole tables are ranked, so rows count by file."""
        return PlanKey(span, granularity, BucketBy.FILE, self.question.dataset)


def key_text(grouping: Grouping, key: bytes) -> tuple[str, str | None]:
    """A key as people read it, and the record type where that is a part of it."""
    if grouping.by_name:
        parts = labels(key)[::-1]
        if parts and all(map(_PLAIN.fullmatch, parts)):  # ten times as fast, and nearly all names are
            return b".".join(parts).decode() + ".", None
        return name_text(dns.name.Name((*parts, b""))), None
    rrtype = int.from_bytes(key[:2], "big")
    mnemonic = rrtype_text(rrtype)
    if grouping is Grouping.RRTYPE:
        return mnemonic, None
    data = key[2:]
    try:
        parsed = dns.rdata.from_wire(
            dns.rdataclass.IN, dns.rdatatype.RdataType.make(rrtype), data, 0, len(data)
        )
        return parsed.to_text(), mnemonic
    except (dns.exception.DNSException, ValueError):
        return f"\\# {len(data)} {data.hex()}".rstrip(), mnemonic


def _check_apart(span: Span, baseline: Span | None) -> None:
    if baseline is None or None in (*span, *baseline):
        return
    if span[0] < baseline[1] and baseline[0] < span[1]:  # type: ignore[operator]
        reason = f"it overlaps with the span asked, {_span_text(span)}"
        raise InvalidQuestion.of("baseline", _span_text(baseline), reason)


def _span_text(span: Span) -> str:
    start, stop = ("..." if time is None else utc_text(time, time=True) for time in span)
    return f"{start} to {stop}"


def _suffix(under: str | None, keep_case: bool) -> bytes | None:
    """The name under which rows are ranked, reversed; None for all names."""
    if under is None or not under.strip():
        return None
    with refused("under", under):
        name, _ = read_owner(under, keep_case)
    return None if name == dns.name.root else reversed_name(name, keep_case)


def _excluded(
    grouping: Grouping, suffix: bytes | None, exclude: Sequence[str], keep_case: bool
) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """The keys that are left out, and the suffixes under which all is."""
    if len(exclude) > MAX_EXCLUDED:
        raise InvalidQuestion.of("exclude", len(exclude), f"at most {MAX_EXCLUDED:,} names at once")
    if grouping.by_name:
        return _excluded_names(grouping, suffix, exclude, keep_case)
    parse = _excluded_type if grouping is Grouping.RRTYPE else _excluded_rdata
    keys = _each(exclude, lambda text: parse(text.strip()))
    return tuple(sorted(set(keys))), ()


def _each(exclude: Sequence[str], read: Callable[[str], _Read]) -> list[_Read]:
    """What is read of each. Raises InvalidQuestion that names the wrong ones, 20 at most."""
    found: list[_Read] = []
    problems: list[tuple[str, str]] = []
    for i, text in enumerate(exclude):
        try:
            found.append(read(text))
        except NotParsed as error:
            problems += InvalidQuestion.of(f"exclude[{i}]", text.strip(), str(error)).problems
            if len(problems) >= MAX_PROBLEMS:
                break
    if problems:
        raise InvalidQuestion(problems)
    return found


def _excluded_names(
    grouping: Grouping, suffix: bytes | None, exclude: Sequence[str], keep_case: bool
) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """The excluded keys and suffixes that can matter: groups of this kind, none within another."""
    names: set[bytes] = set()
    suffixes: set[bytes] = set()

    def read(text: str) -> None:
        name, wildcard = read_owner(text, keep_case)
        key = reversed_name(name, keep_case)
        if wildcard and (suffix or b"\0").startswith(key[:-1]):
            raise NotParsed("nothing would be left")
        (suffixes if wildcard else names).add(key)

    _each(exclude, read)
    is_group = _group_test(grouping)
    outer: list[bytes] = []
    for key in sorted(suffixes):
        if is_group(key) and not (outer and key.startswith(outer[-1][:-1])):
            outer.append(key)
    prefixes = tuple(key[:-1] for key in outer)
    keys = [key for key in names if is_group(key) and not (prefixes and key.startswith(prefixes))]
    if suffix is not None:
        # A suffix within a group ranks a part of that group, which stands above the suffix.
        whole = stays_whole(grouping, suffix)
        keys = [key for key in keys if key.startswith(suffix[:-1]) or not whole]
        outer = [key for key in outer if key.startswith(suffix[:-1])]
    return tuple(sorted(keys)), tuple(outer)


def _group_test(grouping: Grouping) -> Callable[[bytes], bool]:
    if grouping is Grouping.DOMAIN:
        return lambda key: suffix_list().registered_domain(key) == key
    if grouping is Grouping.TLD:
        return lambda key: len(labels(key)) <= 1
    return lambda key: True


def _excluded_type(text: str) -> bytes:
    rrtype = read_rrtype(text)
    if rrtype is None:
        raise NotParsed("nothing would be left")
    return rrtype.to_bytes(2, "big")


def _excluded_rdata(text: str) -> bytes:
    """`TYPE RDATA` as in a zone file; the type of an address may be left out."""
    first, _, rest = text.partition(" ")
    mnemonic, data = (first, rest) if rest else ("AAAA" if ":" in text else "A", text)
    rrtype = read_rrtype(mnemonic) or 0
    try:
        kind = dns.rdatatype.RdataType.make(rrtype)
        parsed = dns.rdata.from_text(dns.rdataclass.IN, kind, data, dns.name.root, relativize=False)
    except (dns.exception.DNSException, ValueError):
        raise NotParsed("write TYPE and rdata as in a zone file, or an address") from None
    return rrtype.to_bytes(2, "big") + parsed.to_digestable()
