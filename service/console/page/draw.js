// Draws: the ladder as accuracy against cost, and a line of the last minutes.

import { svg } from "./dom.js";
import { duration, number, share } from "./format.js";

const WIDTH = 480;
const HEIGHT = 260;
const LEFT = 52;
const RIGHT = 16;
const TOP = 14;
const BOTTOM = 40;

/** Return the picture of variants {name, accuracy, accuracy_low, accuracy_high, several_rows_us, is_on_front}. */
export function ladderPicture(variants) {
  const low = Math.min(...variants.map((one) => one.accuracy_low));
  const high = Math.max(...variants.map((one) => one.accuracy_high));
  const costs = variants.map((one) => one.several_rows_us);
  const x = logarithmic(Math.min(...costs) / 1.5, Math.max(...costs) * 1.5, LEFT, WIDTH - RIGHT);
  const y = linear(low, high, HEIGHT - BOTTOM, TOP);
  const onFront = variants.filter((one) => one.is_on_front).sort((a, b) => a.several_rows_us - b.several_rows_us);
  const path = onFront.map((one, place) =>
    place ? `H${x(one.several_rows_us)}V${y(one.accuracy)}` : `M${x(one.several_rows_us)},${y(one.accuracy)}`);
  const text = variants.map((one) => `${one.name} ${share(one.accuracy)} at ${duration(one.several_rows_us / 1e6)}`);
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": text.join("; ") },
    ...ticks(low, high).flatMap((value) => [
      svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }),
      svg("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, share(value))]),
    ...costTicks(x.from, x.to).flatMap((value) => [
      svg("line", { class: "grid", y1: TOP, y2: HEIGHT - BOTTOM, x1: x(value), x2: x(value) }),
      svg("text", { x: x(value), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle" }, duration(value / 1e6))]),
    svg("text", { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, "cost of a call of 32 rows, logarithmic"),
    svg("path", { class: "front", d: path.join("") }),
    ...placed(variants, x, y).flatMap(({ one, left, top, label }) => [
      svg("line", { class: "interval", x1: left, x2: left, y1: y(one.accuracy_low), y2: y(one.accuracy_high) }),
      svg("circle", { class: one.is_on_front ? "point" : "point beaten", cx: left, cy: top, r: 5 }),
      svg("text", { class: "name", ...label }, one.name)]));
}

/** Find a place for each name beside its point, out of the way of those before it. */
function placed(variants, x, y) {
  const taken = variants.map((one) => box(x(one.several_rows_us) - 6, x(one.several_rows_us) + 6, y(one.accuracy) + 4));
  return [...variants].sort((a, b) => b.accuracy - a.accuracy).map((one) => {
    const left = x(one.several_rows_us);
    const top = y(one.accuracy);
    const wide = one.name.length * 7;
    const toTheLeft = left + 10 + wide > WIDTH - RIGHT;
    const start = toTheLeft ? left - 10 - wide : left + 10;
    let line = top + 4;
    while (taken.some((other) => start < other.end && other.start < start + wide && Math.abs(other.line - line) < 13)) line += 3;
    taken.push(box(start, start + wide, line));
    return { one, left, top, label: { x: toTheLeft ? left - 10 : left + 10, y: line, "text-anchor": toTheLeft ? "end" : "start" } };
  });
}

const box = (start, end, line) => ({ start, end, line });

/** Return a line of points [{now, value}]; there is a gap where a value is null. */
export function line(points, now, span, label) {
  const width = 480;
  const height = 72;
  const known = points.map((one) => one.value).filter((value) => value !== null && value !== Infinity);
  const top = Math.max(...known, 0) || 1;
  const x = linear(now - span, now, 0, width);
  const y = linear(0, top, height - 2, 6);
  let pen = "M";
  const path = points.map(({ now: at, value }) => {
    if (value === null) {
      pen = "M";
      return "";
    }
    const step = `${pen}${x(at).toFixed(1)},${y(Math.min(value, top)).toFixed(1)}h0`;
    pen = "L";
    return step;
  });
  const last = points.at(-1)?.value ?? null;
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", class: "line", "aria-label": `${label}: now ${number(last)}, at most ${number(Math.max(...known, 0))} in the last minutes` },
    svg("line", { class: "grid", x1: 0, x2: width, y1: height - 2, y2: height - 2 }),
    svg("path", { class: "front", d: path.join("") }),
    svg("text", { x: width, y: 12, "text-anchor": "end" }, known.length ? `at most ${number(top)}` : "nothing yet"));
}

function linear(from, to, start, end) {
  return (value) => start + ((value - from) / (to - from || 1)) * (end - start);
}

function logarithmic(from, to, start, end) {
  const of = linear(Math.log(from), Math.log(to), start, end);
  return Object.assign((value) => of(Math.log(value)), { from, to });
}

/** Return some four round values between two. */
function ticks(from, to) {
  const rough = (to - from || 0.01) / 4;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * unit).find((one) => one >= rough);
  const found = [];
  for (let place = Math.ceil(from / step); place * step <= to; place += 1) found.push(place * step);
  return found;
}

/** Return 1, 2 and 5 times each power of ten between two; but the powers alone where they are many. */
function costTicks(from, to) {
  const found = [];
  for (let power = 10 ** Math.floor(Math.log10(from)); power <= to; power *= 10) {
    found.push(...(to / from > 300 ? [1] : [1, 2, 5]).map((times) => times * power));
  }
  return found.filter((value) => value >= from && value <= to);
}
