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

  /** Take what has been counted by now, in seconds; another model, or the service started anew, begins a new history. */
  add({ counted, bounds_s: bounds, shown }, now) {
    const model = shown?.catalogue.model;
    const last = this.samples.at(-1);
    if (last && (last.model !== model || shrank(last.counted.outcomes, counted.outcomes))) this.forget();
    const before = this.samples.at(-1);
    this.samples.push({ counted, model, now });
    while (this.samples.length > 2 && now - this.samples[1].now >= KEPT_S) this.samples.shift();
    if (before) {
      const { traffic } = less(counted, before.counted);
      this.line.push({ now, rate: answered(traffic) / (now - before.now), p99: quantile(together(traffic), bounds, 0.99) });
    }
    this.line = this.line.filter((point) => now - point.now <= LINE_S);
  }

  /** Return what was counted in the last minute, or so far, and in how many seconds; null where that is not known. */
  recent() {
    const first = this.samples[0];
    const last = this.samples.at(-1);
    if (first === last) return { counted: last.counted, seconds: null };
    return { counted: less(last.counted, first.counted), seconds: last.now - first.now };
  }
}

const shrank = (before, after) => Object.entries(before).some(([name, value]) => (after[name] ?? 0) < value);

/** Return by how much all numbers are more than they were. */
function less(now, before) {
  if (typeof now === "number") return now - (before ?? 0);
  if (Array.isArray(now)) return now.map((one, place) => less(one, before?.[place]));
  return Object.fromEntries(Object.entries(now).map(([name, one]) => [name, less(one, before?.[name])]));
}

/** Return how many requests were answered, by all variants. */
export const answered = (traffic) =>
  Object.values(traffic).reduce((sum, one) => sum + (one.outcomes["200"] ?? 0), 0);

/** Return the histogram of the times that all variants took. */
export function together(traffic) {
  const [first = [], ...others] = Object.values(traffic).map((one) => one.within).filter((one) => one.length);
  return first.map((value, place) => others.reduce((sum, other) => sum + other[place], value));
}

/**
 * Return a quantile of how many were within each bound, on a line within its bucket: null where there are none,
 * Infinity beyond the last bound.
 */
export function quantile(within, bounds, part) {
  const all = within.at(-1) ?? 0;
  if (!all) return null;
  const place = within.findIndex((value) => value >= part * all);
  if (bounds[place] === null) return Infinity;
  const [bound, before] = place ? [bounds[place - 1], within[place - 1]] : [0, 0];
  return bound + ((bounds[place] - bound) * (part * all - before)) / (within[place] - before);
}
