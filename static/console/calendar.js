/* The calendar: dragging an entry to a day asks for the time there, in the same dialog as its Move button. */
(function () {
  "use strict";
  let dragged = null;

  function day(event) {
    return dragged ? event.target.closest("[data-day]") : null;
  }
  function unmark() {
    document.querySelectorAll(".is-target").forEach(function (cell) { cell.classList.remove("is-target"); });
  }

  document.addEventListener("dragstart", function (event) {
    const entry = event.target.closest && event.target.closest(".plan-entry[draggable=true]");
    if (!entry) return;
    dragged = entry;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", entry.textContent.trim());
    entry.classList.add("is-dragged");
  });
  document.addEventListener("dragover", function (event) {
    const cell = day(event);
    if (!cell) return;
    event.preventDefault();
    if (cell.classList.contains("is-target")) return;
    unmark();
    cell.classList.add("is-target");
  });
  document.addEventListener("dragend", function () {
    unmark();
    if (dragged) dragged.classList.remove("is-dragged");
    dragged = null;
  });
  document.addEventListener("drop", function (event) {
    const cell = day(event);
    if (!cell) return;
    event.preventDefault();
    if (dragged.closest("[data-day]") === cell) return;
    const button = dragged.querySelector("a.plan-move");
    const address = button.getAttribute("href");
    button.setAttribute("href", address + "&on=" + cell.dataset.day);
    button.click();
    button.setAttribute("href", address);
  });
})();
