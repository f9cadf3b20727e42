"""Where data go: files whole or not at all."""

from __future__ import annotations

import os

import click
import pytest
from dnstide.cli.output import check_output, write


def broken():
    """Text that ends with an error on the way."""
    yield "half "
    raise RuntimeError("on the way")


def test_file_is_written(tmp_path) -> None:
    """The file has the text, nothing else is left, and others may read it as the umask says."""
    target = tmp_path / "out.csv"
    mask = os.umask(0o022)
    try:
        write(["a,", "b\n"], str(target))
    finally:
        os.umask(mask)
    assert target.read_text() == "a,b\n"
    assert os.listdir(tmp_path) == ["out.csv"]
    assert target.stat().st_mode & 0o777 == 0o644


def test_whole_or_not_at_all(tmp_path) -> None:
    """An error on the way leaves no file, and an old one as it was."""
    target = tmp_path / "out"
    with pytest.raises(RuntimeError):
        write(broken(), str(target))
    assert os.listdir(tmp_path) == []
    target.write_text("old")
    with pytest.raises(RuntimeError):
        write(broken(), str(target), force=True)
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["out"]


def test_existing_file_needs_force(tmp_path) -> None:
    """Nothing is replaced without being told to, not even a file that appears late."""
    target = tmp_path / "out"
    target.write_text("old")
    with pytest.raises(click.UsageError, match="exists; --force replaces it"):
        check_output(str(target), force=False)
    with pytest.raises(click.ClickException, match="meanwhile"):
        write(["new"], str(target))
    assert target.read_text() == "old"
    check_output(str(target), force=True)
    write(["new"], str(target), force=True)
    assert target.read_text() == "new"


def test_links_are_followed(tmp_path) -> None:
    """The file behind a link is replaced, not the link."""
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write(["new"], str(tmp_path / "link"), force=True)
    assert (tmp_path / "real").read_text() == "new"
    assert (tmp_path / "link").is_symlink()


def test_impossible_places(tmp_path) -> None:
    """A directory, or a folder that is not there, is refused before the work."""
    with pytest.raises(click.UsageError, match="is a directory"):
        check_output(str(tmp_path), force=True)
    with pytest.raises(click.UsageError, match="there is no directory"):
        check_output(str(tmp_path / "a" / "b"), force=False)


def test_devices(tmp_path) -> None:
    """Devices and pipes are written to, not replaced."""
    check_output("/dev/null", force=False)
    write(["x"], "/dev/null")
    assert not os.path.isfile("/dev/null")


def test_standard_output(capsys) -> None:
    """No file, or -, is standard output."""
    write(["a"], None)
    write(["b\n"], "-")
    check_output("-", force=False)
    assert capsys.readouterr().out == "ab\n"
