// Figures as people read them, with their units.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** count is a number of things. */
export const count = (n) => whole.format(n);

/** compact is a number of things where there is little room. */
export const compact = (n) => (n < 10_000 ? whole.format(n) : short.format(n));

/** rate is a number of things a second, without its unit. */
export function rate(n) {
  if (n > 0 && n < 0.1) return "<0.1";
  if (n < 10) return tenth.format(n);
  return compact(n);
}

/** bytes is a size, in units of a thousand. */
export function bytes(n) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  for (; n >= 999.5 && at < units.length - 1; at++) n /= 1000;
  return `${at === 0 || n >= 100 ? whole.format(n) : tenth.format(n)} ${units[at]}`;
}

/** time is how long something takes. */
export function time(seconds) {
  if (seconds === 0) return "0 ms";
  if (seconds < 0.0009995) return `${whole.format(Math.max(1, seconds * 1e6))} µs`;
  if (seconds < 0.9995) return `${(seconds < 0.00995 ? tenth : whole).format(seconds * 1e3)} ms`;
  return `${tenth.format(seconds)} s`;
}

/** age is how long something has lasted. */
export function age(seconds) {
  const s = Math.floor(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

/** share is a part of one, in percent. */
export const share = (part) => `${whole.format(part * 100)} %`;

/** things counts something: 1 client, 2 clients. */
export const things = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
