/* Forms: filters that apply themselves, row selection with its bulk bar, choices that show their own fields, unsaved work. */
(function () {
  "use strict";

  /* A control inside form[data-autosubmit] applies the moment it changes. */
  document.addEventListener("change", function (event) {
    const form = event.target.closest("form[data-autosubmit]");
    if (form && !event.target.closest("[data-no-autosubmit]")) form.requestSubmit();
  });

  /* Filters travel in the URL: empty ones stay out of it. */
  document.addEventListener("submit", function (event) {
    if (!event.target.matches("form[data-clean-url]")) return;
    event.target.querySelectorAll("input, select").forEach(function (control) {
      if (control.name && control.value === "") control.disabled = true;
    });
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-clean-url] :disabled").forEach(function (control) { control.disabled = false; });
  });

  /* Row selection. */
  function refreshBar() {
    const bar = document.getElementById("bulk-bar");
    if (!bar) return;
    const boxes = Array.from(document.querySelectorAll("input[data-select-row]"));
    const chosen = boxes.filter(function (box) { return box.checked; });
    const all = document.querySelector("input[data-select-all]");
    if (all) {
      all.checked = boxes.length > 0 && chosen.length === boxes.length;
      all.indeterminate = chosen.length > 0 && chosen.length < boxes.length;
    }
    bar.hidden = chosen.length === 0;
    bar.querySelector("[data-selected-count]").textContent = String(chosen.length);
    const matching = bar.querySelector("[data-select-matching]");
    if (matching) matching.hidden = !(all && all.checked);
  }
  document.addEventListener("change", function (event) {
    if (event.target.matches("input[data-select-all]")) {
      document.querySelectorAll("input[data-select-row]").forEach(function (box) { box.checked = event.target.checked; });
    }
    if (event.target.matches("input[data-select-all], input[data-select-row]")) refreshBar();
  });
  window.addEventListener("pageshow", refreshBar);
  document.addEventListener("click", function (event) {
    if (!event.target.closest("[data-clear-selection]")) return;
    document.querySelectorAll("input[data-select-row], input[data-select-all]").forEach(function (box) { box.checked = false; });
    refreshBar();
  });

  /* data-shown-by="field=value|value": shown, and its controls enabled, only for these values of the field. */
  function refreshChoices(root) {
    root.querySelectorAll("[data-shown-by]").forEach(function (part) {
      const rule = part.dataset.shownBy.split("=");
      const form = part.closest("form");
      const control = form && form.elements[rule[0]];
      const value = control ? control.value : "";
      const shown = rule[1].split("|").includes(value);
      part.hidden = !shown;
      part.querySelectorAll("input, select, textarea").forEach(function (field) { field.disabled = !shown; });
    });
  }
  document.addEventListener("change", function (event) {
    const form = event.target.closest("form");
    if (form) refreshChoices(form);
  });
  document.addEventListener("DOMContentLoaded", function () { refreshChoices(document); });
  document.addEventListener("htmx:afterSettle", function (event) { refreshChoices(event.target); });

  /* data-repeat-last="Name": one more field like the last in the data-repeat beside it. */
  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-repeat-last]");
    if (!button) return;
    const list = button.parentElement.querySelector("[data-repeat]");
    const added = list.lastElementChild.cloneNode(true);
    const number = list.children.length + 1;
    const field = added.querySelector("input"), label = added.querySelector("label");
    field.value = "";
    field.id = field.name + "-" + number;
    label.htmlFor = field.id;
    label.textContent = button.dataset.repeatLast + " " + number;
    list.append(added);
    field.focus();
  });

  /* data-insert="text": puts a placeholder into the field that was edited last. */
  let lastField = null;
  document.addEventListener("focusin", function (event) {
    if (event.target.matches("[data-personalised]")) lastField = event.target;
  });
  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-insert]");
    if (!button) return;
    const field = lastField && lastField.isConnected ? lastField
      : button.closest("form").querySelector("textarea[data-personalised]");
    if (!field) return;
    field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });

  /* data-copy="id": puts the text of that element into the clipboard, and says so. */
  document.addEventListener("click", async function (event) {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    const label = button.lastChild;
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      label.textContent = "Copied";
    } catch (refused) {
      if (source.select) source.select();
      else getSelection().selectAllChildren(source);
      label.textContent = "Selected: press Ctrl+C";
    }
    button.setAttribute("aria-live", "polite");
  });

  /* Weights of variants: the bars follow what is typed. */
  document.addEventListener("input", function (event) {
    const group = event.target.dataset.weight;
    if (!group) return;
    const fields = Array.from(document.querySelectorAll("input[data-weight]")).filter(function (field) {
      return field.dataset.weight === group;
    });
    const whole = fields.reduce(function (sum, field) { return sum + Math.max(0, Number(field.value) || 0); }, 0) || 1;
    fields.forEach(function (field) {
      const share = 100 * Math.max(0, Number(field.value) || 0) / whole;
      const part = field.closest(".variant-head");
      part.querySelector("progress").value = share;
      part.querySelector("output").textContent = share.toFixed(1).replace(/\.0$/, "") + " %";
    });
  });

  /* Unsaved work: leaving asks first. */
  let dirty = false;
  document.addEventListener("input", function (event) {
    if (event.target.closest("form[data-guard]")) dirty = true;
  });
  document.addEventListener("submit", function (event) {
    if (event.target.matches("form[data-guard]")) dirty = false;
    // One press, one request: a second press on a slow connection does nothing.
    if (event.target.method === "post") {
      if (event.target.dataset.sent === "true") event.preventDefault();
      event.target.dataset.sent = "true";
    }
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    const form = event.target.closest && event.target.closest("form");
    if (form) form.dataset.sent = "false";
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) { form.dataset.sent = "false"; });
  });
  window.addEventListener("beforeunload", function (event) {
    if (dirty) event.preventDefault();
  });
})();
