"""Questions about the largest, checked before anything is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dnstide.engine.catalog import utc_text
from dnstide.engine.errors import InvalidQuestion
from dnstide.engine.granularity import Granularity
from dnstide.engine.parse import (
    OwnerTarget,
    name_text,
    parse_owner,
    parse_rrtype,
    parse_rrtypes,
    rrtype_text,
)
from dnstide.engine.top.threshold import MAX_RANKS
from dnstide.engine.volume.question import DATASETS, BucketBy, FailurePolicy, VolumeQuestion
from dnstide.mtbl import reversed_name
from dnstide.mtbl.keys import Grouping, labels
from dnstide.mtbl.psl import suffix_list
from dnstide.shard.ranking.requests import RankScope
from dnstide.shard.ranking.scope import stays_whole

__all__ = ["MAX_EXCLUDED", "MAX_SERIES", "Span", "TopQuestion", "key_text"]

MAX_EXCLUDED = 100_000
#: Names times tables of a series: bounds the memory of one answer.
MAX_SERIES = 1_000

_PLAIN = re.compile(rb"[a-z0-9_-]+")

Span = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class TopQuestion:
    """The ``n`` largest groups over [start, stop), whole tables; or with ``against`` the largest changes from
    that span to this one, by difference or, with ``ratio_from``, by ratio among keys that reach that count.

    ``series`` is the step of a series for each winner.
    """

    n: int
    scope: RankScope
    span: Span = (None, None)
    dataset: str = "dns"
    series: Granularity | None = None
    against: Span | None = None
    ratio_from: int | None = None
    policy: FailurePolicy = FailurePolicy.FAIL

    @classmethod
    def build(
        cls,
        n: int = 10,
        by: Grouping | str = Grouping.FQDN,
        *,
        rrtypes: Sequence[str] = (),
        under: str | None = None,
        exclude: Sequence[str] = (),
        start: int | None = None,
        stop: int | None = None,
        dataset: str = "dns",
        series: Granularity | str | None = None,
        against: Span | None = None,
        ratio_from: int | None = None,
        policy: FailurePolicy | str = FailurePolicy.FAIL,
    ) -> TopQuestion:
        """From texts and numbers. Raises InvalidQuestion; its field is one of limit, group_by, rrtypes,
        under, exclude[i], start_time, end_time, dataset, series, against, ratio_from, failure_policy.
        """
        if not 1 <= n <= MAX_RANKS:
            raise InvalidQuestion("limit", n, f"take a number from 1 to {MAX_RANKS:,}")
        grouping = _grouping(by)
        step = _step(series)
        if step is not None and (against is not None or n > MAX_SERIES):
            reason = "changes have no series" if against else f"series go with at most {MAX_SERIES:,} names"
            raise InvalidQuestion("series", step.label, reason)
        if against is None and ratio_from is not None:
            raise InvalidQuestion("ratio_from", ratio_from, "a ratio needs a span to compare with")
        if ratio_from is not None and not 1 <= ratio_from < 2**64:
            raise InvalidQuestion("ratio_from", ratio_from, "the smallest count is at least 1")
        scope = _scope(grouping, rrtypes, under, exclude)
        # Spans, the dataset and the policy follow the rules of questions about volume.
        for place, (begin, end) in (("", (start, stop)), ("against.", against or (start, stop))):
            _checked(begin, end, dataset, policy, place)
        if against is not None:
            _check_apart((start, stop), against)
        chosen = policy if isinstance(policy, FailurePolicy) else FailurePolicy(policy.lower())
        return cls(n, scope, (start, stop), dataset, step, against, ratio_from, chosen)

    def volume(self, span: Span, step: Granularity) -> VolumeQuestion:
        """The question about volume whose plan covers the same tables: whole ones, by file."""
        root = OwnerTarget(dns.name.root, wildcard=True)
        return VolumeQuestion((root,), *span, step, BucketBy.FILE, dataset=self.dataset, policy=self.policy)


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


def _grouping(by: Grouping | str) -> Grouping:
    try:
        return Grouping(str(by).lower())
    except ValueError:
        raise InvalidQuestion("group_by", by, f"take one of {', '.join(Grouping)}") from None


def _checked(
    start: int | None, stop: int | None, dataset: str, policy: FailurePolicy | str, place: str
) -> None:
    if dataset not in DATASETS:
        raise InvalidQuestion("dataset", dataset, f"take one of {', '.join(DATASETS)}")
    try:
        VolumeQuestion.build(["."], start=start, stop=stop, dataset=dataset, policy=policy)
    except InvalidQuestion as error:
        raise InvalidQuestion(place + error.field, error.value, error.reason) from None


def _step(series: Granularity | str | None) -> Granularity | None:
    if not isinstance(series, str):
        return series
    try:
        return Granularity.parse(series)
    except InvalidQuestion as error:
        raise InvalidQuestion("series", error.value, error.reason) from None


def _check_apart(asked: Span, against: Span) -> None:
    if None in (*asked, *against):
        reason = "both spans need a start and an end"
    elif asked[0] < against[1] and against[0] < asked[1]:  # type: ignore[operator]
        reason = f"it overlaps with the span asked, {_span_text(asked)}"
    else:
        return
    raise InvalidQuestion("against", _span_text(against), reason)


def _span_text(span: Span) -> str:
    start, stop = ("..." if time is None else utc_text(time, time=True) for time in span)
    return f"{start} to {stop}"


def _scope(
    grouping: Grouping, rrtypes: Sequence[str], under: str | None, exclude: Sequence[str]
) -> RankScope:
    types = parse_rrtypes(rrtypes)
    suffix = None
    if under is not None and under.strip():
        name, _ = parse_owner(under, "under")
        suffix = None if name == dns.name.root else reversed_name(name)
    if isinstance(exclude, str):
        raise InvalidQuestion("exclude", exclude, "give a list")
    if len(exclude) > MAX_EXCLUDED:
        raise InvalidQuestion("exclude", len(exclude), f"at most {MAX_EXCLUDED:,} names at once")
    if not grouping.by_name:
        parse = _excluded_type if grouping is Grouping.RRTYPE else _excluded_rdata
        keys = [parse(text.strip(), f"exclude[{i}]") for i, text in enumerate(exclude)]
        return RankScope(grouping, types, suffix, tuple(sorted(set(keys))))
    excluded, excluded_under = _excluded_names(grouping, suffix, exclude)
    return RankScope(grouping, types, suffix, excluded, excluded_under)


def _excluded_names(
    grouping: Grouping, suffix: bytes | None, exclude: Sequence[str]
) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """The excluded keys and suffixes that can matter: groups of this kind, none within another."""
    names: set[bytes] = set()
    suffixes: set[bytes] = set()
    for i, text in enumerate(exclude):
        name, wildcard = parse_owner(text, f"exclude[{i}]")
        key = reversed_name(name)
        if wildcard and (suffix or b"\0").startswith(key[:-1]):
            raise InvalidQuestion(f"exclude[{i}]", text, "nothing would be left")
        (suffixes if wildcard else names).add(key)
    is_group = _group_test(grouping)
    kept: list[bytes] = []
    for key in sorted(suffixes):
        if is_group(key) and not (kept and key.startswith(kept[-1][:-1])):
            kept.append(key)
    prefixes = tuple(key[:-1] for key in kept)
    left = [key for key in names if is_group(key) and not (prefixes and key.startswith(prefixes))]
    if suffix is not None:
        # A suffix within a group ranks a part of that group, which stands above the suffix.
        whole = stays_whole(grouping, suffix)
        left = [key for key in left if key.startswith(suffix[:-1]) or not whole]
        kept = [key for key in kept if key.startswith(suffix[:-1])]
    return tuple(sorted(left)), tuple(kept)


def _group_test(grouping: Grouping) -> Callable[[bytes], bool]:
    if grouping is Grouping.DOMAIN:
        return lambda key: suffix_list().registered_domain(key) == key
    if grouping is Grouping.TLD:
        return lambda key: len(labels(key)) <= 1
    return lambda key: True


def _excluded_type(text: str, field: str) -> bytes:
    rrtype = parse_rrtype(text, field)
    if rrtype is None:
        raise InvalidQuestion(field, text, "nothing would be left")
    return rrtype.to_bytes(2, "big")


def _excluded_rdata(text: str, field: str) -> bytes:
    """``TYPE RDATA`` as in a zone file; the type of an address may be left out."""
    first, _, rest = text.partition(" ")
    mnemonic, data = (first, rest) if rest else ("AAAA" if ":" in text else "A", text)
    rrtype = parse_rrtype(mnemonic, field) or 0
    try:
        kind = dns.rdatatype.RdataType.make(rrtype)
        parsed = dns.rdata.from_text(dns.rdataclass.IN, kind, data, dns.name.root, relativize=False)
    except (dns.exception.DNSException, ValueError):
        raise InvalidQuestion(field, text, "write TYPE and rdata as in a zone file, or an address") from None
    return rrtype.to_bytes(2, "big") + parsed.to_digestable()
