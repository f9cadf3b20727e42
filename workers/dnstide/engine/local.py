"""The engine in this process: plan, look and merge over one directory, without a server."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from threading import Lock
from time import monotonic, perf_counter

from dnstide.engine.answer import Timings, VolumeAnswer
from dnstide.engine.catalog import Catalog
from dnstide.engine.errors import DirectoryError
from dnstide.engine.merge import Accumulator
from dnstide.engine.plan import VolumePlan, plan_volume
from dnstide.engine.question import VolumeQuestion
from dnstide.mtbl import Cancel, Cancelled, CountOverflow, DeadlinePassed, TableError, TableReport, verify_table
from dnstide.shard import Failure, Partial, Shard, ShardError, ShardQuestion

#: Called with (tables done, tables asked) between the parts of a long look.
Progress = Callable[[int, int], None]

#: Pairs of table and query in one part of a look whose progress is watched.
_PART = 16384
#: Files rewritten in place do not touch the directory; they are noticed after this many seconds.
_STALE = 2.0
