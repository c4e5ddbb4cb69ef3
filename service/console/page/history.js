// Remembers what was counted a while ago: the service counts since it began, and a reader wants to know of now.

const KEPT_S = 60;
export const LINE_S = 180;

export class History {
  constructor() {
    this.forget();
  }

  forget() {
    this.samples = [];
    this.line = [];
  }

  /** Take the figures of now, in seconds; a service that was started anew begins a new history. */
  add(figures, now) {
    const last = this.samples.at(-1);
    if (last && shrank(last.figures.outcomes, figures.outcomes)) this.forget();
    const before = this.samples.at(-1);
    this.samples.push({ figures, now });
    while (this.samples.length > 2 && now - this.samples[1].now >= KEPT_S) this.samples.shift();
    if (before) this.line.push({ now, ...this.between(before, this.samples.at(-1)) });
    this.line = this.line.filter((point) => now - point.now <= LINE_S);
  }

  /** For how many seconds there are figures to compare with; null where there are none yet. */
  get span() {
    const [first] = this.samples;
    return this.samples.length > 1 ? this.samples.at(-1).now - first.now : null;
  }

  /** Return what was counted in that time, by variant; since the service began where that is not known. */
  recent() {
    const first = this.samples.length > 1 ? this.samples[0].figures : null;
    const last = this.samples.at(-1).figures;
    const before = new Map((first?.shown?.traffic ?? []).map((one) => [one.variant, one]));
    return {
      outcomes: less(last.outcomes, first?.outcomes),
      variants: new Map((last.shown?.traffic ?? []).map((one) => [one.variant, since(one, before.get(one.variant))])),
    };
  }

  between(before, after) {
    const counted = new Map((before.figures.shown?.traffic ?? []).map((one) => [one.variant, one]));
    const new_ = (after.figures.shown?.traffic ?? []).map((one) => since(one, counted.get(one.variant)));
    const seconds = after.now - before.now;
    return {
      rate: new_.reduce((sum, one) => sum + (one.outcomes["200"] ?? 0), 0) / seconds,
      p99_ms: milliseconds(quantile(together(new_.map((one) => one.within)), 0.99)),
    };
  }
}

const shrank = (before, after) => Object.entries(before).some(([name, value]) => (after[name] ?? 0) < value);

const less = (now, before = {}) =>
  Object.fromEntries(Object.entries(now).map(([name, value]) => [name, value - (before[name] ?? 0)]));

function since(one, before) {
  if (!before) return one;
  return {
    ...one,
    outcomes: less(one.outcomes, before.outcomes),
    rows: one.rows - before.rows,
    calls: one.calls - before.calls,
    within: one.within.map(([bound, value], place) => [bound, value - (before.within[place]?.[1] ?? 0)]),
  };
}

/** Add up histograms of the same bounds. */
export function together(histograms) {
  const [first, ...others] = histograms.filter((one) => one.length);
  return (first ?? []).map(([bound, value], place) =>
    [bound, others.reduce((sum, other) => sum + other[place][1], value)]);
}

/**
 * Return the quantile of a histogram of [bound, how many were within it], on a line within its bucket; null where
 * it is empty, Infinity beyond the last bound.
 */
export function quantile(histogram, part) {
  const all = histogram.at(-1)?.[1] ?? 0;
  if (!all) return null;
  const place = histogram.findIndex(([, value]) => value >= part * all);
  const [bound, value] = histogram[place];
  if (bound === null) return Infinity;
  const [below, before] = place ? histogram[place - 1] : [0, 0];
  return below + ((bound - below) * (part * all - before)) / (value - before);
}

const milliseconds = (seconds) => (seconds === null ? null : seconds * 1e3);
