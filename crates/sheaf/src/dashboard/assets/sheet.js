// The contact sheet: says how many values are ticked.
"use strict";

const form = document.getElementById("sheet");
if (form) {
  const boxes = [...form.querySelectorAll("input[type=checkbox]")];
  const count = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    document.getElementById("ticked").textContent = `${ticked} of ${boxes.length} ticked`;
    document.getElementById("approve").disabled = ticked === 0;
  };
  form.addEventListener("change", count);
  document.getElementById("untick").addEventListener("click", () => {
    for (const box of boxes) box.checked = false;
    count();
  });
  count();
}
