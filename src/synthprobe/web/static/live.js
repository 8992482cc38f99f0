// Times in the reader's zone, and fresh content for parts marked `data-live`. Pages are whole without it.
"use strict";

const zoned = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, timeZoneName: "short",
});
const zonedWithDay = new Intl.DateTimeFormat(undefined, {
  weekday: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, timeZoneName: "short",
});

function addLocalTime(time) {
  const at = new Date(time.dateTime);
  if (at.getTimezoneOffset() === 0 || time.querySelector(".local")) return;
  const local = document.createElement("span");
  local.className = "local";
  const sameDay = at.getDate() === at.getUTCDate();
  local.textContent = (sameDay ? zoned : zonedWithDay).format(at);
  time.append(local);
}

const UNITS = [[86400, "d", 3600, "h"], [3600, "h", 60, "min"], [60, "min", 1, "s"]];

function age(seconds) {
  for (const [size, unit, smaller, below] of UNITS) {
    if (seconds >= size) {
      const rest = Math.floor((seconds % size) / smaller);
      return `${Math.floor(seconds / size)} ${unit}` + (rest ? ` ${rest} ${below}` : "");
    }
  }
  return `${seconds} s`;
}

// Ages go on from the server's clock, so that a phone with a wrong one does not lie.
let skew = 0;
function tickAges() {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const seconds = Math.max(0, Math.floor((Date.now() - skew - new Date(time.dateTime)) / 1000));
    time.textContent = `${age(seconds)} ago`;
  }
}

function addCopyButtons() {
  if (!navigator.clipboard) return;
  for (const block of document.querySelectorAll("pre.copyable")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.textContent);
      button.textContent = "Copied";
    });
    block.before(button);
  }
}

function openTarget() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const details = target && target.closest("details");
  if (details) {
    details.open = true;
    target.scrollIntoView({ block: "start" });
  }
}

function replacePart(part, fresh) {
  const open = new Set([...part.querySelectorAll("details[open][id]")].map((one) => one.id));
  const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  for (const details of fresh.querySelectorAll("details[id]")) {
    if (open.has(details.id)) details.open = true;
  }
  part.replaceWith(fresh);
  if (focused) {
    const again = [...fresh.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused);
    if (again) again.focus({ preventScroll: true });
  }
}

function prepare(root) {
  root.querySelectorAll("time[data-local]").forEach(addLocalTime);
}

async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  prepare(fresh);
  document.title = fresh.title;
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(part.id);
    if (next) replacePart(part, next);
  }
  const asOf = document.querySelector("footer time");
  asOf.replaceWith(fresh.querySelector("footer time"));
  setSkew();
}

function setSkew() {
  skew = Date.now() - new Date(document.querySelector("footer time").dateTime);
}

function follow() {
  const state = document.getElementById("live-state");
  let waiting = false;
  let seen = "";
  const soon = () => {
    if (waiting || document.hidden) return;
    waiting = true;
    setTimeout(() => refresh().catch(() => {}).finally(() => { waiting = false; }), 1000);
  };
  const source = new EventSource("/events");
  source.addEventListener("changed", (event) => {
    if (seen && seen !== event.data) soon();
    seen = event.data;
    state.textContent = " · live";
  });
  source.addEventListener("error", () => { state.textContent = " · not live, trying again"; });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
}

prepare(document);
setSkew();
addCopyButtons();
openTarget();
window.addEventListener("hashchange", openTarget);
setInterval(tickAges, 1000);
if (document.querySelector("[data-live]")) follow();
