// Shows what happens now: how much is asked, of which variant, and how fast it is answered.

import { byId, el, fill, put, say } from "./dom.js";
import { line } from "./draw.js";
import { NONE, count, duration, number, rate, share } from "./format.js";
import { LINE_S, answered, quantile, together } from "./history.js";
import { inOrder } from "./ladder.js";

const OVERLOAD = "503";

/** Show the traffic of the last minute. */
export function showNow({ shown, counted, bounds_s: bounds, waiting_rows: waiting }, history) {
  const { counted: recent, seconds } = history.recent();
  const all = together(recent.traffic);
  const told = (of) => `${count(of(counted.outcomes))} since the start`;
  put(byId("tiles"),
    tile("Answered a second", rate(answered(recent.traffic), seconds)),
    tile("p50", duration(quantile(all, bounds, 0.5))),
    tile("p99", duration(quantile(all, bounds, 0.99))),
    tile("Rows waiting", count(waiting)),
    tile("Refused for overload", count(refused(recent.outcomes)), told(refused)),
    tile("Other failures", count(failed(recent.outcomes)), told(failed)));
  showLines(history);
  const rows = shown ? inOrder(shown.catalogue, Object.entries(recent.traffic), ([name]) => name) : [];
  showTraffic(rows, counted.traffic, bounds, seconds);
}

const refused = (outcomes) => outcomes[OVERLOAD] ?? 0;

const failed = (outcomes, but = OVERLOAD) =>
  Object.entries(outcomes).reduce((sum, [name, value]) => (name === "200" || name === but ? sum : sum + value), 0);

const tile = (name, value, note = null) =>
  el("div", {}, el("dt", {}, name), el("dd", {}, value, note && el("small", {}, note)));

function showLines(history) {
  const now = history.line.at(-1)?.now ?? 0;
  for (const [id, name, text, write] of [
    ["rate", "rate", "Answered a second", number], ["p99", "p99", "p99", duration]]) {
    const points = history.line.map((point) => ({ now: point.now, value: point[name] }));
    const top = Math.max(...points.map((point) => point.value ?? 0), 0);
    const caption = points.length ? `${text}, the last minutes: at most ${write(top)}` : `${text}: nothing to compare with yet`;
    say(byId(`${id}-caption`), caption);
    put(byId(`${id}-line`), line(points, top, now, LINE_S, caption));
  }
}

function showTraffic(rows, total, bounds, seconds) {
  const all = answered(Object.fromEntries(rows));
  const columns = [
    ["Variant", ([name]) => (name === "auto" ? "auto, none chosen yet" : name)],
    ["Answered/s", ([, one]) => rate(one.outcomes["200"] ?? 0, seconds), "number"],
    ["Share", ([, one]) => (all ? share((one.outcomes["200"] ?? 0) / all, 0) : NONE), "number"],
    ["p50", ([, one]) => duration(quantile(one.within, bounds, 0.5)), "number"],
    ["p99", ([, one]) => duration(quantile(one.within, bounds, 0.99)), "number"],
    ["Rows/s", ([, one]) => rate(one.rows, seconds), "number"],
    ["Rows a call", ([, one]) => number(one.calls ? one.rows / one.calls : null), "number"],
    ["Answered in all", ([name]) => count(total[name].outcomes["200"] ?? 0), "number"],
    ["Failed in all", ([name]) => count(failed(total[name].outcomes, null)), "number"],
  ];
  const period = seconds === null ? "since the start" : `the last ${Math.round(seconds)} s`;
  fill(byId("traffic"), columns, rows, `Traffic by variant, ${period}`);
  say(byId("traffic-note"), answered(total)
    ? "p50 and p99 are read from a histogram, on a line between its bounds: they are near, not exact."
    : "Nobody has asked for a prediction yet. The form below can.");
}
