/** A modal that the bot opened: text inputs, selects, files, radios and checkboxes, each under its label. */

import { api } from "./api.js";
import { el, icon, uid } from "./dom.js";
import { accepted, dropTarget, preview, takes } from "./files.js";
import { fail, watch } from "./interactions.js";
import { listbox } from "./listbox.js";
import { markdown } from "./markdown.js";
import { selectOptions } from "./components.js";
import { bot, displayName, store } from "./store.js";

/** Draw `modal` over the page and send what was filled in as the answer to `interactionId`. */
export function openModal(interactionId, modal) {
  document.querySelectorAll("dialog.modal").forEach((one) => one.close());
  const fields = [];
  const body = (modal.components ?? []).map((one) => row(one, fields));
  const error = el("p", { class: "form-error", role: "alert", hidden: true });
  const submit = el("button", { type: "submit", class: "button primary" }, "Submit");
  const title = uid("modal");
  const box = el("dialog", { class: "modal", "aria-labelledby": title });
  const form = el("form", { method: "dialog", novalidate: true },
    el("header", {}, el("div", {}, el("h2", { id: title }, modal.title), el("p", { class: "faint" }, `This form is from ${displayName(bot())}`)),
      el("button", { type: "button", class: "icon-button", "aria-label": "Close", onClick: () => box.close() }, icon("close"))),
    el("div", { class: "modal-body" }, body), error,
    el("footer", {}, el("button", { type: "button", class: "button secondary", onClick: () => box.close() }, "Cancel"), submit));
  const complain = (text) => { error.textContent = text; error.hidden = !text; submit.disabled = false; };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wrong = fields.filter((field) => !field.check());
    if (wrong.length) { wrong[0].focus(); return; }
    submit.disabled = true;
    complain("");
    submit.disabled = true;
    await send(interactionId, fields, box, complain);
  });
  box.addEventListener("close", () => { box.remove(); document.getElementById("composer-input")?.focus(); });
  box.append(form);
  document.body.append(box);
  box.showModal();
  (fields[0] ?? submit).focus();
}

async function send(interactionId, fields, box, complain) {
  const values = {};
  const files = [];
  for (const field of fields) {
    if (field.files) for (const file of field.files()) files.push([field.id, file]);
    else values[field.id] = field.value();
  }
  try {
    const { interaction_id: sent } = await api.modal({ as: store.me, interaction_id: interactionId, values }, files);
    watch(sent ?? interactionId, { title: "", onFailure: (reason) => (box.open ? complain(reason) : fail(sent, reason)), messageId: null, done: () => {} });
    box.close();
  } catch (error) {
    complain(error.message);
  }
}

function row(data, fields) {
  if (data.type === 10) return el("div", { class: "markdown" }, markdown(data.content));
  if (data.type === 1) return (data.components ?? []).map((one) => labelled(one, one.label, null, fields));
  if (data.type === 18) return labelled(data.component, data.label, data.description, fields);
  return labelled(data, data.label, null, fields);
}

function labelled(data, label, description, fields) {
  const make = MAKERS[data.type];
  if (!make) return el("p", { class: "faint" }, `[a component of type ${data.type}]`);
  const id = uid("field");
  const hint = el("p", { class: "form-error", id: `${id}-error`, hidden: true });
  const field = make(data, { id, label: label ?? data.label ?? "", describedBy: `${id}-hint ${id}-error` });
  const required = data.required !== false && data.type !== 23;
  fields.push({
    id: data.custom_id, ...field,
    check: () => {
      const problem = field.problem?.(required) ?? null;
      hint.textContent = problem ?? "";
      hint.hidden = !problem;
      return !problem;
    },
  });
  const mark = required ? el("span", { class: "required", "aria-hidden": "true" }, " *") : null;
  const name = data.type === 23 ? null : field.group ? el("span", { class: "label", id }, label, mark) : el("label", { class: "label", for: id }, label, mark);
  return el("div", { class: "field-row" }, name, description ? el("p", { class: "faint", id: `${id}-hint` }, description) : null, field.node, hint);
}

