// Before the first paint, so that a chosen theme does not flash the other one; the policy allows no script in the page.
"use strict";

(() => {
  let theme = "auto";
  try {
    theme = localStorage.getItem("winburn-theme") || "auto";
  } catch { /* storage may be forbidden; the system's theme it is */ }
  document.documentElement.dataset.theme = theme;
})();
