"""The configuration file: which profile counts, what stands before it, and what is wrong with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from dnstide.cli.profile import NO_PROFILE, Profile, config_path, read_profile
from dnstide.cli.source import Source, find_server, find_source

WWW = "www.example.com"
ASK = ("vot", WWW, "--start", "2024-01-01", "--stop", "2024-01-01")


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Writes the configuration file where it is looked for."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    path = tmp_path / "config" / "dnstide" / "config.toml"

    def write(text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


def test_a_profile_stands_in_for_flags(dnstide, config, small_dir, gateway) -> None:
    """Source and format; the usual one where none is named, by flag or by environment."""
    near = f'[default]\nmtbl-dir = "{small_dir}"\nformat = "csv"\n'
    config(f'{near}[far]\nserver = "{gateway}"\nformat = "jsonl"\n')
    assert dnstide(*ASK).out.splitlines()[1] == "www.example.com.,2024-01-01,11,,complete"
    assert dnstide(*ASK, "--profile", "far").out.startswith('{"name":')
    assert dnstide("status", "--profile", "far").out.count("\n") == 2
    assert dnstide("tables").out.startswith("name,dataset")
    assert dnstide("verify", small_dir / "dns.20240101.D.mtbl").out.startswith("path,health")


def test_the_environment_names_a_profile(dnstide, config, small_dir, monkeypatch) -> None:
    """As the flag does, which stands before it."""
    config(f'[near]\nmtbl-dir = "{small_dir}"\n[other]\nmtbl-dir = "/nowhere"\n')
    assert dnstide(*ASK).code == 2
    monkeypatch.setenv("DNSTIDE_PROFILE", "other")
    assert dnstide(*ASK).code == 1
    assert dnstide(*ASK, "--profile", "near").out == "20240101 11\n"


def test_flags_stand_before_a_profile(dnstide, config, small_dir, tmp_path) -> None:
    """Each option by itself, and a file's name before the format."""
    config('[default]\nserver = "nobody.example:1"\nformat = "csv"\ntimeout = 0.001\n')
    asked = (*ASK, "--mtbl-dir", small_dir, "--timeout", "60")
    assert dnstide(*asked).out.startswith("name,date")
    assert dnstide(*asked, "--format", "text").out == "20240101 11\n"
    assert dnstide(*asked, "-o", tmp_path / "a.jsonl").code == 0
    assert (tmp_path / "a.jsonl").read_text().startswith('{"name":')
    assert dnstide(*asked, "-o", tmp_path / "a.txt").code == 0
    assert (tmp_path / "a.txt").read_text() == "20240101 11\n"
    assert dnstide(*asked, "-o", tmp_path / "a.data").code == 0
    assert (tmp_path / "a.data").read_text().startswith("name,date")


def test_a_timeout_of_a_profile(dnstide, config, small_dir) -> None:
    """It is that of --timeout."""
    config(f'[default]\nmtbl-dir = "{small_dir}"\ntimeout = 1e-9\n')
    assert dnstide("vot", "*.").code == 5
    assert dnstide("vot", "*.", "--timeout", "0").code == 0


def test_the_environment_stands_before_a_profile(dnstide, config, small_dir, monkeypatch) -> None:
    """Whoever named the profile is told."""
    config('[default]\nmtbl-dir = "/nowhere"\n[lab]\nserver = "lab.example:1"\n')
    monkeypatch.setenv("DNSTIDE_MTBL_DIR", str(small_dir))
    done = dnstide(*ASK)
    assert (done.out, done.err) == ("20240101 11\n", "")
    done = dnstide(*ASK, "--profile", "lab")
    assert done.out == "20240101 11\n"
    assert (
        f"DNSTIDE_MTBL_DIR={small_dir} stands before the profile lab: unset it to ask lab.example:1"
        in done.err
    )


def test_certificates_are_for_the_profile_s_server() -> None:
    """Another server gets none of them; a flag stands before each."""
    given = {"tls": False, "ca": None, "cert": None, "key": None}
    own = Profile("lab", {"server": "s:1", "ca": "/ca", "cert": "/c", "key": "/k", "tls": True})
    expected = Source("s:1", tls=True, ca="/ca", cert="/c", key="/k")
    assert find_source(None, None, {}, own, **given) == expected
    assert find_source("s:1", None, {}, own, **given) == expected
    assert find_server(None, {}, own, **given) == expected
    assert find_source(None, None, {}, own, **given | {"ca": "/mine"}).ca == "/mine"
    for found in (
        find_source("t:1", None, {}, own, **given),
        find_source(None, None, {"DNSTIDE_SERVER": "t:1"}, own, **given),
        find_server("t:1", {}, own, **given),
    ):
        assert found == Source("t:1", **given)
    assert find_source(None, "/d", {}, own, **given) == Source(mtbl_dir="/d", **given)


