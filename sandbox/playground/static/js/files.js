/** Files from the picker, from a drop, from the clipboard, or from the page's own samples: all become File objects. */

import { bytes, el, icon } from "./dom.js";
import { kindOf } from "./media.js";

export const SAMPLE_TYPE = "application/x-clapper-sample";

/** A sample as a File, fetched from the sandbox. */
export async function sampleFile({ url, name, content_type }) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`The sample ${name} could not be fetched.`);
  return new File([await response.blob()], name, { type: content_type });
}

/** The files of a drop or a paste; a dragged sample is fetched. */
export async function filesOf(transfer) {
  const sample = transfer.getData?.(SAMPLE_TYPE);
  if (sample) return [await sampleFile(JSON.parse(sample))];
  return [...transfer.files];
}

export const holdsFiles = (transfer) => [...transfer.types].some((type) => type === "Files" || type === SAMPLE_TYPE);

/** What Discord's groups of file types mean; like Discord's client, the end of the name is all that is looked at. */
const GROUPS = {
  image: [".png", ".gif", ".jpg", ".jpeg", ".jfif", ".webp", ".avif"], video: [".mp4", ".mov", ".qt", ".webm"],
  audio: [".mp3", ".m4a", ".wav", ".ogg", ".opus", ".flac"],
};
const endings = (types) => (types ?? []).flatMap((one) => GROUPS[one] ?? [one.toLowerCase()]);

/** Whether an option or upload with these `file_types` takes the file; without any it takes all. */
export const takes = (types, file) => !types?.length || endings(types).some((ending) => file.name.toLowerCase().endsWith(ending));

/** For an input's `accept`. */
export const accepted = (types) => (types?.length ? endings(types).join(",") : null);

/** Let `node` take drops; `take(files)` gets them, and `over` is set on the node while something hovers. */
export function dropTarget(node, take) {
  let depth = 0;
  const mark = (by) => { depth = Math.max(0, depth + by); node.classList.toggle("over", depth > 0); };
  node.addEventListener("dragenter", (event) => { if (holdsFiles(event.dataTransfer)) { event.preventDefault(); mark(1); } });
  node.addEventListener("dragleave", (event) => { if (holdsFiles(event.dataTransfer)) mark(-1); });
  node.addEventListener("dragover", (event) => {
    if (!holdsFiles(event.dataTransfer)) return;
    event.preventDefault();
    event.stopPropagation();
    event.dataTransfer.dropEffect = "copy";
  });
  node.addEventListener("drop", async (event) => {
    if (!holdsFiles(event.dataTransfer)) return;
    event.preventDefault();
    event.stopPropagation();
    depth = 0;
    node.classList.remove("over");
    take(await filesOf(event.dataTransfer));
  });
}

/** A small picture of a file that waits to be sent, with a button to leave it out. */
export function preview(file, remove) {
  const kind = kindOf(file.name, file.type);
  const url = kind === "file" || kind === "audio" ? null : URL.createObjectURL(file);
  const release = () => { if (url) URL.revokeObjectURL(url); };
  const thumb = kind === "image" ? el("img", { src: url, alt: "", onLoad: release })
    : kind === "video" ? el("video", { src: url, muted: true, preload: "metadata" }) : icon("file", 28);
  return el("div", { class: "preview" }, el("span", { class: "preview-thumb" }, thumb),
    el("span", { class: "preview-name", title: file.name }, file.name), el("span", { class: "faint" }, bytes(file.size)),
    el("button", { type: "button", class: "icon-button", "aria-label": `Remove ${file.name}`, onClick: () => { release(); remove(); } }, icon("close", 16)));
}
