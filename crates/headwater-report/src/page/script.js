document.querySelectorAll("figure[data-kind]").forEach(respond);

for (const viewer of document.querySelectorAll(".viewer")) {
  const list = viewer.querySelector(".states"), states = [...list.children], buttons = [...viewer.querySelectorAll("button")];
  let at = 0;
  const go = i => {
    at = Math.max(0, Math.min(states.length - 1, i));
    states.forEach((s, j) => j === at ? s.setAttribute("aria-current", "step") : s.removeAttribute("aria-current"));
    list.scrollLeft = states[at].offsetLeft - list.offsetLeft - (list.clientWidth - states[at].offsetWidth) / 2;
  };
  buttons.forEach(b => b.addEventListener("click", () => go(at + Number(b.dataset.step))));
  list.addEventListener("keydown", e => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (by) { e.preventDefault(); go(at + by); }
  });
  go(0);
}
