/*
 * Toasts, polling, dialogs and forms that guard unsaved work. Polling is a plain event ("poll") that htmx listens
 * to with hx-trigger="poll": a condition inside hx-trigger would need eval, which the content policy forbids.
 */
(function () {
  "use strict";
  const EVERY = 2000;
  const TOAST_STAYS = 8000;

  /* ---- toasts: put into the live region after the page is there, or no screen reader would speak them ---- */

  function toast(level, text) {
    const template = document.getElementById("toast-template");
    const region = document.getElementById("toasts");
    if (!template || !region) return;
    const node = template.content.firstElementChild.cloneNode(true);
    node.classList.add("toast-note-" + level);
    node.querySelector("[data-toast-text]").textContent = text;
    show(node, level);
  }

  function show(node, level) {
    const region = document.getElementById("toasts");
    region.appendChild(node);
    if (level === "error" || level === "warning") return; // stays until it has been read and closed
    let timer = window.setTimeout(function () { node.remove(); }, TOAST_STAYS);
    ["pointerenter", "focusin"].forEach(function (name) {
      node.addEventListener(name, function () { window.clearTimeout(timer); });
    });
    ["pointerleave", "focusout"].forEach(function (name) {
      node.addEventListener(name, function () {
        timer = window.setTimeout(function () { node.remove(); }, TOAST_STAYS);
      });
    });
  }

  document.addEventListener("DOMContentLoaded", function () {
    const waiting = document.querySelectorAll("#toasts > [data-level]");
    waiting.forEach(function (node) { node.remove(); });
    window.setTimeout(function () {
      waiting.forEach(function (node) { show(node, node.dataset.level); });
    }, 150);
  });
  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-toast-close]");
    if (button) button.closest(".toast-note").remove();
  });
  document.addEventListener("toast", function (event) {
    toast(event.detail.level || "success", event.detail.text || "");
  });
  document.addEventListener("htmx:sendError", function (event) {
    if (!event.target.matches("[data-poll]")) toast("error", "The server could not be reached. Nothing was changed.");
  });
  document.addEventListener("htmx:responseError", function (event) {
    const status = event.detail.xhr.status;
    if (event.target.matches("[data-poll]") || status === 409 || status === 422) return;
    const why = { 403: "You may not do this.", 404: "This is no longer there.", 429: "Too many requests: wait a moment." };
    toast("error", why[status] || "Something went wrong on the server (" + status + "). Try again.");
  });

  /* ---- polling: only while the tab is visible, something asks for it, and no menu or dialog is open ---- */

  window.setInterval(function () {
    if (document.hidden || document.querySelector("[role=menu]:popover-open, dialog[open]")) return;
    document.querySelectorAll("[data-poll]").forEach(function (element) {
      window.htmx.trigger(element, "poll");
    });
  }, EVERY);

  /* ---- dialogs: <dialog> brings the focus trap and Escape; the page behind it stays usable without a script ---- */

  document.addEventListener("click", function (event) {
    const link = event.target.closest("a[data-dialog]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    if (link.getAttribute("aria-disabled") === "true") return;
    event.preventDefault();
    window.htmx.ajax("GET", link.href, { target: "#dialog-body", swap: "innerHTML" }).then(function () {
      const dialog = document.getElementById("dialog");
      const body = document.getElementById("dialog-body");
      if (!body.firstElementChild) return;
      dialog.returnFocus = link.closest("[popover]")
        ? document.querySelector('[data-menu="' + link.closest("[popover]").id + '"]') : link;
      if (!dialog.open) dialog.showModal();
      // What is asked comes before the buttons, wherever the buttons stand.
      const first = body.querySelector("[autofocus], input:not([type=hidden]), select, textarea") ||
        body.querySelector("button");
      if (first) first.focus();
    });
  });
  /* A form that came back with problems: to the first of them, or a keyboard would start again outside. */
  document.addEventListener("htmx:afterSettle", function (event) {
    if (event.target.id !== "dialog-body" || event.detail.xhr.status < 400) return;
    const first = event.target.querySelector("[aria-invalid=true], input:not([type=hidden]), textarea, button:not([data-dialog-close])");
    if (first) first.focus();
  });
  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-dialog-close]") && event.target.closest("dialog")) {
      event.preventDefault();
      event.target.closest("dialog").close();
    } else if (event.target.matches("dialog[open]")) {
      event.target.close(); // the backdrop
    }
  });
  document.addEventListener("close", function (event) {
    if (event.target.id !== "dialog") return;
    document.getElementById("dialog-body").replaceChildren();
    if (event.target.returnFocus && event.target.returnFocus.isConnected) event.target.returnFocus.focus();
  }, true);

  /* ---- the sidebar on a narrow screen ---- */

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-toggle-panel]");
    if (!button) return;
    const panel = document.getElementById(button.dataset.togglePanel);
    const shown = panel.classList.toggle("is-open");
    button.setAttribute("aria-expanded", String(shown));
  });

  /* ---- a table wider than the screen can be scrolled with the keyboard too ---- */

  function markScrollable() {
    document.querySelectorAll(".table-wrap").forEach(function (wrap) {
      const scrolls = wrap.scrollWidth > wrap.clientWidth;
      if (scrolls) {
        wrap.tabIndex = 0;
        wrap.setAttribute("role", "group");
        wrap.setAttribute("aria-label", "Table, scrolls sideways");
      } else {
        ["tabindex", "role", "aria-label"].forEach(function (name) { wrap.removeAttribute(name); });
      }
    });
  }
  document.addEventListener("DOMContentLoaded", markScrollable);
  document.addEventListener("htmx:afterSettle", markScrollable);
  window.addEventListener("resize", markScrollable);

  /* ---- pictures of lifecycles that are wider than a phone: where the campaign is stands in the middle ---- */

  document.addEventListener("htmx:load", function (event) {
    event.detail.elt.querySelectorAll(".diagram-scroll .node.is-here").forEach(function (node) {
      const frame = node.closest(".diagram-scroll");
      const here = node.getBoundingClientRect();
      const seen = frame.getBoundingClientRect();
      frame.scrollLeft += here.left + here.width / 2 - seen.left - seen.width / 2;
    });
  });
})();
