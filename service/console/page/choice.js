// Shows what holds where the service chooses, what it chose, and what live requests tell of it.

import { byId, el, fill, put } from "./dom.js";
import { band } from "./draw.js";
import { NONE, count, number, share } from "./format.js";
import { inOrder } from "./ladder.js";

/** Show each part of it that there is something of. */
export function showChoice({ shown, counted }, history) {
  const { counted: recent, seconds } = history.recent();
  const { cascade, shadow, feedback } = shown.catalogue;
  const period = seconds === null ? "since the start" : `the last ${Math.round(seconds)} s`;
  put(byId("policy"), ...policyOf(shown.policy));
  showReasons(shown.catalogue, counted.traffic, recent.traffic, period);
  byId("cascade-part").hidden = !cascade;
  if (cascade) put(byId("cascade"), ...escalation(cascade, shown.is_shifted, counted, recent, period));
  showShares("shadow", inOrder(shown.catalogue, shadow, (one) => one.variant), "agreement", `Agreement with ${shadow[0]?.shadow}, which answers some requests as well`);
  showShares("feedback", inOrder(shown.catalogue, feedback, (one) => one.variant), "accuracy", "Live accuracy, by the labels that clients said afterwards");
}

function policyOf(policy) {
  const pairs = [
    ["Where none is named", policy.default_variant],
    ["auto may choose", policy.variants ? policy.variants.join(", ") : "all that are loaded"],
    ["Floor", policy.min_accuracy ? `accuracy of at least ${share(policy.min_accuracy)}` : "none"],
    ["Aim", policy.max_latency_ms ? `within ${number(policy.max_latency_ms)} ms` : "no bound on the time"],
    ["Objective", policy.objective],
  ];
  const facts = pairs.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)));
  return [
    policy.problem && el("p", { class: "alarm" }, `What is laid down cannot be followed: ${policy.problem}`),
    el("dl", { class: "facts" }, ...facts)];
}

function showReasons(catalogue, total, recent, period) {
  const all = inOrder(catalogue, Object.keys(total), (name) => name);
  const chosen = all.filter((name) => Object.values(total[name].choices).some(Boolean));
  const reasons = [...new Set(chosen.flatMap((name) => Object.keys(total[name].choices)))].sort();
  byId("reasons-region").hidden = !chosen.length;
  fill(byId("reasons"), [
    ["Variant", (name) => name],
    ...reasons.map((reason) => [reason, (name) => count(recent[name].choices[reason] ?? 0), "number"]),
    ["Since the start", (name) => count(Object.values(total[name].choices).reduce((sum, value) => sum + value, 0)), "number"],
  ], chosen, `Requests for which the service chose, by variant and reason, ${period}`);
}

/** Tell which share of rows went on, against the band in which it is to stay. */
function escalation(cascade, isShifted, counted, recent, period) {
  const { first, second, threshold, escalated: expected, escalated_low: low, escalated_high: high } = cascade;
  const of = recent.cascade_rows ? recent : counted;
  const seen = of.cascade_rows ? of.escalated_rows / of.cascade_rows : null;
  const expects = `${share(expected)} is expected, ${share(low)} to ${share(high)} while the data are as they were`;
  const saw = seen === null
    ? "No row has come yet."
    : `${share(seen)} of ${count(of.cascade_rows)} rows went on (${of === recent ? period : "since the start"}).`;
  return [
    el("p", {}, `${first} answers; rows of which its largest probability is below ${share(threshold)} go on to ${second}.`),
    band({ seen, expected, low, high }, `${saw} ${expects}.`),
    el("p", { class: "note" }, `${saw} ${expects}.`),
    isShifted ? el("p", { class: "alarm" }, "The share has left its band: the data have shifted.") : null];
}

function showShares(id, rows, name, caption) {
  byId(`${id}-region`).hidden = !rows.length;
  fill(byId(id), [
    ["Variant", (one) => one.variant],
    [name === "agreement" ? "Agreement" : "Accuracy", (one) => share(one[name], 2), "number"],
    ["95% interval", (one) => `${(100 * one.low).toFixed(1)}–${share(one.high)}`, "number"],
    [name === "agreement" ? "Requests" : "Labels", (one) => count(one.trials), "number"],
    ["On the test rows", (one) => (one.expected ? share(one.expected.value, 2) : NONE), "number"],
    ["As expected", (one) => (one.alarm ? "▲ no, it differs" : one.expected ? "yes, so far" : NONE)],
  ], rows, caption);
}
