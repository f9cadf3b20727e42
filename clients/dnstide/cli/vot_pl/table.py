"""The table, as vot.pl prints it, and as JSON lines."""

from __future__ import annotations

import json
import math

from dnstide.cli.write.volume import VolumeLayout, bucket_labels
from dnstide.model.volume import Volume


def text_lines(volume: Volume) -> str:
    """`YYYYMMDD count`, or `YYYYMMDD count average` with NaN where it is not defined, by date."""
    return "".join(VolumeLayout(volume).text())


def json_lines(volume: Volume) -> str:
    """One object a line, with vot.pl's keys: date, count, and with smoothing ma (null where not defined)."""
    (series,) = volume.series
    labels = bucket_labels(volume.axis, compact=True)
    averages = None if series.smoothed is None else series.smoothed.tolist()
    lines = []
    for i, (bucket, count) in enumerate(zip(series.buckets.tolist(), series.counts.tolist(), strict=True)):
        row: dict[str, object] = {"date": labels[bucket], "count": count}
        if averages is not None:
            row["ma"] = None if math.isnan(averages[i]) else averages[i]
        lines.append(json.dumps(row, separators=(",", ":")) + "\n")
    return "".join(lines)