def test_the_place_of_the_file(tmp_path) -> None:
    """The XDG folder, the user's, or one that was named and has to be there."""
    assert config_path({"XDG_CONFIG_HOME": "/x"}) == (Path("/x/dnstide/config.toml"), False)
    assert config_path({"XDG_CONFIG_HOME": ""}) == (Path.home() / ".config/dnstide/config.toml", False)
    assert config_path({"DNSTIDE_CONFIG": "/y.toml", "XDG_CONFIG_HOME": "/x"}) == (Path("/y.toml"), True)
    assert read_profile(None, environment={"XDG_CONFIG_HOME": str(tmp_path)}) is NO_PROFILE
    with pytest.raises(click.UsageError, match=r"cannot read the configuration /y\.toml: No such file"):
        read_profile(None, environment={"DNSTIDE_CONFIG": "/y.toml"})


def test_paths_of_a_profile(tmp_path) -> None:
    """`~` is the user's folder; what is relative lies beside the file."""
    path = tmp_path / "c.toml"
    path.write_text('[default]\nserver = "s:1"\nca = "ca.pem"\nkey = "/k.pem"\ncert = "~/c.pem"\n')
    profile = read_profile(None, environment={"DNSTIDE_CONFIG": str(path)})
    assert profile.get("ca") == str(tmp_path / "ca.pem")
    assert (profile.get("key"), profile.get("cert")) == ("/k.pem", str(Path.home() / "c.pem"))
    assert profile.get("timeout") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[default\n", "is not TOML: "),
        ("a = 1\na = 2\n", "is not TOML: "),
        ('server = "s:1"\n', "server is no profile: write it under a profile, such as [default]"),
        ("lab = 3\n", "lab is no profile: each is a table"),
        (
            '[default]\nsever = "s:1"\n',
            "[default] sever is no setting: there are server, tls, ca, cert, key, ",
        ),
        ('[default]\nsever = "s:1"\n', 'Did you mean "server"?'),
        ('[default]\nmtbl_dir = "/d"\n', 'Did you mean "mtbl-dir"?'),
        ("[default]\nserver = 8453\n", "[default] server = 8453 is not HOST:PORT, as text"),
        ('[default]\nserver = ""\n', "[default] server = '' is not HOST:PORT"),
        ('[other]\ntls = "yes"\n', "[other] tls = 'yes' is not true or false"),
        ("[default]\nca = true\n", "[default] ca = True is not a path, as text"),
        (
            '[default]\ntimeout = "30"\n',
            "[default] timeout = '30' is not a number of seconds, 0 (no limit) or more",
        ),
        ("[default]\ntimeout = -1\n", "is not a number of seconds"),
        ("[default]\ntimeout = true\n", "is not a number of seconds"),
        ("[default]\ntimeout = inf\n", "is not a number of seconds"),
        ("[default]\ntimeout = nan\n", "is not a number of seconds"),
        ('[default]\nformat = "parquet"\n', "is not one of text, csv, json, jsonl"),
        ("[default]\nformat = []\n", "is not one of text, csv, json, jsonl"),
        (
            '[default]\nserver = "s:1"\nmtbl-dir = "/d"\n',
            "[default] has server and mtbl-dir, which exclude each",
        ),
    ],
)
def test_what_is_wrong_in_the_file(dnstide, config, small_dir, text, words) -> None:
    """File, profile and key are named, with what is allowed, whichever profile is taken."""
    path = config(text)
    done = dnstide(*ASK, "--mtbl-dir", small_dir)
    assert (done.code, done.out) == (2, "")
    assert str(path) in done.err
    assert words in done.err
    assert dnstide("vot", "--help").code == 0


def test_profiles_that_are_not_there(dnstide, config, small_dir) -> None:
    """With those that are, or that there is no file."""
    done = dnstide(*ASK, "--profile", "lab", "--mtbl-dir", small_dir)
    assert (done.code, done.out) == (2, "")
    assert "there is no profile lab: there is no file " in done.err
    config("")
    assert "config.toml: it is empty" in dnstide(*ASK, "--profile", "lab").err
    config("[labs]\n[far]\n")
    done = dnstide(*ASK, "--profile", "lab", "--mtbl-dir", small_dir)
    assert 'config.toml: it has labs, far. Did you mean "labs"?' in done.err


def test_a_file_that_is_no_text(dnstide, config, small_dir) -> None:
    """Bytes that are not UTF-8."""
    config("").write_bytes(b"[default]\nserver = '\xff'\n")
    done = dnstide(*ASK, "--mtbl-dir", small_dir)
    assert done.code == 2
    assert "it is not UTF-8 text" in done.err


def test_names_of_profiles_are_completed(config) -> None:
    """Those of the file; none where it is wrong."""
    for text, offered in (("[lab]\n[late]\n[far]\n", ["plain,lab", "plain,late"]), ("[lab", [])):
        asks = {**os.environ, "DNSTIDE_CONFIG": str(config(text)), "_DNSTIDE_COMPLETE": "bash_complete"}
        asks |= {"COMP_WORDS": "dnstide vot --profile la", "COMP_CWORD": "3"}
        shell = [Path(sys.executable).parent / "dnstide"]
        done = subprocess.run(shell, env=asks, capture_output=True, text=True)
        assert done.stdout.split() == offered
