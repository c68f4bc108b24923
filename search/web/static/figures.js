// Figures as people read them.

export const number = new Intl.NumberFormat("en");
export const said = (value, digits = 1) => (value === null || value === undefined ? "–" : value.toFixed(digits));
export const counted = (count, noun) => `${number.format(count)} ${noun}${count === 1 ? "" : "s"}`;

/** A share in percent, rounded down: 100 means all of them, not almost all. */
export function percent(part, whole) {
  if (whole <= 0) {
    return "0";
  }
  const tenths = Math.floor((1000 * part) / whole);
  return tenths > 990 && part < whole ? (tenths / 10).toFixed(1) : String(Math.floor(tenths / 10));
}

export function duration(seconds) {
  const whole = Math.round(seconds);
  for (const [unit, parts, small, size] of [["d", 86400, "h", 3600], ["h", 3600, "min", 60], ["min", 60, "s", 1]]) {
    if (whole >= parts) {
      return `${Math.floor(whole / parts)} ${unit} ${Math.floor((whole % parts) / size)} ${small}`;
    }
  }
  return `${whole} s`;
}
