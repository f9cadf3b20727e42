"""The words that questions and answers share, and the limits of both.

Every enumeration is a text: its value is the word that the command line, JSON and the documents use.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import TypedDict

DATASETS = ("dns", "dnssec")
"""Prefixes of table names: all records, and those of DNSSEC alone."""

MAX_COUNT = 2**64 - 1
"""The largest count; a sum that would pass it is an error."""

MAX_NAMES = 10_000
"""Names in one question about volume."""

MAX_PROBLEMS = 20
"""Wrong fields that one error names; they travel in trailers, which have to stay small."""

MAX_BUCKETS = 1_000_000
"""Buckets of one axis."""

MAX_CELLS = 50_000_000
"""Names times buckets: bounds the memory of one answer that is filled or smoothed."""

MAX_PERIOD = 100_000
"""Buckets over which counts are smoothed."""

MAX_RRTYPES = 64
"""Record types in one filter."""

TOKEN_NAME = "^[A-Za-z0-9_-]{1,64}$"
"""What a token of a caller may be called."""

MAX_RANKS = 100_000
"""Ranks of one question about the largest."""

MAX_RANKS_WITH_SERIES = 1_000
"""Ranks that can have a series each: bounds the memory of one answer."""

MAX_NAME_TEXT = 4_096
"""Characters of one name as it is asked, with types and bailiwick. An owner name has 255 octets, of which
each may be written with four characters.
"""

MAX_REQUEST_BYTES = 32 << 20
"""Of one request: MAX_EXCLUDED names of 255 octets, or MAX_NAMES with every octet escaped and a bailiwick."""

MAX_EXCLUDED = 100_000
"""Names that a ranking leaves out."""

MAX_LISTED_FAILURES = 1_000
"""Failures that an answer lists; it counts all."""

MAX_LISTED_STRETCHES = 10_000
"""Stretches of one coverage that an answer lists."""

MAX_LISTED_PLAN = 10_000
"""Tables of the plan that an answer lists."""


class BucketBy(StrEnum):
    """What decides the bucket of a row's count: the row's time_first, or the period of its table."""

    AUTO = "auto"
    """By file, where tables that fit into the buckets cover what can be covered; else by first seen."""
    FIRST_SEEN = "first-seen"
    FILE = "file"


class FailurePolicy(StrEnum):
    """What a failed table does to the answer: there is none, or the answer comes and is marked."""

    FAIL = "fail"
    PARTIAL = "partial"


class SmoothingMethod(StrEnum):
    """How counts are smoothed; `Smoothing` says what each does."""

    TRAILING_MEAN = "trailing-mean"
    CENTRED_MEAN = "centred-mean"
    EXPONENTIAL = "exponential"
    MEDIAN = "median"
    SAVITZKY_GOLAY = "savitzky-golay"


class Grouping(StrEnum):
    """What rows are added up by in a ranking."""

    FQDN = "fqdn"
    """The owner name."""
    DOMAIN = "domain"
    """The registered domain by the public suffix list. A name that has none stands for itself."""
    TLD = "tld"
    """The last label. The root stands for itself."""
    RRTYPE = "rrtype"
    """The record type."""
    RDATA = "rdata"
    """The record data and its type. A row counts once for each of its data."""

    @property
    def by_name(self) -> bool:
        """Whether the keys are names, and so lie in one range of a table under a suffix."""
        return self in (Grouping.FQDN, Grouping.DOMAIN, Grouping.TLD)


class Movement(StrEnum):
    """Which changes between two spans are ranked."""

    ALL = "all"
    """Rises and falls."""
    RISES = "rises"
    FALLS = "falls"
    NEW = "new"
    """Rises of keys that the baseline span does not hold."""
    GONE = "gone"
    """Falls of keys that the span asked does not hold."""


class RankMethod(StrEnum):
    """How a ranking was found: the costliest way that was needed."""

    SUMMARY = "summary"
    SCAN = "scan"
    RANGE = "range"
    """A scan of the keys under the suffix asked."""


class Analysis(StrEnum):
    """What can be asked of a volume."""

    SHIFTS = "shifts"
    SPIKES = "spikes"
    GAPS = "gaps"
    CORRELATION = "correlation"
    SHAPE = "shape"
    BREAKDOWN = "breakdown"


class AnalysisSettings(TypedDict, total=False):
    """How an analysis is made; each has a default of the engine's."""

    shortest: int
    """Shifts: buckets that a level lasts at least (7)."""
    min_ratio: float
    """Shifts: factor by which levels differ at least (1.25)."""
    window: int
    """Spikes: buckets around that a bucket is compared with (29)."""
    threshold: float
    """Spikes: robust z-score from which on a bucket stands out (6)."""
    alpha: float
    """Gaps: silent spans that chance may make before one is not reported (0.01)."""


SETTINGS_OF: Mapping[Analysis, tuple[str, ...]] = {
    Analysis.SHIFTS: ("shortest", "min_ratio"),
    Analysis.SPIKES: ("window", "threshold"),
    Analysis.GAPS: ("alpha",),
    Analysis.CORRELATION: (),
    Analysis.SHAPE: (),
    Analysis.BREAKDOWN: (),
}
"""The settings that each analysis has."""


class GapKind(StrEnum):
    """Why a span has no counts."""

    SILENT = "silent"
    """Tables were there, and the name was not in them."""
    NO_DATA = "no-data"
    """There was no table to look at, or not all of them."""


class Coverage(IntEnum):
    """How much of a bucket the answer could look at. A missing table is never a zero.

    Merge law: the worst, which is the largest number. A bucket without a table of its own is NONE even
    where the table after it holds rows first seen there.
    """

    COMPLETE = 1
    """Every moment lies in a table that answered."""
    PARTIAL = 2
    """Some moments have no table, or a table that may hold rows of this bucket failed."""
    NONE = 3
    """No table: unknown, not zero."""
    DAMAGED = 4
    """A table could not be read: the count is a lower bound."""
    UNREACHABLE = 5
    """A shard did not answer: the count is a lower bound."""

    def __str__(self) -> str:
        return self.name.lower()


UNKNOWN_WHERE_ZERO = (Coverage.NONE, Coverage.DAMAGED, Coverage.UNREACHABLE)
"""With one of these marks a count of 0 says nothing about the bucket."""
