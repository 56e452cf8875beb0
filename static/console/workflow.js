/*
 * The drawing of a workflow: a card is dragged to a gap between cards. Everything else is buttons, which need no script;
 * the keyboard moves a card with them, or chooses its place from a list.
 */
(function () {
  "use strict";

  let dragged = null;

  function workflow() {
    return document.getElementById("workflow");
  }

  function gapAt(event) {
    const gap = event.target.closest && event.target.closest("[data-place]");
    if (!gap || !dragged) return null;
    const card = document.getElementById("step-" + dragged);
    return card && card.querySelector(".flow-ways") && card.querySelector(".flow-ways").contains(gap) ? null : gap;
  }

  function clear() {
    document.querySelectorAll(".flow-gap.is-over").forEach(function (gap) { gap.classList.remove("is-over"); });
  }

  document.addEventListener("dragstart", function (event) {
    const card = event.target.closest && event.target.closest("[data-step]");
    if (!card) return;
    dragged = card.dataset.step;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged);
    card.classList.add("is-dragged");
    workflow().classList.add("is-dragging");
  });
  document.addEventListener("dragend", function () {
    dragged = null;
    clear();
    document.querySelectorAll(".is-dragged").forEach(function (card) { card.classList.remove("is-dragged"); });
    if (workflow()) workflow().classList.remove("is-dragging");
  });
  document.addEventListener("dragover", function (event) {
    const gap = gapAt(event);
    clear();
    if (!gap) return;
    event.preventDefault();
    gap.classList.add("is-over");
  });
  document.addEventListener("drop", function (event) {
    const gap = gapAt(event);
    if (!gap) return;
    event.preventDefault();
    const values = Object.fromEntries(new FormData(document.getElementById("what-form")));
    values.op = "workflow:move:" + dragged + ":" + gap.dataset.place;
    window.htmx.ajax("POST", workflow().dataset.workflow, { target: "#workflow", swap: "outerHTML", values: values });
  });

  /* Where the step is that has just been moved, after the drawing was exchanged. */
  document.addEventListener("htmx:afterSettle", function (event) {
    if (event.target.id !== "workflow") return;
    const said = document.getElementById("workflow-said");
    if (!said || !said.textContent) return;
    const text = said.textContent;
    said.textContent = ""; // put in again a moment later, or no screen reader would speak it
    window.setTimeout(function () { said.textContent = text; }, 100);
  });

  /* data-press="id": a choice presses that button, so that the form shows the fields of what was chosen. */
  document.addEventListener("change", function (event) {
    const button = event.target.dataset.press && document.getElementById(event.target.dataset.press);
    if (button) button.form.requestSubmit(button);
  });
  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[data-press]").forEach(function (field) {
      document.getElementById(field.dataset.press).hidden = true;
    });
    const anchor = window.location.hash.slice(1);
    const step = anchor.startsWith("step-") && document.getElementById(anchor);
    if (step) step.focus({ preventScroll: true });
  });
})();
