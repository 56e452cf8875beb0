// The builder of conditions: what is typed while an answer is on its way is not lost when the answer comes.

const BUILDER = "#builder";
const inputsOf = (part) => [...part.querySelectorAll("input[id], select[id]")];

let sent = new Map();

document.addEventListener("htmx:beforeSend", (event) => {
  const builder = event.detail.elt.closest(BUILDER);
  if (builder) sent = new Map(inputsOf(builder).map((input) => [input.id, input.value]));
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const target = event.detail.target;
  if (!target.closest(BUILDER)) return;
  const typed = inputsOf(target).filter((input) => sent.has(input.id) && sent.get(input.id) !== input.value);
  const kept = typed.map((input) => [input.id, input.value]);
  document.addEventListener("htmx:afterSwap", () => {
    for (const [id, value] of kept) {
      const input = document.getElementById(id);
      if (input) input.value = value;
    }
  }, { once: true });
});

// Where to go on by keyboard once a line has come or gone: to the new field, or to the button that adds another.
document.addEventListener("htmx:afterSwap", (event) => {
  const button = event.detail.requestConfig?.elt;
  if (!button?.dataset.focus) return;
  const places = [button.dataset.focus, button.id, "add-block"].filter(Boolean);
  places.map((id) => document.getElementById(id)).find(Boolean)?.focus();
});
