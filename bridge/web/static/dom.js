// Elements from data. Owns how nodes are made and kept; strangers' words only ever become text, never markup.

export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value == null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "value" || name === "checked" || name === "selected") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(2).filter((child) => child != null && child !== false));
  return element;
}

export function fill(parent, ...children) {
  parent.replaceChildren(...children.flat(2).filter((child) => child != null && child !== false));
  return parent;
}

// Makes the children of `parent` show `items` in order, touching only those that look different, so that focus,
// selection and scrolling stay where they are.
export function keyed(parent, items, keyOf, make, looks = JSON.stringify) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let cursor = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    const look = looks(item);
    let child = before.get(key);
    before.delete(key);
    if (!child || child.look !== look) {
      const fresh = make(item);
      fresh.dataset.key = key;
      fresh.look = look;
      if (child) swap(child, fresh);
      if (cursor === child) cursor = fresh;
      child = fresh;
    }
    if (child !== cursor || !child.parentNode) parent.insertBefore(child, cursor);
    else cursor = cursor.nextElementSibling;
  }
  for (const child of before.values()) child.remove();
}

function swap(old, fresh) {
  const { activeElement } = old.getRootNode(); // of the document, or of the shadow root we are in
  const focused = activeElement && old.contains(activeElement) && activeElement.dataset.act;
  old.replaceWith(fresh);
  if (activeElement === old) fresh.focus({ preventScroll: true });
  else if (focused) fresh.querySelector(`[data-act="${focused}"]`)?.focus();
}

const LINK = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/g;

// Text with its web addresses as links.
export function prose(text) {
  const parts = [];
  let done = 0;
  for (const match of text.matchAll(LINK)) {
    parts.push(text.slice(done, match.index));
    parts.push(h("a", { href: match[0], target: "_blank", rel: "noopener noreferrer nofollow" }, match[0]));
    done = match.index + match[0].length;
  }
  parts.push(text.slice(done));
  return parts;
}

// The address of a file, if it is one of ours.
export function ours(url, base = location.href) {
  const parsed = new URL(url, base);
  return parsed.origin === new URL(base).origin && parsed.protocol.startsWith("http") ? parsed.href : null;
}

// 128 random bits; crypto.randomUUID is only there where the page is https or localhost.
export function uuid() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// What the browser keeps for us; a browser that keeps nothing (private mode, full disk) is used without.
export const kept = {
  get(name, otherwise = null) {
    try {
      return JSON.parse(localStorage.getItem(`bridge:${name}`)) ?? otherwise;
    } catch {
      return otherwise;
    }
  },
  set(name, value) {
    const empty = value == null || value === "" || (Array.isArray(value) && !value.length);
    try {
      if (empty) localStorage.removeItem(`bridge:${name}`);
      else localStorage.setItem(`bridge:${name}`, JSON.stringify(value));
    } catch {
      return false;
    }
    return true;
  },
  // What is kept under names that begin so.
  names(prefix) {
    try {
      const all = Object.keys(localStorage).map((name) => name.replace(/^bridge:/, ""));
      return all.filter((name) => name.startsWith(prefix));
    } catch {
      return [];
    }
  },
};
