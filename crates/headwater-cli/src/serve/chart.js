// A chart of lines as SVG. It knows nothing of runs: `update` is given names, classes and points.
'use strict';

function node(name, attributes, ...children) {
  const svg = ['svg', 'g', 'path', 'line', 'text'].includes(name);
  const made = svg ? document.createElementNS('http://www.w3.org/2000/svg', name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function short(x) {
  if (x === null || x === undefined || !Number.isFinite(x)) return '–';
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return x.toExponential(3);
  return Number.isInteger(x) ? x.toLocaleString('en') : String(Number(x.toPrecision(5)));
}

// About five round numbers from low to high.
function ticks(low, high) {
  const rough = (high - low) / 4, unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 5, 10].find((m) => m * unit >= rough);
  const out = [];
  for (let i = Math.ceil(low / step); i * step <= high + step * 1e-9 && out.length < 12; i++) out.push(i * step);
  return out;
}

class Chart {
  constructor(title) {
    this.legend = node('span', {});
    this.says = node('output', { 'aria-live': 'polite' });
    this.svg = node('svg', { tabindex: '0', role: 'img' });
    this.figure = node('figure', {}, node('figcaption', {}, node('h2', {}, title), this.legend), this.svg, this.says);
    this.title = title;
    this.at = null;
    this.svg.addEventListener('keydown', (e) => this.key(e));
    this.svg.addEventListener('pointermove', (e) => this.point(e));
    this.svg.addEventListener('pointerleave', () => this.move(null));
    this.svg.addEventListener('blur', () => this.move(null));
  }

  // lines: [{ name, points: [[x, y], …] }]; what is null is not drawn.
  update(lines) {
    this.lines = lines.map((line) => ({ name: line.name, points: line.points.filter((p) => p[0] !== null && p[1] !== null) }))
      .filter((line) => line.points.length > 0);
    this.figure.hidden = this.lines.length === 0;
    this.xs = [...new Set(this.lines.flatMap((line) => line.points.map((p) => p[0])))].sort((a, b) => a - b);
    this.draw();
  }

  draw() {
    if (this.figure.hidden || !this.lines) return;
    const width = Math.max(260, Math.round(this.svg.getBoundingClientRect().width) || 480), height = 220;
    const room = { left: 62, right: 10, top: 8, bottom: 24 };
    const ys = this.lines.flatMap((line) => line.points.map((p) => p[1]));
    let low = ys.reduce((a, b) => Math.min(a, b)), high = ys.reduce((a, b) => Math.max(a, b));
    this.log = low > 0 && high / low > 20;
    const scale = this.log ? Math.log10 : (y) => y;
    [low, high] = [scale(low), scale(high)];
    if (high - low < 1e-12 * Math.max(1, Math.abs(high))) { low -= 0.5; high += 0.5; }
    const first = this.xs[0], last = this.xs.at(-1);
    this.x = (x) => room.left + (last > first ? (x - first) / (last - first) : 0.5) * (width - room.left - room.right);
    this.y = (y) => room.top + (1 - (scale(y) - low) / (high - low)) * (height - room.top - room.bottom);
    const parts = [];
    for (const t of ticks(low, high)) {
      const value = this.log ? 10 ** t : t, y = this.y(value).toFixed(1);
      parts.push(node('line', { class: 'rule', x1: room.left, x2: width - room.right, y1: y, y2: y }));
      parts.push(node('text', { x: room.left - 6, y: Number(y) + 4, 'text-anchor': 'end' }, short(Number(value.toPrecision(3)))));
    }
    const across = [...new Set([first, last])];
    across.forEach((x, i) => parts.push(node('text', {
      x: this.x(x), y: height - 6, 'text-anchor': across.length === 1 ? 'middle' : i === 0 ? 'start' : 'end',
    }, `${short(x)} updates`)));
    this.lines.forEach((line, i) => {
      const path = line.points.map((p) => `${this.x(p[0]).toFixed(1)} ${this.y(p[1]).toFixed(1)}`).join('L');
      // A single point is a line of no length with round ends.
      parts.push(node('path', { class: `k${i % 4}`, 'stroke-linecap': 'round', d: `M${path}${line.points.length === 1 ? 'h0' : ''}` }));
    });
    this.cursor = node('line', { class: 'cursor', x1: 0, x2: 0, y1: room.top, y2: height - room.bottom });
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.svg.replaceChildren(...parts, this.cursor);
    this.legend.replaceChildren(...this.lines.map((line, i) => node('span', { class: `k${i % 4}` }, `${line.name} `)),
      node('span', { class: 'faint' }, this.log ? 'logarithmic' : ''));
    const ends = this.lines.map((line) => `${line.name} from ${short(line.points[0][1])} to ${short(line.points.at(-1)[1])}`);
    this.svg.setAttribute('aria-label', `${this.title}: ${ends.join(', ')}. Arrow keys read values.`);
    this.move(this.at);
  }

  move(at) {
    this.at = at === null ? null : Math.max(0, Math.min(this.xs.length - 1, at));
    this.cursor?.setAttribute('visibility', this.at === null ? 'hidden' : 'visible');
    if (this.at === null) { this.says.textContent = ''; return; }
    const x = this.xs[this.at];
    this.cursor.setAttribute('transform', `translate(${this.x(x).toFixed(1)} 0)`);
    const of = (line) => line.points.findLast((p) => p[0] <= x)?.[1];
    this.says.textContent = `${short(x)} updates: ` + this.lines.map((line) => `${line.name} ${short(of(line))}`).join(', ');
  }

  key(e) {
    const n = this.xs.length, by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[e.key];
    if (by) this.move((this.at ?? (by > 0 ? -by : n - 1 - by)) + by);
    else if (e.key === 'Home') this.move(0);
    else if (e.key === 'End') this.move(n - 1);
    else if (e.key === 'Escape') this.move(null);
    else return;
    e.preventDefault();
  }

  point(e) {
    const box = this.svg.getBoundingClientRect(), x = (e.clientX - box.left) * this.svg.viewBox.baseVal.width / box.width;
    let best = 0;
    this.xs.forEach((value, i) => { if (Math.abs(this.x(value) - x) < Math.abs(this.x(this.xs[best]) - x)) best = i; });
    this.move(best);
  }
}

