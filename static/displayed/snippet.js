/* Shows what waits for a person: pop-ups, exit intents, an inbox and places in the page.
 *
 *   <script src="https://console.example/static/displayed/snippet.js" defer
 *     data-key="site_…" data-person="42" data-signature="hex" data-every="20"></script>
 *   <div data-campaign-inbox></div>  <div data-campaign-slot="home"></div>
 *
 * No dependency, no cookie, no inline style: it works under a strict content policy that allows this origin in
 * script-src and connect-src. Texts are never taken for HTML.
 */
(function () {
  "use strict";
  const script = document.currentScript;
  const { key, person, signature } = script.dataset;
  const every = Math.max(2, Number(script.dataset.every) || 20) * 1000;
  const origin = new URL(script.src).origin;
  const POPUPS = ["web_popup"];
  const EXITS = ["web_exit_intent"];
  const INBOX = ["in_app", "app_inbox"];
  const PLACES = ["native_display", "web_native_display"];
  const STYLE = `
    :host { all: initial; font: 16px/1.5 system-ui, sans-serif; color: #1a2333; }
    dialog { border: 0; border-radius: 12px; padding: 24px; max-width: 420px; width: calc(100vw - 48px); color: #1a2333;
      background: #fff; box-shadow: 0 12px 48px rgb(0 0 0 / 30%); }
    dialog::backdrop { background: rgb(15 23 42 / 55%); }
    h2 { font-size: 20px; line-height: 1.3; margin: 0 32px 8px 0; }
    p { margin: 0 0 12px; overflow-wrap: anywhere; }
    a { display: inline-block; padding: 8px 16px; border-radius: 8px; background: #1550b8; color: #fff; text-decoration: none; }
    a:hover { background: #103f92; }
    a:focus-visible, button:focus-visible, summary:focus-visible { outline: 3px solid #d98200; outline-offset: 2px; }
    button { font: inherit; color: inherit; background: #fff; border: 1px solid #687385; border-radius: 8px;
      padding: 6px 14px; min-height: 32px; cursor: pointer; }
    .close { position: absolute; top: 16px; right: 16px; width: 32px; padding: 0; border-color: transparent; font-size: 20px; }
    .list { list-style: none; margin: 8px 0 0; padding: 0; max-width: 480px; border: 1px solid #c6ccd6; border-radius: 8px;
      background: #fff; }
    .list li { padding: 10px 14px; border-top: 1px solid #e3e6ec; }
    .list li:first-child { border-top: 0; }
    .list li > p:last-child, details p:last-child { margin-bottom: 0; }
    summary { cursor: pointer; min-height: 24px; }
    .new summary { font-weight: 700; }
    .place { border: 1px solid #c6ccd6; border-radius: 12px; padding: 16px 20px; margin: 12px 0; background: #fff; }`;

  let messages = [];
  let popup = null;
  const leaving = new Set();
  const reported = new Set();

  async function call(what, body) {
    try {
      // Plain text, so that the browser need not ask the server first whether it may.
      const answer = await fetch(origin + "/displayed/" + encodeURIComponent(key) + "/" + what + "/", {
        method: "POST", credentials: "omit", keepalive: true, headers: { "Content-Type": "text/plain" },
        body: JSON.stringify(Object.assign({ person, signature }, body)),
      });
      return answer.ok ? await answer.json() : null;
    } catch (unreachable) {
      return null;
    }
  }

  /* Tells once that a message was opened or clicked; answers false where it is not there any more. */
  async function report(message, kind) {
    if (reported.has(kind + message.id)) return true;
    reported.add(kind + message.id);
    const answer = await call("events", { events: [{ id: message.id, kind }] });
    if (!answer) reported.delete(kind + message.id);
    return !answer || answer.taken.includes(message.id);
  }

  async function refresh() {
    const answer = await call("messages", {});
    if (!answer) return;
    messages = answer.messages;
    drawPlaces();
    drawInbox();
    await showPopup();
  }

  function of(kinds) {
    return messages.filter(function (message) { return kinds.includes(message.kind); });
  }

  function element(name, attributes, children) {
    const made = document.createElement(name);
    Object.entries(attributes || {}).forEach(function (pair) { made.setAttribute(pair[0], pair[1]); });
    made.append.apply(made, children || []);
    return made;
  }

  function shadowOf(host) {
    if (host.shadowRoot) return host.shadowRoot;
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    return root;
  }

  /* Paragraphs; [text](https://…) becomes a link whose click is reported. */
  function bodyOf(message) {
    return message.body.split(/\n\s*\n/).map(function (text) {
      const paragraph = element("p");
      let end = 0;
      for (const found of text.matchAll(/\[([^\][]{1,200})\]\((https?:\/\/[^\s()]{1,2000})\)/g)) {
        paragraph.append(text.slice(end, found.index));
        const link = element("a", { href: found[2], rel: "noopener" }, [found[1]]);
        link.addEventListener("click", function () { report(message, "clicked"); });
        paragraph.append(link);
        end = found.index + found[0].length;
      }
      paragraph.append(text.slice(end));
      return paragraph;
    });
  }

  /* --- pop-ups: one at a time --- */

  async function show(message) {
    if (popup) return;
    const host = element("div", { "data-campaign-popup": "" });
    const root = shadowOf(host);
    const dialog = element("dialog", { "aria-labelledby": "title" });
    const close = element("button", { class: "close", type: "button", "aria-label": "Close" }, ["×"]);
    dialog.append(element("h2", { id: "title" }, [message.title || "A message for you"]), close);
    dialog.append.apply(dialog, bodyOf(message));
    close.addEventListener("click", function () { dialog.close(); });
    dialog.addEventListener("close", function () { host.remove(); popup = null; });
    root.append(dialog);
    document.body.append(host);
    popup = message;
    dialog.showModal();
    if (!(await report(message, "opened"))) dialog.close();
  }

  async function showPopup() {
    const next = of(POPUPS).find(function (message) { return !reported.has("opened" + message.id); });
    if (next) await show(next);
  }

  /* The pointer leaves through the top of the page. What has been taken back by then is not shown. */
  document.documentElement.addEventListener("mouseleave", async function (event) {
    if (event.clientY > 0) return;
    const waiting = of(EXITS).find(function (message) { return !leaving.has(message.id); });
    if (!waiting || popup) return;
    leaving.add(waiting.id);
    await refresh();
    const still = of(EXITS).find(function (message) { return message.id === waiting.id; });
    if (still) await show(still);
  });

  /* --- the inbox --- */

  function drawInbox() {
    document.querySelectorAll("[data-campaign-inbox]").forEach(function (host) {
      const root = shadowOf(host);
      if (!root.firstChild) makeInbox(root);
      fillInbox(root);
    });
  }

  function makeInbox(root) {
    const button = element("button", { type: "button", "aria-expanded": "false", "aria-controls": "list" });
    const list = element("ul", { class: "list", id: "list", hidden: "" });
    button.addEventListener("click", function () {
      list.hidden = !list.hidden;
      button.setAttribute("aria-expanded", String(!list.hidden));
    });
    root.append(button, list);
  }

  function fillInbox(root) {
    const [button, list] = root.children;
    const here = of(INBOX);
    const unread = here.filter(function (message) { return !message.opened; }).length;
    const label = unread ? "Messages (" + unread + " new)" : "Messages";
    if (button.textContent !== label) button.textContent = label;
    const ids = new Set(here.map(function (message) { return String(message.id); }));
    [...list.children].forEach(function (item) { if (!ids.has(item.dataset.id)) item.remove(); });
    here.slice().reverse().forEach(function (message) {
      if (!list.querySelector('[data-id="' + message.id + '"]')) list.prepend(inboxItem(message));
    });
    if (!list.children.length) list.append(element("li", { "data-id": "" }, [element("p", {}, ["Nothing here."])]));
  }

  function inboxItem(message) {
    const words = message.title || message.body.slice(0, 60);
    const details = element("details", {}, [element("summary", {}, [words])].concat(bodyOf(message)));
    const item = element("li", { "data-id": String(message.id) }, [details]);
    item.classList.toggle("new", !message.opened);
    details.addEventListener("toggle", async function () {
      if (!details.open) return;
      item.classList.remove("new");
      message.opened = true;
      if (!(await report(message, "opened"))) item.remove();
    });
    return item;
  }

  /* --- places in the page: the newest message for each --- */

  function drawPlaces() {
    document.querySelectorAll("[data-campaign-slot]").forEach(function (host) {
      const root = shadowOf(host);
      const message = of(PLACES).find(function (one) { return !one.slot || one.slot === host.dataset.campaignSlot; });
      if (host.dataset.campaignMessage === String(message ? message.id : "")) return;
      host.dataset.campaignMessage = message ? String(message.id) : "";
      root.replaceChildren();
      if (!message) return;
      const section = element("section", { class: "place", "aria-label": message.title || "For you" });
      if (message.title) section.append(element("h2", {}, [message.title]));
      section.append.apply(section, bodyOf(message));
      root.append(section);
      seen.observe(host);
    });
  }

  const seen = new IntersectionObserver(function (entries) {
    entries.forEach(async function (entry) {
      const host = entry.target;
      const message = messages.find(function (one) { return String(one.id) === host.dataset.campaignMessage; });
      if (!entry.isIntersecting || !message) return;
      seen.unobserve(host);
      if (!(await report(message, "opened"))) { host.dataset.campaignMessage = ""; host.shadowRoot.replaceChildren(); }
    });
  }, { threshold: 0.5 });

  refresh();
  setInterval(function () { if (!document.hidden) refresh(); }, every);
})();
