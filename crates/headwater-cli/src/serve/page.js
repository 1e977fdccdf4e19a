// The page of all runs, and that of one. Whatever comes from a run becomes text nodes, never markup.

const main = document.getElementById('main'), standing = document.getElementById('standing');
const ONE = location.pathname.startsWith('/run/');
const EVERY_MS = 2000;

function node(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function time(s) {
  s = Math.floor(s);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
}

// A text whose parts between grave accents are code.
const prose = (text) => text.split('`').map((part, i) => (i % 2 ? node('code', {}, part) : part));

const mood = (status) => ({ running: 'good', finished: 'good', failed: 'bad', 'looks dead': 'bad' })[status] ?? 'warn';

function whole(text, run) {
  return run.steps ? `${text} of ${short(run.steps)}` : text;
}

// Changes what differs, so that a reader's place and focus stay.
function say(element, text, kind) {
  if (element.textContent !== text) element.textContent = text;
  if (kind !== undefined && element.className !== kind) element.className = kind;
}

// log Z as learned, and what is known of it: the truth, an estimate, or what it is at least.
function logZ(run, learned) {
  const known = [[run.log_z_true, (x) => `${short(x)} true`], [run.log_z_estimate, (x) => `${short(x)} estimated`], [run.log_z_at_least, (x) => `at least ${short(x)}`]].find(([x]) => x !== null);
  return [...(learned === null ? [] : [`${short(learned)} learned`]), ...(known ? [known[1](known[0])] : [])];
}

const list = {
  ask: () => '/api/runs',
  rows: new Map(),
  start() {
    document.querySelector('nav').hidden = true;
    say(document.getElementById('title'), 'Runs');
    const head = ['run', 'status', 'updates', 'TV', 'log Z', 'bounds', 'ESS', 'time'].map((name) => node('th', { scope: 'col' }, name));
    this.body = node('tbody', {});
    main.replaceChildren(node('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Runs' }, node('table', {}, node('thead', {}, node('tr', {}, ...head)), this.body)));
  },
  show({ runs }) {
    const at_work = runs.filter((run) => run.status === 'running').length;
    say(standing, runs.length ? `${runs.length === 1 ? '1 run' : `${runs.length} runs`}, ${at_work} at work` : 'There are no runs here yet.', 'soft');
    for (const run of runs) {
      if (!this.rows.has(run.name)) {
        const link = node('a', { href: `/run/${encodeURIComponent(run.name)}` }, run.name);
        const cells = [...Array(7)].map(() => node('td', {}));
        this.rows.set(run.name, { cells, row: node('tr', {}, node('td', {}, link), ...cells) });
      }
      const bounds = run.elbo !== null && run.eubo !== null ? `${short(run.elbo)} to ${short(run.eubo)}` : '–';
      const ess = run.ess === null ? '–' : `${(100 * run.ess).toFixed(1)} %`;
      const texts = [run.status, whole(short(run.step), run), short(run.tv), logZ(run, run.log_z_learned).join(', ') || '–', bounds, ess, time(run.seconds)];
      texts.forEach((text, i) => say(this.rows.get(run.name).cells[i], text, i === 0 ? mood(run.status) : ''));
    }
    const names = runs.map((run) => run.name);
    for (const name of [...this.rows.keys()].filter((name) => !names.includes(name))) this.rows.delete(name);
    const rows = names.map((name) => this.rows.get(name).row);
    if (rows.length !== this.body.children.length || rows.some((row, i) => row !== this.body.children[i])) this.body.replaceChildren(...rows);
  },
};

