// Sends an instance to several variants, and shows the answers side by side.

import { byId, el, fill, put, say, svg } from "./dom.js";
import { NONE, duration, share } from "./format.js";
import { named } from "./ladder.js";

const ROUNDS = 5;

let about = null; // the model and version that the form is filled for
let labels = [];
let example = "";

/** Let the form be about a version: its variants to choose from, and an instance that it takes. */
export async function offer(shown, address) {
  const names = [...named(shown.catalogue), { name: "auto", state: "loaded" }];
  const key = `${shown.catalogue.model}/${shown.catalogue.version}`;
  const isNew = key !== about;
  put(byId("targets"), ...names.map((one) => {
    const box = el("input", { type: "checkbox", name: "target", value: one.name, disabled: !usable(one) && "" });
    return el("label", {}, box, ` ${one.name}`, one.state === "loaded" ? null : el("small", {}, ` ${one.state}`));
  }));
  if (!isNew) return;
  about = key;
  for (const box of byId("targets").querySelectorAll("input")) {
    box.checked = names.some((one) => one.name === box.value && one.state === "loaded");
  }
  clear();
  const answer = await fetch(address("console/form.json"));
  if (!answer.ok || about !== key) return;
  ({ labels, instance: example } = await answer.json());
  restore();
}

const usable = (one) => one.state === "loaded" || one.state === "available";

function clear() {
  byId("answers-region").hidden = true;
  say(byId("answers-note"), null);
  say(byId("form-error"), null);
}

function restore() {
  byId("instance").value = JSON.stringify(example).replaceAll(",", ", ");
}

/** Listen to the form; `address` puts the model and the version behind a path. */
export function listen(address) {
  byId("reset").addEventListener("click", restore);
  byId("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    clear();
    const instance = read(byId("instance").value);
    if (instance === undefined) return;
    const targets = [...document.querySelectorAll("input[name=target]:checked")].map((box) => box.value);
    if (!targets.length) return say(byId("form-error"), "Choose at least one variant.");
    byId("send").disabled = true;
    try {
      await compare(targets, JSON.stringify({ instances: [instance] }), address);
    } finally {
      byId("send").disabled = false;
    }
  });
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    say(byId("form-error"), `This is not JSON: ${error.message}`);
    return undefined;
  }
}

/** Ask each in turn, a few times over: one after the other, so that they do not wait for each other. */
async function compare(targets, body, address) {
  const answers = targets.map((target) => ({ target, times: [], told: null, error: null }));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const one of answers.filter((answer) => !answer.error)) {
      await ask(one, body, address);
      show(answers);
    }
  }
  say(byId("answers-note"), `Times are what this browser waited, the median of ${ROUNDS}, the way there and back included. These requests count above like any other.`);
}

async function ask(one, body, address) {
  const start = performance.now();
  try {
    const answer = await fetch(address("predict", { variant: one.target }), { method: "POST", body, headers: { "content-type": "application/json" } });
    const told = await answer.json();
    if (!answer.ok) one.error = told.detail ?? `${answer.status}`;
    else Object.assign(one, { told, reason: answer.headers.get("x-variant-reason") });
  } catch (error) {
    one.error = `no answer: ${error.message}`;
  }
  one.times.push((performance.now() - start) / 1e3);
}

function show(answers) {
  byId("answers-region").hidden = false;
  const first = answers[0].told?.predictions[0];
  fill(byId("answers"), [
    ["Asked", (one) => one.target],
    ["Label", (one) => one.error ?? (one.told ? `${one.told.predictions[0]}` : "…"), "long"],
    ["Time", (one) => (one.told ? duration(median(one.times)) : NONE), "number"],
    ["Probability", (one) => (one.told ? bar(Math.max(...one.told.probabilities[0])) : NONE)],
    [`As ${answers[0].target}`, (one) => (!one.told ? NONE : one.told.predictions[0] === first ? "= same" : "≠ differs")],
    ["Next likely", (one) => (one.told ? next(one.told.probabilities[0]) : NONE)],
    ["Answered by", (one) => (one.told ? one.told.variant + (one.reason ? ` (${one.reason})` : "") : NONE)],
  ], answers, "The answers, side by side");
}

/** Return a share with a bar as long as it is; the number says the same to who cannot see that. */
const bar = (value) => el("span", { class: "bar" },
  svg("svg", { viewBox: "0 0 64 8", "aria-hidden": "true" },
    svg("rect", { class: "track", width: 64, height: 8 }), svg("rect", { class: "part", width: 64 * value, height: 8 })),
  share(value));

function next(probabilities) {
  const [, second] = probabilities.map((value, place) => [value, place]).sort((a, b) => b[0] - a[0]);
  return `${labels[second[1]]} ${share(second[0])}`;
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
