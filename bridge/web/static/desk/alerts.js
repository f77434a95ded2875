// What reaches an agent who looks elsewhere: a number in the title, a sound, a notice of the system.
// Owns which dialogs are news. It must never ask for a permission by itself: the button does.

import { fill, kept } from "../dom.js";
import { t } from "../words.js";
import { icon } from "./icons.js";

export class Alerts {
  #known = null; // what has called for me already; null before the first reading

  constructor(desk, button) {
    this.desk = desk;
    this.button = button;
    this.on = kept.get("desk:alerts", false);
    button.addEventListener("click", () => this.set(!this.on));
    addEventListener("pointerdown", () => this.#wake(), { once: true });
    this.#draw();
  }

  async set(on) {
    this.on = on;
    kept.set("desk:alerts", on || null);
    this.#draw();
    if (!on) return;
    this.#wake();
    this.#chime();
    if (globalThis.Notification?.permission === "default") await Notification.requestPermission();
    if (globalThis.Notification?.permission === "denied") this.desk.say(t("notices_denied"));
  }

  // The lists as they are now: who waits on my lines, and my own dialogs.
  news(queue, mine) {
    const waiting = [...queue, ...mine.filter((dialog) => dialog.promise)];
    document.title = waiting.length ? `(${waiting.length}) ${t("desk")}` : t("desk");
    const calls = new Map(waiting.map((dialog) => [`${dialog.id}:${dialog.promise?.started_at ?? ""}`, dialog]));
    const fresh = this.#known ? [...calls].filter(([call]) => !this.#known.has(call)).map(([, dialog]) => dialog) : [];
    this.#known = new Set(calls.keys());
    if (!this.on || !fresh.length) return;
    this.#chime();
    if (document.hasFocus() || globalThis.Notification?.permission !== "granted") return;
    for (const dialog of fresh.slice(0, 3)) this.#notice(dialog);
  }

  #notice(dialog) {
    const notice = new Notification(dialog.contact.name || t("visitor"), { body: dialog.preview, tag: dialog.id, icon: "/static/icon.svg" });
    notice.onclick = () => {
      window.focus();
      this.desk.go("dialog", dialog.id);
      notice.close();
    };
  }

  #wake() {
    if (!this.on) return;
    this.audio ??= new AudioContext();
    this.audio.resume();
  }

  // Two soft notes.
  #chime() {
    if (this.audio?.state !== "running" && this.audio?.state !== "suspended") return;
    [660, 880].forEach((pitch, place) => {
      const [tone, gain, at] = [this.audio.createOscillator(), this.audio.createGain(), this.audio.currentTime + place * 0.13];
      tone.frequency.value = pitch;
      gain.gain.setValueAtTime(0.0001, at);
      gain.gain.exponentialRampToValueAtTime(0.12, at + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.0001, at + 0.35);
      tone.connect(gain).connect(this.audio.destination);
      tone.start(at);
      tone.stop(at + 0.4);
    });
  }

  #draw() {
    const words = t(this.on ? "alerts_are_on" : "alerts_are_off");
    this.button.setAttribute("aria-pressed", this.on);
    this.button.setAttribute("aria-label", words);
    this.button.title = words;
    fill(this.button, icon(this.on ? "bell" : "muted"));
  }
}
