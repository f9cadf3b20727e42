"""Fixtures that several folders share."""

from pathlib import Path

import pytest

from dnstide.sample import write_sample


@pytest.fixture(scope="session")
def sample_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole sample directory, written once in a session. Not to be changed."""
    directory = tmp_path_factory.mktemp("sample") / "mtbl"
    write_sample(directory)
    return directory