function textInput(data, { id, describedBy }) {
  const long = data.style === 2;
  const input = el(long ? "textarea" : "input", {
    id, class: "input", placeholder: data.placeholder, value: data.value ?? "", rows: long ? 4 : null, type: long ? null : "text",
    maxlength: data.max_length ?? 4000, "aria-describedby": describedBy, required: data.required !== false,
  });
  const problem = (required) => {
    const size = [...input.value].length;
    if (required && !input.value.trim()) return "This field is required";
    if (size && data.min_length && size < data.min_length) return `Must be at least ${data.min_length} characters`;
    return null;
  };
  return { node: input, value: () => input.value, focus: () => input.focus(), problem };
}

function choice(data, { label }) {
  const min = data.min_values ?? 1;
  const box = listbox({ options: selectOptions(data), placeholder: data.placeholder ?? "Make a selection", min: 0, max: data.max_values ?? 1, label });
  const problem = (required) => {
    const count = box.values().length;
    return (required || count) && count < Math.max(min, required ? 1 : 0) ? `Choose at least ${Math.max(1, min)}` : null;
  };
  return { node: box.node, value: box.values, focus: box.focus, problem, group: true };
}

function upload(data, { id, describedBy, label }) {
  let files = [];
  const max = data.max_values ?? 1;
  const list = el("div", { class: "previews" });
  const draw = () => list.replaceChildren(...files.map((file) => preview(file, () => { files = files.filter((one) => one !== file); draw(); })));
  const take = (more) => { files = [...files, ...more.filter((one) => takes(data.file_types, one))].slice(-max); draw(); };
  const input = el("input", { id, type: "file", multiple: max > 1, accept: accepted(data.file_types), "aria-describedby": describedBy, "aria-label": label,
    onChange: () => { take([...input.files]); input.value = ""; } });
  const zone = el("div", { class: "dropzone" }, icon("file", 28), el("span", {}, max > 1 ? `Drop up to ${max} files or ` : "Drop a file or ", el("b", {}, "choose one")), input);
  dropTarget(zone, take);
  const min = data.min_values ?? 1;
  const problem = (required) => (required && files.length < Math.max(1, min) ? "A file is required" : null);
  return { node: el("div", {}, zone, list), value: () => [], files: () => files, focus: () => input.focus(), problem, take };
}

function group(kind) {
  return (data, { id, describedBy }) => {
    const name = uid("group");
    const inputs = (data.options ?? []).map((one) => el("input", { type: kind, name, value: one.value, checked: Boolean(one.default) }));
    const node = el("div", { class: "choices", role: kind === "radio" ? "radiogroup" : "group", "aria-labelledby": id, "aria-describedby": describedBy },
      (data.options ?? []).map((one, i) => el("label", { class: "choice" }, inputs[i], el("span", {}, one.label, one.description ? el("small", {}, one.description) : null))));
    const chosen = () => inputs.filter((one) => one.checked).map((one) => one.value);
    const problem = (required) => {
      if (required && !chosen().length) return "Choose one";
      if (data.max_values && chosen().length > data.max_values) return `Choose at most ${data.max_values}`;
      return null;
    };
    return { node, value: () => (kind === "radio" ? chosen()[0] ?? null : chosen()), focus: () => inputs[0]?.focus(), problem, group: true };
  };
}

function checkbox(data, { id, label }) {
  const input = el("input", { type: "checkbox", id, checked: Boolean(data.default) });
  return { node: el("label", { class: "choice" }, input, el("span", {}, label)), value: () => input.checked, focus: () => input.focus() };
}

const MAKERS = { 3: choice, 4: textInput, 5: choice, 6: choice, 7: choice, 8: choice, 19: upload, 21: group("radio"), 22: group("checkbox"), 23: checkbox };
