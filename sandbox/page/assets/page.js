// Keeps the page up to date without touching what somebody reads, types or has opened, and copies what is to be pasted.
"use strict";
(() => {
  const often = 1000, seldom = 5000; // milliseconds, while the sandbox answers and while it does not
  const pulse = document.getElementById("pulse");
  const news = document.getElementById("news");
  const shown = new Map(); // each panel as the sandbox wrote it last
  let version = "";

  for (const panel of document.querySelectorAll("[data-live]")) shown.set(panel.id, panel.outerHTML);

  // swap puts a panel in the place of its predecessor. It returns false if it has to wait, for a person is selecting text there.
  function swap(panel) {
    const old = document.getElementById(panel.id);
    const written = panel.outerHTML;
    if (!old || shown.get(panel.id) === written) return true;
    const selection = getSelection();
    if (!selection.isCollapsed && old.contains(selection.anchorNode)) return false;
    for (const open of old.querySelectorAll("details[id][open]")) panel.querySelector("#" + CSS.escape(open.id))?.setAttribute("open", "");
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    for (const entry of panel.querySelectorAll("li[id]")) {
      if (!old.querySelector("#" + CSS.escape(entry.id))) entry.classList.add("new");
    }
    if (Number(panel.dataset.count) > Number(old.dataset.count)) news.textContent = `${panel.dataset.name}: ${panel.dataset.count}`;
    shown.set(panel.id, written);
    old.replaceWith(panel);
    if (focused?.id) document.getElementById(focused.id)?.focus({ preventScroll: true });
    else if (focused?.matches("summary")) panel.querySelector("#" + CSS.escape(focused.parentElement.id) + " > summary")?.focus({ preventScroll: true });
    return true;
  }

  function tell(state, text) {
    if (pulse.dataset.state === state) return;
    Object.assign(pulse, { textContent: text, hidden: false }).dataset.state = state;
  }

  async function follow() {
    let wait = often;
    if (!document.hidden) {
      try {
        const answer = await fetch("/_page/live", { headers: version ? { "If-None-Match": version } : {}, cache: "no-store" });
        if (answer.status === 200) {
          const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
          const swapped = [...fresh.querySelectorAll("[data-live]")].map(swap);
          version = swapped.every(Boolean) ? answer.headers.get("ETag") : "";
        }
        tell("live", "Live");
      } catch {
        tell("lost", "Sandbox stopped");
        wait = seldom;
      }
    }
    setTimeout(follow, wait);
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
    news.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });

  if (navigator.clipboard) document.documentElement.classList.add("can-copy");
  follow();
})();
