// A document's fields beside its pages: whichever is pointed at or focused lights up the other. The keys of a review. While
// a value is corrected, the words on the page can be clicked, and what is typed is looked up there.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const pages = document.getElementById("pages");
const allFields = () => [...document.querySelectorAll("article.field")];
const openFields = () => allFields().filter((field) => field.matches(".open"));
const here = () => document.activeElement.closest?.("article.field");

// ---- fields and boxes -------------------------------------------------------------------------------------------

/** The boxes of a field or cell, or what a box belongs to. */
function partners(key) {
  const same = CSS.escape(key);
  return [...document.querySelectorAll(`[data-key="${same}"], rect[data-key^="${same}-"]`)];
}

function light(from) {
  for (const lit of document.querySelectorAll(".lit")) lit.classList.remove("lit");
  if (!from) return;
  const found = partners(from.dataset.key);
  for (const one of found) one.classList.add("lit");
  const isBox = from.matches("rect");
  const other = found.find((one) => one.matches("rect") !== isBox);
  if (!other) return;
  if (isBox) other.closest(".field").scrollIntoView({ block: "nearest" });
  else centre(other);
}

/** Brings a box into the middle of what is seen of the pages. */
function centre(box) {
  const [view, place] = [pages.getBoundingClientRect(), box.getBoundingClientRect()];
  const isScrolled = pages.scrollHeight > pages.clientHeight + 1;
  if (isScrolled && (place.top < view.top + 40 || place.bottom > view.bottom - 40)) {
    pages.scrollBy({ top: place.top - view.top - view.height / 2 });
  }
}

for (const kind of ["mouseover", "focusin"]) {
  document.addEventListener(kind, (event) => {
    const keyed = event.target.closest("[data-key]");
    if (keyed || kind === "focusin") light(keyed);
  });
}

pages.addEventListener("click", (event) => {
  const key = event.target.closest(".marks rect")?.dataset.key;
  const field = key && allFields().find((one) => one.id === key || key.startsWith(`${one.id}-`));
  if (field) field.focus();
});

// A page that cannot be drawn says so instead of showing a broken picture.
for (const image of document.querySelectorAll(".page img")) {
  const fail = () => image.closest(".page").classList.add("undrawn");
  if (image.complete && image.naturalWidth === 0 && image.currentSrc) fail();
  image.addEventListener("error", fail);
}

// ---- keys -------------------------------------------------------------------------------------------------------

function go(step) {
  const among = openFields().length ? openFields() : allFields();
  const at = among.indexOf(here());
  focusField(among[at < 0 ? 0 : (at + step + among.length) % among.length]);
}

function focusField(field) {
  field?.focus({ preventScroll: true });
  field?.scrollIntoView({ block: "nearest" });
}

/** The first open field at or after a place in the list. */
function nextOpen(from) {
  return allFields().slice(from).find((field) => field.matches(".open")) || openFields()[0];
}

const keys = {
  j: () => go(1),
  n: () => go(1),
  k: () => go(-1),
  a: () => (here() || openFields()[0])?.querySelector(".approve")?.click(),
  o: () => here()?.querySelector(".other button")?.click(),
  c: () => {
    const details = (here() || openFields()[0])?.querySelector(".correct");
    if (!details) return;
    details.open = true;
    const input = details.querySelector("input:not([type=hidden]), select");
    input.focus();
    input.select?.();
  },
  u: () => (here()?.querySelector(".undo") || lastUndo())?.click(),
};

/** What takes back the latest decision about this document, else the one before about another. */
function lastUndo() {
  const when = (button) => button.form.querySelector("time").dateTime;
  const latest = [...document.querySelectorAll(".field .undo")].sort((a, b) => when(a).localeCompare(when(b))).pop();
  return latest || document.querySelector(".undo");
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target.matches("input, select, textarea");
  if (event.key === "Escape" && isTyping) {
    const field = here();
    field.querySelector(".correct").open = false;
    return field.focus();
  }
  const action = !isTyping && keys[event.key];
  if (action) {
    event.preventDefault();
    action();
  }
});

// After a decision the next open field is at hand.
let place = 0;
document.addEventListener("htmx:beforeSwap", () => { place = Math.max(0, allFields().indexOf(here())); });
document.addEventListener("htmx:afterSettle", () => {
  pick(null);
  const refused = document.querySelector(".field:has([role=alert])");
  if (refused) return refused.querySelector(".correct input:not([type=hidden])").focus();
  focusField(nextOpen(place) || allFields()[place]);
});

// ---- picking words ----------------------------------------------------------------------------------------------

let picking = null;
let picked = [];
let lookup = 0;

document.addEventListener("focusin", (event) => {
  if (event.target.matches(".correct input[data-column], .correct input[name=value]")) pick(event.target);
});
document.addEventListener("toggle", (event) => {
  if (!event.target.open && event.target.contains(picking)) pick(null);
}, true);

