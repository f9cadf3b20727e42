"""The systemd unit, as systemd itself reads it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dnstide.cli import exits
from dnstide.gateway import Settings

UNIT = Path(__file__).parents[2] / "deploy" / "dnstide.service"
EXPOSURE = 2.0
"""Of 10, as `systemd-analyze security` counts it."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze, of Debian's package systemd"
)


def values(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with the command of this environment, which systemd wants to see."""
    command = Path(sys.executable).with_name("dnstide")
    text = UNIT.read_text()
    assert "/opt/dnstide/bin/dnstide" in text
    copy = tmp_path / UNIT.name
    copy.write_text(text.replace("/opt/dnstide/bin/dnstide", str(command)))
    return copy


def test_it_starts_the_gateway() -> None:
    """ExecStart is a command that exists, and systemd waits longer than a drain takes."""
    (command,) = values("ExecStart")
    assert re.fullmatch(r"/\S+/dnstide serve", command)
    (stop,) = values("TimeoutStopSec")
    assert int(stop) > Settings.model_fields["drain_seconds"].default


def test_a_wrong_setting_is_not_tried_again() -> None:
    """The exit code of wrong settings ends the restarts; any other failure does not."""
    assert values("Restart") == ["on-failure"]
    assert values("RestartPreventExitStatus") == [str(exits.USAGE)]


@needs_systemd
def test_systemd_knows_every_line(unit: Path) -> None:
    """No misspelt setting and no value that is none."""
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    unit.write_text(unit.read_text().replace("PrivateTmp=yes", "PrivateTemp=yes"))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    assert "PrivateTemp" in done.stderr


@needs_systemd
def test_it_is_hardened(unit: Path) -> None:
    """systemd's own score of what the service could do to the machine."""
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if "offline" in done.stderr:
        pytest.skip("needs systemd-analyze security --offline, of systemd 250 or later")
    score = re.search(r"exposure level for dnstide.service: ([\d.]+)", done.stdout)
    assert score, done.stdout + done.stderr
    assert float(score[1]) <= EXPOSURE
