// The keyboard. Owns which keys make which action, one after the other ("g q"), and that none does while somebody types.

const PAUSE = 1500; // between the keys of a sequence

// `actions()` are those there are now: {keys: ["g q", …], run}. `run(action)` does one.
export function listen(actions, run) {
  let before = "";
  let since = 0;
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.altKey) return;
    const command = event.ctrlKey || event.metaKey;
    if (command ? letter(event) !== "k" : typing(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const key = command ? "mod+k" : letter(event);
    const sequence = before && Date.now() - since < PAUSE ? `${before} ${key}` : key;
    const there = actions();
    const action = there.find(({ keys }) => keys.includes(sequence)) ?? there.find(({ keys }) => keys.includes(key));
    before = !action && there.some(({ keys }) => keys.some((one) => one.startsWith(`${key} `))) ? key : "";
    since = Date.now();
    if (!action) return;
    event.preventDefault();
    run(action);
  });
}

// The Latin letter of a key, on a Cyrillic keyboard too; other keys by their name.
function letter({ key, code, shiftKey }) {
  if (/^[a-z]$/i.test(key)) return key.toLowerCase();
  if (code === "Slash" && (key === "." || key === ",")) return shiftKey ? "?" : "/";
  if (/^[^\x00-\x7f]$/.test(key)) return /^Key([A-Z])$/.exec(code)?.[1].toLowerCase() ?? key;
  return key;
}

const WRITTEN = ["text", "search", "email", "datetime-local", "password", "number", "url", "tel"];

export function typing(element) {
  if (!(element instanceof HTMLElement)) return false;
  if (element.matches("input")) return WRITTEN.includes(element.type);
  return element.matches("textarea, select") || element.isContentEditable;
}
