// Asking the playground. Owns its addresses and how a refusal is told; problems go to whoever shows them.

const BASE = "/playground/api/";

// What is there now; null when it cannot be had.
export async function ask(path) {
  try {
    const answer = await fetch(BASE + path, { cache: "no-store" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null; // the stream of events tells that the bridge is out
  }
}

// Changes something; true or what came of it, null when it was refused.
export async function change(method, path, body, problem) {
  const form = body instanceof FormData;
  const headers = { "X-Bridge": "1", ...(form || body === undefined ? {} : { "Content-Type": "application/json" }) };
  try {
    const answer = await fetch(BASE + path, { method, headers, body: form || body === undefined ? body : JSON.stringify(body) });
    const found = answer.status === 204 ? {} : await answer.json();
    if (answer.ok) return found;
    problem(found.problem ?? String(answer.status));
  } catch (error) {
    problem(error.message);
  }
  return null;
}

export const act = (platform, account, customer, action, fields, problem) =>
  change("POST", `${platform}/${account}/${customer}/${action}`, fields, problem);

export async function arrive(platform, name, language, problem) {
  return (await change("POST", `${platform}/customers`, { name, language }, problem))?.id ?? null;
}

export const fileUrl = (platform, customer, file) => `${BASE}${platform}/file/${customer}/${file}`;
