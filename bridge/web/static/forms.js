// Small forms in a modal window. Owns asking, showing what went wrong beside it, and losing nothing that was typed.

import { fill, h, kept } from "./dom.js";
import { t } from "./words.js";

// fields: {name, label, type, value, options, required, hint}. `run(values)` does it; when it throws, the form stays.
// Texts are kept under `key` until it has worked.
export function ask({ key, title, fields, label, danger = false, intro, run }) {
  const typed = kept.get(`form:${key}`, {});
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const submit = h("button", { class: danger ? "danger" : "primary", type: "submit" }, label);
  const form = h(
    "form",
    { method: "dialog" },
    h("h2", {}, title),
    intro && h("p", { class: "quiet" }, intro),
    fields.map((field) => row(field, typed[field.name])),
    problem,
    h("div", { class: "buttons" }, submit, h("button", { type: "button", onclick: () => window_.close() }, t("cancel"))),
  );
  const window_ = h("dialog", { class: "form", "aria-label": title, onclose: () => window_.remove() }, form);
  form.addEventListener("input", () => {
    const texts = fields.filter((field) => ["text", "textarea"].includes(field.type));
    kept.set(`form:${key}`, Object.fromEntries(texts.map(({ name }) => [name, form.elements[name].value])));
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    problem.hidden = true;
    try {
      await run(values(form, fields));
      kept.set(`form:${key}`, null);
      window_.close();
    } catch (error) {
      fill(problem, error.message);
      problem.hidden = false;
    } finally {
      submit.disabled = false;
    }
  });
  document.body.append(window_);
  window_.showModal();
  return window_;
}

export function row(field, typed) {
  const { name, label, type = "text", value, options, required, hint, rows = 3, maxlength } = field;
  const id = `field-${name}`;
  const described = hint && `${id}-hint`;
  const common = { id, name, required, "aria-describedby": described };
  let input;
  if (type === "select") {
    const choices = options.map(([key, words]) => h("option", { value: key, selected: key === value }, words));
    input = h("select", common, choices);
  } else if (type === "textarea") {
    input = h("textarea", { ...common, rows, value: typed ?? value ?? "" });
  } else if (type === "checkbox") {
    input = h("input", { ...common, type, checked: value });
    return h("div", { class: "field check" }, input, h("label", { for: id }, label), hint && h("small", { id: described }, hint));
  } else {
    input = h("input", { ...common, type, maxlength, value: (type === "text" ? typed : null) ?? value ?? "" });
  }
  return h("div", { class: "field" }, h("label", { for: id }, label), input, hint && h("small", { id: described }, hint));
}

export function values(form, fields) {
  return Object.fromEntries(
    fields.map(({ name, type }) => {
      const input = form.elements[name];
      if (type === "checkbox") return [name, input.checked];
      if (type === "datetime-local") return [name, input.value ? new Date(input.value).toISOString() : null];
      return [name, input.value.trim()];
    }),
  );
}

// A button that does something on the server: busy meanwhile, and what went wrong stands beside it. `key` does the same.
export function button(label, run, { kind = "", name, disabled = false, key } = {}) {
  const element = h("button", { type: "button", class: kind, disabled, title: key && `${label} (${key})`, "aria-keyshortcuts": key, data: name ? { act: name } : {} }, label);
  element.addEventListener("click", async () => {
    element.disabled = true;
    element.nextElementSibling?.matches(".problem") && element.nextElementSibling.remove();
    try {
      await run();
    } catch (error) {
      element.after(h("span", { class: "problem", role: "alert" }, error.message));
    } finally {
      element.disabled = disabled;
    }
  });
  return element;
}
