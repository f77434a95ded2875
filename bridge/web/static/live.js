// Knows when what a page shows has changed. Owns the one event stream of a page, and how often it re-reads.

import { follow } from "./stream.js";

const APART = 400; // a screen re-reads the same thing at most so often

export class Live {
  #keys = [];
  #wanted = new Map();
  #stream = null;

  // `status(connected)` hears whether the page is live, `here(found)` who looks at a dialog.
  constructor(status, signed_out, here = () => {}) {
    Object.assign(this, { status, signed_out, here });
  }

  // From now on: key → what to do when it is touched. After a (re)connection everything is read once.
  show(wanted) {
    this.#wanted = new Map(Object.entries(wanted).map(([key, read]) => [key, spaced(read)]));
    const keys = [...this.#wanted.keys()].sort();
    if (this.#stream && String(keys) === String(this.#keys)) return;
    this.#keys = keys;
    this.#stream?.close();
    const query = new URLSearchParams(keys.map((key) => ["keys", key]));
    this.#stream = follow(() => `/api/v1/events?${query}`, {
      open: () => {
        this.status(true);
        this.#wanted.forEach((read) => read());
      },
      event: ({ event, data }) => {
        if (event === "here") this.here(data);
        else if (event === "wake") data.keys.forEach((key) => this.#wanted.get(key)?.());
      },
      down: () => this.status(false),
      refused: (code) => code === 401 && this.signed_out(),
    });
  }
}

// Never reads twice at the same time: who asks meanwhile gets a read that begins afterwards.
export function serial(read) {
  let running = null;
  let waiting = null;
  const start = () => (running = read().finally(() => (running = null)));
  return () => {
    if (!running) return start();
    waiting ??= running
      .catch(() => {})
      .then(() => {
        waiting = null;
        return start();
      });
    return waiting;
  };
}

// Runs `read` at once, then again at most every APART ms while it is asked for, never twice at the same time.
function spaced(read) {
  let busy = false;
  let again = false;
  return async function run() {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      await read();
    } catch (error) {
      if (!error.passing) throw error; // what passes is read again when the stream comes back
    } finally {
      setTimeout(() => {
        busy = false;
        if (again) {
          again = false;
          run();
        }
      }, APART);
    }
  };
}
