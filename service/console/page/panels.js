// Shows the figures: what happens now, the ladder, and what holds where the service chooses.

import { byId, el, fill, put, say } from "./dom.js";
import { ladderPicture, line } from "./draw.js";
import { NONE, bytes, count, duration, number, rate, share } from "./format.js";
import { LINE_S, quantile, together } from "./history.js";

const sum = (values) => values.reduce((total, value) => total + value, 0);
const answered = (one) => one.outcomes["200"] ?? 0;

/** Show what was answered, and how fast, in the last minute. */
export function showNow(figures, history) {
  const recent = history.recent();
  const variants = [...recent.variants.values()];
  const all = together(variants.map((one) => one.within));
  const perSecond = (value) => rate(value, history.span);
  put(byId("tiles"),
    ...tile("Answered a second", perSecond(sum(variants.map(answered)))),
    ...tile("p50", duration(quantile(all, 0.5))),
    ...tile("p99", duration(quantile(all, 0.99))),
    ...tile("Rows waiting", count(figures.waiting_rows)),
    ...tile("Refused for overload", count(recent.outcomes["503"] ?? 0), `${count(figures.outcomes["503"] ?? 0)} since the start`),
    ...tile("Other failures", count(failures(recent.outcomes)), `${count(failures(figures.outcomes))} since the start`));
  const lines = (name) => history.line.map((point) => ({ now: point.now, value: point[name] }));
  const now = history.line.at(-1)?.now ?? 0;
  put(byId("rate-line"), line(lines("rate"), now, LINE_S, "Requests answered per second"));
  put(byId("p99-line"), line(lines("p99_ms"), now, LINE_S, "p99 in milliseconds"));
  const total = sum(variants.map(answered));
  const since = new Map((figures.shown?.traffic ?? []).map((one) => [one.variant, one]));
  fill(byId("traffic"), [
    ["Variant", (one) => one.variant],
    ["Answered/s", (one) => perSecond(answered(one)), "number"],
    ["Share", (one) => (total ? share(answered(one) / total, 0) : NONE), "number"],
    ["p50", (one) => duration(quantile(one.within, 0.5)), "number"],
    ["p99", (one) => duration(quantile(one.within, 0.99)), "number"],
    ["Rows/s", (one) => perSecond(one.rows), "number"],
    ["Rows a call", (one) => number(one.calls ? one.rows / one.calls : null), "number"],
    ["Answered in all", (one) => count(answered(since.get(one.variant))), "number"],
    ["Failed in all", (one) => count(failures(since.get(one.variant).outcomes, [])), "number"],
  ], variants, `Traffic by variant, ${period(history)}`);
  say(byId("traffic-note"), variants.length
    ? "p50 and p99 are read from a histogram, on a line between its bounds: they are near, not exact."
    : "Nobody has asked for a prediction yet. The form below can.");
}

const failures = (outcomes, but = ["503"]) =>
  sum(Object.entries(outcomes).filter(([name]) => name !== "200" && !but.includes(name)).map(([, value]) => value));

const period = (history) => (history.span === null ? "since the start" : `the last ${Math.round(history.span)} s`);

const tile = (name, value, note = null) =>
  [el("div", {}, el("dt", {}, name), el("dd", {}, value, note && el("small", {}, note)))];

/** Show what each variant is worth, and what it costs. */
export function showLadder({ shown, workers }) {
  const { catalogue, costs } = shown;
  const rungs = catalogue.variants.map((one) => ({ ...one, ...costs[one.name] }));
  const known = rungs.filter((one) => one.name in costs);
  put(byId("ladder-picture"), known.length ? ladderPicture(known) : el("p", { class: "note" }, "No variant is loaded."));
  say(byId("ladder-caption"), `Accuracy against cost; ● on the Pareto front, ○ beaten by another`);
  fill(byId("ladder"), [
    ["Variant", named],
    ["Accuracy", (one) => share(one.accuracy, 2), "number"],
    ["95% interval", (one) => `${(100 * one.accuracy_low).toFixed(1)}–${share(one.accuracy_high)}`, "number"],
    ["Size", (one) => bytes(one.bytes), "number"],
    ["1 row", (one) => micros(one.one_row_us), "number"],
    ["32 rows", (one) => micros(one.several_rows_us), "number"],
    ["On the front", (one) => (one.is_on_front ? "● yes" : one.name in costs ? "○ no" : NONE)],
  ], rungs, `The variants of ${catalogue.model}, version ${catalogue.version}`);
  const truth = catalogue.truth === "reference" ? `Accuracy is agreement with ${catalogue.reference}: the data had no labels.` : null;
  const rows = catalogue.variants[0].test_rows;
  say(byId("ladder-note"), [
    `Accuracy on ${count(rows)} held-out rows. A call's cost is learned while it serves${workers > 1 ? ", here by one worker of several" : ""}.`,
    truth].filter(Boolean).join(" "));
}

/** Return a variant's name, and its state where it is not loaded, which is the common one. */
function named({ name, state, detail }) {
  if (state === "loaded") return name;
  return el("span", {}, name, el("small", {}, detail ?? (state === "available" ? "loads when it is asked for" : state)));
}

const micros = (value) => (value === undefined ? NONE : duration(value / 1e6));

/** Show what holds where a request leaves the variant, or a bound, to the service. */
export function showChoice({ shown }) {
  const { policy } = shown;
  const problem = policy.problem && el("p", { class: "alarm" }, `What is laid down is not what holds: ${policy.problem}`);
  put(byId("choice"), problem, facts([
    ["Where none is named", policy.default_variant],
    ["auto may choose", policy.variants ? policy.variants.join(", ") : "all that are loaded"],
    ["Floor", policy.min_accuracy ? `accuracy of at least ${policy.min_accuracy}` : "none"],
    ["Aim", policy.max_latency_ms ? `within ${number(policy.max_latency_ms)} ms` : "no bound on the time"],
    ["Objective", policy.objective],
  ]));
}

const facts = (pairs) => el("dl", { class: "facts" }, ...pairs.map(([name, value]) =>
  el("div", {}, el("dt", {}, name), el("dd", {}, value))));
