/** Embeds: the cards of classic messages. */

import { el } from "./dom.js";
import { inline, markdown } from "./markdown.js";
import { picture } from "./media.js";
import { posted } from "./clock.js";

const RICH = new Set(["rich", undefined, null, "link", "article"]);

function resolved(media, files) {
  if (!media?.url) return null;
  if (!media.url.startsWith("attachment://")) return media.url;
  const name = media.url.slice("attachment://".length);
  return files.find((file) => file.filename === name)?.url ?? null;
}

/** The attachments that an embed shows: those are not listed again under the message. */
export function shownInEmbeds(message) {
  const urls = (message.embeds ?? []).flatMap((one) => [one.image, one.thumbnail, one.footer, one.author])
    .flatMap((media) => [media?.url, media?.icon_url]).filter(Boolean);
  return (message.attachments ?? []).filter((file) => urls.some((url) =>
    url === `attachment://${file.filename}` || url.split("?")[0] === file.url.split("?")[0]));
}

/** An embed as a card with a coloured edge. */
export function embed(data, files = []) {
  if (!RICH.has(data.type)) return el("div", { class: "embed-media" }, picture(resolved(data.thumbnail ?? data.image, files) ?? data.url, { alt: data.title ?? "" }));
  const thumb = resolved(data.thumbnail, files);
  const image = resolved(data.image, files);
  const card = el("article", { class: "embed" },
    el("div", { class: "embed-text" },
      data.author ? el("div", { class: "embed-author", dir: "auto" }, titled(data.author.name, data.author.url)) : null,
      data.title ? el("div", { class: "embed-title", dir: "auto" }, titled(inline(data.title), data.url)) : null,
      data.description ? el("div", { class: "embed-description markdown" }, markdown(data.description)) : null,
      data.fields?.length ? fields(data.fields) : null),
    thumb ? picture(thumb, { cls: "picture embed-thumb", alt: "Thumbnail" }) : null,
    image ? picture(image, { cls: "picture embed-image", alt: data.title ?? "Picture" }) : null,
    data.footer || data.timestamp ? footer(data) : null);
  if (data.color) card.style.setProperty("--edge", `#${data.color.toString(16).padStart(6, "0")}`);
  return card;
}

function titled(content, url) {
  if (!/^https?:\/\//i.test(url ?? "")) return content;
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, content);
}

function fields(list) {
  return el("dl", { class: "embed-fields" }, list.map((field) => el("div", { class: field.inline ? "field inline" : "field" },
    el("dt", { class: "markdown", dir: "auto" }, inline(field.name)), el("dd", { class: "markdown" }, markdown(field.value)))));
}

function footer(data) {
  return el("div", { class: "embed-footer", dir: "auto" }, data.footer?.text ?? null,
    data.footer?.text && data.timestamp ? " • " : null, data.timestamp ? posted(data.timestamp) : null);
}
