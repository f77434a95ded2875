// A sound and a number before the page's title. Owns the switch.

import { kept } from "../dom.js";

const BADGE = /^\(\d+\) /;
const NOTES = [
  [880, 0],
  [1175, 0.09],
];

export class Bell {
  #context = null;

  get on() {
    return kept.get("chat:sound", true);
  }

  set on(on) {
    kept.set("chat:sound", on);
  }

  // Browsers allow a sound only after a touch.
  ready() {
    this.#context ??= window.AudioContext && new AudioContext();
  }

  ring() {
    const context = this.#context;
    if (!this.on || context?.state !== "running") return;
    for (const [pitch, after] of NOTES) {
      const [tone, gain] = [context.createOscillator(), context.createGain()];
      const at = context.currentTime + after;
      tone.frequency.value = pitch;
      gain.gain.setValueAtTime(0.08, at);
      gain.gain.exponentialRampToValueAtTime(0.001, at + 0.25);
      tone.connect(gain).connect(context.destination);
      tone.start(at);
      tone.stop(at + 0.25);
    }
  }

  badge(unread) {
    const title = document.title.replace(BADGE, "");
    const wanted = unread ? `(${unread}) ${title}` : title;
    if (document.title !== wanted) document.title = wanted;
  }
}
