// The stream: a document, kept current by numbered deltas; reconnects by itself, and asks for JSON where sockets fail.

const SILENCE = 16000; // three heartbeats
const POLL = 5000;
const PATIENCE = 3; // attempts without a message before polling begins
const SLOWEST = 15000;

/** The document after a delta (exporter/live/delta.py says what it holds). */
export function applied(document, delta) {
  const next = { ...document, ...delta.set };
  for (const name of delta.unset ?? []) delete next[name];
  for (const [name, change] of Object.entries(delta.sections ?? {})) {
    const rows = { ...next[name] };
    for (const key of change.removed ?? []) delete rows[key];
    Object.assign(rows, change.added);
    for (const [key, fields] of Object.entries(change.changed ?? {})) rows[key] = { ...rows[key], ...fields };
    next[name] = rows;
  }
  return next;
}

export class Connection {
  /** `changed(document)` is called with each new document, `state(word)` with live, polling or reconnecting. */
  constructor(base, changed, state) {
    this.base = base;
    this.changed = changed;
    this.state = state;
    this.document = null;
    this.stream = "";
    this.sequence = -1;
    this.failures = 0;
    this.age = null; // of the numbers, at the moment `heard`
    this.heard = 0;
    this.connect();
    addEventListener("online", () => this.again(0));
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && (!this.socket || this.socket.readyState > 1)) this.again(0);
    });
  }

  /** Seconds since the evaluated time; null before the first number. */
  get old() {
    return this.age === null ? null : this.age + (performance.now() - this.heard) / 1000;
  }

  connect() {
    clearTimeout(this.retry);
    const url = new URL("live/stream", this.base);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    if (this.stream && this.document) url.search = new URLSearchParams({ stream: this.stream, seq: this.sequence });
    const socket = new WebSocket(url);
    this.socket = socket;
    socket.onmessage = (event) => this.socket === socket && this.take(JSON.parse(event.data));
    socket.onclose = () => this.socket === socket && this.lost();
    this.watch();
  }

  watch() {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => {
      this.socket.onclose = null;
      this.socket.close();
      this.lost();
    }, SILENCE);
  }

  take(message) {
    this.watch();
    this.failures = 0;
    clearTimeout(this.poll);
    if (message.type === "snapshot") {
      [this.stream, this.sequence, this.document] = [message.stream, message.seq, message.document];
    } else if (message.type === "delta") {
      if (message.seq !== this.sequence + 1) {
        // Cannot happen while both sides keep the protocol; a whole document mends it if it does.
        this.stream = "";
        this.socket.close();
        return;
      }
      const before = this.document.at;
      this.sequence = message.seq;
      this.document = applied(this.document, message);
      if (this.age !== null && this.document.at > before) this.dated(Math.max(0, this.old - (this.document.at - before)));
    } else if (message.type === "heartbeat") {
      this.dated(message.age);
    }
    this.state("live");
    if (message.type === "snapshot" || message.type === "delta") this.changed(this.document);
  }

  dated(age) {
    this.age = age;
    this.heard = performance.now();
  }

  lost() {
    clearTimeout(this.watchdog);
    this.failures += 1;
    this.state("reconnecting");
    if (this.failures >= PATIENCE) this.ask();
    const wait = Math.min(SLOWEST, 250 * 2 ** Math.min(this.failures, 8));
    this.again(wait * (0.5 + Math.random() / 2));
  }

  again(wait) {
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.connect(), wait);
  }

  /** Without a socket the page is a little slower, and as true. */
  async ask() {
    clearTimeout(this.poll);
    const before = this.failures;
    try {
      const answer = await fetch(new URL("api/v1/snapshot", this.base), { cache: "no-store" });
      if (!answer.ok) throw new Error(`${answer.status}`);
      const found = await answer.json();
      if (this.failures < before) return; // the socket was faster
      [this.document, this.stream] = [found, ""];
      this.dated(found.age_seconds);
      this.state("polling");
      this.changed(found);
    } catch {
      if (this.failures >= before) this.state("reconnecting");
    }
    if (this.failures >= PATIENCE) this.poll = setTimeout(() => this.ask(), POLL);
  }
}
