  // The second half of page.js, in its closure: pointer, keys, tools, panels and the key below.
  function look(a, b) {
    const least = (edges[n] - edges[0]) / n * 2;
    if (b - a < least) { const m = (a + b) / 2; a = m - least / 2; b = m + least / 2; }
    if (b - a >= all[1] - all[0]) { a = all[0]; b = all[1]; }
    if (a < all[0]) { b += all[0] - a; a = all[0]; }
    if (b > all[1]) { a -= b - all[1]; b = all[1]; }
    state.view = [a, b];
    draw();
  }
  function place(event) {
    const rect = canvas.getBoundingClientRect();
    return [event.clientX - rect.left, event.clientY - rect.top];
  }
  function bucket(x) {
    const whole = data.kind === "bar" || data.kind === "step";
    let i = Math.min(n - 1, Math.max(0, lower(edges, toTime(x) + (whole ? 1e-9 : 0)) - (whole ? 1 : 0)));
    if (centred && i > 0 && Math.abs(toX(edges[i - 1]) - x) < Math.abs(toX(edges[i]) - x)) i--;
    return i;
  }
  function nearest(y) {
    const axis = scale();
    let best = null, least = Infinity;
    lines.forEach((line, k) => {
      if (on(k)) for (const v of values(line, hover)) if (Math.abs(axis.y(v) - y) < least) { least = Math.abs(axis.y(v) - y); best = k; }
    });
    return best;
  }
  canvas.addEventListener("pointerdown", event => {
    const [x] = place(event);
    drag = { from: x, to: x, zoom: !event.shiftKey, view: state.view.slice() };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", event => {
    const [x, y] = place(event);
    if (drag) {
      drag.to = x; hover = null; tip.hidden = true;
      if (drag.zoom) draw();
      else { const by = toTime(drag.from) - toTime(x); look(drag.view[0] + by, drag.view[1] + by); }
      return;
    }
    const [l, , r] = box();
    if (x < l || x > r || !n) return leave();
    hover = bucket(x); chosen = nearest(y); draw(); tell(x, y);
  });
  canvas.addEventListener("pointerup", () => {
    const done = drag; drag = null;
    if (done && done.zoom && Math.abs(done.to - done.from) > 4) {
      const a = toTime(Math.min(done.from, done.to)), b = toTime(Math.max(done.from, done.to));
      look(Math.max(a, all[0]), Math.min(b, all[1]));
    } else draw();
  });
  function leave() { if (hover !== null) { hover = chosen = null; tip.hidden = true; draw(); } }
  canvas.addEventListener("pointerleave", leave);
  canvas.addEventListener("dblclick", () => look(...all));
  function zoom(by, centre) {
    const [a, b] = state.view;
    look(centre - (centre - a) * by, centre + (b - centre) * by);
  }
  canvas.addEventListener("wheel", event => { event.preventDefault(); zoom(event.deltaY > 0 ? 1.25 : 0.8, toTime(place(event)[0])); }, { passive: false });
  // The keys go from bucket to bucket and from name to name, as the pointer does.
  function walk(by) {
    if (!n) return;
    hover = hover === null ? visible()[0] : Math.min(n - 1, Math.max(0, hover + by));
    if (chosen === null) chosen = lines.findIndex((_, k) => on(k));
    const [a, b] = state.view, t = at(hover);
    if (t < a || t > b) look(t - (b - a) / 2, t + (b - a) / 2); else draw();
    tell(toX(t), MARGIN.top);
  }
  function choose(by) {
    const shown = lines.map((_, k) => k).filter(on);
    if (!shown.length) return;
    chosen = shown[(shown.indexOf(chosen) + by + shown.length) % shown.length];
    walk(0);
  }
  canvas.addEventListener("keydown", event => {
    const [a, b] = state.view, step = (b - a) / 8, keys = {
      ArrowLeft: () => event.shiftKey ? look(a - step, b - step) : walk(-1),
      ArrowRight: () => event.shiftKey ? look(a + step, b + step) : walk(1),
      ArrowUp: () => choose(-1), ArrowDown: () => choose(1), Escape: leave,
      Home: () => { hover = null; walk(0); }, End: () => { hover = n - 1; walk(0); },
      "+": () => zoom(0.8, (a + b) / 2), "-": () => zoom(1.25, (a + b) / 2), "0": () => look(...all),
    };
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  });

  function tool(text, name) {
    const label = document.createElement("label"), input = document.createElement("input");
    input.type = "checkbox"; input.checked = state[name];
    input.addEventListener("change", () => { state[name] = input.checked; arrange(); });
    input.id = "tool-" + name;
    label.append(input, " " + text);
    document.getElementById("tools").append(label);
  }
  tool("logarithmic", "log");
  if (lines.length > 1) tool("panels", "panels");
  if (data.smoothing) { tool("counts", "raw"); tool("smoothed: " + data.smoothing, "smooth"); }
  const key = document.getElementById("key");
  const SVG = "http://www.w3.org/2000/svg";
  function swatch(...shapes) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("aria-hidden", "true");
    svg.setAttribute("width", 30); svg.setAttribute("height", 12);
    svg.append(...shapes);
    return svg;
  }
  function shape(name, attributes) {
    const node = document.createElementNS(SVG, name);
    for (const [k, v] of Object.entries(attributes)) node.setAttribute(k, v);
    return node;
  }
  function fill() {
    key.replaceChildren();
    if (lines.length > 1 && !state.panels) lines.forEach((line, k) => {
      const item = document.createElement("li"), button = document.createElement("button");
      item.hidden = !state.match[k];
      if (data.kind === "bar" && !data.smoothing) button.append(swatch(shape("rect", { width: 30, height: 12, fill: hue(line) })), line.label);
      else button.append(swatch(
        shape("line", { x1: 1, x2: 29, y1: 6, y2: 6, stroke: hue(line), "stroke-width": 2, "stroke-dasharray": line.dash.map(d => d * 2).join(" ") || "none" }),
        shape("polygon", { points: corners(k, 15, 6, 5).join(" "), fill: hue(line) })), line.label);
      button.setAttribute("aria-pressed", state.shown[k]);
      button.addEventListener("click", () => {
        state.shown[k] = !state.shown[k]; button.setAttribute("aria-pressed", state.shown[k]); draw();
      });
      item.append(button); key.append(item);
    });
    for (const word of new Set(data.stretches.map(s => s[2]))) {
      const item = document.createElement("li");
      item.append(swatch(shape("rect", { width: 30, height: 12, fill: tone(word), stroke: "#999" })), WORDS[word]);
      key.append(item);
    }
  }
  // One small canvas for each name; those far from the window wait until they come near.
  const watcher = new IntersectionObserver(entries => {
    for (const { target, isIntersecting } of entries) {
      target.near = isIntersecting;
      if (isIntersecting) { hover = chosen = null; paint(target.lastChild, target.place); }
    }
  }, { rootMargin: "300px" });
  function panel(line, k) {
    const figure = document.createElement("figure"), name = document.createElement("button"), sheet = document.createElement("canvas");
    name.textContent = line.label; name.title = "Show it large: " + line.label; figure.place = k;
    sheet.setAttribute("role", "img"); sheet.setAttribute("aria-label", line.label);
    name.addEventListener("click", () => {
      state.shown = lines.map((_, i) => i === k); state.panels = false;
      document.getElementById("tool-panels").checked = false; arrange(); canvas.focus(); scrollTo(0, 0);
    });
    sheet.addEventListener("pointermove", event => {
      const frame = sheet.getBoundingClientRect(), home = tip.parentNode.getBoundingClientRect(), x = event.clientX - frame.left;
      hover = null; paint(sheet, k);
      const [l, , r] = box();
      if (x < l || x > r) { tip.hidden = true; return; }
      hover = bucket(x); chosen = k; paint(sheet, k); tell(frame.left - home.left + x, frame.top - home.top + 24);
      tip.firstChild.textContent = line.label + " · " + tip.firstChild.textContent;
    });
    sheet.addEventListener("pointerleave", () => { hover = chosen = null; tip.hidden = true; paint(sheet, k); });
    figure.append(name, sheet); board.append(figure); watcher.observe(figure);
  }
  function arrange() {
    hover = chosen = null; tip.hidden = true;
    if (state.panels && !board.children.length) lines.forEach(panel);
    if (state.panels) state.shown = lines.map(() => true);
    canvas.hidden = state.panels; board.hidden = !state.panels;
    for (const figure of board.children) figure.hidden = !state.match[figure.place];
    only = null; fill(); draw();
  }
  if (lines.length > 6) {
    const input = document.createElement("input"), found = document.createElement("output");
    input.type = "search"; input.id = "filter"; input.placeholder = "filter names"; input.setAttribute("aria-label", "filter names");
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      state.match = lines.map(line => words.every(word => line.label.toLowerCase().includes(word)));
      found.textContent = words.length ? `${state.match.filter(Boolean).length} of ${lines.length}` : "";
      arrange();
    });
    document.getElementById("tools").append(input, found);
  }
  new ResizeObserver(draw).observe(document.getElementById("plot"));
  dark.addEventListener("change", () => { fill(); draw(); });
  arrange();
})();
