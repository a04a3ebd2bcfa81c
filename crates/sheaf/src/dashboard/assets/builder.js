// The visual builder: boxes drawn on a sample become fields, and what the template would read shows up at once.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const at = (id) => document.getElementById(id);
const builder = at("builder");
const pages = at("pages");
const token = document.querySelector("meta[name=csrf-token]").content;
const spec = JSON.parse(builder.dataset.spec);
const id = builder.dataset.id;
let sample = null;
let results = [];
let replayed = "";
let asked = 0;

// ---- asking the server ------------------------------------------------------------------------------------------

async function ask(method, url, body, headers = {}) {
  const isForm = body instanceof FormData;
  const type = isForm ? {} : { "Content-Type": "application/json" };
  const answer = await fetch(url, {
    method,
    headers: { "X-CSRF-Token": token, ...type, ...headers },
    body: isForm ? body : JSON.stringify(body),
  }).catch(() => null);
  const told = answer ? await answer.json().catch(() => ({})) : {};
  if (answer?.ok) return told;
  const faults = (told.errors || []).map(({ pointer, detail }) => `${pointer}: ${detail}`).join("; ");
  throw new Error(faults || told.detail || "The server could not be reached.");
}

function tell(text, isBad = true) {
  at("told").replaceChildren();
  if (!text) return;
  const notice = document.createElement("p");
  notice.className = isBad ? "notice bad" : "notice";
  notice.textContent = text;
  at("told").append(notice);
}

// ---- the sample -------------------------------------------------------------------------------------------------

at("sample").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (!file) return;
  tell("Uploading the sample…", false);
  const body = new FormData();
  body.append("file", file);
  try {
    show((await ask("POST", "/v1/documents", body)).id);
  } catch (error) {
    tell(error.message);
  }
});
at("known-sample")?.addEventListener("change", (event) => event.target.value && show(event.target.value));

/** Reads a sample and shows its pages. */
async function show(document_id) {
  tell("Reading the sample…", false);
  try {
    const { pages: count } = await ask("POST", "/dashboard/templates/preview", { document_id });
    sample = document_id;
    pages.replaceChildren(...Array.from({ length: Math.min(count, 20) }, (_, i) => figure(i + 1)));
    tell("");
    await preview();
  } catch (error) {
    tell(error.message);
  }
}

function figure(number) {
  const page = document.createElement("figure");
  page.className = "page drawable";
  page.dataset.page = number;
  const image = document.createElement("img");
  image.src = `/v1/documents/${sample}/pages/${number}?width=1200`;
  image.alt = `Page ${number} of the sample`;
  image.loading = "lazy";
  image.draggable = false;
  const layer = document.createElementNS(SVG, "svg");
  layer.setAttribute("viewBox", "0 0 1 1");
  layer.setAttribute("preserveAspectRatio", "none");
  const caption = document.createElement("figcaption");
  caption.className = "hint";
  caption.textContent = `Page ${number}`;
  page.append(image, layer, caption);
  drawOn(page, layer);
  return page;
}

function rect([x0, y0, x1, y1], name) {
  const made = document.createElementNS(SVG, "rect");
  for (const [key, value] of Object.entries({ x: x0, y: y0, width: x1 - x0, height: y1 - y0, class: name })) {
    made.setAttribute(key, value);
  }
  return made;
}

/** Lets boxes be drawn on a page. */
function drawOn(page, layer) {
  let from = null;
  let box = null;
  const place = (event) => {
    const { left, top, width, height } = layer.getBoundingClientRect();
    const share = (value) => Math.min(1, Math.max(0, value));
    return [share((event.clientX - left) / width), share((event.clientY - top) / height)];
  };
  const edges = ([x, y]) => [Math.min(from[0], x), Math.min(from[1], y), Math.max(from[0], x), Math.max(from[1], y)];
  layer.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    layer.setPointerCapture(event.pointerId);
    from = place(event);
  });
  layer.addEventListener("pointermove", (event) => {
    if (!from) return;
    box?.remove();
    box = rect(edges(place(event)), "found");
    layer.append(box);
  });
  layer.addEventListener("pointercancel", () => { from = null; box?.remove(); });
  layer.addEventListener("pointerup", async (event) => {
    if (!from) return;
    const bbox = edges(place(event));
    from = null;
    if (bbox[2] - bbox[0] > 0.004 && bbox[3] - bbox[1] > 0.003) await propose(Number(page.dataset.page), bbox);
    box?.remove();
  });
}

