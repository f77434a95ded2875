// The way to the bridge: session, calls, uploads. Owns the token, and a refusal's words.

import { kept } from "../dom.js";
import { language, t } from "./words.js";

export class Refusal extends Error {
  constructor(status, error, after) {
    super(t(`refused_${error?.code}`) ?? error?.reason ?? t("server_error", { status }));
    this.status = status;
    this.after = after;
  }

  // Whether it passes without anybody doing anything.
  get passing() {
    return [0, 401, 429].includes(this.status) || this.status >= 500;
  }
}

export class Wire {
  #entering = null;

  // `identity`, signed by the site's owner, has a store of its own: two who share a browser read only their own.
  // `changed` is called when another token has come, and with it perhaps another conversation.
  constructor(home, channel, identity, changed) {
    this.home = home;
    this.changed = changed;
    this.base = new URL(`site/${encodeURIComponent(channel)}/`, home);
    this.identity = identity;
    this.name = `chat:${channel}${identity ? `@${identity.id}` : ""}`;
    this.token = this.kept("token");
  }

  kept(name, otherwise) {
    return kept.get(`${this.name}:${name}`, otherwise);
  }

  keep(name, value) {
    kept.set(`${this.name}:${name}`, value);
  }

  headers() {
    return this.token ? { Authorization: `Bearer ${this.token}` } : {};
  }

  async post(path, body = {}) {
    let response;
    try {
      response = await fetch(new URL(path, this.base), {
        method: "POST",
        headers: { "Content-Type": "application/json", ...this.headers() },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(20_000),
      });
    } catch {
      throw new Refusal(0, { reason: t("offline") });
    }
    if (response.status === 204) return null;
    const answer = await response.json().catch(() => ({}));
    if (response.ok) return answer;
    throw new Refusal(response.status, answer.error, Number(response.headers.get("Retry-After")));
  }

  // fetch() cannot tell how far an upload is.
  upload(file, progress) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", new URL("files", this.base));
      const headers = { ...this.headers(), "X-File-Name": encodeURIComponent(file.name), "Content-Type": file.type || "application/octet-stream" };
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.responseType = "json";
      request.timeout = 300_000;
      request.upload.onprogress = ({ loaded, total }) => progress(Math.round((100 * loaded) / total));
      request.onload = () => (request.status === 200 ? resolve(request.response) : reject(new Refusal(request.status, request.response?.error)));
      request.onerror = request.ontimeout = () => reject(new Refusal(0, { reason: t("offline") }));
      request.send(file);
    });
  }

  // Makes the session, or says where the dialog stands. Who only looks has none and is not remembered.
  enter() {
    this.#entering ??= (async () => {
      const answer = await this.post("session", { token: this.token ?? undefined, identity: this.identity ?? undefined, language: language() });
      const before = this.token;
      this.token = answer.token;
      this.keep("token", answer.token);
      if (before && before !== answer.token) this.changed();
      return answer;
    })().finally(() => (this.#entering = null));
    return this.#entering;
  }
}
