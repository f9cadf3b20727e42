"""Fixtures that several folders share."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dns.name
import pytest
from dnstide.mtbl import DnstableWriter, Row
from dnstide.sample import write_sample
from hypothesis import Phase, settings

# Read by Ray at import, whichever test imports it first; dnstide.gateway.ray_cluster says why.
os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")

# A shell ignores SIGINT in what it starts in the background, and so would every command that a test
# interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")  # how long an example takes says how busy the machine is
settings.register_profile("mutate", derandomize=True, database=None, phases=[Phase.explicit, Phase.generate])
"""For `make mutate`: the same examples each time, and no time spent on making a failing one small."""

FIRST_DAY = 1_704_067_200  # 2024-01-01
DAY = 86_400


@pytest.fixture(scope="session")
def small_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 daily tables from 2024-01-01 and the month tables of 2023-11 and 2023-12. Not to be changed.

    Each day holds www.example.com. A (count 10 + day), AAAA (count 1), mail.example.com. MX (count 5) and
    once-DAY.example.org. A (count 1); each month www.example.com. A (count 300).
    """
    directory = tmp_path_factory.mktemp("small")
    for day in range(60):
        start = FIRST_DAY + day * DAY
        stamp = datetime.fromtimestamp(start, UTC).strftime("%Y%m%d")
        rows = [
            row("www.example.com.", 1, b"\xc0\x00\x02\x01", start + 60, 10 + day),
            row("www.example.com.", 28, bytes(15) + b"\x01", start + 60, 1),
            row("mail.example.com.", 15, b"\x00\x0a\x04mail\x07example\x03com\x00", start + 7200, 5),
            row(f"once-{day}.example.org.", 1, b"\xc0\x00\x02\x02", start + 3600, 1),
        ]
        write_table(directory / f"dns.{stamp}.D.mtbl", rows)
    for month in ("202311", "202312"):
        start = int(datetime.strptime(month, "%Y%m").replace(tzinfo=UTC).timestamp())
        write_table(
            directory / f"dns.{month}.M.mtbl",
            [row("www.example.com.", 1, b"\xc0\x00\x02\x01", start + 60, 300)],
        )
    return directory


def row(owner: str, rrtype: int, rdata: bytes, seen: int, count: int) -> Row:
    """One row in bailiwick example.com. or example.org., seen once."""
    name = dns.name.from_text(owner)
    return Row(name, rrtype, dns.name.Name(name.labels[-3:]), (rdata,), seen, seen, count)


def write_table(path: Path, rows: list[Row]) -> None:
    """A table of these rows."""
    with DnstableWriter(path) as writer:
        for one in rows:
            writer.add(one)


@pytest.fixture(scope="session")
def gateway(small_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a gateway over small_dir, with two shards in threads of this process."""
    from dnstide.gateway.testing import running_gateway

    with running_gateway(small_dir, cache_dir=tmp_path_factory.mktemp("summaries")) as running:
        yield running.address


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[None]:
    """A local Ray cluster for the whole session. Tests that use it are marked `cluster`."""
    from dnstide.gateway import ray_cluster as local

    local.start(None)
    yield
    local.stop()


@pytest.fixture(scope="session")
def sample_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole sample directory, written once in a session. Not to be changed."""
    directory = tmp_path_factory.mktemp("sample") / "mtbl"
    write_sample(directory)
    return directory
