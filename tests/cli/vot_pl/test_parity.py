"""The table of vot against a plain restatement of vot.pl's rules, on generated directories and questions.

The restatement follows the script step by step: files in the order of their names, dates compared as text,
counts added up in a hash, each average computed again whenever a row of its date is met. It leaves out what
vot mends on purpose: dates before --start are not shown, and a bailiwick counts without a type.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dns.name
import dns.rdatatype
import pytest
from dnstide.mtbl import DnstableWriter, Row

DIRECTORIES = 6
QUESTIONS = 40
NAMES = ("www.example.com", "example.com", "mail.example.com", "_ldap._tcp.dc.example.com", "example.org")
TYPES = {"A": b"\xc0\x00\x02", "AAAA": bytes(15), "TXT": b"\x02x"}


@dataclass(frozen=True)
class Seen:
    """One RRset of a daily file."""

    name: str
    rrtype: str
    bailiwick: str
    first: int
    count: int


def stamp(day):
    return day.strftime("%Y%m%d")


def shifted(text, days):
    return stamp(datetime.strptime(text, "%Y%m%d").date() + timedelta(days=days))


class Restated:
    """vot.pl over files by name, such as dns.20181031.D.mtbl."""

    def __init__(self, files):
        self.files = files

    def table(self, fqdn, rectype="", bailiwick="", smooth="", start="", stop=""):
        """The lines of the table; empty where the script dies of "no results found"."""
        counts, averages = {}, {}
        for file in sorted(self.files):
            day = file.removeprefix("dns.").removesuffix(".D.mtbl")
            # With both fences no file before --start is opened, with --start alone also the one before it.
            if start and day < (start if stop else shifted(start, -1)):
                continue
            if stop and day > shifted(stop, 1):
                continue
            found = [
                (datetime.fromtimestamp(row.first, UTC).strftime("%Y%m%d"), row.count)
                for row in self.files[file]
                if row.name == fqdn.lower()
                and (not rectype or row.rrtype == rectype.upper())
                and (not bailiwick or row.bailiwick == bailiwick.lower())
            ]
            for key, value in sorted(found, key=lambda pair: f"{pair[0]} {pair[1]}"):
                if (start and key < start) or (stop and key > stop):
                    continue
                counts[key] = counts.get(key, 0) + value
                averages[key] = "NaN"
                if smooth:
                    window = [counts.get(shifted(key, -back)) for back in range(smooth)]
                    if None not in window:
                        averages[key] = f"{sum(window) / smooth:.15g}"
        tails = {key: f" {average}" if smooth else "" for key, average in averages.items()}
        return [f"{key} {counts[key]}{tails[key]}" for key in sorted(counts)]


def make_rows(dice, day):
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    rows = []
    for name in NAMES:
        if dice.random() < 0.25:
            continue
        for rrtype in dice.sample(sorted(TYPES), dice.randint(1, 3)):
            zones = [name, name.rpartition(".")[2]]
            for bailiwick in dice.sample(zones, dice.randint(1, 2)):
                for _ in range(dice.randint(1, 2)):
                    late = dice.random() < 0.15  # a row can begin on the evening before its file's day
                    first = midnight + (-dice.randint(1, 7_200) if late else dice.randint(0, 86_399))
                    count = dice.choice([1, 7, 1_000, 2**40]) + dice.randint(0, 99)
                    rows.append(Seen(name, rrtype, bailiwick, first, count))
    return rows


def write(path, rows):
    with DnstableWriter(path) as writer:
        for i, row in enumerate(rows):
            owner, bailiwick = dns.name.from_text(row.name), dns.name.from_text(row.bailiwick)
            rdata = {"A": TYPES["A"], "AAAA": TYPES["AAAA"], "TXT": TYPES["TXT"]}[row.rrtype] + bytes(
                [i % 256]
            )
            rrtype = dns.rdatatype.from_text(row.rrtype)
            writer.add(Row(owner, rrtype, bailiwick, (rdata,), row.first, row.first + 5, row.count))


@pytest.fixture(scope="module", params=range(DIRECTORIES))
def directory(request, tmp_path_factory):
    """Forty days of daily files, some of them missing."""
    dice = random.Random(request.param)
    folder = tmp_path_factory.mktemp("mtbl")
    first = date(2018, dice.randint(1, 12), dice.randint(1, 28))
    files = {}
    for offset in range(40):
        day = first + timedelta(days=offset)
        if dice.random() < 0.08:
            continue
        rows = make_rows(dice, day)
        files[f"dns.{stamp(day)}.D.mtbl"] = rows
        write(folder / f"dns.{stamp(day)}.D.mtbl", rows)
    return folder, files, first, dice


def make_question(dice, first):
    """Option values; and the same as a command line in one of many spellings."""
    asked = {"fqdn": dice.choice(NAMES)}
    if dice.random() < 0.5:
        asked["rectype"] = dice.choice(["a", "AAAA", "txt"])
    if dice.random() < 0.4:
        asked["bailiwick"] = dice.choice(["com", "example.com", "org", asked["fqdn"]])
    if dice.random() < 0.6:
        asked["smooth"] = dice.randint(1, 9)
    low, high = sorted(dice.sample(range(5, 30), 2))
    if dice.random() < 0.6:
        asked["start"] = stamp(first + timedelta(days=low))
    if dice.random() < 0.6:
        asked["stop"] = stamp(first + timedelta(days=high))
    if "start" in asked and "stop" in asked and "smooth" in asked:
        asked["smooth"] = min(asked["smooth"], high - low + 1)
    return asked


SPELLINGS = {
    "fqdn": ("--fqdn", "--name", "-r", "--rrset", "--fq"),
    "rectype": ("--rectype", "--rrtype", "-t", "--rec"),
    "bailiwick": ("--bailiwick", "-b", "--bail"),
    "smooth": ("--smooth", "--ma", "-m", "-sm"),
    "start": ("--start", "--first", "--begin", "--sta"),
    "stop": ("--stop", "--last", "--end", "--sto"),
}


def test_the_table_is_vot_pl_s(directory, vot) -> None:
    """240 questions over 6 directories: the table file, and standard output but for its closing line."""
    folder, files, first, dice = directory
    restated = Restated(files)
    shown = 0
    for number in range(QUESTIONS):
        asked = make_question(dice, first)
        command = ["--mtbldir", folder]
        for option, value in asked.items():
            spelling = dice.choice(SPELLINGS[option])
            command += [f"{spelling}={value}"] if dice.random() < 0.3 else [spelling, value]
        expected = restated.table(**asked)
        done = vot(*command, "--tableout", f"{number}.txt")
        if not expected:
            assert done.code == 4, asked
            assert "no results found -- typo in FQDN? wrong rectype or bailiwick?" in done.err
            continue
        assert done.code == 0, (asked, done.err)
        with open(f"{number}.txt", encoding="ascii") as file:
            assert file.read().splitlines() == expected, asked
        assert done.out.splitlines() == [*expected, f"Table output file: {number}.txt"]
        shown += 1
    assert shown > QUESTIONS // 2
