// Asks for the figures again and again while somebody looks, and has them shown.

import { showChoice } from "./choice.js";
import { byId, el, put, say } from "./dom.js";
import { listen, offer } from "./form.js";
import { History } from "./history.js";
import { showLadder } from "./ladder.js";
import { showNow } from "./now.js";

const PERIOD_MS = 2000;
const PATIENCE_MS = 5000;

const history = new History();
const wanted = { model: null, version: null };
let timer = null;
let lostAt = null;

/** Return an address of the service, wherever it was put, for the model and version that are selected. */
function address(path, fields = {}) {
  const given = Object.entries({ ...wanted, ...fields }).filter(([, value]) => value !== null);
  return `${path}?${new URLSearchParams(given)}`;
}

async function look() {
  clearTimeout(timer);
  timer = null;
  if (document.hidden) return;
  const asked = address("console.json");
  try {
    const answer = await fetch(asked, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
    const figures = await answer.json();
    if (asked === address("console.json")) show(figures);
    lostAt = null;
  } catch (error) {
    lostAt ??= new Date();
    console.warn(error);
    lose();
  }
  if (timer === null) timer = setTimeout(look, PERIOD_MS);
}

function show(figures) {
  const { shown } = figures;
  document.body.classList.remove("lost");
  history.add(figures, performance.now() / 1e3);
  status(figures.why_not_ready === null ? "ready" : "waiting", ready(figures));
  say(byId("alarm"), figures.why_not_shown);
  showSelection(figures);
  for (const section of document.querySelectorAll("main > section")) section.hidden = !shown && section.getAttribute("aria-labelledby") !== "now-title";
  showNow(figures, history);
  if (!shown) return;
  showLadder(figures);
  showChoice(figures, history);
  offer(shown, address);
}

const ready = ({ why_not_ready: reason, workers }) =>
  reason === null ? (workers > 1 ? `Ready, ${workers} workers` : "Ready") : `Not ready: ${reason}`;

function lose() {
  document.body.classList.add("lost");
  status("lost", "Not reached");
  say(byId("alarm"), `The server has not answered since ${lostAt.toLocaleTimeString()}; what is shown is from before. Trying again.`);
}

function status(state, text) {
  byId("status").dataset.state = state;
  if (byId("status-text").textContent !== text) byId("status-text").textContent = text;
}

/** Show what there is to select, a select only where there are several. */
function showSelection({ models, shown }) {
  const name = shown?.catalogue.model ?? wanted.model;
  const versions = models.find((one) => one.name === name)?.versions ?? [];
  choices(byId("model"), models.map((one) => one.name), name);
  choices(byId("version"), versions.map((one) => one.version), shown?.catalogue.version ?? wanted.version, (number) => {
    const { state } = versions.find((one) => one.version === number);
    return `${number}${state === "serving" ? "" : `, ${state}`}`;
  });
  byId("model-field").hidden = models.length < 2;
  byId("version-field").hidden = versions.length < 2;
}

function choices(select, values, selected, text = (value) => value) {
  if (document.activeElement === select) return; // somebody may have it open
  put(select, ...values.map((value) => el("option", { value }, `${text(value)}`)));
  select.value = selected ?? "";
}

function select(field, value) {
  Object.assign(wanted, field === "model" ? { model: value, version: null } : { version: value });
  history.forget();
  document.activeElement.blur();
  look();
}

byId("model").addEventListener("change", (event) => select("model", event.target.value));
byId("version").addEventListener("change", (event) => select("version", event.target.value));
document.addEventListener("visibilitychange", look);
listen(address);
look();
