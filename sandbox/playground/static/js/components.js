/** Buttons, selects and Components V2 of messages. What is pressed is handed to `act(custom_id, values?)`. */

import { el, icon } from "./dom.js";
import { listbox, emoji } from "./listbox.js";
import { markdown } from "./markdown.js";
import { fileCard, kindOf, picture, player, veiled } from "./media.js";
import { channelName, channels, displayName, guild, store } from "./store.js";

const BUTTON_STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link", 6: "premium" };

const DRAW = {
  1: (data, context) => el("div", { class: "action-row" }, (data.components ?? []).map((one) => component(one, context))),
  2: button,
  3: select, 5: select, 6: select, 7: select, 8: select,
  9: section,
  10: (data) => el("div", { class: "markdown" }, markdown(data.content)),
  11: (data, context) => spoilered(data, picture(mediaUrl(data.media, context), { alt: data.description ?? "", cls: "picture thumbnail" })),
  12: gallery,
  13: (data, context) => spoilered(data, fileCard({ url: mediaUrl(data.file, context), filename: data.name ?? fileName(data.file), size: data.size })),
  14: (data) => el("hr", { class: `separator ${data.divider === false ? "bare" : ""} ${data.spacing === 2 ? "wide" : ""}` }),
  17: container,
};

/** One component as a node; kinds that a message can't hold are named instead of vanishing. */
export function component(data, context) {
  const draw = DRAW[data.type];
  return draw ? draw(data, context) : el("span", { class: "faint" }, `[a component of type ${data.type}]`);
}

function button(data, { act }) {
  const content = [emoji(data.emoji), data.label ? el("span", {}, data.label) : null];
  const name = data.label ? null : data.emoji?.name ?? "Button";
  if (data.style === 5) {
    const safe = /^https?:\/\//i.test(data.url ?? "");
    return el("a", { class: "button link", href: safe ? data.url : null, target: "_blank", rel: "noopener noreferrer", "aria-label": name }, content, icon("link", 14));
  }
  return el("button", {
    type: "button", class: `button ${BUTTON_STYLES[data.style] ?? "secondary"}`, disabled: Boolean(data.disabled), "aria-label": name,
    onClick: () => act(data.custom_id),
  }, content);
}

/** What a select offers: its own options, or people, roles and channels of this place. */
export function selectOptions(data) {
  if (data.type === 3) return data.options ?? [];
  const preset = new Set((data.default_values ?? []).map((one) => one.id));
  const people = store.users.map((user) => ({ label: displayName(user), value: user.id, description: user.bot ? "app" : "member" }));
  const roles = (guild()?.roles ?? []).map((role) => ({ label: role.name, value: role.id, description: "role" }));
  const rooms = channels().filter((one) => !data.channel_types?.length || data.channel_types.includes(one.type ?? 0))
    .map((one) => ({ label: `#${channelName(one)}`, value: one.id }));
  const all = { 5: people, 6: roles, 7: [...people, ...roles], 8: rooms }[data.type] ?? [];
  return all.map((one) => ({ ...one, default: preset.has(one.value) }));
}

function select(data, { act }) {
  return listbox({
    options: selectOptions(data), placeholder: data.placeholder ?? "Make a selection", min: data.min_values ?? 1, max: data.max_values ?? 1,
    disabled: Boolean(data.disabled), onChange: (values) => act(data.custom_id, values),
  }).node;
}

function section(data, context) {
  return el("div", { class: "section" },
    el("div", { class: "section-text" }, (data.components ?? []).map((one) => component(one, context))),
    data.accessory ? el("div", { class: "accessory" }, component(data.accessory, context)) : null);
}

function gallery(data, context) {
  return el("div", { class: `gallery count-${Math.min(4, data.items.length)}` }, data.items.map((item) => {
    const url = mediaUrl(item.media, context);
    const kind = kindOf(new URL(url ?? "x", location.href).pathname, item.media.content_type);
    const node = kind === "video" ? player(url, { name: item.description ?? "Clip" }) : picture(url, { alt: item.description ?? "" });
    return spoilered(item, node);
  }));
}

function container(data, context) {
  const node = el("div", { class: "container" }, (data.components ?? []).map((one) => component(one, context)));
  if (typeof data.accent_color === "number") {
    node.classList.add("accented");
    node.style.setProperty("--edge", `#${data.accent_color.toString(16).padStart(6, "0")}`);
  }
  return spoilered(data, node);
}

const spoilered = (data, node) => (data.spoiler ? veiled(node) : node);
const fileName = (media) => (media?.url ?? "file").replace("attachment://", "").split("?")[0].split("/").pop();

function mediaUrl(media, { files }) {
  if (!media?.url?.startsWith("attachment://")) return media?.url ?? null;
  return files.find((file) => file.filename === fileName(media))?.url ?? null;
}
