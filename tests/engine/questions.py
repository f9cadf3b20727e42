"""Questions from the words that tests use: texts for choices, unix seconds for times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dnstide.engine import TopQuery, VolumeQuery
from dnstide.model.granularity import Granularity
from dnstide.model.question import RowFilter, Smoothing, Span, TopQuestion, VolumeQuestion, choice
from dnstide.model.vocabulary import BucketBy, FailurePolicy, Grouping


def volume_question(names: Sequence[str], **words: Any) -> VolumeQuestion:
    """A question about volume: the fields of the model, and start, stop, rrtypes, bailiwick, smooth."""
    fields = dict(words)
    span = Span(fields.pop("start", None), fields.pop("stop", None))
    row_filter = RowFilter(tuple(fields.pop("rrtypes", ())), fields.pop("bailiwick", None))
    smooth = fields.pop("smooth", None)
    if "granularity" in fields:
        fields["granularity"] = Granularity.parse(fields["granularity"])
    if "bucket_by" in fields:
        fields["bucket_by"] = choice(BucketBy, "bucket_by", fields["bucket_by"])
    if "failure_policy" in fields:
        fields["failure_policy"] = choice(FailurePolicy, "failure_policy", fields["failure_policy"])
    smoothing = None if smooth is None else Smoothing(smooth)
    return VolumeQuestion(tuple(names), filter=row_filter, span=span, smoothing=smoothing, **fields)


def volume_query(names: Sequence[str], **words: Any) -> VolumeQuery:
    """As `volume_question`, its names parsed."""
    return VolumeQuery.parse(volume_question(names, **words))


def top_question(limit: int = 10, group_by: str = "fqdn", **words: Any) -> TopQuestion:
    """A question about the largest: the fields of the model, and start, stop, rrtypes."""
    fields = dict(words)
    span = Span(fields.pop("start", None), fields.pop("stop", None))
    row_filter = RowFilter(tuple(fields.pop("rrtypes", ())))
    if fields.get("series_granularity") is not None:
        fields["series_granularity"] = Granularity.parse(fields["series_granularity"], "series")
    if fields.get("baseline") is not None:
        fields["baseline"] = Span(*fields["baseline"])
    if "exclude" in fields:
        fields["exclude"] = tuple(fields["exclude"])
    if "failure_policy" in fields:
        fields["failure_policy"] = choice(FailurePolicy, "failure_policy", fields["failure_policy"])
    return TopQuestion(limit, choice(Grouping, "group_by", group_by), row_filter, span=span, **fields)


def top_query(limit: int = 10, group_by: str = "fqdn", **words: Any) -> TopQuery:
    """As `top_question`, its texts parsed."""
    return TopQuery.parse(top_question(limit, group_by, **words))
