// The parts of the page that change all the time. It asks for a refresh, draws it, and asks for the
// next one: a slow browser gets fewer, a hidden one none. docs/how-to/view.md describes the page.

const STATES = ["absent", "stale", "fresh", "fault", "off"];
const COLOURS = {
  absent: "#323c48", stale: "#d8a548", fresh: "#3fb6c6", fault: "#e0705e", off: "#1d242d",
  text: "#e6edf3", muted: "#8d9aa8", line: "#27313c", second: "#d8a548", dark: "#0b0e12",
};
const FASTEST = 66; // ms between two refreshes
const MINUTE = 60;
const BINS = 120;
const FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";
const INFERNO = ["#000004", "#420a68", "#932667", "#dd513a", "#fca50a", "#fcffa4"];

function sized(canvas) {
  const scale = Math.min(window.devicePixelRatio || 1, 2);
  const width = Math.max(Math.round(canvas.clientWidth * scale), 1);
  const height = Math.max(Math.round(canvas.clientHeight * scale), 1);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return [context, width / scale, height / scale];
}

function chip(context, text, x, y, align, colour) {
  context.font = `600 12px ${FONT}`;
  context.textBaseline = "middle";
  const width = context.measureText(text).width + 12;
  const left = align === "middle" ? x - width / 2 : align === "right" ? x - width : x;
  context.fillStyle = "rgba(11, 14, 18, 0.78)";
  context.beginPath();
  context.roundRect(left, y - 10, width, 20, 4);
  context.fill();
  context.fillStyle = colour || COLOURS.text;
  context.textAlign = "left";
  context.fillText(text, left + 6, y + 0.5);
}

function note(context, text, x, y, align) {
  context.font = `11px ${FONT}`;
  context.textBaseline = "middle";
  context.textAlign = align || "left";
  context.lineWidth = 3;
  context.strokeStyle = "rgba(11, 14, 18, 0.75)";
  context.strokeText(text, x, y);
  context.fillStyle = COLOURS.text;
  context.fillText(text, x, y);
}

