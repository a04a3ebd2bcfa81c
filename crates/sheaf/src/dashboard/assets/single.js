// Reads one document: a file that is dropped or chosen, or one that is here already.
"use strict";

const form = document.getElementById("read-one");
const token = document.querySelector("meta[name=csrf-token]").content;
if (form) {
  const said = document.getElementById("said");
  const bar = document.getElementById("bar");
  let isBusy = false;

  /** Sends a form or JSON to be read, and goes to the result. */
  const read = (body, type) => {
    if (isBusy) return;
    isBusy = true;
    const request = new XMLHttpRequest();
    request.open("POST", "/v1/extract");
    request.setRequestHeader("X-CSRF-Token", token);
    request.setRequestHeader("Idempotency-Key", [...crypto.getRandomValues(new Uint8Array(16))].join("."));
    if (type) request.setRequestHeader("Content-Type", type);
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = loaded / total;
      if (loaded === total) said.textContent = "Reading…";
    });
    request.addEventListener("loadend", () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* told below */ }
      if (request.status === 200) return location.assign(`/dashboard/extractions/${answer.id}`);
      isBusy = false;
      document.getElementById("reading").hidden = true;
      said.textContent = request.status === 401 ? "You have been signed out: sign in again, then try once more." : answer.detail || "The server could not be reached: try again.";
      said.className = "notice bad";
    });
    document.getElementById("reading").hidden = false;
    bar.value = 0;
    said.className = "hint";
    said.textContent = type ? "Reading…" : "Uploading…";
    request.send(body);
  };
  const template_id = () => form.elements.template_id.value;
  const readFile = (file) => {
    if (!file) return;
    const body = new FormData();
    body.append("template_id", template_id());
    body.append("file", file);
    read(body);
  };

  document.getElementById("file").addEventListener("change", (event) => {
    readFile(event.target.files[0]);
    event.target.value = "";
  });
  const drop = document.getElementById("drop");
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.toggle("over", drop.contains(event.target));
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    readFile(event.dataTransfer.files[0]);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("click", (event) => {
    const { read: document_id } = event.target.dataset;
    if (document_id) read(JSON.stringify({ document_id, template_id: template_id() }), "application/json");
  });
}