async function propose(page, bbox) {
  try {
    const field = await ask("POST", "/dashboard/templates/propose", { document_id: sample, page, bbox });
    tell("");
    const names = spec.fields.map(({ name }) => name);
    const base = field.name;
    for (let n = 2; names.includes(field.name); n += 1) field.name = `${base}_${n}`;
    spec.fields.push(field);
    list();
    at("field-list").lastElementChild.querySelector("[data-member=name]").select();
    await preview();
  } catch (error) {
    tell(error.message);
  }
}

// ---- fields -----------------------------------------------------------------------------------------------------

const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
const many = (anchor) => (anchor === undefined ? [] : [anchor].flat());

/** Each member of a field as it is typed, and back. */
const members = {
  name: [(field) => field.name, (text) => text.trim()],
  type: [(field) => field.type, (text) => text],
  anchor: [(field) => many(field.anchor).join("\n"), (text) => lines(text)],
  enum_values: [(field) => (field.enum_values || []).join("\n"), (text) => lines(text)],
  description: [(field) => field.description || "", (text) => text.trim() || undefined],
  columns: [
    (field) => (field.columns || []).map((column) => [column.name, column.type, ...many(column.anchor)].join(", ")).join("\n"),
    (text, field) => lines(text).map((line) => {
      const [name, type = "text", ...anchor] = line.split(",").map((part) => part.trim());
      const known = (field.columns || []).find((column) => column.name === name);
      return { ...known, name, type, anchor };
    }),
  ],
};

function list() {
  at("field-list").replaceChildren(...spec.fields.map(card));
  at("field-count").textContent = spec.fields.length === 1 ? "1 field" : `${spec.fields.length || "No"} fields`;
  at("save").disabled = spec.fields.length === 0;
  at("save").textContent = id ? "Check and save" : "Save";
}

