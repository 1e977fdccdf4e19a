"use strict";
// Figures answer the pointer and the keyboard: `respond` to one, `renew` one by another of the same name.
const tip = document.getElementById("tip");
const NS = "http://www.w3.org/2000/svg";

const short = x => {
  if (x === null || x === undefined || !Number.isFinite(x)) return "–";
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return x.toExponential(3);
  return Number.isInteger(x) ? x.toLocaleString("en") : String(Number(x.toPrecision(5)));
};

// The data of a figure are in its link: CSV, read when it is first wanted.
const read = figure => {
  const text = decodeURIComponent(figure.querySelector("a[download]").href.replace(/^[^,]*,/, ""));
  const rows = [];
  for (const line of text.split("\n").slice(1)) {
    const cells = [];
    for (const m of line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)) {
      if (m.index < line.length || line.endsWith(",")) cells.push(m[1].startsWith('"') ? m[1].slice(1, -1).replace(/""/g, '"') : m[1]);
    }
    if (cells.length > 2) rows.push(cells);
  }
  return rows;
};
const axis = text => {
  const [low, high, from, to, log] = text.split(" ").map(Number);
  return v => from + (to - from) * ((log ? Math.log10(v) : v) - low) / (high - low);
};
const band = (low, high) => low && high ? ` (${short(+low)} to ${short(+high)})` : "";

const show = (text, x, y) => {
  tip.textContent = text;
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - width - 4)) + "px";
  tip.style.top = Math.max(4, y - height - 12) + "px";
};
const hide = () => { tip.hidden = true; };

// Lines and points: the nearest place to the pointer, or to the arrow keys.
const explore = figure => {
  const svg = figure.querySelector("svg"), kind = figure.dataset.kind;
  let places = null, mark = null, at = -1, shown = false;
  const prepare = () => {
    if (places) return;
    const x = axis(svg.dataset.x), y = axis(svg.dataset.y), rows = read(figure);
    if (kind === "scatter") {
      places = rows.map(r => ({ x: x(+r[1]), y: y(+r[2]), text: `${r[0]}\nlog R ${short(+r[1])}, log p ${short(+r[2])}${band(r[3], r[4])}` }));
      places.sort((a, b) => a.x - b.x);
    } else {
      const lines = new Map();
      for (const r of rows) {
        if (!lines.has(r[0])) lines.set(r[0], []);
        lines.get(r[0]).push(r);
      }
      const longest = [...lines.values()].reduce((a, b) => b.length > a.length ? b : a, []);
      const nearest = (line, v) => {
        let low = 0, high = line.length - 1;
        while (low < high) {
          const mid = (low + high) >> 1;
          if (+line[mid][1] < v) low = mid + 1; else high = mid;
        }
        return low > 0 && v - line[low - 1][1] < line[low][1] - v ? line[low - 1] : line[low];
      };
      places = longest.map(r => ({
        x: x(+r[1]),
        text: () => `${short(+r[1])}\n` + [...lines].map(([name, line]) => {
          const n = nearest(line, +r[1]);
          return `${name}: ${short(+n[2])}${band(n[3], n[4])}`;
        }).join("\n"),
      }));
    }
    mark = document.createElementNS(NS, kind === "scatter" ? "circle" : "line");
    mark.setAttribute("class", "hw-ink-line");
    mark.setAttribute("stroke", "#1b1f24");
    mark.setAttribute("fill", "none");
    mark.setAttribute("pointer-events", "none");
  };
  const go = i => {
    if (!places.length) return;
    at = Math.max(0, Math.min(places.length - 1, i));
    shown = true;
    const p = places[at], box = svg.getBoundingClientRect(), scale = box.width / svg.viewBox.baseVal.width;
    const [bottom, top] = svg.dataset.y.split(" ").slice(2, 4).map(Number);
    const set = kind === "scatter" ? { cx: p.x, cy: p.y, r: 6 } : { x1: p.x, x2: p.x, y1: top, y2: bottom };
    for (const name in set) mark.setAttribute(name, set[name]);
    if (!mark.isConnected) svg.append(mark);
    show(typeof p.text === "function" ? p.text() : p.text, box.left + p.x * scale, box.top + (p.y ?? top + 40) * scale);
  };
  const leave = () => { shown = false; hide(); if (mark) mark.remove(); };
  // The picture may have been made anew under the reader's eyes.
  figure.addEventListener("renew", () => { places = null; if (shown) { prepare(); go(at); } });
  svg.tabIndex = 0;
  svg.addEventListener("pointermove", e => {
    prepare();
    const box = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / box.width;
    const px = (e.clientX - box.left) * scale, py = (e.clientY - box.top) * scale;
    let best = -1, least = Infinity;
    places.forEach((p, i) => {
      const d = Math.hypot(p.x - px, kind === "scatter" ? p.y - py : 0);
      if (d < least) { least = d; best = i; }
    });
    if (kind === "scatter" && least > 30) return leave();
    go(best);
  });
  svg.addEventListener("pointerleave", leave);
  svg.addEventListener("blur", leave);
  svg.addEventListener("keydown", e => {
    const by = { ArrowRight: 1, ArrowLeft: -1, PageDown: 20, PageUp: -20, Home: -Infinity, End: Infinity }[e.key];
    if (e.key === "Escape") return leave();
    if (by === undefined) return;
    e.preventDefault();
    prepare();
    go(by === Infinity ? places.length - 1 : by === -Infinity ? 0 : at + by);
  });
};

// Bars and cells: their own titles, at once.
const point = figure => {
  const svg = figure.querySelector("svg");
  svg.addEventListener("pointermove", e => {
    const title = e.target.closest && e.target.closest("rect") && e.target.querySelector("title");
    if (title) show(title.textContent, e.clientX, e.clientY); else hide();
  });
  svg.addEventListener("pointerleave", hide);
};

const save = figure => {
  const svg = figure.querySelector("svg").cloneNode(true), style = document.createElementNS(NS, "style");
  const rules = [...document.styleSheets].flatMap(sheet => [...sheet.cssRules]).map(rule => rule.cssText);
  style.textContent = rules.filter(text => text.includes(".hw-ink-line")).join("\n");
  svg.prepend(style);
  const url = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = figure.id + ".svg";
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
};


const respond = figure => {
  if (figure.dataset.kind === "marks") point(figure); else explore(figure);
  figure.querySelector(".save").addEventListener("click", () => save(figure));
};

// The elements stay, and with them the reader's focus.
const renew = (figure, fresh) => {
  const svg = figure.querySelector("svg"), links = figure.querySelector(".links"), [from, to] = ["svg", ".links"].map(part => fresh.querySelector(part));
  for (const { name, value } of from.attributes) svg.setAttribute(name, value);
  svg.replaceChildren(...from.childNodes);
  while (links.previousSibling) links.previousSibling.remove();
  while (to.previousSibling) links.parentNode.prepend(to.previousSibling);
  links.querySelector("a").href = to.querySelector("a").href;
  figure.dispatchEvent(new Event("renew"));
};
