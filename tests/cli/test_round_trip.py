"""What `top` prints is what `-f` takes."""

from __future__ import annotations

import dns.name
from dnstide.cli.listed import read_list
from dnstide.engine.parse import OwnerTarget
from dnstide.engine.top.query import key_text
from dnstide.model.vocabulary import Grouping
from dnstide.mtbl import Row, reversed_name
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import FIRST_DAY, write_table

AWKWARD = [
    b"+",
    b"a[.]b",
    b"x@y",
    b"http://a",
    b"*",
    b"@",
    b"#1",
    b"a/a",
    b"0/25",
    b"a b",
    b"a.b",
    b"\\",
    b"\xff",
    b"--help",
    b'"',
    b"$",
    b"$ORIGIN",
]
LABELS = st.lists(st.binary(min_size=1, max_size=8) | st.sampled_from(AWKWARD), max_size=5)


@given(st.lists(LABELS, min_size=1, max_size=20))
def test_every_name_of_a_ranking_is_asked_as_that_name(tmp_path_factory, names) -> None:
    """Whatever bytes its labels have, as a line of a file."""
    owners = [dns.name.Name([*(label.lower() for label in labels), b""]) for labels in names]
    listed = tmp_path_factory.mktemp("names") / "names"
    listed.write_text("".join(f"{key_text(Grouping.FQDN, reversed_name(owner))[0]}\n" for owner in owners))
    read = [OwnerTarget.parse(name.text) for name in read_list(str(listed))]
    assert read == [OwnerTarget(owner) for owner in owners]


def test_a_ranking_as_a_list_of_names(dnstide, tmp_path) -> None:
    """The counts of a volume are those of the ranking from which its names come."""
    owners = [dns.name.Name([label, *zone]) for label in AWKWARD for zone in ((b"example", b"com", b""),)]
    owners.append(dns.name.from_text("1.0/25.2.0.192.in-addr.arpa."))
    rows = [
        Row(owner, 1, dns.name.root, (bytes(4),), FIRST_DAY + 60, FIRST_DAY + 60, number)
        for number, owner in enumerate(owners, 1)
    ]
    directory = tmp_path / "mtbl"
    directory.mkdir()
    write_table(directory / "dns.20240101.D.mtbl", rows)
    ranks = [line.split() for line in dnstide("top", "100", "--mtbl-dir", directory).out.splitlines()]
    assert len(ranks) == len(owners)
    (tmp_path / "names").write_text("".join(f"{rank[-1]}\n" for rank in ranks))
    done = dnstide("vot", "-f", tmp_path / "names", "--mtbl-dir", directory)
    assert [line.split() for line in done.out.splitlines()] == [
        [rank[-1], "20240101", rank[1]] for rank in ranks
    ]
    (tmp_path / "most").write_text("".join(f"{rank[-1]}\n" for rank in ranks[1:]))
    rest = dnstide("top", "--exclude-file", tmp_path / "most", "--mtbl-dir", directory)
    assert rest.out.split()[-1] == ranks[0][-1]
