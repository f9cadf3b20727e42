"""Command lines as Getopt::Long reads them."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from itertools import chain

import pytest
from dnstide.cli.vot_pl.getopt import BadCommandLine, parse
from dnstide.cli.vot_pl.options import OPTIONS

SPECS = {option.names[0]: option for option in OPTIONS}
ALIASES = [(option.names[0], name, option.takes_value) for option in OPTIONS for name in option.names]


@pytest.mark.parametrize(("canonical", "alias", "takes_value"), ALIASES)
def test_every_alias_means_its_option(canonical, alias, takes_value) -> None:
    """With two dashes or one, with the value behind a sign or a space."""
    forms = [[f"--{alias}=x"], [f"--{alias}", "x"], [f"-{alias}=x"], [f"-{alias}", "x"]]
    for arguments in forms if takes_value else [[f"--{alias}"], [f"-{alias}"]]:
        assert parse(arguments, OPTIONS).values == {canonical: "x" if takes_value else ""}


@pytest.mark.parametrize(
    ("short", "canonical"),
    [
        ("fq", "fqdn"),
        ("rect", "rectype"),
        ("rrn", "fqdn"),
        ("sm", "smooth"),
        ("days", "daysback"),
        ("daysb", "daysback"),
        ("wi", "daysback"),
        ("mtb", "mtbldir"),
        ("di", "tabledir"),
        ("plotma", "plotsmoothed"),
        ("plotsm", "plotsmoothed"),
        ("tablet", None),
        ("w", "daysback"),
    ],
)
def test_names_may_be_cut_short(short, canonical) -> None:
    """As long as they lead to one option."""
    arguments = [f"--{short}", "1"]
    if canonical is None:
        with pytest.raises(BadCommandLine, match="unknown option: tablet"):
            parse(arguments, OPTIONS)
    else:
        assert canonical in parse(arguments, OPTIONS).values


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--s", "x"], r"option s is ambiguous \(server, smooth, start, stop\)"),
        (["--plott", "x"], r"option plott is ambiguous \(plottitle, plottype\)"),
        (["--FQDN", "x"], "unknown option: FQDN"),
        (["--graphformat", "jpg"], "unknown option: graphformat"),
        (["--fqdn"], "option fqdn requires an argument"),
        (["--fqdn="], "option fqdn requires an argument"),
        (["--plot=1"], "option plot does not take an argument"),
    ],
)
def test_what_cannot_be_read_is_refused(arguments, said) -> None:
    """Ambiguous, unknown, without or with too many values; case counts."""
    with pytest.raises(BadCommandLine, match=said):
        parse(arguments, OPTIONS)


def test_a_value_may_look_like_an_option() -> None:
    """What follows an option that takes a value is its value; two dashes end options; the last holds."""
    parsed = parse(["--title", "--plot", "stray", "-r", "a", "--fqdn=b=c", "--", "--plot"], OPTIONS)
    assert parsed.values == {"title": "--plot", "fqdn": "b=c"}
    assert parsed.rest == ["stray", "--plot"]


PERL = r"""
use Getopt::Long qw(:config no_ignore_case); use JSON::PP; my @specs = @ARGV;
while (my $line = <STDIN>) {
  @ARGV = @{decode_json($line)}; my %v; local $SIG{__WARN__} = sub {};
  my $ok = GetOptions(\%v, @specs);
  print encode_json({ok => $ok ? 1 : 0, values => {map { $_ => "$v{$_}" } keys %v}, rest => [@ARGV]}), "\n";
}
"""


@pytest.mark.skipif(shutil.which("perl") is None, reason="the judge is Perl's own Getopt::Long")
def test_perl_reads_the_same() -> None:
    """1,500 random command lines mean to Getopt::Long what they mean here, or are refused by both."""
    dice = random.Random(202)
    names = [name for option in OPTIONS for name in option.names]
    values = ["www.a.example", "14", "", "-x", "--plot", "a=b", "-", "--", "20180101", "x y"]

    def argument():
        name = dice.choice(names)[: dice.randint(1, 14)]
        text = dice.choice(["--", "--", "-", "+"]) + (name.upper() if dice.random() < 0.03 else name)
        form = dice.random()
        if form < 0.4:
            return [text]
        return [text, dice.choice(values)] if form < 0.7 else [f"{text}={dice.choice(values)}"]

    lines = [[*chain.from_iterable(argument() for _ in range(dice.randint(1, 4)))] for _ in range(1_500)]
    specs = ["|".join(option.names) + ("=s" if option.takes_value else "") for option in OPTIONS]
    perl = subprocess.run(
        ["perl", "-e", PERL, "--", *specs],
        input="".join(json.dumps(line) + "\n" for line in lines),
        capture_output=True,
        text=True,
        check=True,
    )
    judged = [json.loads(line) for line in perl.stdout.splitlines()]
    assert len(judged) == len(lines)
    assert 300 < sum(one["ok"] for one in judged) < 1_200
    for line, judge in zip(lines, judged, strict=True):
        try:
            parsed = parse(line, OPTIONS)
        except BadCommandLine:
            assert not judge["ok"], line
            continue
        values = {name: value if SPECS[name].takes_value else "1" for name, value in parsed.values.items()}
        assert judge["ok"], line
        assert (values, parsed.rest) == (judge["values"], judge["rest"]), line
