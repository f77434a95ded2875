// The REST API as a page sees it. Owns headers, errors in words and the server's clock.

import { t } from "./words.js";
import { heard } from "./time.js";

export class ApiError extends Error {
  constructor(status, code, reason, by = null) {
    super(reason);
    this.status = status;
    this.code = code;
    this.by = by;
  }

  // True when the same request may succeed later.
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export async function api(method, path, body, headers = {}) {
  const raw = body instanceof Blob;
  let response;
  try {
    response = await fetch(`/api/v1/${path}`, {
      method,
      headers: {
        ...(method === "GET" ? {} : { "X-Bridge": "1" }),
        ...(body === undefined || raw ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      body: raw ? body : body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      signal: AbortSignal.timeout(raw ? 120_000 : 20_000),
    });
  } catch {
    throw new ApiError(0, "offline", t("offline"));
  }
  heard(response.headers.get("Date"));
  if (response.status === 401) {
    location.assign("/login");
    throw new ApiError(401, "unauthenticated", t("signed_out"));
  }
  const answer = response.status === 204 ? null : await response.json().catch(() => null);
  if (response.ok) return answer;
  const error = answer?.error ?? {};
  const reason = error.by ? t("taken_by", { name: error.by }) : error.reason || t("server_error", { status: response.status });
  throw new ApiError(response.status, error.code ?? "error", reason, error.by);
}

export const get = (path) => api("GET", path);
export const post = (path, body, headers) => api("POST", path, body ?? {}, headers);

const PLURAL = { dialog: "dialogs", ticket: "tickets", wish: "wishes" };
export const act = (kind, id, action, fields = {}) => post(`${PLURAL[kind]}/${id}/actions`, { action, ...fields });

export async function upload(file) {
  const headers = { "X-File-Name": encodeURIComponent(file.name), "Content-Type": file.type || "application/octet-stream" };
  return api("POST", "files", file, headers);
}
