"use strict";
// The code stands behind the "#": browsers do not send it. It goes into a form, and off the address.
const code = location.hash.slice(1);
if (code) {
  history.replaceState(null, "", location.pathname);
  document.getElementById("code").value = decodeURIComponent(code);
  document.getElementById("ask").submit();
}
