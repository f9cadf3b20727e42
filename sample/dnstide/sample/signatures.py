"""The RRsets of the sample's `dnssec` tables: keys, denials and signatures of a few zones."""

import dns.name
import dns.rdatatype
import numpy as np
from dnstide.mtbl.dnstable import forward_name
from dnstide.sample.names import LARGEST
from dnstide.sample.rrset import Rrset

ZONES = ("com.", "org.", "us.", *(f"{label}.example." for label, _ in LARGEST[:12]))


def build_signatures(rrsets: list[Rrset]) -> list[Rrset]:
    """DNSKEY, NSEC and RRSIG RRsets of a few zones; every RRSIG is asked for as often as what it signs."""
    rng = np.random.default_rng(5)
    signer = {dns.name.from_text(zone): int(rng.integers(1, 65_000)) for zone in ZONES}
    rows = []
    for r in rrsets:
        if r.owner in signer and r.rrtype in (int(dns.rdatatype.NS), int(dns.rdatatype.SOA)):
            rows.append(
                _row(
                    r.owner, dns.rdatatype.RRSIG, _rrsig(rng, r.rrtype, r.owner, signer[r.owner]), r.mean / 4
                )
            )
    for zone, tag in signer.items():
        key = b"\x01\x01\x03\x0d" + tag.to_bytes(2, "big") + rng.bytes(62)
        rows.append(_row(zone, dns.rdatatype.DNSKEY, key, 9000.0))
        nsec = (
            forward_name(dns.name.from_text("a", zone)) + b"\x00\x06\x62\x00\x00\x00\x00\x03"
        )  # NS SOA … NSEC
        rows.append(_row(zone, dns.rdatatype.NSEC, nsec, 400.0))
    unique = {(r.owner, r.rrtype, r.rdata): r for r in rows}
    return list(unique.values())


def _row(owner: dns.name.Name, rrtype: dns.rdatatype.RdataType, rdata: bytes, mean: float) -> Rrset:
    return Rrset(owner, int(rrtype), owner, (rdata,), mean)


def _rrsig(rng: np.random.Generator, covered: int, zone: dns.name.Name, tag: int) -> bytes:
    """Algorithm 13, a 64-byte signature of chance bytes."""
    head = covered.to_bytes(2, "big") + bytes((13, len(zone) - 1)) + (86_400).to_bytes(4, "big")
    return (
        head
        + b"\x5c\x7f\x00\x00"
        + b"\x5c\x60\x00\x00"
        + tag.to_bytes(2, "big")
        + forward_name(zone)
        + rng.bytes(64)
    )
