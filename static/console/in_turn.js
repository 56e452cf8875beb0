// One question at a time in [data-in-turn]: the answer puts new buttons into the place of the old ones, which can ask no
// more. What is pressed while an answer is on its way is pressed again, in order, once it is there.
(() => {
  let asking = null;
  const waiting = [];

  const hold = (event) => {
    const element = asking && event.target.closest("[data-in-turn] [hx-post]");
    if (!element || element.matches("button") !== (event.type === "click")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const [by, value] = element.id ? ["id", element.id] : ["value", element.value];
    waiting.push(`[data-in-turn] [${by}="${CSS.escape(value)}"]`);
  };
  document.addEventListener("click", hold, true);
  document.addEventListener("change", hold, true);

  document.addEventListener("htmx:beforeSend", (event) => {
    if (event.detail.elt.closest("[data-in-turn]")) asking = event.detail.xhr;
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    if (!asking || event.detail.xhr !== asking) return;
    asking = null;
    while (waiting.length && !asking) {
      const element = document.querySelector(waiting.shift());
      if (element) window.htmx.trigger(element, element.matches("button") ? "click" : "change");
    }
  });
})();
