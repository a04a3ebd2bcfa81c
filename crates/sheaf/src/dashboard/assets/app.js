// What every page needs: times in the browser's zone, questions before what cannot be undone, copying.
"use strict";

const formats = {
  date: new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" }),
  moment: new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }),
};

/** Puts the times inside an element into the browser's zone. */
function localiseTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (!isNaN(moment)) time.textContent = formats[time.dataset.show || "moment"].format(moment);
  }
}

localiseTimes(document);

// What changes by itself is told to screen readers when it has become something else.
document.addEventListener("htmx:afterSwap", () => {
  const live = document.getElementById("live");
  const announce = document.getElementById("announce");
  if (live && announce && announce.textContent !== live.dataset.said) announce.textContent = live.dataset.said;
});

document.addEventListener("htmx:afterSwap", (event) => localiseTimes(event.detail.target.parentElement || document));

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = document.querySelector("meta[name=csrf-token]").content;
});

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

for (const code of document.querySelectorAll("[data-link]")) code.textContent = location.origin + code.dataset.link;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const text = button.dataset.copy;
  await navigator.clipboard.writeText(text.startsWith("/") ? location.origin + text : text);
  button.textContent = "Copied";
});
