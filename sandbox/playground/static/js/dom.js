/** Building blocks. Nothing in this page parses markup: whatever people or bots write becomes text nodes. */

const PROPERTIES = new Set([
  "value", "checked", "disabled", "hidden", "muted", "controls", "multiple", "required", "open", "draggable", "autofocus",
  "tabIndex", "loop", "playsInline",
]);

/**
 * An element. `class`, `dataset`, `style` (an object, set through the CSSOM) and `onEvent` are understood; the rest
 * are attributes, left out when null, undefined or false. Children may be nested lists; strings become text.
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) apply(node, name, value);
  append(node, children);
  return node;
}

function apply(node, name, value) {
  if (value === null || value === undefined) return;
  if (name === "class") node.className = value;
  else if (name === "dataset") Object.assign(node.dataset, value);
  else if (name === "style") for (const [key, v] of Object.entries(value)) node.style.setProperty(key, v);
  else if (name.startsWith("on")) node.addEventListener(name.slice(2).toLowerCase(), value);
  else if (PROPERTIES.has(name)) node[name] = value;
  else if (value !== false) node.setAttribute(name, value === true ? "" : String(value));
}

export function append(node, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child);
  }
  return node;
}

export function replace(node, ...children) {
  node.replaceChildren();
  return append(node, children);
}

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  hash: "M9 4 7 20M17 4l-2 16M4.500 9h16M3.500 15h16",
  menu: "M4 6h16M4 12h16M4 18h16",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  reply: "M10 6 4 12l6 6M4 12h10a6 6 0 0 1 6 6v1",
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6 6 18",
  send: "M4 12 20 4l-5 16-4-7z",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
  check: "M5 12.500 10 17.500 19 7",
  down: "M6 9l6 6 6-6",
  eye: "M2.500 12s3.500-6 9.500-6 9.500 6 9.500 6-3.500 6-9.500 6-9.500-6-9.500-6zM12 14.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z",
  moon: "M19 14.500A8 8 0 0 1 9.500 5a7.500 7.500 0 1 0 9.500 9.500z",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2v2M12 20v2M4.900 4.900l1.400 1.400M17.700 17.700l1.400 1.400M2 12h2M20 12h2M4.900 19.100l1.400-1.400M17.700 6.300l1.400-1.400",
  wrench: "M14.500 6a4 4 0 0 0-5 5L4 16.500 7.500 20 13 14.500a4 4 0 0 0 5-5l-2.500 2.500-3-3z",
  globe: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18",
  link: "M10 14 20 4M14 4h6v6M18 14v5H5V6h5",
  warn: "M12 4 2.500 20h19zM12 10v4M12 17h.01",
};

/** A small line drawing, hidden from screen readers: the button around it carries the name. */
export function icon(name, size = 20) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({
    viewBox: "0 0 24 24", width: size, height: size, fill: "none", stroke: "currentColor", "stroke-width": 2,
    "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true", class: "icon",
  })) svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Move focus among `items` with the arrow keys, Home and End; returns true if the key was one of them. */
export function rove(event, items, { horizontal = false } = {}) {
  const keys = horizontal ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
  const at = items.indexOf(document.activeElement);
  let to;
  if (event.key === keys[0]) to = at <= 0 ? items.length - 1 : at - 1;
  else if (event.key === keys[1]) to = at >= items.length - 1 ? 0 : at + 1;
  else if (event.key === "Home") to = 0;
  else if (event.key === "End") to = items.length - 1;
  else return false;
  event.preventDefault();
  items.forEach((item, i) => { item.tabIndex = i === to ? 0 : -1; });
  items[to]?.focus();
  return true;
}

let count = 0;
/** An id that is unique in this page. */
export const uid = (prefix) => `${prefix}-${++count}`;

export function toast(text, kind = "note") {
  const node = el("div", { class: `toast ${kind}` }, text);
  document.getElementById("toasts").append(node);
  setTimeout(() => node.remove(), 6000);
}

export function bytes(n) {
  if (n < 1024) return `${n} bytes`;
  if (n < 1024 ** 2) return `${(n / 1024).toFixed(1)} KB`;
  return `${(n / 1024 ** 2).toFixed(2)} MB`;
}
