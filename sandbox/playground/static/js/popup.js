/** The list above the message box: commands, choices, members. The box keeps the focus; the list follows its keys. */

import { el, uid } from "./dom.js";

/**
 * `show(items, {heading, onPick, input})` with items {title, note?, hint?, value, group?}; `key(event)` returns true when
 * it used the key; `hide()`.
 */
export function popup(host) {
  const id = uid("popup");
  const node = el("div", { class: "popup", role: "listbox", id, hidden: true });
  host.append(node);
  let items = [];
  let rows = [];
  let active = 0;
  let options = {};

  const activate = (i) => {
    active = i;
    rows.forEach((row, n) => { row.classList.toggle("active", n === i); row.setAttribute("aria-selected", String(n === i)); });
    rows[i]?.scrollIntoView({ block: "nearest" });
    if (rows[i]) options.input?.setAttribute("aria-activedescendant", rows[i].id);
  };
  const pick = (i) => {
    const chosen = items[i];
    const { onPick } = options;
    hide();
    if (chosen) onPick(chosen.value, chosen);
  };
  const hide = () => {
    if (node.hidden) return;
    node.hidden = true;
    node.replaceChildren();
    options.input?.setAttribute("aria-expanded", "false");
    options.input?.removeAttribute("aria-activedescendant");
    items = [];
  };
  const show = (found, wanted) => {
    if (options.input && options.input !== wanted.input) hide();
    options = wanted;
    items = found;
    if (!found.length && !wanted.empty) { hide(); return; }
    rows = found.map((item, i) => el("div", { class: "popup-row", role: "option", id: `${id}-${i}`, onPointermove: () => { if (active !== i) activate(i); },
      onPointerdown: (event) => event.preventDefault(), onClick: () => pick(i) },
      el("span", { class: "popup-title" }, el("bdi", { dir: item.title?.startsWith?.("/") ? "ltr" : "auto" }, item.title),
        item.hint ? el("span", { class: "popup-hint", dir: "ltr" }, item.hint) : null),
      item.note ? el("span", { class: "popup-note" }, item.note) : null));
    node.replaceChildren(el("div", { class: "popup-heading" }, wanted.heading ?? ""), ...rows);
    if (!rows.length) node.append(el("div", { class: "popup-empty" }, wanted.empty));
    node.hidden = false;
    node.setAttribute("aria-label", wanted.heading ?? "Suggestions");
    wanted.input?.setAttribute("aria-controls", id);
    wanted.input?.setAttribute("aria-expanded", "true");
    activate(0);
  };
  const key = (event) => {
    if (node.hidden || event.isComposing) return false;
    const last = rows.length - 1;
    if (event.key === "ArrowDown") activate(active >= last ? 0 : active + 1);
    else if (event.key === "ArrowUp") activate(active <= 0 ? last : active - 1);
    else if (event.key === "PageDown") activate(Math.min(last, active + 6));
    else if (event.key === "PageUp") activate(Math.max(0, active - 6));
    else if ((event.key === "Enter" || (event.key === "Tab" && !event.shiftKey)) && rows.length) pick(active);
    else if (event.key === "Escape") hide();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  return { show, hide, key, node, get open() { return !node.hidden; } };
}
