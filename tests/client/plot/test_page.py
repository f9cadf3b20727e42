"""The page in a real browser: what it draws, and what pointer, keys and filter do."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from dnstide.client.plot import picture_of, render
from dnstide.client.plot.bars import Bar, Bars, bars_page
from dnstide.client.plot.scatter_text import scatter_page

BROWSER = shutil.which("chromium-headless-shell")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--virtual-time-budget=3000"]

# Texts are noted as they are drawn, with the place where they begin.
SPY = """<script>
window.drawn = []; window.failed = [];
addEventListener("error", event => failed.push(event.message));
const fillText = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
  const wide = this.measureText(text).width;
  const left = this.textAlign === "right" ? x - wide : this.textAlign === "center" ? x - wide / 2 : x;
  drawn.push([text, left, left + wide, this.canvas.clientWidth, this.fillStyle]);
  fillText.call(this, text, x, y);
};
</script>
"""


@pytest.fixture
def browse(tmp_path):
    """browse(page, script, *flags): what the script returns, run in the page after it is drawn."""
    if BROWSER is None:
        pytest.fail("chromium-headless-shell is missing; `make test` installs it")

    def run(page: bytes, script: str, *flags: str):
        told = f"""<pre id="told"></pre><script>
setTimeout(() => {{
  const move = (node, x, y) => node.dispatchEvent(new PointerEvent("pointermove", {{clientX: x, clientY:
  y}})); const press = (key, more) => document.querySelector("canvas") .dispatchEvent(new
  KeyboardEvent("keydown", {{key, ...more}})); const tip = document.getElementById("tip"); let value; try
  {{ value = (() => {{ {script} }})(); }} catch (error) {{ value = String(error); }}
  document.getElementById("told").textContent = JSON.stringify({{value, failed}}); }}, 500);
  </script></body>
  """
        # A page without a script of its own lets none run; the tests' must.
        page = page.replace(b"content=\"default-src 'none'; style-src 'unsafe-inline'\"", b'content=""')
        text = page.decode().replace("<style>", SPY + "<style>", 1).replace("</body>", told)
        path = tmp_path / "page.html"
        path.write_text(text, "utf-8")
        command = [
            BROWSER,
            *FLAGS,
            f"--user-data-dir={tmp_path}/profile",
            *flags,
            "--dump-dom",
            path.as_uri(),
        ]
        dom = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
        (answer,) = re.findall(r'<pre id="told">(.*?)</pre>', dom, re.S)
        told = json.loads(html.unescape(answer))
        assert told["failed"] == []
        return told["value"]

    return run


@pytest.fixture
def hundreds(volume):
    """300 names over 60 days."""
    return volume({f"host{i}.example.com": np.arange(60) + 100 * i + 1 for i in range(300)})


@pytest.mark.parametrize("width", [320, 1200])
def test_no_label_is_cut(volume, browse, width) -> None:
    """Counts past a thousand million and their dates lie within the picture, on a telephone too."""
    page = render(picture_of(volume({"a.example": np.arange(1, 29) * 10**14})), "html")
    drawn, wide = browse(
        page, "return [drawn, document.documentElement.scrollWidth];", f"--window-size={width},800"
    )
    assert [text for text, *_ in drawn if re.match(r"[1-9][\d,]*(,000|T)$", text)]
    assert all(left >= 0 and right <= across for _, left, right, across, _ in drawn)
    assert wide <= width


def test_the_pointer_names_the_series_it_is_nearest_to(twelve, browse) -> None:
    """With its count, in bold among the others."""
    names, near = browse(
        render(picture_of(twelve, smooth=False), "html"),
        """const frame = document.querySelector("canvas").getBoundingClientRect();
        move(document.querySelector("canvas"), frame.left + frame.width / 2, frame.bottom - 40);
        return [tip.innerText, tip.querySelector(".near").innerText];""",
    )
    assert "host10.example.com" in names
    assert near.startswith("_ldap._tcp.laveeneld.k12.az.us")


def test_keys_go_from_bucket_to_bucket_and_from_name_to_name(volume, browse) -> None:
    """Right is the next bucket, down the next name; what is told is read out."""
    answer = volume({"a.example": [5, 6, 7], "b.example": [1, 2, 3]})
    told = browse(
        render(picture_of(answer), "html"),
        """const out = []; for (const key of ["ArrowRight", "ArrowRight", "ArrowDown", "End", "Escape"]) {
          press(key); out.push(tip.hidden ? null : [tip.querySelector("b").innerText,
            tip.querySelector(".near").innerText.replace(/\\s+/g, " ").trim()]); }
        return [out, tip.getAttribute("role")];""",
    )
    assert told == [
        [
            ["2016-09-01", "a.example 5"],
            ["2016-09-02", "a.example 6"],
            ["2016-09-02", "b.example 2"],
            ["2016-09-03", "b.example 3"],
            None,
        ],
        "status",
    ]


def test_three_hundred_names_have_panels_and_a_filter(hundreds, browse) -> None:
    """A panel each, those that the filter names, and one of them large after a click on its name."""
    told = browse(
        render(picture_of(hundreds), "html"),
        """const shown = () => [...document.querySelectorAll("#panels figure")].filter(f => !f.hidden).length;
        const all = shown(), filter = document.getElementById("filter");
        filter.value = "HOST29 example"; filter.dispatchEvent(new Event("input"));
        const some = shown(), said = document.querySelector("output").innerText;
        const sheet = document.querySelector("#panels figure:not([hidden]) canvas");
        const frame = sheet.getBoundingClientRect();
        move(sheet, frame.left + frame.width / 2, frame.top + 50);
        const hover = tip.innerText;
        document.querySelector("#panels figure:not([hidden]) button").click();
        const large = !document.querySelector("canvas").hidden && document.getElementById("panels").hidden;
        return [all, some, said, hover, large,
                document.querySelectorAll('#key button[aria-pressed="true"]').length];""",
    )
    all_panels, some, said, hover, large, pressed = told
    assert (all_panels, some, said) == (300, 11, "11 of 300")
    assert hover.startswith("host29.example.com · 2016-")
    assert large
    assert pressed == 1


@pytest.mark.parametrize(("dark", "ink"), [(False, "#111111"), (True, "#eeeeee")])
def test_the_page_follows_a_dark_desktop(yahoo, browse, dark, ink) -> None:
    """Ground and ink are both the other way round."""
    flags = ["--blink-settings=preferredColorScheme=0"] if dark else []
    ground, inks = browse(
        render(picture_of(yahoo), "html"),
        "return [getComputedStyle(document.body).backgroundColor, [...new Set(drawn.map(d => d[4]))]];",
        *flags,
    )
    assert ground == ("rgb(22, 22, 22)" if dark else "rgb(255, 255, 255)")
    assert inks == [ink]


@pytest.mark.parametrize("start", ["9999-12-01", "290000-01-01"])
def test_years_past_9999_are_drawn(volume, browse, start) -> None:
    """Also those for which a script has no dates."""
    page = render(picture_of(volume({"a.example": np.arange(1, 80)}, start)), "html")
    texts, told = browse(page, "press('Home'); return [drawn.map(d => d[0]), tip.innerText];")
    assert told.startswith(start)
    later = "10000-0" if start.startswith("9999") else "290000-0"
    assert any(text.startswith(later) for text in texts)


def test_the_page_says_what_was_asked_of_which_tables(yahoo, browse) -> None:
    """The command as it was typed, and the tables behind the answer; no text becomes markup."""
    command = "dnstide vot '<b>.example' --plot a.html"
    text = browse(
        render(picture_of(yahoo, command=command), "html"),
        'return document.getElementById("source").innerText;',
    )
    assert command in text
    assert "1 table answered" in text


@pytest.mark.parametrize("dark", [False, True])
def test_bars_and_points_follow_a_dark_desktop(browse, dark) -> None:
    """Each stands out from its ground, as long as it is, or where it belongs; the foot is that of others."""
    flags = ["--blink-settings=preferredColorScheme=0"] if dark else []
    rows = tuple(Bar("all", label, value, str(value)) for label, value in (("<b>a", 4.0), ("b", 1.0)))
    asked = ("dnstide top '<b>'", "9 tables answered")
    grounds, colours, (long, short), foot, wide = browse(
        bars_page(Bars("bars", "count", rows), *asked).encode(),
        "const bars = [...document.querySelectorAll('.bar')];"
        "return [getComputedStyle(document.body).backgroundColor,"
        " [...new Set(bars.map(bar => getComputedStyle(bar).backgroundColor))],"
        " bars.map(bar => bar.offsetWidth),"
        " document.getElementById('source').innerText, document.body.scrollWidth > innerWidth];",
        *flags,
    )
    assert grounds == ("rgb(22, 22, 22)" if dark else "rgb(255, 255, 255)")
    assert colours == ["rgb(119, 119, 119)" if dark else "rgb(187, 187, 187)"]
    assert long > 100
    assert abs(short - long / 4) <= 1
    assert foot == "dnstide top '<b>'\n9 tables answered"
    assert not wide
    x, y = np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 40.0])
    page = scatter_page(
        x,
        y,
        labels=("a", "b"),
        slope=15.0,
        intercept=-6.0,
        words="r",
        title="b on a",
        command="c",
        dataset="d",
    )
    inks, places, foot = browse(
        page.encode(),
        "const dots = [...document.querySelectorAll('circle')];"
        "return [[...new Set(dots.map(dot => getComputedStyle(dot).stroke))],"
        " dots.map(dot => [dot.getBoundingClientRect().x, dot.getBoundingClientRect().y]),"
        " document.getElementById('source').innerText];",
        *flags,
    )
    assert inks == ["rgb(238, 238, 238)" if dark else "rgb(17, 17, 17)"]
    (x1, y1), (x2, y2), (x3, y3) = places
    assert abs((x3 - x2) - (x2 - x1)) < 1
    assert abs((y2 - y3) - 2 * (y1 - y2)) < 2
    assert foot == "c\nd"
