"""A directory read in this process and a server asked over gRPC give the same bytes."""

from __future__ import annotations

import pytest

WWW, MAIL = "www.example.com", "mail.example.com"
QUESTIONS = [
    [WWW],
    [WWW, "--smooth", "7"],
    [WWW, MAIL, "absent.example", "*.example.org"],
    ["*.example.com", "--split-by-rrtype", "--granularity", "month"],
    [WWW, "--fill", "--start", "2023-12-25", "--stop", "2024-01-05", "--smooth", "3"],
    [WWW, "--start", "2024-01-01T00:02:00Z", "--stop", "2024-01-02T12:00:00Z"],
    [WWW, "--bucket-by", "file", "--granularity", "week", "--explain"],
    ["*.", "--granularity", "year", "--bucket-by", "first-seen", "--explain"],
    ["absent.example"],
]


def without_request(messages):
    """Messages without the line that names the request, and whether there was one."""
    lines = messages.splitlines(keepends=True)
    told = [line for line in lines if not line.startswith("dnstide: request ")]
    return "".join(told), len(told) < len(lines)


@pytest.mark.parametrize("form", ["text", "csv", "json", "jsonl"])
@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_same_bytes(question, form, dnstide, small_dir, gateway) -> None:
    """Data, messages and exit codes are equal, and there is something to compare."""
    here = dnstide("vot", *question, "--format", form, "--mtbl-dir", small_dir)
    there = dnstide("vot", *question, "--format", form, "--server", gateway)
    assert (there.code, there.out) == (here.code, here.out)
    told, request = without_request(there.err)
    assert told == here.err
    assert request == ("--explain" in question), "a server names the request, for its log"
    assert here.code == (4 if question == ["absent.example"] else 0)
    assert here.out or (here.code == 4 and form in ("text", "jsonl"))


def test_same_catalog(dnstide, small_dir, gateway) -> None:
    """The tables and what is known of them."""
    here = dnstide("tables", "--mtbl-dir", small_dir, "--format", "csv")
    there = dnstide("tables", "--server", gateway, "--format", "csv")
    assert there == here
    assert len(here.out.splitlines()) == 63
