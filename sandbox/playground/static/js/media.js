/** Pictures, clips and files: inline where a browser can show them, else as a card to save. */

import { bytes, el, icon } from "./dom.js";

const PICTURES = /\.(png|jpe?g|gif|webp|avif|bmp)$/i;
const CLIPS = /\.(mp4|m4v|mov|webm)$/i;
const SOUNDS = /\.(mp3|ogg|wav|m4a|flac)$/i;

/** The address as this page may load it: the stand-in's own files come from the page's origin whatever its name. */
export function local(url) {
  if (!url) return null;
  if (url.startsWith("blob:") || url.startsWith("/")) return url;
  try {
    const parsed = new URL(url);
    const ours = parsed.host === location.host || /^\/(ephemeral-)?attachments\//.test(parsed.pathname);
    return ours ? parsed.pathname + parsed.search : null;
  } catch {
    return null;
  }
}

export function kindOf(name, type = "") {
  const clean = (name ?? "").split("?")[0];
  if (CLIPS.test(clean) || (type ?? "").startsWith("video/")) return "video";
  if (PICTURES.test(clean) || /^image\/(png|jpe?g|gif|webp|avif|bmp)/.test(type ?? "")) return "image";
  if (SOUNDS.test(clean)) return "audio";
  return "file";
}

/** A picture that opens larger; one that can't be loaded says so in words. */
export function picture(url, { alt = "", width, height, cls = "picture", plain = false } = {}) {
  const src = local(url);
  if (!src) return el("span", { class: "outside" }, "Picture at an address outside the playground: ", url);
  const img = el("img", { src, alt, width, height, loading: "lazy", decoding: "async", referrerpolicy: "no-referrer" });
  img.addEventListener("error", () => img.replaceWith(el("span", { class: "outside" }, alt || "A picture that can't be loaded")));
  if (plain) return el("span", { class: cls }, img);
  return el("button", { type: "button", class: cls, "aria-label": `Open picture${alt ? `: ${alt}` : ""}`, onClick: () => enlarge(src, alt) }, img);
}

function enlarge(src, alt) {
  const close = () => box.close();
  const box = el("dialog", { class: "lightbox", "aria-label": alt || "Picture" },
    el("button", { type: "button", class: "icon-button close", "aria-label": "Close", onClick: close }, icon("close")),
    el("img", { src, alt }),
    el("a", { href: src, target: "_blank", rel: "noopener" }, "Open the original"));
  box.addEventListener("click", (event) => { if (event.target === box) close(); });
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
}

/** A player with controls that starts silent and only when asked. */
export function player(url, { width, height, name = "Video" } = {}) {
  const src = local(url);
  if (!src) return el("span", { class: "outside" }, "Clip at an address outside the playground: ", url);
  const video = el("video", {
    src, controls: true, muted: true, playsInline: true, preload: "auto", width, height, "aria-label": name,
  });
  video.addEventListener("error", () => video.closest(".clip")?.append(el("p", { class: "outside" }, "This clip can't be played.")), { once: true });
  return el("div", { class: "clip" }, video);
}

export function fileCard({ url, filename, size }) {
  const href = local(url);
  return el("div", { class: "file-card" }, icon("file", 28),
    el("div", {}, href ? el("a", { href, download: filename }, filename) : el("span", {}, filename),
      size === undefined ? null : el("span", { class: "faint" }, bytes(size))));
}

/** Something hidden until it is asked for. */
export function veiled(node, label = "Spoiler") {
  const cover = el("button", { type: "button", class: "veil", onClick: () => { box.classList.add("shown"); cover.remove(); } }, label);
  const box = el("div", { class: "veiled" }, node, cover);
  return box;
}

/** One attachment of a message, as Discord shows it under the text. */
export function attachment(file) {
  const kind = kindOf(file.filename, file.content_type);
  const name = file.title ?? file.filename;
  const size = fit(file.width, file.height);
  let node;
  if (kind === "image") node = picture(file.url, { alt: file.description ?? name, ...size });
  else if (kind === "video") node = el("figure", { class: "clip-card" }, player(file.url, { name, ...size }), caption(file, name));
  else if (kind === "audio") node = el("div", { class: "file-card" }, el("audio", { src: local(file.url), controls: true }), caption(file, name));
  else node = fileCard({ ...file, filename: name });
  const hidden = file.filename.startsWith("SPOILER_") || (file.flags & 8) || file.is_spoiler;
  return el("div", { class: `attachment ${kind}`, dataset: { attachment: file.id } }, hidden ? veiled(node) : node);
}

function caption(file, name) {
  return el("figcaption", {}, el("a", { href: local(file.url), download: file.filename }, name), el("span", { class: "faint" }, bytes(file.size)));
}

/** Discord's box for media in a message: 550 by 350, never enlarged. */
function fit(width, height) {
  if (!width || !height) return {};
  const scale = Math.min(1, 550 / width, 350 / height);
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}
