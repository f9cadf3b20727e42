"""The words of enumerations as types, so that editors offer them and type checkers know them.

A test holds each against its enumeration. Other spellings that are understood at run time, such as `daily`,
are left to those who write them.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from dnstide.model.granularity import Granularity
from dnstide.model.vocabulary import Analysis, BucketBy, Grouping, Movement

GranularityWord: TypeAlias = (
    Granularity
    | Literal["minute", "ten-minutes", "hour", "day", "week", "iso-week", "month", "quarter", "year"]
    | Literal["m", "X", "H", "D", "W", "M", "Q", "Y"]
)
BucketByWord: TypeAlias = BucketBy | Literal["auto", "first-seen", "file"]
GroupingWord: TypeAlias = Grouping | Literal["fqdn", "domain", "tld", "rrtype", "rdata"]
MovementWord: TypeAlias = Movement | Literal["all", "rises", "falls", "new", "gone"]
AnalysisWord: TypeAlias = Analysis | Literal["shifts", "spikes", "gaps", "correlation", "shape", "breakdown"]
DatasetWord: TypeAlias = Literal["dns", "dnssec"]
