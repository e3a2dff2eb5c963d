"use strict";
const all = (selector) => [...document.querySelectorAll(selector)];
const byId = (id) => document.getElementById(id);
const root = document.documentElement;
const blocks = all(".block");
const folds = all("details.fold");
const stops = all(".block, details.fold > summary");
const texts = blocks.map((block) => block.querySelector(".text").textContent.toLowerCase());
const search = byId("search");
const chips = all(".chip");
const unfold = byId("unfold");
const theme = byId("theme");
const dark = matchMedia("(prefers-color-scheme: dark)");
let opened = null;

function show() {
  const query = search.value.trim().toLowerCase();
  const labels = new Set(chips.filter((chip) => chip.ariaPressed === "true").map((chip) => chip.dataset.label));
  const narrowed = query !== "" || labels.size > 0;
  let shown = 0;
  blocks.forEach((block, number) => {
    const fits = texts[number].includes(query) && (!labels.size || labels.has(block.dataset.label));
    block.parentElement.hidden = !fits;
    shown += fits;
  });
  if (narrowed && !opened) opened = folds.map((fold) => fold.open);
  folds.forEach((fold, number) => {
    fold.parentElement.hidden = !fold.querySelector(":scope > .lines > li:not([hidden])");
    if (opened) fold.open = narrowed || opened[number];
  });
  if (!narrowed) opened = null;
  byId("empty").hidden = shown > 0 || !narrowed;
  byId("status").textContent = narrowed ? `${shown} of ${blocks.length} lines shown` : `${blocks.length} lines`;
  mark(query);
  if (!stops.some((stop) => stop.tabIndex === 0 && stop.checkVisibility())) rove(stops.find((stop) => stop.checkVisibility()));
}

function mark(query) {
  if (!globalThis.Highlight) return;
  const ranges = [];
  blocks.forEach((block, number) => {
    const node = block.querySelector(".text").firstChild;
    if (!query || block.parentElement.hidden || !node || node.length !== texts[number].length) return;
    for (let at = texts[number].indexOf(query); at >= 0; at = texts[number].indexOf(query, at + query.length)) {
      const range = new Range();
      range.setStart(node, at);
      range.setEnd(node, at + query.length);
      ranges.push(range);
    }
  });
  CSS.highlights.set("found", new Highlight(...ranges));
}

function rove(stop) {
  blocks.forEach((block) => { block.tabIndex = block === stop ? 0 : -1; });
}

function move(step) {
  const seen = stops.filter((stop) => stop.checkVisibility());
  const at = seen.indexOf(document.activeElement);
  const to = step === Infinity ? seen.length - 1 : step === -Infinity ? 0 : at < 0 ? 0 : at + step;
  seen[Math.min(Math.max(to, 0), seen.length - 1)]?.focus();
}

const steps = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, Home: -Infinity, End: Infinity };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    document.body.classList.add("quiet");
    if (document.activeElement === search && search.value) {
      search.value = "";
      show();
    }
  } else if (document.activeElement === search) {
    if (event.key !== "ArrowDown" && event.key !== "Enter") return;
    event.preventDefault();
    move(1);
  } else if (event.key === "/") {
    event.preventDefault();
    search.focus();
    search.select();
  } else if (event.key in steps && !document.activeElement.closest(".tools")) {
    event.preventDefault();
    move(steps[event.key]);
  }
});
document.addEventListener("focusin", (event) => {
  document.body.classList.remove("quiet");
  if (event.target.matches(".block")) rove(event.target);
});
document.addEventListener("pointerover", (event) => {
  if (event.target.closest(".block")) document.body.classList.remove("quiet");
});
search.addEventListener("input", show);
chips.forEach((chip) => chip.addEventListener("click", () => {
  chip.ariaPressed = String(chip.ariaPressed !== "true");
  show();
}));
unfold.addEventListener("click", () => {
  const open = unfold.ariaPressed !== "true";
  unfold.ariaPressed = String(open);
  unfold.textContent = open ? "Fold again" : "Open all";
  folds.forEach((fold) => { fold.open = open; });
  if (opened) opened.fill(open);
});
theme.addEventListener("click", () => {
  const toDark = theme.ariaPressed !== "true";
  root.dataset.theme = toDark ? "dark" : "light";
  theme.ariaPressed = String(toDark);
});
theme.ariaPressed = String(dark.matches);
theme.hidden = false;
document.querySelector(".tools").hidden = false;
unfold.hidden = !folds.length;
rove(blocks.find((block) => block.checkVisibility()));
show();
