// The form of 上报. All of it lives in the browser: what is typed is kept on the device at every
// stroke (IndexedDB, per account), a finished report waits there until the server has answered,
// and a lost connection or a closed tab loses nothing. Nothing is fetched but our own addresses.
const NAME = "gridatlas-reports";

function store() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      for (const name of ["draft", "outbox", "sent"]) asked.result.createObjectStore(name);
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

async function deal(kind, mode, act) {
  const base = await store();
  try {
    return await new Promise((resolve, reject) => {
      const deed = base.transaction(kind, mode);
      const asked = act(deed.objectStore(kind));
      deed.oncomplete = () => resolve(asked?.result);
      deed.onerror = deed.onabort = () => reject(deed.error);
    });
  } finally {
    base.close();
  }
}

const read = (kind, key) => deal(kind, "readonly", (table) => table.get(key));
const keep = (kind, key, value) => deal(kind, "readwrite", (table) => table.put(value, key));
const drop = (kind, key) => deal(kind, "readwrite", (table) => table.delete(key));

async function every(kind, account) {
  const [keys, values] = await Promise.all([
    deal(kind, "readonly", (table) => table.getAllKeys()),
    deal(kind, "readonly", (table) => table.getAll()),
  ]);
  return values.map((value, i) => ({ ...value, key: keys[i] })).filter((value) => value.account === account);
}

const empty = () => ({ kind: "matter", category: "", title: "", address: "", data: {}, photos: [], point: null, by_self: false });

