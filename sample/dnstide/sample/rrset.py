"""One RRset of the sample."""

from __future__ import annotations

from dataclasses import dataclass

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype


@dataclass(frozen=True, slots=True)
class Rrset:
    """One RRset and its part in the sample.

    `mean` is its count on an ordinary day; `seen` the share of days on which it is seen at all; `story`
    names the series it belongs to ("" for none) and `share` its part of that series.
    """

    owner: dns.name.Name
    rrtype: int
    bailiwick: dns.name.Name
    rdata: tuple[bytes, ...]
    mean: float
    seen: float = 1.0
    story: str = ""
    share: float = 0.0
    domain: int = -1


def rrset(
    owner: str,
    rrtype: str,
    bailiwick: str,
    rdata: list[str],
    mean: float = 0.0,
    *,
    story: str = "",
    share: float = 0.0,
    domain: int = -1,
) -> Rrset:
    """An RRset from presentation text; all names absolute."""
    kind = dns.rdatatype.from_text(rrtype)
    wires = sorted(
        dns.rdata.from_text(dns.rdataclass.IN, kind, text, relativize=False).to_wire() or b""
        for text in rdata
    )
    seen = min(1.0, mean / 6000) if mean else 1.0
    names = dns.name.from_text(owner), dns.name.from_text(bailiwick)
    return Rrset(names[0], int(kind), names[1], tuple(wires), mean, seen, story, share, domain)
