"use strict";
// How many characters are left, while somebody types. Without this script the limit stands there.
for (const field of document.querySelectorAll("textarea")) {
  const left = document.getElementById(`left-${field.id}`);
  const most = Number(left.dataset.most);
  const count = () => {
    const over = [...field.value.trim()].length - most;
    left.textContent = over > 0 ? left.dataset.over.replace("0", over) : left.dataset.left.replace("0", -over);
  };
  field.addEventListener("input", count);
  count();
}
