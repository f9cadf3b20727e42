"""The options of `vot`, their defaults, and the rules between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dnstide.cli.vot_pl.getopt import BadCommandLine, Option, parse

DEFAULT_MTBL_DIR = "/export/dnsdb/mtbl/"
DEVICES = ("png", "svg", "pdf", "postscript", "ps", "eps")
FORMAT_OF_DEVICE = {"postscript": "ps"}
GRANULARITIES = ("Y", "Q", "M", "W", "D", "H", "X", "m")

OPTIONS = tuple(
    Option.of(spec)
    for spec in (
        "fqdn|name|rrset|rrname|r=s",
        "rectype|rrtype|t=s",
        "bailiwick|b=s",
        "granularity|unit|timeperiod|u=s",
        "smooth|ma|m=s",
        "notable|quiet|q",
        "tableout|output|outfile=s",
        "jsonl|json|j",
        "tabledir|reportdir|directory|dir|d=s",
        "plot|graph|chart|p",
        "plottype|graphtype|charttype=s",
        "plotdev|device=s",
        "plotout=s",
        "plotdir|graphdir=s",
        "title|plottitle=s",
        "noplotraw",
        "plotsmoothed|plotma",
        "start|first|begin=s",
        "stop|last|end=s",
        "daysback|days|window=s",
        "mtbldir|datadir|mtblfiles|mtbl=s",
        "server=s",
        "version",
        "help|info|man|manual|usage|h",
    )
)

HELP = f"""Usage: vot --fqdn FQDN [--rectype RECTYPE] [--bailiwick BAILIWICK]
           [--granularity {{{"|".join(GRANULARITIES)}}}] [--smooth N]
           [--notable] [--tableout FILE] [--jsonl] [--tabledir DIR]
           [--plot [--plottype {{LINE|POINT|STEP|VBAR}}] [--plotdev DEVICE]
            [--plotout FILE] [--plotdir DIR] [--title TITLE]
            [--noplotraw] [--plotsmoothed]]
           [--start DATE] [--stop DATE] [--daysback N]
           [--mtbldir DIR | --server HOST:PORT] [--version] [--help]

How often a name was seen, day by day, from DNSDB Export MTBL files. Takes the
place of vot.pl; dnstide vot does the same for many names, and more.

  fqdn         the name (required)              also name, rrset, rrname, r
  rectype      one record type (else all)       also rrtype, t
  bailiwick    only this bailiwick (else all)   also b
  granularity  Y(ear) Q(uarter) M(onth) W(eek) D(ay) H(our), X (ten minutes) or
               m(inute); default D              also unit, timeperiod, u
  smooth       add the average of N buckets     also ma, m

  notable      no table                         also quiet, q
  tableout     file of the table; default FQDN.<stamp>.txt or .jsonl in tabledir
                                                also output, outfile
  jsonl        the table file as JSON lines     also json, j
  tabledir     folder of the table; default .   also reportdir, directory, dir, d

  plot         draw a picture                   also graph, chart, p
  plottype     line, point, step or vbar; default line
                                                also graphtype, charttype
  plotdev      {", ".join(DEVICES)};
               default postscript, or what plotout ends with
                                                also device
  plotout      file of the picture; default FQDN.<stamp>.<plotdev> in plotdir
  plotdir      folder of the picture; default . also graphdir
  title        default: the command line        also plottitle
  noplotraw    do not draw the counts
  plotsmoothed draw the averages                also plotma

  start, stop  first and last date, inclusive   also first, begin; last, end
  daysback     the last N days, with today      also days, window

  mtbldir      folder of the MTBL files; default {DEFAULT_MTBL_DIR}
                                                also datadir, mtblfiles, mtbl
  server       ask this server instead
  version      show the version                 help: show this
                                                also info, man, manual, usage, h

DNSTIDE_MTBL_DIR and DNSTIDE_SERVER stand in for mtbldir and server. One dash is
as good as two, and names may be cut short: -ma 14, --ma=14, --daysb 30.

Exit codes: 0 done, 1 error, 2 wrong usage, 4 nothing found, 5 deadline passed

  vot --fqdn www.reed.edu
  vot --fqdn laveeneld.k12.az.us --ma 14 --plot --plotma --device pdf \\
      --start 20160901 --stop 20170831
