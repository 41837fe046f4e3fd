/** A select that opens a list: one or several values, by mouse or keyboard. Used in messages and in modals. */

import { el, icon, uid } from "./dom.js";

let open = null;
document.addEventListener("pointerdown", (event) => { if (open && !open.contains(event.target)) open.dismiss(); });

/**
 * A combobox of `options` ({label, value, description, emoji, default}). `onChange(values)` is called when the list
 * closes with another choice than it was opened with. `min` and `max` bound how many may be chosen.
 */
export function listbox({ options, placeholder = "Choose…", min = 1, max = 1, disabled = false, label, onChange }) {
  let chosen = new Set(options.filter((one) => one.default).map((one) => one.value));
  let before = "";
  let active = 0;
  let typed = "";
  let typedAt = 0;
  const id = uid("list");
  const text = el("span", { class: "listbox-text", dir: "auto" });
  const button = el("button", {
    type: "button", class: "listbox-button", disabled, role: "combobox", "aria-haspopup": "listbox", "aria-expanded": "false",
    "aria-controls": id, "aria-label": label ?? placeholder,
  }, text, icon("down", 18));
  const items = options.map((one, i) => el("div", {
    class: "listbox-option", role: "option", id: `${id}-${i}`, "aria-selected": "false", onClick: () => pick(i),
    onPointermove: () => activate(i),
  }, el("span", { class: "tick" }, icon("check", 16)), el("span", { class: "listbox-label", dir: "auto" }, emoji(one.emoji), one.label,
    one.description ? el("small", {}, one.description) : null)));
  const panel = el("div", { class: "listbox-panel", role: "listbox", id, "aria-multiselectable": max > 1 ? "true" : null, hidden: true, "aria-label": label ?? placeholder }, items);
  const root = el("div", { class: "listbox" }, button, panel);

  const key = () => JSON.stringify([...chosen].sort());
  const draw = () => {
    const labels = options.filter((one) => chosen.has(one.value)).map((one) => one.label);
    text.textContent = labels.length ? labels.join(", ") : placeholder;
    text.classList.toggle("placeholder", !labels.length);
    items.forEach((item, i) => item.setAttribute("aria-selected", String(chosen.has(options[i].value))));
  };
  const activate = (i) => {
    active = i;
    items.forEach((item, n) => item.classList.toggle("active", n === i));
    if (items[i]) {
      button.setAttribute("aria-activedescendant", items[i].id);
      items[i].scrollIntoView({ block: "nearest" });
    }
  };
  const show = () => {
    open?.dismiss();
    open = root;
    before = key();
    panel.hidden = false;
    const below = innerHeight - button.getBoundingClientRect().bottom;
    panel.classList.toggle("above", below < 260);
    button.setAttribute("aria-expanded", "true");
    activate(Math.max(0, options.findIndex((one) => chosen.has(one.value))));
  };
  const hide = () => {
    if (panel.hidden) return;
    panel.hidden = true;
    button.setAttribute("aria-expanded", "false");
    button.removeAttribute("aria-activedescendant");
    if (open === root) open = null;
    if (key() !== before && chosen.size >= min) onChange?.([...chosen]);
  };
  root.dismiss = hide;
  const pick = (i) => {
    const value = options[i]?.value;
    if (value === undefined) return;
    if (max > 1) {
      if (chosen.has(value)) chosen.delete(value);
      else if (chosen.size < max) chosen.add(value);
    } else {
      chosen = new Set(chosen.has(value) && min === 0 ? [] : [value]);
    }
    draw();
    if (max === 1) { hide(); button.focus(); }
  };
  const search = (letter) => {
    typed = performance.now() - typedAt > 700 ? letter : typed + letter;
    typedAt = performance.now();
    const at = options.findIndex((one) => one.label.toLowerCase().startsWith(typed.toLowerCase()));
    if (at >= 0) activate(at);
  };
  button.addEventListener("click", () => (panel.hidden ? show() : hide()));
  button.addEventListener("keydown", (event) => {
    if (panel.hidden) {
      if (["ArrowDown", "ArrowUp"].includes(event.key)) { event.preventDefault(); show(); }
      return;
    }
    const last = options.length - 1;
    if (event.key === "ArrowDown") activate(active >= last ? 0 : active + 1);
    else if (event.key === "ArrowUp") activate(active <= 0 ? last : active - 1);
    else if (event.key === "Home") activate(0);
    else if (event.key === "End") activate(last);
    else if (event.key === "Enter" || event.key === " ") pick(active);
    else if (event.key === "Escape") { event.stopPropagation(); hide(); }
    else if (event.key === "Tab") { hide(); return; }
    else if (event.key.length === 1) { search(event.key); return; }
    else return;
    event.preventDefault();
  });
  draw();
  return { node: root, values: () => [...chosen], focus: () => button.focus() };
}

export function emoji(one) {
  if (!one?.name) return null;
  return el("span", { class: "emoji", "aria-hidden": "true" }, one.id ? `:${one.name}:` : one.name);
}
