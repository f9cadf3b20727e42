"""The public suffix list: the names under which registrants get theirs, as a trie that the native scan walks.

The rules are those of the publicsuffixlist package, ICANN and private divisions, wildcards and exceptions; a
name under no rule has its last label for a suffix. A name that has no registered domain (a public suffix
itself, a single label, the root) stands for itself, so that a sum never omits it.

`compiled`, all numbers little endian, nodes in breadth-first order, the root first, children sorted by
label:

    u32 nodes | per node: u32 first child, u16 children, u8 flags, u8 label length, u32 label offset | labels
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

import publicsuffixlist

EXACT, WILDCARD, EXCEPTION = 1, 2, 4


@dataclass(slots=True)
class _Node:
    flags: int = 0
    children: dict[bytes, _Node] = field(default_factory=dict)


class SuffixList:
    """A public suffix list made from the text of one. Immutable."""

    def __init__(self, text: str) -> None:
        self._root = _Node()
        for line in text.splitlines():
            rule = line.strip().lower().split(" ")[0]
            if rule and not rule.startswith("//"):
                self._add(rule)
        self.compiled = _flatten(self._root)
        digest = hashlib.sha256(self.compiled).hexdigest()[:12]
        stamps = [
            line.split("VERSION:", 1)[1].strip() for line in text.splitlines()[:20] if "VERSION:" in line
        ]
        self.version = f"{stamps[0] if stamps else 'unnamed'}/{digest}"

    def registered_domain(self, name: bytes) -> bytes:
        """The registered domain of a reversed name (closed by a zero), reversed and closed likewise."""
        ends = _ends(name)
        suffix = self._suffix_length(name, ends)
        return name if suffix >= len(ends) else name[: ends[suffix]] + b"\0"

    def owns_subtree(self, name: bytes) -> bool:
        """Whether the names registered as this reversed one are those at and under it, all of them.

        So it is not for a public suffix, nor for a domain that a public suffix lies under (amazonaws.com).
        """
        ends = _ends(name)
        node: _Node | None = self._root
        for start, end in pairwise([0, *ends]):
            node = node.children.get(name[start + 1 : end]) if node else None
        return self._suffix_length(name, ends) == len(ends) - 1 and not (node and node.children)

    def _suffix_length(self, name: bytes, ends: list[int]) -> int:
        node: _Node | None = self._root
        length, start = 1, 0
        for depth, end in enumerate(ends, 1):
            node = node.children.get(name[start + 1 : end]) if node else None
            if node is None:
                break
            if node.flags & EXCEPTION:
                length = depth - 1
            elif node.flags & WILDCARD:  # the rule's own name is a suffix too, by the tests of the list
                length = min(depth + 1, len(ends))
            elif node.flags & EXACT:
                length = depth
            start = end
        return length

    def _add(self, rule: str) -> None:
        flag = EXACT
        if rule.startswith("!"):
            rule, flag = rule[1:], EXCEPTION
        elif rule.startswith("*."):
            rule, flag = rule[2:], WILDCARD
        node = self._root
        for label in reversed(rule.encode("idna").split(b".")):
            node = node.children.setdefault(label, _Node())
        node.flags |= flag


def _ends(name: bytes) -> list[int]:
    """Where each label of a reversed name ends, the most general first."""
    ends = []
    at = 0
    while name[at]:
        at += 1 + name[at]
        ends.append(at)
    return ends


@cache
def suffix_list() -> SuffixList:
    """The list that the installed publicsuffixlist package carries, compiled once."""
    with open(publicsuffixlist.PSLFILE, encoding="utf-8") as file:
        return SuffixList(file.read())


def _flatten(root: _Node) -> bytes:
    """The trie as bytes; the layout stands at the top of this file."""
    records, labels = [], bytearray()
    queue: list[tuple[bytes, _Node]] = [(b"", root)]
    for label, node in queue:  # grows while it is walked
        records.append((len(queue), len(node.children), node.flags, len(label), len(labels)))
        labels += label
        queue.extend(sorted(node.children.items()))
    return (
        struct.pack("<I", len(records)) + b"".join(struct.pack("<IHBBI", *r) for r in records) + bytes(labels)
    )