const run = {
  rows: -1,
  ask: () => `/api${location.pathname}?without=tables`,
  start() {
    this.bar = node('progress', { 'aria-label': 'updates made' });
    this.findings = node('div', { role: 'status', class: 'warn' });
    this.facts = node('dl', { class: 'facts' });
    this.cells = new Map();
    this.figures = node('div', { class: 'figures' });
    main.replaceChildren(this.bar, this.findings, this.facts, this.figures);
  },
  fact(name, text) {
    if (!this.cells.has(name)) {
      if (text === null) return;
      const value = node('dd', {});
      this.cells.set(name, { value, box: node('div', {}, node('dt', {}, name), value) });
      this.facts.append(this.cells.get(name).box);
    }
    const { value, box } = this.cells.get(name);
    box.hidden = text === null;
    say(value, text ?? '');
  },
  async show(r) {
    document.title = `${r.name}: ${r.status}`;
    say(document.getElementById('title'), r.name);
    const silent = r.status === 'looks dead' ? `: it gave no sign for ${time(r.silent_s)}` : '';
    say(standing, `${r.status}${silent}${r.reason ? `: ${r.reason}` : ''}`, mood(r.status));
    this.bar.max = r.steps || 1;
    this.bar.value = Math.min(r.step, r.steps || 1);
    const found = r.findings.map((f) => `${f.name}: ${f.value} (threshold: ${f.threshold}). That means: ${f.meaning}. To try: ${f.remedy}.`);
    if (found.join('\n') !== this.found) this.findings.replaceChildren(...found.map((text) => node('p', {}, ...prose(text))));
    this.found = found.join('\n');
    const of = (value, text) => (value === null ? null : text(value));
    this.fact('sampler', r.kinds.join(', '));
    this.fact('updates', whole(short(r.step), r));
    this.fact('speed', of(r.updates_per_s, (x) => `${short(x)} updates/s`));
    this.fact('trajectories', of(r.trajectories_per_s, (x) => `${short(Math.round(x))}/s`));
    this.fact('time left', of(r.left_s, time));
    this.fact(r.ended ? 'took' : 'since its start', time(r.seconds));
    this.fact(r.ended ? 'since its start' : 'took', null);
    this.fact('loss', of(r.last_loss, short));
    this.fact('total variation', of(r.tv, short));
    this.fact('JSD', of(r.jsd, (x) => `${short(x)} nats`));
    this.fact('log Z', logZ(r, r.log_z_learned ?? r.last_log_z_learned).join(', ') || null);
    this.fact('ELBO', of(r.elbo_estimate, (x) => `${short(x)} estimated`));
    this.fact('log of the scale of flows', of(r.last_log_scale, short));
    this.fact('bounds of log Z', r.elbo === null || r.eubo === null ? null : `${short(r.elbo)} to ${short(r.eubo)}`);
    this.fact('effective sample', of(r.ess, (x) => `${(100 * x).toFixed(1)} %`));
    this.fact('modes found', of(r.modes, short));
    if (r.rows !== this.rows) this.draw(await pictures(location.pathname.replace('/run/', '/figures/')));
    this.rows = r.rows;
  },
  // Figures that were there are renewed, new ones put in their places.
  draw(fresh) {
    const figures = [...fresh.querySelectorAll('figure')];
    for (const old of [...this.figures.children]) if (!figures.some((figure) => figure.id === old.id)) old.remove();
    figures.forEach((figure, i) => {
      const old = document.getElementById(figure.id);
      if (old) { renew(old, figure); return; }
      const made = document.importNode(figure, true);
      this.figures.insertBefore(made, this.figures.children[i] ?? null);
      respond(made);
    });
  },
};

// A document of figures. It is read as XML, in which nothing runs; markup made of text would not be let through.
function pictures(address) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.responseType = 'document';
    request.timeout = 10000;
    request.onload = () => (request.status === 200 && request.responseXML ? done(request.responseXML) : fail(new Error(`status ${request.status}`)));
    request.onerror = request.ontimeout = () => fail(new TypeError('no answer'));
    request.open('GET', address);
    request.send();
  });
}

const page = ONE ? run : list;

async function look() {
  if (!document.hidden) {
    try {
      const answer = await fetch(page.ask(), { cache: 'no-store', signal: AbortSignal.timeout(10000) });
      if (!answer.ok) throw new Error(answer.status === 404 ? 'the run is not there any more' : `status ${answer.status}`);
      await page.show(await answer.json());
    } catch (e) {
      say(standing, e instanceof TypeError ? 'headwater serve does not answer; this page goes on trying' : `nothing new: ${e.message}`, 'bad');
    }
  }
  setTimeout(look, EVERY_MS);
}

page.start();
look();