function node(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made[name] = value;
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

class Form {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.draft = empty();
    this.sending = new Set();
    this.pictures = [];
  }

  get words() { return this.data.words; }

  async start() {
    try {
      this.draft = { ...empty(), ...((await read("draft", this.data.account)) ?? {}) };
    } catch {
      this.note(this.words.noStore, true);
    }
    this.draw();
    this.refresh();
    this.online = () => this.flush();
    window.addEventListener("online", this.online);
    this.beat = setInterval(() => this.flush(), 15000);
    this.flush();
  }

  stop() {
    window.removeEventListener("online", this.online);
    clearInterval(this.beat);
    this.map?.remove();
    for (const address of this.pictures) URL.revokeObjectURL(address);
  }

  // What is typed is on the device before the hand leaves the key.
  set(changes) {
    Object.assign(this.draft, changes);
    clearTimeout(this.later);
    this.saving = keep("draft", this.data.account, this.draft).then(
      () => this.note(this.words.kept),
      () => this.note(this.words.noStore, true),
    );
  }

  note(sentence, bad = false) {
    const at = this.root.querySelector(".kept");
    if (at) { at.textContent = sentence; at.classList.toggle("bad", bad); }
  }

  draw() {
    const { words } = this;
    const form = node("form", { novalidate: true, onsubmit: (event) => { event.preventDefault(); this.finish(); } },
      node("div", { class: "kinds", role: "radiogroup", "aria-label": words.kind }, ...this.data.kinds.map((kind) =>
        node("button", { type: "button", role: "radio", "data-kind": kind.key, "aria-checked": String(kind.key === this.draft.kind),
          onclick: () => { this.set({ kind: kind.key, data: {} }); this.mark(); } },
        node("b", {}, kind.sign), kind.label))),
      this.field(words.category, node("input", { name: "category", maxlength: 60, autocomplete: "off", value: this.draft.category, placeholder: words.categoryHint,
        oninput: (event) => { this.set({ category: event.target.value }); this.suggest(); }, onfocus: () => this.suggest() }), node("div", { class: "hits" })),
      this.field(words.title, node("textarea", { name: "title", rows: 3, maxlength: 2000, placeholder: words.titleHint,
        oninput: (event) => this.set({ title: event.target.value }) }, this.draft.title)),
      this.place(),
      this.photos(),
      node("div", { class: "asks" }),
      node("label", { class: "flag" }, node("input", { type: "checkbox", name: "by_self", ...(this.draft.by_self ? { checked: true } : {}),
        onchange: (event) => this.set({ by_self: event.target.checked }) }), node("span", {}, words.bySelf)),
      node("div", { class: "wrong", role: "alert", hidden: true }),
      node("div", { class: "foot" }, node("span", { class: "kept" }), node("button", { type: "submit", class: "send" }, words.send)));
    this.root.replaceChildren(form, node("div", { class: "lists" }));
    this.mark();
    this.thumbs();
  }

  field(label, input, ...more) {
    return node("label", { class: "field" }, node("span", {}, label), input, ...more);
  }

  mark() {
    for (const button of this.root.querySelectorAll(".kinds button")) {
      button.setAttribute("aria-checked", String(button.dataset.kind === this.draft.kind));
    }
    const asks = this.data.asks[this.draft.kind] ?? [];
    const at = this.root.querySelector(".asks");
    const shown = asks.map((ask) => this.ask(ask));
    const main = shown.filter((_, i) => asks[i].name === "level" || asks[i].required);
    const rest = shown.filter((_, i) => !(asks[i].name === "level" || asks[i].required));
    at.replaceChildren(...main, ...(rest.length ? [node("details", {}, node("summary", {}, this.words.more), ...rest)] : []));
    this.root.querySelector(".hits").replaceChildren();
  }

  ask(ask) {
    const value = this.draft.data[ask.name] ?? "";
    const put = (given) => this.set({ data: { ...this.draft.data, [ask.name]: given === "" ? null : given } });
    if (ask.type === "choice") {
      return node("div", { class: "field" }, node("span", {}, ask.label), node("div", { class: "choices" }, ...ask.choices.map(([key, label]) =>
        node("button", { type: "button", "aria-pressed": String(value === key), onclick: (event) => {
          const on = event.target.getAttribute("aria-pressed") !== "true";
          for (const other of event.target.parentElement.children) other.setAttribute("aria-pressed", "false");
          event.target.setAttribute("aria-pressed", String(on));
          put(on ? key : "");
        } }, label))));
    }
    if (ask.type === "flag") {
      return node("label", { class: "flag" }, node("input", { type: "checkbox", ...(value === true ? { checked: true } : {}), onchange: (event) => put(event.target.checked || "") }), node("span", {}, ask.label));
    }
    const kind = { date: "date", integer: "number", number: "number", moment: "datetime-local" }[ask.type] ?? "text";
    const list = ask.type === "list";
    const input = ask.type === "long"
      ? node("textarea", { rows: 2, maxlength: 2000, oninput: (event) => put(event.target.value) }, value)
      : node("input", { type: kind, inputmode: kind === "number" ? "decimal" : null, maxlength: 200, value: list && Array.isArray(value) ? value.join("、") : value,
          oninput: (event) => put(list ? event.target.value.split(/[、,,;;\s]+/u).filter(Boolean) : event.target.value) });
    if (ask.hint) input.setAttribute("placeholder", ask.hint);
    return this.field(ask.label, input);
  }

  suggest() {
    const typed = this.draft.category.trim().toLowerCase();
    const known = this.data.categories[this.draft.kind] ?? [];
    const rank = (item) => {
      const [name, pinyin, initials, more] = item;
      if (name === typed) return 0;
      if (name.startsWith(typed)) return 1;
      if (name.includes(typed) || initials.startsWith(typed) || pinyin.startsWith(typed)) return 2;
      return more.some((word) => word.includes(typed)) ? 3 : 9;
    };
    const hits = known.map((item) => [typed ? rank(item) : 4, item[0]]).filter(([order]) => order < 9).sort((a, b) => a[0] - b[0]).slice(0, 8);
    const at = this.root.querySelector(".hits");
    if (hits.length === 1 && hits[0][1] === this.draft.category) { at.replaceChildren(); return; }
    at.replaceChildren(...hits.map(([, name]) => node("button", { type: "button", onclick: (event) => {
      event.preventDefault();
      this.root.querySelector("[name=category]").value = name;
      this.set({ category: name });
      at.replaceChildren();
    } }, name)));
  }

  // Where: the device's own position, or a tap on the map.
  place() {
    const { words } = this;
    return node("div", { class: "field place" }, node("span", {}, words.place),
      node("div", { class: "row" },
        node("button", { type: "button", class: "here", onclick: () => this.locate() }, words.here),
        node("button", { type: "button", class: "tap", onclick: () => this.open() }, words.tap)),
      node("div", { class: "where" }, this.where()),
      node("div", { class: "map", hidden: true }),
      node("input", { name: "address", maxlength: 256, value: this.draft.address, placeholder: words.address, "aria-label": words.address,
        oninput: (event) => this.set({ address: event.target.value }) }));
  }

  where() {
    const { point, accuracy } = this.draft;
    if (!point) return this.words.nowhere;
    const near = accuracy ? ` · ±${Math.round(accuracy)} m` : "";
    return `${this.words.placed} ${point[0].toFixed(5)}, ${point[1].toFixed(5)}${near}`;
  }

  put(point, accuracy = null) {
    this.set({ point, accuracy });
    this.root.querySelector(".where").textContent = this.where();
    this.pin?.setLngLat(point).addTo(this.map);
    this.map?.easeTo({ center: point, zoom: Math.max(this.map.getZoom(), 16) });
  }

  locate() {
    const at = this.root.querySelector(".where");
    if (!navigator.geolocation) { at.textContent = this.words.noDevice; return; }
    at.textContent = this.words.locating;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => this.put([coords.longitude, coords.latitude], coords.accuracy),
      () => { at.textContent = this.words.noDevice; },
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 30000 },
    );
  }

  async open() {
    const at = this.root.querySelector(".map");
    at.hidden = !at.hidden;
    if (at.hidden || this.map) { this.map?.resize(); return; }
    try {
      await library();
    } catch {
      at.hidden = true;
      this.root.querySelector(".where").textContent = this.words.noMap;
      return;
    }
    const { maplibregl } = window;
    const bounds = this.data.bounds ?? [73.5, 18, 135.1, 53.6];
    this.map = new maplibregl.Map({ container: at, style: `/style/${this.data.theme}.json`, bounds, attributionControl: false, dragRotate: false,
      fitBoundsOptions: { padding: 12 }, transformRequest: (url) => ({ url: new URL(url, location.origin).href }) });
    this.map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
    this.map.touchZoomRotate.disableRotation();
    this.map.on("load", () => {
      this.map?.addSource("grid", { type: "vector", tiles: [`${location.origin}/tiles/grid/{z}/{x}/{y}.pbf`], minzoom: 12, maxzoom: this.data.gridDetail });
      this.map?.addLayer({ id: "grid", type: "line", source: "grid", "source-layer": "grid", paint: { "line-color": this.data.gridColour, "line-width": 1.2 } });
    });
    this.pin = new maplibregl.Marker({ color: "#D55E00" });
    if (this.draft.point) { this.pin.setLngLat(this.draft.point).addTo(this.map); this.map.jumpTo({ center: this.draft.point, zoom: 16 }); }
    this.map.on("click", (event) => this.put([event.lngLat.lng, event.lngLat.lat]));
  }

  photos() {
    const input = node("input", { type: "file", accept: "image/*", multiple: true, hidden: true, onchange: () => {
      const room = this.data.mostPhotos - this.draft.photos.length;
      const added = [...input.files].slice(0, room).map((file) => ({ name: file.name, body: file }));
      if (input.files.length > room) this.note(this.words.tooMany, true);
      input.value = "";
      this.set({ photos: [...this.draft.photos, ...added] });
      this.thumbs();
    } });
    return node("div", { class: "field" }, node("span", {}, this.words.photos), node("div", { class: "thumbs" }), input,
      node("button", { type: "button", class: "camera", onclick: () => input.click() }, this.words.camera));
  }

  thumbs() {
    for (const address of this.pictures) URL.revokeObjectURL(address);
    this.pictures = this.draft.photos.map(({ body }) => URL.createObjectURL(body));
    this.root.querySelector(".thumbs").replaceChildren(...this.draft.photos.map((photo, i) => node("figure", {},
      node("img", { src: this.pictures[i], alt: photo.name }),
      node("button", { type: "button", "aria-label": this.words.remove, onclick: () => {
        this.set({ photos: this.draft.photos.filter((_, j) => j !== i) });
        this.thumbs();
      } }, "×"))));
  }

  wrong(sentence, remedy = "") {
    const at = this.root.querySelector(".wrong");
    at.replaceChildren(node("b", {}, sentence), remedy ? ` ${remedy}` : "");
    at.hidden = !sentence;
    if (sentence) at.scrollIntoView({ block: "nearest" });
  }

  // Into the outbox first, then away: between the two nothing can be lost.
  async finish() {
    const missing = [
      [!this.draft.category.trim(), this.words.category], [!this.draft.title.trim(), this.words.title],
      [!this.draft.point && this.data.needsPlace, this.words.place],
    ].filter(([lacks]) => lacks).map(([, label]) => label);
    if (missing.length) { this.wrong(this.words.missing.replace("{what}", missing.join("、"))); return; }
    this.wrong("");
    const key = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
    try {
      await this.saving;
      await keep("outbox", key, { account: this.data.account, draft: { ...this.draft, occurred_at: new Date().toISOString() }, at: Date.now(), problem: null });
      await drop("draft", this.data.account);
    } catch {
      this.wrong(this.words.noStore, this.words.stay);
      return;
    }
    this.draft = empty();
    this.map?.remove();
    this.map = this.pin = undefined;
    this.draw();
    await this.refresh();
    this.root.querySelector(".lists").scrollIntoView({ block: "end" });
    this.flush();
  }

  async flush() {
    for (const item of await every("outbox", this.data.account).catch(() => [])) {
      if (!item.problem && !this.sending.has(item.key)) await this.send(item);
    }
  }

  async send(item) {
    this.sending.add(item.key);
    try {
      const { photos, accuracy, ...told } = item.draft;
      const body = new FormData();
      body.append("draft", JSON.stringify({ ...told, key: item.key }));
      for (const photo of photos) body.append("photo", photo.body, photo.name);
      const answer = await fetch("/reports", { method: "POST", body, headers: { "X-GridAtlas": "1", "Accept-Language": this.data.language } });
      const said = await answer.json().catch(() => ({}));
      if (answer.status === 201) {
        await keep("sent", item.key, { account: this.data.account, at: Date.now(), title: told.title, said });
        await drop("outbox", item.key);
      } else if (answer.status === 401) {
        this.over = true;
      } else if (answer.status < 500) {
        await keep("outbox", item.key, { account: item.account, draft: item.draft, at: item.at, problem: `${said.error ?? this.words.refused} ${said.remedy ?? ""}` });
      }
    } catch {
      // no connection: it stays, and goes when there is one
    } finally {
      this.sending.delete(item.key);
      this.refresh();
    }
  }

  async refresh() {
    const { words } = this;
    const [waiting, sent] = await Promise.all([every("outbox", this.data.account), every("sent", this.data.account)]).catch(() => [[], []]);
    sent.sort((a, b) => b.at - a.at);
    for (const old of sent.slice(20)) await drop("sent", old.key);
    const at = this.root.querySelector(".lists");
    if (!at) return;
    const cards = waiting.map((item) => node("div", { class: "card" },
      node("b", {}, item.draft.title),
      node("span", { class: item.problem ? "bad" : "" }, item.problem ?? (this.over ? words.over : words.waiting)),
      ...(this.over && !item.problem ? [node("a", { href: this.data.wayIn, target: "_self" }, words.signIn)] : []),
      ...(item.problem ? [node("div", { class: "row" },
        node("button", { type: "button", onclick: () => this.back(item) }, words.edit),
        node("button", { type: "button", class: "quiet", onclick: async () => { await drop("outbox", item.key); this.refresh(); } }, words.discard))] : [])));
    const done = sent.slice(0, 5).map(({ title, said }) => node("div", { class: "card done" },
      node("b", {}, title), node("span", {}, this.told(said)),
      node("a", { href: `/cases?case=${encodeURIComponent(said.code)}${this.data.language === "en" ? "&lang=en" : ""}`, target: "_self" }, said.code)));
    at.replaceChildren(...(cards.length ? [node("h5", {}, words.outbox), ...cards] : []), ...(done.length ? [node("h5", {}, words.sent), ...done] : []));
  }

  told(said) {
    const due = said.due ? new Date(said.due).toLocaleString(this.data.language === "en" ? "en-GB" : "zh-CN", { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false }) : "";
    return [said.state, said.grid ? `${this.words.grid} ${said.grid}` : this.words.noGrid, said.unit ? `${this.words.lead} ${said.unit}` : this.words.noUnit, due ? `${this.words.due} ${due}` : ""].filter(Boolean).join(" · ");
  }

  async back(item) {
    this.set({ ...empty(), ...item.draft });
    await this.saving;
    await drop("outbox", item.key);
    this.draw();
    this.refresh();
    this.root.scrollIntoView();
  }
}

let loading;
function library() {
  loading ??= new Promise((resolve, reject) => {
    const script = node("script", { src: "/assets/maplibre.js", onload: () => { window.maplibregl.setWorkerUrl("/assets/maplibre-worker.js"); resolve(); }, onerror: () => { loading = undefined; script.remove(); reject(new Error("map")); } });
    document.head.append(script);
  });
  return loading;
}

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".report");
  const before = parentElement.gridatlasForm;
  if (before && before.data.account === data.account && before.data.language === data.language && before.data.theme === data.theme) {
    before.data = data;
    return undefined;
  }
  before?.stop();
  const form = (parentElement.gridatlasForm = new Form(root, data));
  form.start();
  return () => { form.stop(); if (parentElement.gridatlasForm === form) parentElement.gridatlasForm = undefined; };
}
