// Draws: the ladder as accuracy against cost, and a line of the last minutes.

import { svg } from "./dom.js";
import { duration, share } from "./format.js";

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

/** Return a line of points [{now, value}], `top` the highest; there is a gap where a value is null. */
export function line(points, top, now, span, label) {
  const height = 72;
  const x = linear(now - span, now, 0, WIDTH);
  const y = linear(0, top, height - 2, 4);
  let pen = "M";
  const path = points.map(({ now: at, value }) => {
    const step = value === null ? "" : `${pen}${x(at).toFixed(1)},${y(Math.min(value, top)).toFixed(1)}h0`;
    pen = value === null ? "M" : "L";
    return step;
  });
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": label },
    svg("line", { class: "grid", x1: 0, x2: WIDTH, y1: height - 2, y2: height - 2 }),
    svg("path", { class: "front", d: path.join("") }));
}

/** Return a scale from 0 to 100% with a band on it, a mark for what is expected, and a point for what was seen. */
export function band({ seen, expected, low, high }, label) {
  const x = linear(0, 1, 10, WIDTH - 10);
  return svg("svg", { viewBox: `0 0 ${WIDTH} 44`, role: "img", class: "scale", "aria-label": label },
    svg("rect", { class: "track", x: x(0), y: 10, width: x(1) - x(0), height: 8 }),
    svg("rect", { class: "band", x: x(low), y: 6, width: x(high) - x(low), height: 16 }),
    svg("line", { class: "interval", x1: x(expected), x2: x(expected), y1: 4, y2: 24 }),
    seen === null ? null : svg("circle", { class: "point", cx: x(seen), cy: 14, r: 5 }),
    ...[0, 0.25, 0.5, 0.75, 1].map((value) =>
      svg("text", { x: x(value), y: 40, "text-anchor": value === 0 ? "start" : value === 1 ? "end" : "middle" }, share(value, 0))));
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
