"""Record types: their numbers and mnemonics, as IANA's registry has them (DNS parameters, resource record
types).
"""

from __future__ import annotations

import dns.exception
import dns.rdatatype

_MORE_TYPES = {
    "EID": 31,
    "NIMLOC": 32,
    "ATMA": 34,
    "SINK": 40,
    "RKEY": 57,
    "TALINK": 58,
    "UINFO": 100,
    "UID": 101,
    "GID": 102,
    "DOA": 259,
    "CLA": 263,
    "IPN": 264,
}
"""Registered types that dnspython does not name, and dnstable does in part."""

_MORE_NAMES = {number: mnemonic for mnemonic, number in _MORE_TYPES.items()}


def rrtype_number(word: str) -> int:
    """The number of a mnemonic or TYPEnnn in upper case. Raises ValueError where there is none."""
    try:
        return _MORE_TYPES.get(word) or int(dns.rdatatype.from_text(word))
    except dns.exception.DNSException:
        raise ValueError(f"no such record type: {word}") from None


def rrtype_text(rrtype: int) -> str:
    """The mnemonic, or TYPEnnn where there is none."""
    return _MORE_NAMES.get(rrtype) or str(dns.rdatatype.to_text(dns.rdatatype.RdataType.make(rrtype)))
