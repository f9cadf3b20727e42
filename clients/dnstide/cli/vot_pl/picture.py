"""The picture: 10 x 7 inches, black on white, dates as YYYYMMDD, titled like the command line."""

from __future__ import annotations

from dnstide.cli.vot_pl.options import Settings
from dnstide.client.plot import picture_of, render
from dnstide.model.volume import Volume


def draw(volume: Volume, settings: Settings) -> bytes:
    """The bytes of the picture in the format of the device. Raises MissingExtra without matplotlib."""
    picture = picture_of(
        volume,
        kind=settings.plot_type,
        title=settings.title or title(settings),
        raw=settings.plot_raw,
        smooth=settings.plot_smoothed,
        classic=True,
    )
    return render(picture, settings.format)


def title(settings: Settings) -> str:
    """`$ vot --fqdn NAME[/TYPE[/BAILIWICK]] [--ma N]`."""
    parts = [settings.fqdn, settings.rectype, settings.bailiwick]
    words = "$ vot --fqdn " + "/".join(part for part in parts if part)
    return words if settings.smooth is None else f"{words} --ma {settings.smooth}"
