/*
 * Dropdown menus and explanations.
 *
 * A menu is <button data-menu="ID"> and <div id="ID" popover role="menu">. The popover lives in the browser's top
 * layer, so no scrolling table can clip it; Escape and a click elsewhere close it by themselves. What is added here:
 * placing it beside its button, and the arrow keys.
 *
 * An explanation is data-explain="text" (or data-time) on anything; it opens on hover and on keyboard focus, stays
 * while the pointer is over it, and Escape closes it (WCAG 1.4.13).
 */
(function () {
  "use strict";

  function place(panel, anchor, gap) {
    const box = anchor.getBoundingClientRect();
    const width = panel.offsetWidth;
    const height = panel.offsetHeight;
    const below = box.bottom + gap + height <= window.innerHeight || box.top < height + gap;
    const left = panel.dataset.align === "end" ? box.right - width : box.left;
    panel.style.left = Math.max(8, Math.min(left, window.innerWidth - width - 8)) + "px";
    panel.style.top = Math.max(8, below ? box.bottom + gap : box.top - height - gap) + "px";
  }

  function items(menu) {
    return Array.from(menu.querySelectorAll("[role^=menuitem]")).filter(function (item) {
      return item.offsetParent !== null || item.getClientRects().length > 0;
    });
  }

  function open(button, last) {
    const menu = document.getElementById(button.dataset.menu);
    if (!menu) return;
    menu.showPopover();
    place(menu, button, 4);
    const all = items(menu);
    if (all.length) all[last ? all.length - 1 : 0].focus();
  }

  function buttonOf(menu) {
    return document.querySelector('[data-menu="' + menu.id + '"]');
  }

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-menu]");
    if (button) {
      const menu = document.getElementById(button.dataset.menu);
      if (menu && button.dataset.wasOpen === "true") {
        button.dataset.wasOpen = "false"; // the browser has just closed it on the way down
      } else {
        open(button, false);
      }
      return;
    }
    const item = event.target.closest("[role^=menuitem]");
    if (!item) return;
    if (item.getAttribute("aria-disabled") === "true") {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    const menu = item.closest("[popover]");
    if (menu && !item.hasAttribute("data-keep-open")) menu.hidePopover();
  }, true);

  document.addEventListener("pointerdown", function (event) {
    const button = event.target.closest("[data-menu]");
    if (!button) return;
    const menu = document.getElementById(button.dataset.menu);
    button.dataset.wasOpen = String(Boolean(menu) && menu.matches(":popover-open"));
  }, true);

  document.addEventListener("keydown", function (event) {
    const button = event.target.closest("[data-menu]");
    if (button && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      open(button, event.key === "ArrowUp");
      return;
    }
    const menu = event.target.closest("[role=menu]");
    if (!menu) return;
    const all = items(menu);
    const at = all.indexOf(document.activeElement);
    const to = {
      ArrowDown: (at + 1) % all.length,
      ArrowUp: (at - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1,
    }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      all[to].focus();
    } else if (event.key === "Tab") {
      menu.hidePopover();
    } else if (event.key.length === 1 && /\S/.test(event.key)) {
      const letter = event.key.toLowerCase();
      const order = all.slice(at + 1).concat(all.slice(0, at + 1));
      const next = order.find(function (item) {
        return item.textContent.trim().toLowerCase().startsWith(letter);
      });
      if (next) next.focus();
    }
  });

  document.addEventListener("toggle", function (event) {
    const menu = event.target;
    if (!menu.matches || !menu.matches("[role=menu][popover]")) return;
    const button = buttonOf(menu);
    if (!button) return;
    button.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState === "closed" && menu.contains(document.activeElement)) button.focus();
  }, true);

  window.addEventListener("resize", function () {
    document.querySelectorAll("[role=menu]:popover-open").forEach(function (menu) {
      const button = buttonOf(menu);
      if (button) place(menu, button, 4);
    });
  });

  /* ---- explanations ---- */

  let tip = null;
  let tipOwner = null;
  let closing = null;

  // As relative_words in templatetags/console.py says it: the nearest, in a unit only from two of it on.
  function relativeText(seconds) {
    const units = [["minute", 60, 120], ["hour", 3600, 48], ["day", 86400, Infinity]];
    const count = function (unit) { return Math.floor(Math.abs(seconds) / unit[1] + 0.5); };
    if (!count(units[0])) return seconds > 0 ? "in a moment" : "just now";
    const unit = units.find(function (u) { return count(u) < u[2]; });
    return new Intl.RelativeTimeFormat("en").format(seconds > 0 ? count(unit) : -count(unit), unit[0]);
  }

  function timeText(element) {
    const at = new Date(element.dataset.time);
    if (Number.isNaN(at.getTime())) return "";
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const mine = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
    const relative = relativeText((at.getTime() - Date.now()) / 1000);
    return (element.dataset.zone ? element.dataset.zone + " · " : "") + relative +
      "\nYour time: " + mine + " (" + zone + ")";
  }

  function explain(owner) {
    const text = [owner.dataset.explain, owner.dataset.time && timeText(owner)].filter(Boolean).join("\n");
    if (!text) return;
    if (!tip) {
      tip = document.createElement("div");
      tip.className = "explanation";
      tip.setAttribute("role", "tooltip");
      tip.setAttribute("popover", "manual");
      tip.addEventListener("pointerenter", function () { window.clearTimeout(closing); });
      tip.addEventListener("pointerleave", later);
    }
    // Inside an open dialog the tip has to be the dialog's child, or it would be inert.
    (owner.closest("dialog[open]") || document.body).appendChild(tip);
    window.clearTimeout(closing);
    tip.textContent = text;
    tip.showPopover();
    place(tip, owner, 6);
    tipOwner = owner;
  }

  function close() {
    if (tip && tip.matches(":popover-open")) tip.hidePopover();
    tipOwner = null;
  }

  function later() {
    window.clearTimeout(closing);
    closing = window.setTimeout(close, 150);
  }

  document.addEventListener("pointerover", function (event) {
    if (event.pointerType === "touch") return;
    const owner = event.target.closest("[data-explain], [data-time]");
    if (owner && owner !== tipOwner) explain(owner);
    else if (owner) window.clearTimeout(closing);
  });
  document.addEventListener("pointerout", function (event) {
    const owner = event.target.closest("[data-explain], [data-time]");
    if (owner && owner === tipOwner && !owner.contains(event.relatedTarget)) later();
  });
  document.addEventListener("focusin", function (event) {
    const owner = event.target.closest("[data-explain], [data-time]");
    if (owner && event.target.matches(":focus-visible")) explain(owner);
    else if (!owner) close();
  });
  document.addEventListener("focusout", later);
  document.addEventListener("click", function (event) {
    const owner = event.target.closest("[data-explain]");
    if (owner && owner.matches("[tabindex]")) explain(owner); // touch: a tap on the tag itself
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") close();
  });
  document.addEventListener("scroll", close, true);
})();
