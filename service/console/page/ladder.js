// Shows the ladder: what each variant is worth, and what it costs.

import { byId, el, fill, put, say } from "./dom.js";
import { ladderPicture } from "./draw.js";
import { NONE, bytes, count, duration, share } from "./format.js";

/** Show the variants of a version, and their cascade. */
export function showLadder({ shown, workers }) {
  const { catalogue, costs } = shown;
  const rungs = named(catalogue).map((one) => ({ ...one, ...costs[one.name] }));
  const known = rungs.filter((one) => one.name in costs);
  put(byId("ladder-picture"), known.length ? ladderPicture(known) : el("p", { class: "note" }, "No variant is loaded."));
  fill(byId("ladder"), [
    ["Variant", name],
    ["Accuracy", (one) => share(one.accuracy, 2), "number"],
    ["95% interval", (one) => `${(100 * one.accuracy_low).toFixed(1)}–${share(one.accuracy_high)}`, "number"],
    ["Size", (one) => bytes(one.bytes), "number"],
    ["1 row", (one) => micros(one.one_row_us), "number"],
    ["32 rows", (one) => micros(one.several_rows_us), "number"],
    ["Front", (one) => (one.is_on_front ? "● yes" : one.name in costs ? "○ no" : NONE)],
  ], rungs, `The variants of ${catalogue.model}, version ${catalogue.version}`);
  const sentences = [
    `Accuracy on ${count(catalogue.variants[0].test_rows)} held-out rows.`,
    catalogue.truth === "reference" ? `It is agreement with ${catalogue.reference}: the data had no labels.` : "",
    `A call's cost is learned while it serves${workers > 1 ? ", here by one worker of several" : ""}.`,
    "One is on the front where none that is loaded is as accurate and as cheap, by these figures as they are."];
  say(byId("ladder-note"), sentences.filter(Boolean).join(" "));
}

/** Return all that can be asked for by name. */
export function named({ variants, cascade }) {
  if (!cascade) return variants;
  const sizes = Object.fromEntries(variants.map((one) => [one.name, one.bytes]));
  return [...variants, {
    ...cascade,
    name: "cascade",
    bytes: sizes[cascade.first] + sizes[cascade.second],
    made: `${cascade.first}, then ${cascade.second}`,
  }];
}

/** Return rows in the order of the ladder; `of` gives the variant of a row. */
export function inOrder(catalogue, rows, of) {
  const names = [...named(catalogue).map((one) => one.name), "auto"];
  return [...rows].sort((one, other) => names.indexOf(of(one)) - names.indexOf(of(other)));
}

/** Return a variant's name, and what there is to say of it but that it is loaded, which is the common case. */
function name(one) {
  const state = one.state === "available" ? "loads when it is asked for" : one.state === "loaded" ? null : one.state;
  const notes = [one.made, one.detail ?? state].filter(Boolean);
  return el("span", {}, one.name, ...notes.map((note) => el("small", {}, note)));
}

const micros = (value) => (value === undefined ? NONE : duration(value / 1e6));
