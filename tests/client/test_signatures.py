"""The three clients are called alike, by signatures that editors and type checkers can read."""

from __future__ import annotations

import inspect
import subprocess
import sys
from enum import StrEnum
from typing import Any, get_args

import pytest
from dnstide.client import AsyncClient, Client, LocalClient
from dnstide.model import words
from dnstide.model.arguments import (
    AnalysisOptions,
    ReportOptions,
    TopOptions,
    VolumeOptions,
    analysis_question,
    top_question,
    volume_question,
)
from dnstide.model.granularity import TABLE_GRANULARITIES, Granularity
from dnstide.model.vocabulary import DATASETS, Analysis, BucketBy, Grouping, Movement

CLIENTS = (Client, AsyncClient, LocalClient)
QUESTIONS: dict[str, tuple[type, set[str]]] = {
    "volume": (VolumeOptions, {"self", "names", "timeout", "progress"}),
    "analyze": (AnalysisOptions, {"self", "analysis", "names", "settings", "timeout"}),
    "top": (TopOptions, {"self", "limit", "timeout", "progress"}),
    "report": (ReportOptions, {"self", "name", "children", "timeout"}),
}


def parameters(client: type, method: str) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(getattr(client, method)).parameters)


@pytest.mark.parametrize("method", [*QUESTIONS, "tables", "close"])
def test_clients_are_called_alike(method: str) -> None:
    """One name, one order, one default, one type, whoever answers."""
    first, *others = (parameters(client, method) for client in CLIENTS)
    assert all(other == first for other in others)
    assert not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in first.values())
    assert all(p.annotation is not inspect.Parameter.empty for n, p in first.items() if n != "self")


@pytest.mark.parametrize("method", QUESTIONS)
def test_every_option_has_its_place(method: str) -> None:
    """What can be asked stands in the signature, by the same type, and nothing else does."""
    options, beside = QUESTIONS[method]
    found = parameters(Client, method)
    assert set(found) - beside == set(options.__annotations__)
    for name in options.__annotations__:
        assert found[name].annotation == options.__annotations__[name].__forward_arg__, name
        assert found[name].kind is inspect.Parameter.KEYWORD_ONLY


@pytest.mark.parametrize(
    ("method", "make"),
    [
        ("volume", lambda options: volume_question("a.", options)),
        ("analyze", lambda options: analysis_question("gaps", "a.", options, None)),
        ("top", lambda options: top_question(10, options)),
        ("report", lambda options: volume_question("a.", options)),
    ],
)
def test_defaults_are_those_of_the_questions(method: str, make: Any) -> None:
    """To give a default is to give nothing."""
    options, _ = QUESTIONS[method]
    found = parameters(Client, method)
    assert make({name: found[name].default for name in options.__annotations__}) == make({})


@pytest.mark.parametrize(
    ("literal", "enumeration"),
    [
        (words.BucketByWord, BucketBy),
        (words.GroupingWord, Grouping),
        (words.MovementWord, Movement),
        (words.AnalysisWord, Analysis),
    ],
)
def test_words_are_those_of_the_enumerations(literal: Any, enumeration: type[StrEnum]) -> None:
    """A word that is added has to be offered too."""
    kind, offered = get_args(literal)
    assert kind is enumeration
    assert get_args(offered) == tuple(map(str, enumeration))


def test_words_of_granularities_and_datasets() -> None:
    """Names and letters."""
    _, names, letters = get_args(words.GranularityWord)
    assert get_args(names) == tuple(map(str, Granularity))
    assert get_args(letters) == tuple(step.letter for step in TABLE_GRANULARITIES)
    assert get_args(words.DatasetWord) == DATASETS


@pytest.mark.parametrize("method", QUESTIONS)
def test_a_mistyped_argument(method: str) -> None:
    """It is an error like that of any Python function, at once, also where the answer is awaited."""
    for client in CLIENTS:
        with pytest.raises(TypeError, match="unexpected keyword argument 'staart'"):
            getattr(client, method)(None, "a.", staart="1970-01-01")


PROGRAM = """
from dnstide.client import AsyncClient, Client, LocalClient

def ask(client: Client | LocalClient) -> int:
    return client.volume("a.", granularity={step}, smooth=7)["a."].total + client.top(3,
    by="tld").ranks[0].count

async def wait(client: AsyncClient) -> int:
    return len((await client.analyze("gaps", "a.")).series)
"""


@pytest.mark.parametrize(("step", "told"), [('"day"', "Success"), ('"fortnight"', "incompatible type")])
def test_a_type_checker_reads_them(step: str, told: str, tmp_path: Any) -> None:
    """Answers have their types, and words that are none are refused."""
    (tmp_path / "asks.py").write_text(PROGRAM.format(step=step))
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "asks.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert told in done.stdout, done.stdout