/** Lets words be clicked for an input, or ends that. */
function pick(input) {
  if (input === picking) return;
  picking = input;
  picked = [];
  pages.classList.toggle("picking", Boolean(input));
  showFound([]);
  showPicked();
  if (!input) return;
  for (const page of document.querySelectorAll(".page")) seen.observe(page);
  if (input.value) look();
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (entry.isIntersecting && picking) loadWords(entry.target);
  }
}, { root: null });

/** Puts a page's words over it, once; of a scan they are recognised first. */
function loadWords(page) {
  page.words ??= fetchWords(page).catch(() => { page.words = null; });
  return page.words;
}

async function fetchWords(page) {
  const { document: id } = document.getElementById("fields").dataset;
  const answer = await fetch(`/v1/documents/${id}/pages/${page.dataset.page}/words`);
  if (!answer.ok) throw new Error("there are no words");
  const layer = page.querySelector("svg.words");
  const { data } = await answer.json();
  for (const [order, word] of data.entries()) {
    const rect = box(word.bbox, "word");
    Object.assign(rect.dataset, { text: word.text, order });
    layer.append(rect);
  }
}

function box([x0, y0, x1, y1], name) {
  const rect = document.createElementNS(SVG, "rect");
  for (const [key, value] of Object.entries({ x: x0, y: y0, width: x1 - x0, height: y1 - y0, class: name })) {
    rect.setAttribute(key, value);
  }
  rect.bbox = [x0, y0, x1, y1];
  return rect;
}

/** A click takes a word, a second one gives it back; words of another page start anew. */
pages.addEventListener("click", (event) => {
  const word = event.target.closest("rect.word");
  if (!word || !picking) return;
  const isKnown = picked.includes(word);
  if (isKnown) picked = picked.filter((one) => one !== word);
  else picked = [...picked.filter((one) => one.closest(".page") === word.closest(".page")), word];
  picked.sort((a, b) => a.dataset.order - b.dataset.order);
  picking.value = picked.map((one) => one.dataset.text).join(" ");
  showPicked();
  look();
  picking.focus();
});

function showPicked() {
  for (const word of document.querySelectorAll("rect.picked")) word.classList.remove("picked");
  for (const word of picked) word.classList.add("picked");
  const form = picking?.form;
  if (!form?.elements.bbox) return;
  const edges = [0, 1, 2, 3].map((edge) => {
    const all = picked.map((word) => word.bbox[edge]);
    return edge < 2 ? Math.min(...all) : Math.max(...all);
  });
  form.elements.bbox.value = picked.length ? edges.join(",") : "";
  form.elements.page.value = picked.length ? picked[0].closest(".page").dataset.page : "";
  form.elements.source.value = picked.map((word) => word.dataset.text).join(" ");
}

document.addEventListener("input", (event) => {
  if (event.target !== picking) return;
  picked = [];
  showPicked();
  clearTimeout(lookup);
  lookup = setTimeout(look, 200);
});

/** Shows how what stands in the input is read, and where the document says it. */
async function look() {
  const input = picking;
  const text = input?.value.trim();
  const said = input?.form.querySelector("[data-read]");
  if (!text) {
    if (said) said.textContent = "";
    return showFound([]);
  }
  const query = new URLSearchParams({ field: input.closest(".field").dataset.field, text });
  if (input.dataset.column) query.set("column", input.dataset.column);
  const { extraction } = document.getElementById("fields").dataset;
  said.textContent = "Looking on the document…";
  // It is read once, for both.
  await loadWords(document.querySelector(".page"));
  if (input !== picking || input.value.trim() !== text) return;
  const answer = await fetch(`/dashboard/extractions/${extraction}/find?${query}`).catch(() => null);
  if (input !== picking || input.value.trim() !== text) return;
  if (!answer?.ok) {
    said.textContent = "";
    return;
  }
  const { value, places } = await answer.json();
  const read = value === null ? "This is no value of the field's type." : value === text ? "" : `Read as ${value}. `;
  const where = places.length === 0 ? "Not found on the document." : places.length === 1 ? "Found in one place." : `Found in ${places.length} places: click the right one.`;
  said.textContent = value === null ? read : read + where;
  showFound(places);
}

function showFound(places) {
  for (const old of document.querySelectorAll("rect.found")) old.remove();
  for (const { page, bbox } of places) {
    document.querySelector(`.page[data-page="${page}"] svg.words`)?.prepend(box(bbox, "found"));
  }
  const first = document.querySelector("rect.found");
  if (first && !picked.length) centre(first);
}

// ---- at the start -----------------------------------------------------------------------------------------------

if (openFields().length) loadWords(document.querySelector(".page"));
const target = document.getElementById(location.hash.slice(1));
focusField(nextOpen(Math.max(0, allFields().indexOf(target))) || target);
