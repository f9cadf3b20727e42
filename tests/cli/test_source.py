"""Who answers: flags, environment, and their conflicts."""

from __future__ import annotations

import click
import pytest
from dnstide.cli.source import Source, find_server, find_source

BOTH = {"DNSTIDE_SERVER": "e:1", "DNSTIDE_MTBL_DIR": "/e"}


@pytest.mark.parametrize(
    ("server", "mtbl_dir", "environment", "expected"),
    [
        ("s:1", None, {}, ("s:1", None)),
        (None, "/d", {}, (None, "/d")),
        ("s:1", None, BOTH, ("s:1", None)),
        (None, "/d", BOTH, (None, "/d")),
        (None, None, {"DNSTIDE_SERVER": "e:1"}, ("e:1", None)),
        (None, None, {"DNSTIDE_MTBL_DIR": "/e"}, (None, "/e")),
        (None, None, {"DNSTIDE_SERVER": "", "DNSTIDE_MTBL_DIR": "/e"}, (None, "/e")),
    ],
)
def test_source(server, mtbl_dir, environment, expected) -> None:
    """A flag beats the environment; what is empty is not set."""
    found = find_source(server, mtbl_dir, environment)
    assert (found.server, found.mtbl_dir) == expected


@pytest.mark.parametrize(
    ("server", "mtbl_dir", "environment", "why"),
    [
        ("s:1", "/d", {}, "exclude each other"),
        (
            None,
            None,
            {},
            r"--server HOST:PORT \(or DNSTIDE_SERVER\), or --mtbl-dir DIR \(or DNSTIDE_MTBL_DIR\)",
        ),
        (None, None, BOTH, "both DNSTIDE_SERVER and DNSTIDE_MTBL_DIR are set"),
        ("", "", {}, "no source"),
    ],
)
def test_no_single_source(server, mtbl_dir, environment, why) -> None:
    """None or two sources are a wrong use that says what to do."""
    with pytest.raises(click.UsageError, match=why):
        find_source(server, mtbl_dir, environment)


def test_tls_goes_with_a_server() -> None:
    """Options of the wire make no sense for a directory."""
    with pytest.raises(click.UsageError, match="go with --server"):
        find_source(None, "/d", {}, tls=True, ca=None)
    assert find_source("s:1", None, {}, ca="f") == Source(server="s:1", ca="f")


def test_server_alone() -> None:
    """Commands for servers do not look at directories."""
    assert find_server(None, BOTH).server == "e:1"
    with pytest.raises(click.UsageError, match="which server"):
        find_server(None, {"DNSTIDE_MTBL_DIR": "/e"})
