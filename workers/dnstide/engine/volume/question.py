"""Questions about volume over time, checked before anything is read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from dnstide.engine.errors import InvalidQuestion
from dnstide.engine.granularity import MAX_TIME, MIN_TIME, Granularity
from dnstide.engine.parse import OwnerTarget, parse_name, parse_rrtypes
from dnstide.engine.volume.smooth import Smoothing, SmoothingMethod
from dnstide.mtbl import LookupQuery

MAX_NAMES = 10_000
MAX_BUCKETS = 1_000_000
#: Names times buckets: bounds the memory of one answer that is filled or smoothed.
MAX_CELLS = 50_000_000
MAX_PERIOD = 100_000
DATASETS = ("dns", "dnssec")


class BucketBy(Enum):
    """What decides the bucket of a row's count: the row's time_first, or the period of its table."""

    FIRST_SEEN = "first-seen"
    FILE = "file"


class FailurePolicy(Enum):
    """What a failed table does to the answer: none at all, or a marked one."""

    FAIL = "fail"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class VolumeQuestion:
    """One series for each target, over [start, stop) in unix seconds; None is where the tables begin or
    end."""

    targets: tuple[OwnerTarget, ...]
    start: int | None = None
    stop: int | None = None
    step: Granularity = Granularity.DAY
    bucket_by: BucketBy = BucketBy.FIRST_SEEN
    split_by_rrtype: bool = False
    dataset: str = "dns"
    smooth: Smoothing | None = None
    fill: bool = False
    policy: FailurePolicy = FailurePolicy.FAIL

    @classmethod
    def build(
        cls,
        names: Sequence[str],
        rrtypes: Sequence[str] = (),
        bailiwick: str | None = None,
        start: int | None = None,
        stop: int | None = None,
        step: Granularity | str = Granularity.DAY,
        bucket_by: BucketBy | str = BucketBy.FIRST_SEEN,
        split_by_rrtype: bool = False,
        dataset: str = "dns",
        smooth: Smoothing | int | None = None,
        fill: bool = False,
        policy: FailurePolicy | str = FailurePolicy.FAIL,
    ) -> "VolumeQuestion":
        """From texts and numbers. Raises InvalidQuestion; its field is one of names[i], rrtypes, bailiwick,
        start_time, end_time, granularity, bucket_by, dataset, smoothing, failure_policy."""
        if start is not None and stop is not None and stop <= start:
            raise InvalidQuestion("end_time", stop, "the span must end after it starts")
        return cls(
            targets=_targets(names, rrtypes, bailiwick),
            start=_time("start_time", start),
            stop=_time("end_time", stop),
            step=step if isinstance(step, Granularity) else Granularity.parse(step),
            bucket_by=_choice(BucketBy, "bucket_by", bucket_by),
            split_by_rrtype=split_by_rrtype,
            dataset=_dataset(dataset),
            smooth=_smoothing(smooth),
            fill=fill,
            policy=_choice(FailurePolicy, "failure_policy", policy),
        )

    @property
    def distinct(self) -> tuple[OwnerTarget, ...]:
        """The targets without repetition, in the order of their first mention: query i looks for
        distinct[i]."""
        return self.targets if len(self.targets) == 1 else tuple(dict.fromkeys(self.targets))

    def queries(self) -> tuple[LookupQuery, ...]:
        """One for each distinct target."""
        return tuple([target.query() for target in self.distinct])


def _targets(names: Sequence[str], rrtypes: Sequence[str], bailiwick: str | None) -> tuple[OwnerTarget, ...]:
    if isinstance(names, str):
        raise InvalidQuestion("names", names, "give a list of names")
    if not names:
        raise InvalidQuestion("names", list(names), "ask for at least one name")
    if len(names) > MAX_NAMES:
        raise InvalidQuestion("names", len(names), f"at most {MAX_NAMES:,} names at once")
    types = parse_rrtypes(_texts("rrtypes", rrtypes))
    within = parse_name(bailiwick.strip(), "bailiwick") if bailiwick and bailiwick.strip() else None
    targets = [OwnerTarget.parse(name, f"names[{i}]") for i, name in enumerate(names)]
    if not rrtypes and within is None:
        return tuple(targets)
    for i, target in enumerate(targets):
        if target.rrtypes or target.bailiwick is not None:
            reason = "a name with its own type or bailiwick goes without those of the whole question"
            raise InvalidQuestion(f"names[{i}]", names[i], reason)
    return tuple([target.narrowed(types, within) for target in targets])


def _texts(field: str, texts: Iterable[str]) -> Iterable[str]:
    if isinstance(texts, str):
        raise InvalidQuestion(field, texts, "give a list")
    return texts


def _time(field: str, value: int | None) -> int | None:
    if value is not None and not MIN_TIME <= value <= MAX_TIME:
        raise InvalidQuestion(field, value, "times go from 1970 to the end of 9999, in unix seconds")
    return value


def _dataset(text: str) -> str:
    if text not in DATASETS:
        raise InvalidQuestion("dataset", text, f"take one of {', '.join(DATASETS)}")
    return text


def _smoothing(value: Smoothing | int | None) -> Smoothing | None:
    if value is None:
        return None
    smoothing = value if isinstance(value, Smoothing) else Smoothing(SmoothingMethod.TRAILING_MEAN, value)
    if not 1 <= smoothing.period <= MAX_PERIOD:
        raise InvalidQuestion(
            "smoothing", smoothing.period, f"the period is a number of buckets from 1 to {MAX_PERIOD:,}"
        )
    return smoothing


_Choice = TypeVar("_Choice", bound=Enum)


def _choice(kind: type[_Choice], field: str, value: _Choice | str) -> _Choice:
    if isinstance(value, kind):
        return value
    try:
        return kind(str(value).lower().replace("_", "-"))
    except ValueError:
        known = ", ".join(str(member.value) for member in kind)
        raise InvalidQuestion(field, value, f"take one of {known}") from None