export default {
  emits: ["plug", "lie", "compare", "explain"],
  template: `
<div class="ob">
  <header class="ob-top">
    <b class="ob-brand">omnibind</b>
    <span class="ob-message" :class="{'ob-bad': message.bad}" data-message>{{ message.text }}</span>
    <span class="ob-figure"><b data-results>{{ fixed(s.figures.results, 1) }}</b> results/s</span>
    <span class="ob-figure"><b>{{ fixed(s.figures.p50, 0) }}</b> ms</span>
    <span class="ob-figure ob-hz"><b>{{ hz.toFixed(1) }}</b> refreshes/s</span>
  </header>
  <main class="ob-main">
    <section class="ob-left">
      <div class="ob-tiles">
        <article v-for="x in s.sensors" :key="x.name" class="ob-tile"
            :class="'is-' + states[x.state]" :data-tile="x.name" :data-state="states[x.state]">
          <div class="ob-head">
            <i class="ob-dot"></i><b class="ob-name">{{ x.name }}</b>
            <span class="ob-state">{{ states[x.state] }}</span>
            <button v-if="remark(x)" class="ob-mark" :title="remark(x)" :aria-label="remark(x)"
                @click="$emit('explain', {name: x.name})">!</button>
            <button v-if="s.simulator.there" class="ob-lie" :class="{'ob-on': x.lying}"
                :data-lie="x.name" :aria-pressed="x.lying" :disabled="!x.plugged"
                :title="x.lying ? 'Let it tell the truth' : 'Let this sensor show another object'"
                @click="toggle('lie', x.name, !x.lying)">{{ x.lying ? 'lying' : 'lie' }}</button>
            <button class="ob-switch" role="switch" :aria-checked="x.plugged" :data-plug="x.name"
                :aria-label="'Plug of ' + x.name" :disabled="waiting(x)"
                :title="x.plugged ? 'Pull the plug' : 'Plug it in'"
                @click="toggle('plug', x.name, !x.plugged)"><i></i></button>
          </div>
          <div class="ob-view">
            <p v-if="x.modality === 'text'" class="ob-sentence">{{ sentence(x) }}</p>
            <canvas v-else :ref="element => keep(x.name, element)"></canvas>
            <span v-if="cover(x)" class="ob-cover">{{ cover(x) }}</span>
            <span v-if="x.contradicting" class="ob-warn">contradicts the others</span>
            <span v-else-if="x.state === 3" class="ob-warn" :title="x.reason">{{ x.reason }}</span>
          </div>
          <div class="ob-foot">
            <span class="ob-number">{{ x.plugged ? x.rate.toFixed(1) : '–' }} Hz</span>
            <span class="ob-number">{{ age(x) }}</span>
            <span class="ob-weight"><i :style="{transform: 'scaleX(' + x.weight + ')'}"></i></span>
            <span class="ob-number ob-right" :data-weight="x.weight">{{ percent(x.weight) }}</span>
          </div>
        </article>
        <article class="ob-tile ob-compare" data-compare>
          <div class="ob-head"><b class="ob-name">The usual way</b><span class="ob-state"></span>
            <button class="ob-switch" role="switch" :aria-checked="s.comparison.on" data-switch-compare
                aria-label="Run a synchroniser beside it"
                @click="$emit('compare', {name: '', on: !s.comparison.on})"><i></i></button>
          </div>
          <div class="ob-versus">
            <div><span>this package</span><b>{{ fixed(s.figures.results, 1) }}</b><em>results/s</em>
              <small>{{ ago(s.figures.since_last) }}</small></div>
            <div :class="{'ob-off': !s.comparison.on, 'ob-stopped': stopped}"><span>synchroniser</span>
              <b data-sync-rate>{{ s.comparison.on ? fixed(s.comparison.results, 1) : '–' }}</b>
              <em>results/s</em><small>{{ s.comparison.on ? ago(s.comparison.since_last) : 'off' }}</small></div>
          </div>
          <p class="ob-small" v-if="s.comparison.on">It waits for {{ s.comparison.sensors.join(', ') }}
            within {{ s.comparison.slop }} s.</p>
          <p class="ob-small" v-else>Switch it on, then pull a plug.</p>
        </article>
      </div>
      <div class="ob-charts">
        <figure class="ob-panel ob-timeline"><figcaption>Last minute
          <span class="ob-key"><i v-for="n in 4" :key="n" :class="'is-' + states[n - 1]">{{ states[n - 1] }}</i></span>
          </figcaption><canvas ref="timeline"></canvas></figure>
        <figure class="ob-panel"><figcaption>Probability <span class="ob-key"><i class="is-fresh">label</i><i
          class="is-muted">unknown</i></span></figcaption><canvas ref="probability"></canvas></figure>
        <figure class="ob-panel"><figcaption>Results/s <span class="ob-key"><i class="is-fresh">ours</i><i
          class="is-stale">synchroniser</i></span></figcaption><canvas ref="results"></canvas></figure>
        <figure class="ob-panel"><figcaption>Latency, ms</figcaption><canvas ref="latency"></canvas></figure>
      </div>
    </section>
    <aside class="ob-aside">
      <section class="ob-panel ob-label">
        <div class="ob-line"><span class="ob-sure" :class="{'ob-known': r && r.known}" data-known>{{
          r ? (r.known ? 'known' : 'unknown') : 'no result' }}</span>
          <span class="ob-truth" v-if="s.simulator.there">really: <b data-truth>{{ s.simulator.label || 'nothing' }}</b></span></div>
        <div class="ob-big" :class="{'ob-faint': !r || !r.known}" data-label :title="r ? r.label : ''">{{ r ? r.label : '–' }}</div>
        <div class="ob-category" data-category>{{ category }}</div>
        <div class="ob-bars" data-top>
          <div v-for="n in 5" :key="n" class="ob-bar"><span>{{ top(n)[0] }}</span>
            <span class="ob-weight"><i :style="{transform: 'scaleX(' + top(n)[1] + ')'}"></i></span>
            <span class="ob-number ob-right">{{ top(n)[0] ? percent(top(n)[1]) : '' }}</span></div>
        </div>
      </section>
      <section class="ob-panel ob-weights">
        <figcaption>Weights of the fusion</figcaption>
        <div class="ob-bars">
          <div v-for="x in s.sensors" :key="x.name" class="ob-bar" :class="'is-' + states[x.state]">
            <span>{{ x.name }}</span>
            <span class="ob-weight"><i :style="{transform: 'scaleX(' + x.weight + ')'}"></i></span>
            <span class="ob-number ob-right">{{ percent(x.weight) }}</span></div>
        </div>
      </section>
      <section class="ob-panel ob-actions"><slot></slot></section>
    </aside>
  </main>
</div>`,

  data() {
    return {
      s: {
        now: 0, node: "", problem: "Loading.", sensors: [], result: null, figures: {},
        simulator: {there: false, label: ""}, comparison: {on: false, sensors: []},
      },
      about: {}, pending: {}, hz: 0, offline: false, states: STATES,
    };
  },

  computed: {
    r() { return this.s.result; },
    message() {
      if (this.offline) return {text: "The page has lost its server: start omnibind view again.", bad: true};
      if (this.s.problem) return {text: this.s.problem, bad: true};
      return {text: this.s.node, bad: false};
    },
    category() {
      const r = this.r;
      if (!r) return "\u00a0";
      if (!r.category || r.category === r.label) {
        return r.known ? `for ${r.since.toFixed(1)} s` : `no label fits: ${this.percent(r.unknown)}`;
      }
      return `${r.category} ${this.percent(r.category_probability)}`;
    },
    stopped() { return this.s.comparison.on && this.s.comparison.since_last > 1; },
  },

  created() {
    this.visitor = Math.random().toString(36).slice(2) + Date.now().toString(36);
    this.canvases = {};
    this.pictures = {};
    this.have = {};
    this.rows = [];
    this.bin = -1;
    this.revision = -1;
    this.changes = {};
    this.times = [];
    this.ended = false;
    this.charted = -1000;
    this.painted = {}; // by tile, what its canvas shows
  },
  mounted() { this.run(); },
  beforeUnmount() { this.ended = true; },

  methods: {
    async run() {
      while (!this.ended) {
        const begun = performance.now();
        try {
          await this.refresh();
          this.offline = false;
        } catch (error) {
          this.offline = true;
          this.bin = this.revision = -1;
          this.have = {};
          await new Promise(done => setTimeout(done, 1000));
        }
        await new Promise(done => requestAnimationFrame(done));
        const left = FASTEST - (performance.now() - begun);
        if (left > 0) await new Promise(done => setTimeout(done, left));
      }
    },
    async refresh() {
      const have = Object.entries(this.have).map(([name, number]) => `${name}:${number}`).join(",");
      const query = new URLSearchParams({visitor: this.visitor, bin: this.bin, revision: this.revision, have});
      const answer = await fetch(`live?${query}`, {cache: "no-store"});
      if (!answer.ok) throw new Error(answer.statusText);
      const buffer = await answer.arrayBuffer();
      const size = new DataView(buffer).getUint32(0, true);
      const content = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size)));
      let at = 4 + size;
      const decoding = [];
      for (const [name, number, length, about] of content.pictures) {
        this.have[name] = number;
        this.about[name] = about;
        const blob = new Blob([new Uint8Array(buffer, at, length)], {type: "image/jpeg"});
        at += length;
        decoding.push(length ? createImageBitmap(blob).then(made => this.show(name, made)) : this.show(name, null));
      }
      await Promise.all(decoding);
      this.take(content);
    },
    show(name, picture) {
      if (this.pictures[name]) this.pictures[name].close();
      this.pictures[name] = picture;
    },
    take(content) {
      if (content.bin < this.bin) this.rows = [];
      if (content.rows.length) this.rows = this.rows.concat(content.rows).slice(-BINS);
      this.bin = content.bin;
      this.revision = content.revision;
      if (content.changes) this.changes = content.changes;
      const names = new Set(content.sensors.map(x => x.name));
      for (const name of Object.keys(this.have)) {
        if (!names.has(name)) { delete this.have[name]; delete this.about[name]; this.show(name, null); }
      }
      for (const x of content.sensors) {
        const wish = this.pending[x.name];
        if (wish && (wish.on === x.plugged || performance.now() > wish.until)) delete this.pending[x.name];
      }
      this.s = content;
      this.times.push(performance.now());
      this.times = this.times.slice(-20);
      const span = this.times[this.times.length - 1] - this.times[0];
      this.hz = span > 0 ? (this.times.length - 1) / span * 1000 : 0;
      this.$nextTick(this.paint);
    },
    toggle(what, name, on) {
      if (what === "plug") this.pending[name] = {on, until: performance.now() + 5000};
      this.$emit(what, {name, on});
    },
    waiting(x) { return x.name in this.pending; },
    keep(name, element) { // Vue gives null before each drawing of the elements
      if (!element || this.canvases[name] === element) return;
      this.canvases[name] = element;
      delete this.painted[name];
    },

    // texts
    fixed(value, digits) { return value === null || value === undefined ? "–" : value.toFixed(digits); },
    percent(value) { return `${Math.round(100 * value)} %`; },
    age(x) { return x.age === null || !x.plugged ? "–" : x.age < 10 ? `${x.age.toFixed(2)} s` : `${Math.round(x.age)} s`; },
    ago(value) {
      if (value === null || value === undefined) return "no result yet";
      return value < 1 ? "now" : `none for ${value.toFixed(1)} s`;
    },
    top(n) { return (this.r && this.r.top[n - 1]) || ["", 0]; },
    sentence(x) { const about = this.about[x.name]; return about && about.text ? `“${about.text}”` : ""; },
    cover(x) {
      if (x.state === 4 || (!x.plugged && x.state !== 2)) return "unplugged"; // fresh: from another publisher
      if (x.state === 0) return "no publisher";
      const about = this.about[x.name];
      if (about && about.problem) return about.problem;
      return this.have[x.name] ? "" : "no message yet";
    },
    remark(x) { return x.plugged && x.state !== 0 ? x.reason : ""; },

    // pictures and charts
    paint() {
      for (const x of this.s.sensors) this.paintTile(x);
      // The charts have a point every half second, so that four times a second are enough.
      if (performance.now() - this.charted < 250) return;
      this.charted = performance.now();
      this.paintTimeline();
      const last = row => this.rows.map(one => one[row]);
      this.paintChart("probability", [[last(3), COLOURS.fresh], [last(4), COLOURS.muted]], 1, v => v.toFixed(1));
      this.paintChart("results", [[last(0), COLOURS.fresh], [last(1), COLOURS.second]], 0, v => v.toFixed(0));
      this.paintChart("latency", [[last(2), COLOURS.fresh]], 0,
        v => v >= 1000 ? `${v / 1000}k` : v.toFixed(0));
    },
    paintTile(x) {
      const canvas = this.canvases[x.name];
      if (!canvas) return;
      const r = this.r, said = r && r.known ? r.label : "";
      const covered = x.state === 4 || x.state === 0 || (!x.plugged && x.state !== 2);
      const shows = [this.have[x.name], covered, canvas.clientWidth, canvas.clientHeight,
        said, said && x.modality === "image" ? this.percent(r.top[0][1]) : ""].join();
      if (this.painted[x.name] === shows) return;
      this.painted[x.name] = shows;
      const [context, width, height] = sized(canvas);
      const picture = this.pictures[x.name], about = this.about[x.name] || {};
      if (!picture) return;
      const wide = x.modality === "audio";
      const scale = Math.min(width / picture.width, height / picture.height);
      const w = wide ? width : picture.width * scale, h = wide ? height : picture.height * scale;
      const left = (width - w) / 2, top = (height - h) / 2;
      context.imageSmoothingQuality = "medium";
      context.drawImage(picture, left, top, w, h);
      if (covered) return;
      if (x.modality === "image" && said) chip(context, `${said} ${this.percent(r.top[0][1])}`, left + 6, top + h - 16, "left");
      if (x.modality === "points") {
        if (said && about.at) {
          const row = Math.min(Math.max(top + about.at[1] * h - 14, 12), height - 12);
          chip(context, said, left + about.at[0] * w, row, "middle");
        }
        note(context, `${about.distance} m`, width - 6, height - 10, "right");
      }
      if (x.modality === "thermal") this.paintScale(context, width, height, about);
      if (x.modality === "audio") {
        note(context, "8 kHz", 5, 9);
        note(context, "3 s", 5, height - 9);
      }
    },
    paintScale(context, width, height, about) {
      const top = 20, bottom = height - 20, left = width - 14;
      const colours = context.createLinearGradient(0, bottom, 0, top);
      INFERNO.forEach((colour, n) => colours.addColorStop(n / (INFERNO.length - 1), colour));
      context.fillStyle = colours;
      context.fillRect(left, top, 8, bottom - top);
      note(context, `${about.high.toFixed(0)} °C`, width - 6, 10, "right");
      note(context, `${about.low.toFixed(0)} °C`, width - 6, height - 10, "right");
    },
    paintTimeline() {
      const canvas = this.$refs.timeline;
      if (!canvas) return;
      const [context, width, height] = sized(canvas);
      const sensors = this.s.sensors, left = 56, now = this.s.now;
      if (!sensors.length) return;
      const pitch = height / sensors.length, thick = Math.min(Math.max(pitch - 4, 3), 16);
      const x = at => left + (width - left) * Math.min(Math.max(1 - (now - at) / MINUTE, 0), 1);
      sensors.forEach((sensor, n) => {
        const y = n * pitch + (pitch - thick) / 2;
        context.font = `11px ${FONT}`;
        context.textAlign = "left";
        context.textBaseline = "middle";
        context.fillStyle = COLOURS.muted;
        context.fillText(sensor.name.slice(0, 9), 0, y + thick / 2);
        const changes = this.changes[sensor.name] || [];
        changes.forEach(([at, state], k) => {
          const from = x(at), to = k + 1 < changes.length ? x(changes[k + 1][0]) : width;
          context.fillStyle = COLOURS[STATES[state]] || COLOURS.absent;
          if (to > from) context.fillRect(from, y, Math.max(to - from - 0.5, 0.5), thick);
        });
      });
    },
    paintChart(name, lines, highest, text) {
      const canvas = this.$refs[name];
      if (!canvas) return;
      const [context, width, height] = sized(canvas);
      const left = 26, bottom = height - 5, top = 6;
      let most = highest;
      if (!most) {
        const all = lines.flatMap(([values]) => values.filter(v => v !== null));
        const wanted = Math.max(...all, 1);
        const step = 10 ** Math.floor(Math.log10(wanted));
        most = [1, 2, 3, 5, 10].map(k => k * step).find(k => k >= wanted);
      }
      context.font = `10px ${FONT}`;
      context.textAlign = "right";
      context.textBaseline = "middle";
      context.lineWidth = 1;
      for (const share of [0, 0.5, 1]) {
        const y = Math.round(bottom - share * (bottom - top)) + 0.5;
        context.strokeStyle = COLOURS.line;
        context.beginPath();
        context.moveTo(left, y);
        context.lineTo(width, y);
        context.stroke();
        context.fillStyle = COLOURS.muted;
        context.fillText(text(share * most), left - 5, y);
      }
      context.lineWidth = 1.5;
      context.lineJoin = "round";
      for (const [values, colour] of lines) {
        context.strokeStyle = colour;
        context.beginPath();
        let drawing = false;
        values.forEach((value, k) => {
          if (value === null) { drawing = false; return; }
          const x = width - (values.length - 1 - k) * (width - left) / (BINS - 1);
          const y = bottom - Math.min(value / most, 1) * (bottom - top);
          if (drawing) context.lineTo(x, y); else context.moveTo(x, y);
          drawing = true;
        });
        context.stroke();
      }
    },
  },
};
