// What is written and not yet acknowledged. Owns that nothing is lost: each message is kept under a key of its own, so
// that no tab overwrites another's.

import { kept, uuid } from "../dom.js";

export class Outbox {
  #later = null;
  #flushing = false;
  #failures = 0;

  constructor(wire, changed) {
    this.wire = wire;
    this.changed = changed;
    this.items = this.#stored();
  }

  add(said) {
    const item = { client_id: uuid(), at: new Date().toISOString(), ...said };
    this.items.push(item);
    this.#keep(item);
    this.changed();
    this.flush();
  }

  arrived(message) {
    for (const item of this.items) if (item.client_id === message.client_id) this.#drop(item);
  }

  take(item) {
    this.#drop(item);
    this.changed();
  }

  again(item) {
    delete item.refused;
    this.flush();
  }

  // The client id makes a repeat harmless: a doubtful send is repeated.
  async flush() {
    if (this.#flushing) return;
    this.#flushing = true;
    clearTimeout(this.#later);
    try {
      for (let item; (item = this.items.find((one) => !one.sent && !one.refused)); ) {
        const pause = await this.#send(item);
        this.changed();
        if (pause) {
          this.#later = setTimeout(() => this.flush(), pause);
          return;
        }
      }
    } finally {
      this.#flushing = false;
    }
  }

  // Answers how long to wait before the next try.
  async #send(item) {
    try {
      if (!this.wire.token) await this.wire.enter();
      const { client_id, text, command, page, referrer, attachments = [] } = item;
      item.sent = (await this.wire.post("messages", { client_id, text, command, page, referrer, attachments: attachments.map((file) => file.id) })).id;
      this.#failures = 0;
      this.#forget(item);
      return 0;
    } catch (error) {
      if (error.status === 401) {
        await this.wire.enter().catch(() => {});
      } else if (!error.passing) {
        item.refused = error.message ?? String(error);
        this.#keep(item);
        return 0;
      }
      this.#failures += 1;
      return error.after ? error.after * 1000 : Math.min(250 * 2 ** this.#failures, 10_000);
    }
  }

  #drop(item) {
    this.items = this.items.filter((one) => one !== item);
    this.#forget(item);
  }

  #keep(item) {
    kept.set(this.#key(item), item);
  }

  #forget(item) {
    kept.set(this.#key(item), null);
  }

  #key = (item) => `${this.wire.name}:out:${item.client_id}`;

  #stored() {
    try {
      const prefix = `bridge:${this.wire.name}:out:`;
      const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix));
      const items = keys.map((key) => kept.get(key.slice("bridge:".length))).filter(Boolean);
      return items.sort((one, other) => one.at.localeCompare(other.at));
    } catch {
      return []; // a browser that keeps nothing
    }
  }
}
