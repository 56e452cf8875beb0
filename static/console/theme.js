/* Light, dark or the system's own: set before the first paint, remembered in this browser. */
(function () {
  "use strict";
  const KEY = "console-theme";
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  function remembered() {
    try {
      return window.localStorage.getItem(KEY) || "system";
    } catch {
      return "system"; // storage can be forbidden; the system's choice then stands
    }
  }

  function apply() {
    const choice = remembered();
    const dark = choice === "dark" || (choice === "system" && system.matches);
    document.documentElement.setAttribute("data-bs-theme", dark ? "dark" : "light");
    document.querySelectorAll("[data-theme-choice]").forEach(function (button) {
      button.setAttribute("aria-checked", String(button.dataset.themeChoice === choice));
    });
  }

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    try {
      window.localStorage.setItem(KEY, button.dataset.themeChoice);
    } catch {
      /* nothing to remember it in */
    }
    apply();
  });
  system.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", apply);
  apply();
})();
