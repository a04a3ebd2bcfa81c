// A template's file is put where its JSON would be typed.
"use strict";

document.getElementById("import-file").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (file) event.target.form.elements.template.value = await file.text();
});
