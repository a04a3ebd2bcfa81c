// Uploads: several at a time, each with a bar, then one batch of all of them.
//
// Every file and the batch have an idempotency key of their own, so that whatever is sent again happens once. When the
// session ends half-way, what was uploaded stays and the rest waits until somebody has signed in again.
"use strict";

const AT_ONCE = 4;
const TRIES = 4;
const PASSING = new Set([0, 409, 429, 500, 502, 503, 504]);
const IGNORED = /^(\.|Thumbs\.db$|desktop\.ini$)/i;

const form = document.getElementById("new-batch");
if (form) start();

function start() {
  const at = (id) => document.getElementById(id);
  const uploads = [];
  const seen = new Set();
  let running = 0;
  let paused = false;
  let wanted = false;
  let creating = false;
  let leaving = false;
  let batch = { body: "", key: "" };
  let token = document.querySelector("meta[name=csrf-token]").content;
  let drawn = false;

  // ---- choosing -----------------------------------------------------------------------------------------------

  for (const input of [at("choose-files"), at("choose-folder")]) {
    input.addEventListener("change", () => {
      add([...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name })));
      input.value = "";
    });
  }
  const drop = at("drop");
  let inside = 0;
  drop.addEventListener("dragenter", () => { inside += 1; drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => { inside -= 1; if (inside === 0) drop.classList.remove("over"); });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    inside = 0;
    drop.classList.remove("over");
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    if (entries.length === 0) return add([...event.dataTransfer.files].map((file) => ({ file, path: file.name })));
    const found = [];
    for (const entry of entries) await walk(entry, found);
    add(found);
  });

  async function walk(entry, found) {
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      found.push({ file, path: entry.fullPath.replace(/^\//, "") });
    } else {
      const reader = entry.createReader();
      for (;;) {
        // A folder is read a hundred entries at a time.
        const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
        if (some.length === 0) break;
        for (const one of some) await walk(one, found);
      }
    }
  }

  async function add(chosen) {
    const files = [];
    for (const one of chosen) {
      if (!/\.zip$/i.test(one.file.name)) { files.push(one); continue; }
      notice("zip", `Unpacking ${one.path}…`);
      try {
        files.push(...await unzip(one.file, Number(form.dataset.maxBytes)));
        notice("zip", "");
      } catch (error) {
        notice("zip", `${one.path} was left out: ${error.message}.`);
      }
    }
    let twice = 0;
    for (const { file, path } of files) {
      if (IGNORED.test(file.name)) continue;
      const same = [path, file.size, path.includes(".zip/") ? 0 : file.lastModified].join("\n");
      if (seen.has(same)) { twice += 1; continue; }
      seen.add(same);
      const upload = { file, path, same, state: "waiting", loaded: 0, tries: 0, key: randomKey(), id: null, fault: "" };
      upload.row = row(upload);
      uploads.push(upload);
      at("list").append(upload.row.item);
      if (file.size === 0) fail(upload, "The file is empty.");
      else if (file.size > Number(form.dataset.maxBytes)) fail(upload, "The file is larger than the limit.");
    }
    notice("twice", twice ? `${plural(twice, "file was", "files were")} in the list already.` : "");
    draw();
    pump();
  }

  // ---- one file -----------------------------------------------------------------------------------------------

  function row(upload) {
    const item = element("li");
    const name = element("span", "name", upload.path);
    const bar = element("progress");
    bar.max = Math.max(upload.file.size, 1);
    bar.value = 0;
    bar.setAttribute("aria-label", `Upload of ${upload.path}`);
    const state = element("span", "state", "waiting");
    const retry = element("button", "quiet", "Retry");
    const leave = element("button", "quiet", "Leave out");
    for (const button of [retry, leave]) button.type = "button";
    retry.setAttribute("aria-label", `Retry ${upload.path}`);
    leave.setAttribute("aria-label", `Leave out ${upload.path}`);
    retry.hidden = true;
    retry.addEventListener("click", () => again(upload));
    leave.addEventListener("click", () => leaveOut(upload));
    item.append(name, state, bar, retry, leave);
    return { item, bar, state, retry, leave };
  }

  function show(upload) {
    const { item, bar, state, retry } = upload.row;
    const said = { waiting: "waiting", sending: "uploading", done: "uploaded", failed: upload.fault }[upload.state];
    item.className = upload.state;
    state.textContent = said;
    bar.value = upload.state === "done" ? bar.max : upload.loaded;
    retry.hidden = upload.state !== "failed";
    draw();
  }

  function fail(upload, fault) {
    upload.state = "failed";
    upload.fault = fault;
    upload.loaded = 0;
    show(upload);
  }

  function again(upload) {
    Object.assign(upload, { state: "waiting", tries: 0, loaded: 0 });
    show(upload);
    pump();
  }

  function leaveOut(upload) {
    upload.request?.abort();
    const next = upload.row.item.nextElementSibling || upload.row.item.previousElementSibling;
    uploads.splice(uploads.indexOf(upload), 1);
    seen.delete(upload.same);
    upload.state = "left";
    upload.row.item.remove();
    next?.querySelector("button:not([hidden])")?.focus();
    draw();
    pump();
  }

  at("retry-all").addEventListener("click", () => uploads.filter(isFailed).forEach(again));
  at("leave-all").addEventListener("click", () => uploads.filter(isFailed).forEach(leaveOut));

  // ---- sending ------------------------------------------------------------------------------------------------

  function pump() {
    while (!paused && running < AT_ONCE) {
      const upload = uploads.find((one) => one.state === "waiting");
      if (!upload) break;
      send(upload);
    }
    if (wanted && running === 0) create();
  }

  function send(upload) {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("file", upload.file, upload.file.name);
    request.open("POST", "/v1/documents");
    request.setRequestHeader("X-CSRF-Token", token);
    request.setRequestHeader("Idempotency-Key", upload.key);
    request.upload.addEventListener("progress", (event) => {
      upload.loaded = Math.min(event.loaded, upload.file.size);
      upload.row.bar.value = upload.loaded;
      draw();
    });
    request.addEventListener("loadend", () => {
      running -= 1;
      upload.request = null;
      if (upload.state === "sending") answered(upload, request);
      pump();
    });
    upload.request = request;
    upload.state = "sending";
    upload.tries += 1;
    running += 1;
    show(upload);
    request.send(body);
  }

  function answered(upload, request) {
    const answer = parse(request.responseText);
    if (request.status === 201 && answer.id) {
      upload.state = "done";
      upload.id = answer.id;
      upload.loaded = upload.file.size;
      return show(upload);
    }
    if (request.status === 401 || request.status === 403) {
      upload.state = "waiting";
      upload.loaded = 0;
      show(upload);
      return pause();
    }
    if (PASSING.has(request.status) && upload.tries < TRIES) {
      upload.loaded = 0;
      upload.state = "resting";
      setTimeout(() => {
        if (upload.state !== "resting") return;
        upload.state = "waiting";
        pump();
      }, 500 * 2 ** upload.tries);
      return;
    }
    fail(upload, request.status === 0 ? "The server could not be reached." : answer.detail || "The upload failed.");
  }

  // ---- when the session has ended -----------------------------------------------------------------------------

  async function pause() {
    if (paused) return;
    paused = true;
    // Another session may be there already, whose token is a new one.
    if (await refresh()) return resume();
    const text = notice("session", "You have been signed out. Nothing is lost: sign in in another tab, then go on. ");
    const link = element("a", "button", "Sign in");
    link.href = "/dashboard/sign-in";
    link.target = "_blank";
    const button = element("button", "primary", "Go on");
    button.type = "button";
    button.addEventListener("click", async () => { if (await refresh()) resume(); });
    text.append(link, " ", button);
  }

  async function refresh() {
    const answer = await fetch("/dashboard/session", { redirect: "manual" }).catch(() => null);
    if (!answer?.ok) return false;
    const fresh = (await answer.json()).csrf_token;
    const isNew = fresh !== token;
    token = fresh;
    return isNew;
  }

  function resume() {
    paused = false;
    notice("session", "");
    pump();
  }

  // ---- the batch ----------------------------------------------------------------------------------------------

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (uploads.length === 0 || wanted) return;
    wanted = true;
    notice("start", "");
    draw();
    pump();
  });

  async function create() {
    if (creating || paused || uploads.some((one) => one.state === "waiting" || one.state === "resting")) return;
    const failed = uploads.filter(isFailed).length;
    if (failed > 0 || uploads.length === 0) {
      wanted = false;
      notice("start", failed ? `${plural(failed, "file", "files")} could not be uploaded: retry or leave out, then start.` : "");
      return draw();
    }
    creating = true;
    draw();
    const body = JSON.stringify({
      name: at("name").value,
      template_id: at("template").value,
      use_llm: at("use-llm").checked,
      document_ids: uploads.map((one) => one.id),
    });
    if (batch.body !== body) batch = { body, key: randomKey() };
    for (let tries = 0; ; tries += 1) {
      const answer = await fetch("/v1/batches", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRF-Token": token, "Idempotency-Key": batch.key },
        body,
      }).catch(() => null);
      const told = answer ? parse(await answer.text()) : {};
      if (answer?.status === 202) {
        leaving = true;
        location.assign(`/dashboard/batches/${told.id}`);
        return;
      }
      const status = answer?.status ?? 0;
      if (PASSING.has(status) && tries < TRIES) {
        await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** tries));
        continue;
      }
      creating = false;
      if (status === 401 || status === 403) {
        pause();
      } else {
        wanted = false;
        notice("start", `The batch was not started. ${told.detail || "The server could not be reached."}`);
      }
      return draw();
    }
  }

  window.addEventListener("beforeunload", (event) => {
    if (uploads.length > 0 && !leaving) event.preventDefault();
  });

  // ---- the whole ----------------------------------------------------------------------------------------------

  function draw() {
    if (drawn) return;
    drawn = true;
    requestAnimationFrame(() => { drawn = false; drawNow(); });
  }

  let tenth = -1;
  function drawNow() {
    const total = uploads.reduce((sum, one) => sum + one.file.size, 0);
    const loaded = uploads.reduce((sum, one) => sum + one.loaded, 0);
    const done = uploads.filter((one) => one.state === "done").length;
    const failed = uploads.filter(isFailed).length;
    at("whole").hidden = uploads.length === 0;
    at("whole-bar").max = Math.max(total, 1);
    at("whole-bar").value = loaded;
    at("whole-text").textContent = `${done} of ${uploads.length} uploaded, ${size(loaded)} of ${size(total)}` +
      (failed ? `, ${failed} failed` : "");
    at("retry-all").hidden = at("leave-all").hidden = failed < 2;
    at("count").textContent = uploads.length === 0 ? "No documents yet" : plural(uploads.length, "document", "documents");
    const remaining = form.dataset.remaining;
    const over = remaining !== undefined && uploads.length > Number(remaining);
    notice("quota", over ? `That is more than the ${remaining} documents left this month: leave some out.` : "");
    const button = at("start");
    button.disabled = uploads.length === 0 || over || wanted;
    button.textContent = creating ? "Starting…" : wanted ? "Starts when all files are here…" : "Start";
    const now = Math.floor((10 * done) / Math.max(uploads.length, 1));
    if (now !== tenth) {
      tenth = now;
      at("announce").textContent = uploads.length ? `${done} of ${uploads.length} files uploaded` : "";
    }
  }

  function notice(name, text) {
    const id = `notice-${name}`;
    let node = at(id);
    if (!text) { node?.remove(); return null; }
    if (!node) {
      node = element("p", "notice warn");
      node.id = id;
      at("notices").append(node);
    }
    if (node.textContent !== text) node.textContent = text;
    return node;
  }
}

function isFailed(upload) { return upload.state === "failed"; }

function element(name, className = "", text = "") {
  const node = document.createElement(name);
  node.className = className;
  node.textContent = text;
  return node;
}

function parse(text) {
  try { return JSON.parse(text); } catch { return {}; }
}

function plural(n, one, many) { return `${n} ${n === 1 ? one : many}`; }

function size(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Unlike crypto.randomUUID, also there where a page came without TLS. */
function randomKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