function card(field, index) {
  const made = at("field-template").content.cloneNode(true).firstElementChild;
  made.dataset.index = index;
  made.querySelector("h2").textContent = field.name || "new field";
  for (const button of made.querySelectorAll("[data-do]")) {
    button.setAttribute("aria-label", `${button.textContent} ${field.name}`);
  }
  for (const input of made.querySelectorAll("[data-member]")) {
    const { member } = input.dataset;
    if (member === "required") input.checked = Boolean(field.required);
    else input.value = members[member][0](field);
  }
  for (const part of made.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== field.type;
  return made;
}

/** Takes in what was typed or chosen in a field's card. */
function take(event) {
  const made = event.target.closest("article");
  const field = spec.fields[made.dataset.index];
  const { member } = event.target.dataset;
  if (member === "required") field.required = event.target.checked;
  else field[member] = members[member][1](event.target.value, field);
  if (member === "type") {
    if (field.type !== "enum") delete field.enum_values;
    if (field.type !== "table") delete field.columns;
    for (const part of made.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== field.type;
  }
  if (member === "name") made.querySelector("h2").textContent = field.name;
  later();
}
at("field-list").addEventListener("input", take);
// A choice that a program makes for a person, as screen readers do, may tell no more than that it is made.
at("field-list").addEventListener("change", take);

at("field-list").addEventListener("click", (event) => {
  const action = event.target.closest("[data-do]")?.dataset.do;
  if (!action) return;
  const index = Number(event.target.closest("article").dataset.index);
  const [field] = spec.fields.splice(index, 1);
  const to = { up: Math.max(0, index - 1), down: Math.min(spec.fields.length, index + 1) }[action];
  if (to !== undefined) spec.fields.splice(to, 0, field);
  list();
  const next = at("field-list").children[to ?? Math.min(index, spec.fields.length - 1)];
  (next?.querySelector(`[data-do=${action}]`) || at("add")).focus();
  preview();
});

at("add").addEventListener("click", () => {
  spec.fields.push({ name: "", type: "text" });
  list();
  at("field-list").lastElementChild.querySelector("input").focus();
});
at("template-name").addEventListener("input", (event) => { spec.name = event.target.value; });

// ---- what it reads ----------------------------------------------------------------------------------------------

let timer = 0;
function later() {
  clearTimeout(timer);
  timer = setTimeout(preview, 400);
}

/** Shows what the template as it is now reads from the sample. */
async function preview() {
  if (!sample) return;
  const turn = (asked += 1);
  try {
    const template = { ...spec, name: spec.name || "draft" };
    results = spec.fields.length ? (await ask("POST", "/dashboard/templates/preview", { document_id: sample, template })).fields : [];
    if (turn === asked) tell("");
  } catch (error) {
    if (turn === asked) tell(error.message);
    return;
  }
  if (turn !== asked) return;
  for (const old of pages.querySelectorAll("rect.good, rect.warn, rect.bad")) old.remove();
  for (const made of at("field-list").children) {
    const result = results.find(({ name }) => name === spec.fields[made.dataset.index].name);
    const said = made.querySelector("[data-value]");
    const isFound = result && result.value !== null;
    said.classList.toggle("none", !isFound);
    said.textContent = !isFound ? "nothing found on the sample" : `${words(result)} (${Math.round(result.confidence * 100)} % sure)`;
    if (result) mark(result);
  }
}

function words({ value, currency }) {
  if (Array.isArray(value)) return value.length === 1 ? "1 row" : `${value.length} rows`;
  return currency ? `${value} ${currency}` : value;
}

function mark(result) {
  const level = result.confidence >= spec.confidence_threshold ? "good" : "warn";
  const cells = (result.cells || []).flatMap((row) => Object.values(row));
  for (const { page, bbox } of cells.length ? cells : [result]) {
    if (!bbox) continue;
    const box = rect(bbox, level);
    const title = document.createElementNS(SVG, "title");
    title.textContent = result.name;
    box.append(title);
    pages.querySelector(`[data-page="${page}"] svg`)?.append(box);
  }
}

// ---- saving -----------------------------------------------------------------------------------------------------

at("draft").addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = JSON.stringify(spec);
  at("save").disabled = true;
  try {
    if (id && replayed !== body) {
      await replay();
      replayed = body;
    } else {
      const { version } = builder.dataset;
      const saved = id
        ? await ask("PUT", `/v1/templates/${id}`, spec, { "If-Match": `"${version}"` })
        : await ask("POST", "/v1/templates", spec);
      location.assign(`/dashboard/templates/${saved.id}`);
    }
  } catch (error) {
    tell(error.message);
    at("told").scrollIntoView({ block: "center" });
  }
  at("save").disabled = false;
});

/** Tells which values of documents that were read before would be others. */
async function replay() {
  at("replay").hidden = false;
  at("replay-told").textContent = "Trying the change on them…";
  const { documents, unreadable, changes } = await ask("POST", `/dashboard/templates/${id}/replay`, { template: spec });
  const count = `${documents} of the latest documents tried${unreadable ? `, ${unreadable} could not be read` : ""}`;
  const summary = document.createElement("p");
  summary.textContent = documents === 0 ? "There are none yet to try the change on." : changes.length === 0 ? `${count}: no value would change.` : `${count}: ${changes.length === 1 ? "1 value" : `${changes.length} values`} would change.`;
  const table = document.createElement("table");
  const row = (cells, kind) => {
    const made = table.insertRow();
    for (const cell of cells) {
      const one = document.createElement(kind);
      one.append(cell ?? "no value");
      made.append(one);
    }
  };
  if (changes.length) row(["Document", "Field", "Now", "Then"], "th");
  for (const { extraction_id, filename, field, before, after } of changes.slice(0, 200)) {
    const link = document.createElement("a");
    link.href = `/dashboard/extractions/${extraction_id}`;
    link.textContent = filename;
    row([link, field, before, after], "td");
  }
  const scroll = document.createElement("div");
  scroll.className = "scroll";
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "Values that would change");
  scroll.append(table);
  at("replay-told").replaceChildren(summary, ...(changes.length ? [scroll] : []));
  at("save").textContent = `Save version ${Number(builder.dataset.version) + 1}`;
  at("replay").scrollIntoView({ block: "nearest" });
}

at("template-name").value = spec.name;
list();
if (at("known-sample")?.value) show(at("known-sample").value);
