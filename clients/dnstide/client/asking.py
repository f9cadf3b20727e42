"""What every client can be asked: one signature for the three of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Generic, TypeVar

from dnstide.client.report import Steps, report_steps
from dnstide.client.timeouts import DEFAULT, Timeout
from dnstide.model.arguments import AnalysisOptions, ReportOptions, TopOptions, VolumeOptions

if TYPE_CHECKING:
    from dnstide.model.question import Smoothing
    from dnstide.model.times import Moment
    from dnstide.model.top import TopProgress
    from dnstide.model.vocabulary import AnalysisSettings
    from dnstide.model.volume import Progress
    from dnstide.model.words import (
        AnalysisWord,
        BucketByWord,
        DatasetWord,
        GranularityWord,
        GroupingWord,
        MovementWord,
    )

VolumeT = TypeVar("VolumeT")
FindingsT = TypeVar("FindingsT")
TopT = TypeVar("TopT")
ReportT = TypeVar("ReportT")


class Asking(ABC, Generic[VolumeT, FindingsT, TopT, ReportT]):
    """The questions. A client says what comes back: the answer, or what is awaited for it."""

    def volume(
        self,
        names: str | Iterable[str],
        *,
        rrtypes: str | Iterable[str] = (),
        bailiwick: str | None = None,
        start: Moment | None = None,
        stop: Moment | None = None,
        days_back: int | None = None,
        granularity: GranularityWord = "day",
        bucket_by: BucketByWord = "auto",
        split_by_rrtype: bool = False,
        smooth: int | Smoothing | None = None,
        fill: bool = False,
        partial: bool = False,
        dataset: DatasetWord = "dns",
        explain: bool = False,
        case_sensitive: bool = False,
        strict: bool = False,
        timeout: Timeout = DEFAULT,
        progress: Callable[[Progress], None] | None = None,
    ) -> VolumeT:
        """Counts of one name, or of several, over time. A name without rows is an empty series.

        names: owner names, `*.SUFFIX` for everything under one, `+.SUFFIX` for names of one label more, or
            NAME/TYPE[/BAILIWICK].
        rrtypes: only these record types, mnemonics or TYPEnnn; one text may list several with commas.
        bailiwick: only rows seen in it.
        start, stop: first and last day, both included: YYYY-MM-DD, YYYYMMDD, `yesterday`, `30d` (days ago),
            all of YYYY-MM or YYYY, a date; or a time, of which the stop is exclusive: RFC 3339, a datetime
            (UTC where it has no zone), numpy's. None is where the tables begin or end.
        days_back: that many days up to and including today, in place of start and stop.
        granularity: step of the time axis.
        bucket_by: `file`: a row counts in the period of its file; `first-seen`: where it was first seen;
            `auto`: by file, unless an edge of the span cuts a table that finer ones do not cover.
        split_by_rrtype: one series for each record type in place of one for each name.
        smooth: a moving average over that many buckets, or a `Smoothing`.
        fill: list every bucket of the span, not only those that have rows.
        partial: answer even where tables cannot be read or reached, with the buckets concerned marked.
        explain: put into the summary which tables were used, and which were not and why.
        case_sensitive: look for names and bailiwicks as they are written; by default in lower case.
        strict: take a row that is none for damage of its table; by default it is left out, and told.
        timeout: seconds until the question is given up; None: no limit.
        progress: is called while tables are read.

        Raises DnstideError.
        """
        options = VolumeOptions(
            rrtypes=rrtypes,
            bailiwick=bailiwick,
            start=start,
            stop=stop,
            days_back=days_back,
            granularity=granularity,
            bucket_by=bucket_by,
            split_by_rrtype=split_by_rrtype,
            smooth=smooth,
            fill=fill,
            partial=partial,
            dataset=dataset,
            explain=explain,
            case_sensitive=case_sensitive,
            strict=strict,
        )
        return self._volume(names, options, timeout, progress)

    def analyze(
        self,
        analysis: AnalysisWord,
        names: str | Iterable[str],
        *,
        settings: AnalysisSettings | None = None,
        rrtypes: str | Iterable[str] = (),
        bailiwick: str | None = None,
        start: Moment | None = None,
        stop: Moment | None = None,
        days_back: int | None = None,
        granularity: GranularityWord = "day",
        bucket_by: BucketByWord = "auto",
        split_by_rrtype: bool = False,
        partial: bool = False,
        dataset: DatasetWord = "dns",
        case_sensitive: bool = False,
        strict: bool = False,
        timeout: Timeout = DEFAULT,
    ) -> FindingsT:
        """What the counts of one name, or of several, show. A correlation is that of each further series on
        the first.

        settings: how the analysis is made; `AnalysisSettings` says what each one has.

        The other arguments are those of `volume`. Raises DnstideError; InvalidQuestion where there is nothing
        to analyse, such as series that do not vary.
        """
        options = AnalysisOptions(
            rrtypes=rrtypes,
            bailiwick=bailiwick,
            start=start,
            stop=stop,
            days_back=days_back,
            granularity=granularity,
            bucket_by=bucket_by,
            split_by_rrtype=split_by_rrtype,
            partial=partial,
            dataset=dataset,
            case_sensitive=case_sensitive,
            strict=strict,
        )
        return self._analyze(analysis, names, options, settings, timeout)

    def top(
        self,
        limit: int = 10,
        *,
        by: GroupingWord = "fqdn",
        rrtypes: str | Iterable[str] = (),
        under: str | None = None,
        exclude: str | Iterable[str] = (),
        start: Moment | None = None,
        stop: Moment | None = None,
        days_back: int | None = None,
        series: GranularityWord | None = None,
        against: tuple[Moment, Moment] | None = None,
        only: MovementWord = "all",
        ratio_from: int | None = None,
        partial: bool = False,
        dataset: DatasetWord = "dns",
        explain: bool = False,
        strict: bool = False,
        case_sensitive: bool = False,
        timeout: Timeout = DEFAULT,
        progress: Callable[[TopProgress], None] | None = None,
    ) -> TopT:
        """The largest names, domains, last labels, record types or rdata, exactly and proved; or, with
        `against`, the largest rises and falls since another span.

        limit: how many ranks; of changes, how many rises and how many falls.
        by: what rows are added up by: `fqdn` is the owner name.
        rrtypes, start, stop, days_back, partial, explain, strict, timeout: as in `volume`. A ranking
            counts whole tables, so they have to end where the span does.
        under: only owner names at and under this name.
        exclude: left out before ranking: names, `*.SUFFIX`; record types, or `TYPE RDATA`, where those are
            ranked.
        case_sensitive: look for names under and exclude as they are written; by default in lower case.
        series: step of a series for each rank.
        against: start and stop of the span to compare with.
        only: with against: one kind of change alone.
        ratio_from: with against: rank by ratio of rates, among keys that reach this count in the larger span.
        progress: is called while summaries of tables are made.

        Raises DnstideError.
        """
        options = TopOptions(
            by=by,
            rrtypes=rrtypes,
            under=under,
            exclude=exclude,
            start=start,
            stop=stop,
            days_back=days_back,
            series=series,
            against=against,
            only=only,
            ratio_from=ratio_from,
            partial=partial,
            dataset=dataset,
            explain=explain,
            strict=strict,
            case_sensitive=case_sensitive,
        )
        return self._top(limit, options, timeout, progress)

    def report(
        self,
        name: str,
        *,
        children: int = 10,
        rrtypes: str | Iterable[str] = (),
        bailiwick: str | None = None,
        start: Moment | None = None,
        stop: Moment | None = None,
        days_back: int | None = None,
        granularity: GranularityWord = "day",
        bucket_by: BucketByWord = "auto",
        partial: bool = False,
        dataset: DatasetWord = "dns",
        case_sensitive: bool = False,
        strict: bool = False,
        timeout: Timeout = DEFAULT,
    ) -> ReportT:
        """All that is known of one name, and a sentence that says it: when it was seen, its levels, spikes,
        silent spans, its week, its types, and the largest names under it.

        children: how many of the names under it are ranked; 0: none.
        timeout: seconds until the whole report is given up.

        The other arguments are those of `volume`. It is put together from `volume`, `analyze` and `top`.
        Raises DnstideError.
        """
        options = ReportOptions(
            rrtypes=rrtypes,
            bailiwick=bailiwick,
            start=start,
            stop=stop,
            days_back=days_back,
            granularity=granularity,
            bucket_by=bucket_by,
            partial=partial,
            dataset=dataset,
            case_sensitive=case_sensitive,
            strict=strict,
        )
        return self._report(report_steps(name, options, children), timeout)

    @abstractmethod
    def _volume(
        self,
        names: str | Iterable[str],
        options: VolumeOptions,
        timeout: Timeout,
        progress: Callable[[Progress], None] | None,
    ) -> VolumeT:
        """Make the question, ask it, and read the answer."""

    @abstractmethod
    def _analyze(
        self,
        analysis: AnalysisWord,
        names: str | Iterable[str],
        options: AnalysisOptions,
        settings: AnalysisSettings | None,
        timeout: Timeout,
    ) -> FindingsT:
        """The same for an analysis."""

    @abstractmethod
    def _top(
        self,
        limit: int,
        options: TopOptions,
        timeout: Timeout,
        progress: Callable[[TopProgress], None] | None,
    ) -> TopT:
        """The same for a ranking."""

    @abstractmethod
    def _report(self, steps: Steps, timeout: Timeout) -> ReportT:
        """Take the steps of a report."""
