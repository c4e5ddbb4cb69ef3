// Writes numbers as a person reads them: three digits, and the unit that suits.

export const NONE = "–";

/** Return a number with about three digits. */
export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return NONE;
  const size = Math.abs(value);
  const decimals = size === 0 || size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return value.toLocaleString("en", { maximumFractionDigits: decimals, minimumFractionDigits: decimals });
}

export const count = (value) => (value ?? null) === null ? NONE : Math.round(value).toLocaleString("en");

export const share = (value, decimals = 1) =>
  (value ?? null) === null || Number.isNaN(value) ? NONE : `${(100 * value).toFixed(decimals)}%`;

/** Return a duration; what is beyond the last bound of a histogram is not known. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return NONE;
  if (seconds === Infinity) return "> 5 s";
  if (seconds >= 1) return `${number(seconds)} s`;
  return seconds >= 1e-3 ? `${number(seconds * 1e3)} ms` : `${number(seconds * 1e6)} µs`;
}

export function bytes(value) {
  const units = ["B", "KB", "MB", "GB"];
  let place = 0;
  for (; value >= 1000 && place < units.length - 1; place += 1) value /= 1000;
  return `${place ? number(value) : value} ${units[place]}`;
}

/** Return how many a second, of so many in a time that may not be known yet. */
export const rate = (value, seconds) =>
  seconds === null ? NONE : (value / seconds).toLocaleString("en", { maximumFractionDigits: value / seconds < 10 ? 1 : 0 });
