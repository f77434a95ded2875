// Replies that the server has not acknowledged, of every dialog, across reloads. Owns sending them, in order and as often
// as it takes: the key of each makes a repeat harmless. It must never drop one by itself.

import { post } from "../api.js";
import { kept, uuid } from "../dom.js";

const TRIES = 4;

export class Unsent {
  #dialogs = new Map(); // dialog → what is unsent there, in the order of writing
  #sending = new Set();

  // Kept for one agent: nobody else at this browser sends his words. `changed(dialog, acknowledged)` hears of each step.
  constructor(agent, changed) {
    this.prefix = `unsent:${agent}:`;
    this.changed = changed;
    for (const name of kept.names(this.prefix)) this.#dialogs.set(name.slice(this.prefix.length), kept.get(name, []));
  }

  of = (dialog) => this.#dialogs.get(dialog) ?? [];

  // Dialogs with a reply that did not go out by itself.
  get stuck() {
    return [...this.#dialogs].filter(([, all]) => all.some((one) => one.problem)).map(([dialog]) => dialog);
  }

  add(dialog, written) {
    this.#put(dialog, [...this.of(dialog), { key: uuid(), ...written }]);
    this.flush(dialog);
  }

  again(dialog, one) {
    one.problem = null;
    one.tries = 0;
    this.changed(dialog);
    return this.flush(dialog);
  }

  drop(dialog, one) {
    this.#put(dialog, this.of(dialog).filter((other) => other !== one));
  }

  // The line is back: what failed for want of it is tried again.
  resume() {
    for (const [dialog, all] of this.#dialogs) {
      for (const one of all) if (one.passing) Object.assign(one, { problem: null, tries: 0 });
      this.flush(dialog);
    }
  }

  async flush(dialog) {
    if (this.#sending.has(dialog)) return;
    this.#sending.add(dialog);
    try {
      for (let one; (one = this.of(dialog)[0]) && !one.problem; ) await this.#send(dialog, one);
    } finally {
      this.#sending.delete(dialog);
    }
  }

  async #send(dialog, one) {
    const { text, mode, files: attachments, replyTo, key } = one;
    try {
      const receipt = await post(`dialogs/${dialog}/reply`, { text, mode, attachments, ...(replyTo && { reply_to: replyTo }) }, { "Idempotency-Key": key });
      one.seq = receipt.seq; // from now on it is shown as the message it has become
      await this.changed(dialog, true);
      this.drop(dialog, one);
    } catch (error) {
      if (one.seq) return this.drop(dialog, one);
      one.tries = (one.tries ?? 0) + 1;
      one.passing = Boolean(error.passing);
      if (error.passing && one.tries < TRIES) await new Promise((resolve) => setTimeout(resolve, 300 * 2 ** one.tries));
      else one.problem = error.message ?? String(error);
      this.#put(dialog, this.of(dialog));
    }
  }

  #put(dialog, all) {
    if (all.length) this.#dialogs.set(dialog, all);
    else this.#dialogs.delete(dialog);
    kept.set(this.prefix + dialog, all.filter((one) => !one.seq));
    this.changed(dialog);
  }
}