"""


class NoName(BadCommandLine):
    """Without a name there is only the help to show."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A command line that makes sense. Texts are as given; empty where not given."""

    fqdn: str
    rectype: str
    bailiwick: str
    granularity: str
    smooth: int | None
    table: bool
    table_out: str
    jsonl: bool
    table_dir: str
    plot: bool
    plot_type: str
    device: str
    plot_out: str
    plot_dir: str
    title: str
    plot_raw: bool
    plot_smoothed: bool
    start: str
    stop: str
    days_back: int | None
    mtbl_dir: str
    server: str

    @property
    def format(self) -> str:
        """Of the picture: what matplotlib calls the device."""
        return FORMAT_OF_DEVICE.get(self.device, self.device)


def read(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings | str:
    """The settings, or "help" or "version" where that was asked. Raises BadCommandLine."""
    parsed = parse(arguments, OPTIONS)
    for wish in ("help", "version"):
        if parsed.flag(wish):
            return wish
    value = parsed.values
    if parsed.rest:
        raise BadCommandLine(
            f'unexpected argument "{parsed.rest[0]}": each word needs its option, a name --fqdn'
        )
    if not value.get("fqdn"):
        raise NoName("specify a fully qualified domain name with --fqdn")
    if "daysback" in value and ("start" in value or "stop" in value):
        raise BadCommandLine("cannot use --daysback AND --start or --stop")
    if parsed.flag("notable") and not parsed.flag("plot"):
        raise BadCommandLine("no table output? no plot output? nothing to do!")
    smooth = _whole("smooth", value.get("smooth"))
    if parsed.flag("plotsmoothed") and parsed.flag("plot") and smooth is None:
        raise BadCommandLine("--plotsmoothed draws averages: say over how many buckets with --smooth")
    mtbl_dir, server = _source(value, environment)
    return Settings(
        fqdn=value["fqdn"],
        rectype=value.get("rectype", ""),
        bailiwick=value.get("bailiwick", ""),
        granularity=_one_of("granularity", value.get("granularity", "D"), GRANULARITIES),
        smooth=smooth,
        table=not parsed.flag("notable"),
        table_out=value.get("tableout", ""),
        jsonl=parsed.flag("jsonl"),
        table_dir=value.get("tabledir", "."),
        plot=parsed.flag("plot"),
        plot_type=_plot_type(value.get("plottype", "line")),
        device=_device(value),
        plot_out=value.get("plotout", ""),
        plot_dir=value.get("plotdir", "."),
        title=value.get("title", ""),
        # As in vot.pl: averages alone only where both were asked for.
        plot_raw=not (parsed.flag("noplotraw") and parsed.flag("plotsmoothed")),
        plot_smoothed=parsed.flag("plotsmoothed"),
        start=value.get("start", ""),
        stop=value.get("stop", ""),
        days_back=_whole("daysback", value.get("daysback")),
        mtbl_dir=mtbl_dir,
        server=server,
    )


def _source(value: Mapping[str, str], environment: Mapping[str, str]) -> tuple[str, str]:
    mtbl_dir, server = value.get("mtbldir", ""), value.get("server", "")
    if mtbl_dir and server:
        raise BadCommandLine("--mtbldir and --server exclude each other: give one")
    if not mtbl_dir and not server:
        mtbl_dir, server = environment.get("DNSTIDE_MTBL_DIR", ""), environment.get("DNSTIDE_SERVER", "")
        if mtbl_dir and server:
            raise BadCommandLine(
                "both DNSTIDE_MTBL_DIR and DNSTIDE_SERVER are set: choose with --mtbldir or --server"
            )
    return ("", server) if server else (mtbl_dir or DEFAULT_MTBL_DIR, "")


def _device(value: Mapping[str, str]) -> str:
    if "plotdev" in value:
        return _one_of("plotdev", value["plotdev"], DEVICES)
    suffix = value.get("plotout", "").rpartition(".")[2].lower()
    return suffix if suffix in DEVICES else "postscript"


def _plot_type(text: str) -> str:
    from dnstide.client.plot.kinds import KIND_ALIASES, KINDS

    word = KIND_ALIASES.get(text.lower(), text.lower())
    if word not in KINDS:
        raise BadCommandLine(f'plottype "{text}" is none of line, point, step, vbar')
    return word


def _one_of(option: str, text: str, known: Sequence[str]) -> str:
    if text not in known:
        raise BadCommandLine(f'{option} "{text}" is none of {", ".join(known)} (case counts)')
    return text


def _whole(option: str, text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise BadCommandLine(f'{option} "{text}" is not a whole number from 1 on')
    return int(text)
