"""Tables that are replaced under a running gateway: every ranking is of one version of each table."""

from __future__ import annotations

import threading
from itertools import product
from pathlib import Path

from dnstide.client import AnswerIncomplete, Client
from dnstide.gateway.testing import running_gateway

from tests.engine.versions import FILES, counts_of, ranked, truth, write

RANKINGS, MOST_RANKINGS = 60, 6000
"""So many are asked for, and more until one has met a table that was replaced."""


def test_rankings_while_tables_are_replaced(tmp_path: Path) -> None:
    """What a ranking says of counts, total and series belongs together, whichever versions it met; where it
    meets too many of them, it says so.
    """
    tables = tmp_path / "tables"
    tables.mkdir()
    for day, name in enumerate(FILES):
        write(tables / name, 0, day)
    told = {
        (tuple(truth(*versions)), sum(sum(counts_of(v, day).values()) for day, v in enumerate(versions)))
        for versions in product((0, 1), repeat=2)
    }
    done = threading.Event()

    def replace() -> None:
        version = 0
        while not done.wait(0.1):
            version = 1 - version
            for day, name in enumerate(FILES):
                write(tables / name, version, day)

    replacer = threading.Thread(target=replace)
    with running_gateway(tables, cache_dir=tmp_path / "cache", rescan_seconds=0.1) as running:
        replacer.start()
        try:
            with Client(running.address) as client:
                met = set()
                refused: list[str] = []
                for asked in range(MOST_RANKINGS):
                    if asked >= RANKINGS and len(met) > 1:
                        break
                    try:
                        top = client.top(3, series="day")
                    except AnswerIncomplete as error:  # on a machine that is slower than the replacing
                        refused.append(str(error))
                        continue
                    assert [int(rank.series.sum()) for rank in top] == [rank.count for rank in top]
                    met.add((tuple(ranked(top)), top.summary.total_count))
        finally:
            done.set()
            replacer.join()
    assert met <= told
    assert len(met) > 1
    assert all("replaced while the ranking read it" in text for text in refused)
