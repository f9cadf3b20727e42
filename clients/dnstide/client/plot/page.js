"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const canvas = document.querySelector("canvas"), board = document.getElementById("panels");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let pen = canvas.getContext("2d"), only = null;
  const tip = document.getElementById("tip");
  const { edges, lines } = data, n = edges.length - 1;
  const centred = data.kind === "line" || data.kind === "point";
  const all = centred && n > 0 ? span(-0.5) : [edges[0], edges[n]];
  const state = { view: all.slice(), log: data.log, raw: data.raw, smooth: data.smoothing !== "", panels: data.panels, shown: lines.map(() => true), match: lines.map(() => true) };
  const on = k => only === null ? state.shown[k] && state.match[k] : k === only;
  const hue = line => dark.matches ? line.dark : line.colour;
  const LIGHT = { ink: "#111", grid: "#e4e4e4", soft: "#666", paper: "#fff", bar: "#bbb", hatch: "#c08060",
    none: "#dcdcdc", partial: "#f2f2f2", damaged: "#f6dcc8", unreachable: "#f6dcc8" };
  const DARK = { ink: "#eee", grid: "#333", soft: "#aaa", paper: "#161616", bar: "#777", hatch: "#a06a45",
    none: "#3a3a3a", partial: "#262626", damaged: "#4a3020", unreachable: "#4a3020" };
  const tone = name => (dark.matches ? DARK : LIGHT)[name];
  // A bar on a logarithmic axis has no foot to stand on: its top alone says something.
  const kind = () => data.kind === "bar" && state.log ? "point" : data.kind;
  const WORDS = { none: "no table", partial: "covered in part", damaged: "damaged: lower bound", unreachable: "not reached: lower bound" };
  const MARGIN = { left: 84, right: 14, top: 8, bottom: 28 };
  // Corners, first angle and waist of each line's sign: what tells lines apart on paper without colours.
  const SIGNS = [[24, 0, 1], [4, 0.25, 1], [3, -0.5, 1], [4, 0, 1], [3, 0.5, 1], [8, 0, 0.4], [8, 0.25, 0.4], [10, -0.5, 0.45], [3, 1, 1], [5, -0.5, 1], [3, 0, 1], [6, 0, 1]];
  const MOST = 12;
  let width = 0, height = 0, drag = null, hover = null, chosen = null;

  // Points and lines stand at the start of a bucket: the view reaches half a bucket to either side.
  function span(by) {
    const half = (edges[n] - edges[0]) / n * by;
    return [edges[0] + half, edges[n] + half];
  }
  const box = () => [MARGIN.left, MARGIN.top, width - MARGIN.right, height - MARGIN.bottom];
  const toX = t => { const [l, , r] = box(); return l + (t - state.view[0]) / (state.view[1] - state.view[0]) * (r - l); };
  const toTime = x => { const [l, , r] = box(); return state.view[0] + (x - l) / (r - l) * (state.view[1] - state.view[0]); };
  const at = i => data.kind === "bar" ? (edges[i] + edges[i + 1]) / 2 : edges[i];

  function visible() {
    let low = lower(edges, state.view[0]) - 1, high = lower(edges, state.view[1]) + 1;
    return [Math.max(0, low), Math.min(n, high)];
  }
  function lower(sorted, value) {
    let a = 0, b = sorted.length;
    while (a < b) { const m = (a + b) >> 1; if (sorted[m] < value) a = m + 1; else b = m; }
    return a;
  }

  // The counts in view decide the height; a logarithmic axis has a foot for zeros.
  function scale() {
    const [low, high] = visible();
    let top = 1, least = Infinity;
    lines.forEach((line, k) => {
      if (!on(k)) return;
      for (let i = low; i < high; i++) for (const v of values(line, i)) {
        if (v > top) top = v;
        if (v < least) least = v;
      }
    });
    const [, t, , b] = box(), [floor, ceiling] = data.ylim;
    if (ceiling !== null) top = ceiling;
    if (!state.log && floor) return { top, y: v => b - (v - floor) / (top - floor) * (b - t), ticks: linear(top).filter(v => v >= floor) };
    if (floor > 0) least = floor;
    if (!state.log) return { top: top * 1.04, y: v => b - v / (top * 1.04) * (b - t), ticks: linear(top) };
    const foot = least < 1 ? -0.4 : Math.floor(Math.log10(least));
    const head = Math.log10(top) + 0.1;
    const lift = v => v < 1 && foot < 0 ? foot : Math.log10(v);
    const ticks = foot < 0 ? [0] : [];
    const stride = Math.max(1, Math.ceil((head - foot) / Math.min(9, Math.max(2, (b - t) / 22))));
    for (let k = Math.max(0, foot); k <= head; k += stride) ticks.push(10 ** k);
    return { top, y: v => b - (lift(v) - foot) / (head - foot) * (b - t), ticks };
  }
  function values(line, i) {
    const out = [];
    if (state.raw && line.counts[i] !== null) out.push(Number(line.counts[i]));
    if (state.smooth && line.smoothed && line.smoothed[i] !== null) out.push(line.smoothed[i]);
    return out;
  }
  function linear(top) {
    const raw = top / Math.min(7, Math.max(2, height / 45)), power = 10 ** Math.floor(Math.log10(raw));
    const step = Math.max(1, [1, 2, 5, 10].map(m => m * power).find(m => m >= raw));
    const out = [];
    for (let v = 0; v <= top; v += step) out.push(v);
    return out;
  }

  // Dates on round moments, as many as have room.
  const DAY = 86400;
  const STEPS = [60, 300, 900, 1800, 3600, 10800, 21600, 43200, DAY, 2 * DAY, 7 * DAY, 14 * DAY];
  const MONTHS = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600];
  function dates() {
    const [a, b] = state.view, most = Math.max(2, (width - 100) / 110);
    const step = STEPS.find(s => (b - a) / s <= most && s >= 0.9 * (edges[n] - edges[0]) / n);
    const out = [];
    if (step && step < 2 * DAY) {
      for (let t = Math.ceil(a / step) * step; t <= b; t += step) out.push(t);
      return out;
    }
    const months = step ? 1 : (b - a) / (1200 * 30.4 * DAY) > most ? 1200 * Math.ceil((b - a) / (1200 * 30.4 * DAY) / most) : MONTHS.find(m => (b - a) / (m * 30.4 * DAY) <= most) || 1200;
    const later = cycles(b) * CYCLE, first = new Date((a - later) * 1000);
    let m = Math.floor((first.getUTCFullYear() * 12 + first.getUTCMonth()) / months) * months;
    for (; ; m += months) {
      const t = Date.UTC(Math.floor(m / 12), m % 12) / 1000 + later;
      if (!(t <= b)) return out;
      for (let d = 0; d < (step ? 29 * DAY : 1); d += step || 1) if (t + d >= a && t + d <= b) out.push(t + d);
    }
  }
  // A script has no dates past 275760, but the calendar repeats after 400 years.
  const CYCLE = 146097 * DAY;
  const cycles = t => Math.max(0, Math.ceil((t - 8.6e12) / CYCLE));
  function iso(t) {
    const later = cycles(t), text = new Date((t - later * CYCLE) * 1000).toISOString().replace(/^\+0*/, "");
    return later ? parseInt(text) + 400 * later + text.slice(text.indexOf("-")) : text;
  }
  function dateText(t, step) {
    const text = iso(t), more = text.indexOf("-") - 4;
    if (more) return text.slice(0, (step < 28 * DAY ? 10 : 7) + Math.max(0, more));
    return step < DAY && t % DAY ? text.slice(11, 16) : step < 28 * DAY ? text.slice(0, 10) : text.slice(0, 7);
  }

  function count(v) {
    return width < 500 ? v.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 4 }) : v.toLocaleString("en");
  }
  function draw() {
    if (!state.panels) return paint(canvas, null);
    for (const panel of board.children) if (panel.near && !panel.hidden) paint(panel.lastChild, panel.place);
  }
  // Draw one line, or (null) all that are shown. The measures are those of this canvas until another is painted.
  function paint(target, one) {
    const ratio = window.devicePixelRatio || 1;
    pen = target.getContext("2d"); only = one;
    width = target.clientWidth; height = target.clientHeight;
    target.width = width * ratio; target.height = height * ratio;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = "12px system-ui, sans-serif";
    MARGIN.left = 14 + scale().ticks.reduce((most, v) => Math.max(most, pen.measureText(count(v)).width), 0);
    const flags = placed();
    MARGIN.top = 8 + 15 * flags.reduce((most, flag) => Math.max(most, flag.lane + 1), 0);
    const [l, t, r, b] = box(), axis = scale();
    pen.save(); pen.beginPath(); pen.rect(l, t, r - l, b - t); pen.clip();
    shade(t, b);
    pen.restore();
    grid(axis, l, t, r, b);
    pen.save(); pen.beginPath(); pen.rect(l, t - 1, r - l, b - t + 2); pen.clip();
    lines.forEach((line, k) => { if (on(k)) drawLine(line, axis, k); });
    if (drag && drag.zoom) {
      pen.fillStyle = "rgba(0,114,178,.15)"; pen.fillRect(Math.min(drag.from, drag.to), t, Math.abs(drag.to - drag.from), b - t);
    }
    pen.restore();
    marks(flags, t, b);
    if (hover !== null) pointAt(axis, t, b);
  }
  function shade(t, b) {
    const half = centred ? (edges[n] - edges[0]) / n / 2 : 0;
    for (const [first, stop, word] of data.stretches) {
      const x = toX(edges[first] - half), w = Math.max(1, toX(edges[stop] - half) - x);
      pen.fillStyle = tone(word); pen.fillRect(x, t, w, b - t);
      if (word === "none" || word === "partial") continue;
      pen.strokeStyle = tone("hatch"); pen.lineWidth = 0.8; pen.save(); pen.beginPath(); pen.rect(x, t, w, b - t); pen.clip();
      pen.beginPath();
      for (let s = x - (b - t); s < x + w; s += 9) { pen.moveTo(s, b); pen.lineTo(s + (b - t), t); }
      pen.stroke(); pen.restore();
    }
  }
  function grid(axis, l, t, r, b) {
    pen.lineWidth = 1; pen.fillStyle = tone("ink"); pen.textBaseline = "middle"; pen.textAlign = "right";
    for (const v of axis.ticks) {
      const y = Math.round(axis.y(v)) + 0.5;
      if (y < t - 1) continue;
      pen.strokeStyle = tone("grid"); stroke(l, y, r, y);
      pen.fillText(count(v), l - 8, y);
    }
    pen.textBaseline = "top"; pen.textAlign = "center";
    const ticks = dates(), step = ticks.length > 1 ? ticks[1] - ticks[0] : state.view[1] - state.view[0];
    let last = -Infinity;
    for (const time of ticks) {
      const x = Math.round(toX(time)) + 0.5, text = dateText(time, step), half = pen.measureText(text).width / 2;
      pen.strokeStyle = tone("grid"); stroke(x, t, x, b);
      if (x - half < last + 6 || x + half > width) continue;
      pen.fillText(text, x, b + 7); last = x + half;
    }
    pen.strokeStyle = tone("ink"); pen.strokeRect(l + 0.5, t + 0.5, r - l, b - t);
  }
  function stroke(x0, y0, x1, y1) { pen.beginPath(); pen.moveTo(x0, y0); pen.lineTo(x1, y1); pen.stroke(); }

  function drawLine(line, axis, k) {
    const smooth = state.smooth && line.smoothed;
    const many = lines.filter((_, i) => on(i)).length;
    if (state.raw) {
      pen.strokeStyle = pen.fillStyle = hue(line);
      pen.globalAlpha = smooth && many > 2 ? 0.35 : 1;
      pen.lineWidth = smooth ? 0.9 : k === chosen ? 3 : 1.5;
      pen.setLineDash(smooth ? [4, 3] : line.dash.map(d => d * 1.6));
      if (kind() === "bar") bars(line, axis, k, smooth);
      else if (kind() === "point") dots(line.counts, axis, 2.5);
      else curve(line.counts, axis, data.kind === "step");
      pen.globalAlpha = 1;
    }
    if (smooth) {
      pen.strokeStyle = pen.fillStyle = hue(line); pen.lineWidth = k === chosen ? 3.5 : 2; pen.setLineDash(line.dash.map(d => d * 2));
      curve(line.smoothed, axis, false);
    }
    pen.setLineDash([]);
    if (lines.length > 1 && only === null && (smooth || data.kind === "line" || data.kind === "step")) signs(smooth ? line.smoothed : line.counts, axis, k);
  }
  function corners(k, x, y, size) {
    const [many, turn, waist] = SIGNS[k % SIGNS.length];
    if (many > 10) size *= 0.8;
    return Array.from({ length: many }, (_, i) => {
      const angle = (turn + 2 * i / many) * Math.PI, reach = size * (i % 2 ? waist : 1);
      return [x + reach * Math.cos(angle), y + reach * Math.sin(angle)];
    });
  }
  function signs(counts, axis, k) {
    const [low, high] = visible(), every = Math.max(1, Math.floor((high - low) / 12));
    pen.strokeStyle = tone("paper"); pen.lineWidth = 0.8;
    for (let i = low; i < high; i++) {
      if (counts[i] === null || i % every !== Math.floor(k * every / SIGNS.length) % every) continue;
      pen.beginPath();
      corners(k, toX(at(i)), axis.y(Number(counts[i])), 5).forEach(([x, y], j) => j ? pen.lineTo(x, y) : pen.moveTo(x, y));
      pen.closePath(); pen.fill(); pen.stroke();
    }
  }
  // Where several buckets share a pixel column, its least and largest value are drawn.
  function curve(counts, axis, step) {
    const [low, high] = visible();
    pen.beginPath();
    let open = false, column = null, lowest = 0, highest = 0, lastY = 0;
    const flush = () => { if (column !== null && lowest !== highest) { pen.moveTo(column, lowest); pen.lineTo(column, highest); pen.moveTo(column, lastY); } };
    for (let i = low; i < high; i++) {
      if (counts[i] === null) { flush(); column = null; open = false; continue; }
      const x = toX(step ? edges[i] : at(i)), y = axis.y(Number(counts[i]));
      if (open && column !== null && Math.abs(x - column) < 0.6) {
        lowest = Math.max(lowest, y); highest = Math.min(highest, y); lastY = y;
      } else {
        flush();
        if (step && open) pen.lineTo(x, lastY);
        if (open) pen.lineTo(x, y); else pen.moveTo(x, y);
        column = x; lowest = highest = lastY = y;
      }
      const gap = i + 1 >= n || counts[i + 1] === null;
      if (step && gap) pen.lineTo(toX(edges[i + 1]), y);
      else if (gap && !open) { pen.moveTo(x + 2, y); pen.arc(x, y, 2, 0, 7); pen.moveTo(x, y); }
      open = true;
    }
    flush();
    pen.stroke();
  }
  function dots(counts, axis, size) {
    const [low, high] = visible();
    for (let i = low; i < high; i++) {
      if (counts[i] === null) continue;
      pen.beginPath(); pen.arc(toX(at(i)), axis.y(Number(counts[i])), size, 0, 7); pen.fill();
    }
  }
  function bars(line, axis, k, faint) {
    const [low, high] = visible(), shown = lines.map((_, i) => i).filter(on);
    const place = shown.indexOf(k), foot = box()[3];
    if (faint || shown.length === 1) pen.fillStyle = tone("bar");
    for (let i = low; i < high; i++) {
      if (line.counts[i] === null) continue;
      const x = toX(edges[i]), w = (toX(edges[i + 1]) - x) / shown.length, y = axis.y(Number(line.counts[i]));
      pen.fillRect(x + place * w + w * 0.06, y, Math.max(0.8, w * 0.88), foot - y);
    }
  }
  // Texts of marks stand above the frame, each in the lowest row that has room, on the left where the right has none.
  function placed() {
    const taken = [], flags = [];
    for (const [k, time, text] of data.marks) {
      const x = toX(time), w = pen.measureText(text).width + 6;
      if (!on(k) || x < MARGIN.left - 1 || x > width - MARGIN.right + 1) continue;
      const from = x + w > width ? x - w : x;
      let lane = 0;
      while ((taken[lane] || []).some(([a, b]) => from < b && a < from + w)) lane++;
      (taken[lane] = taken[lane] || []).push([from, from + w]);
      flags.push({ k, x, text, from, lane });
    }
    return flags;
  }
  function marks(flags, t, b) {
    pen.textBaseline = "bottom"; pen.textAlign = "left"; pen.lineWidth = 1;
    for (const { k, x, text, from, lane } of flags) {
      pen.strokeStyle = pen.fillStyle = hue(lines[k]);
      pen.setLineDash([1, 3]); stroke(x, t - 15 * lane - 14, x, b); pen.setLineDash([]);
      pen.fillText(text, from + 3, t - 15 * lane - 1);
    }
  }

  function pointAt(axis, t, b) {
    const x = toX(at(hover));
    pen.strokeStyle = tone("soft"); pen.lineWidth = 1; stroke(x, t, x, b);
    lines.forEach((line, k) => {
      if (!on(k)) return;
      pen.fillStyle = hue(line);
      for (const v of values(line, hover)) { pen.beginPath(); pen.arc(x, axis.y(v), 3.5, 0, 7); pen.fill(); }
    });
  }
  function tell(x, y) {
    const time = iso(edges[hover]);
    const word = (data.stretches.find(([first, stop]) => hover >= first && hover < stop) || [])[2];
    const rows = lines.filter((_, k) => on(k)).sort((p, q) => Number(q.counts[hover]) - Number(p.counts[hover]));
    const near = lines[chosen];
    if (rows.indexOf(near) >= MOST) { rows.splice(rows.indexOf(near), 1); rows.unshift(near); }
    tip.replaceChildren();
    const head = document.createElement("b");
    head.textContent = (data.fine ? time.replace("T", " ").replace(/:\d\d\.\d+Z$/, "") : time.replace(/T.*/, "")) + (word ? " · " + WORDS[word] : "");
    const table = document.createElement("table");
    for (const line of rows.slice(0, MOST)) {
      const row = table.insertRow(), n = line.counts[hover];
      const cells = [lines.length > 1 ? line.label : "count", n === null ? "–" : BigInt(n).toLocaleString("en")];
      if (line.smoothed) cells.push(line.smoothed[hover] === null ? "–" : line.smoothed[hover].toLocaleString("en"));
      for (const text of cells) row.insertCell().textContent = text;
      row.cells[0].style.color = hue(line);
      if (line === near && rows.length > 1) row.className = "near";
    }
    tip.append(head, table);
    if (rows.length > MOST) tip.append(`and ${rows.length - MOST} more`);
    tip.hidden = false;
    const wide = tip.offsetWidth;
    tip.style.left = (x + wide + 24 > tip.parentNode.clientWidth ? Math.max(0, x - wide - 12) : x + 14) + "px";
    tip.style.top = Math.max(0, state.panels ? y : Math.min(y, height - tip.offsetHeight)) + "px";
  }
