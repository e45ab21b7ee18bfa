const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const number = (value) => (Number.isFinite(value) ? whole.format(value) : "–");

/** 12,345 as 12.3K, for where there is little room. */
export const compact = (value) => (Number.isFinite(value) ? short.format(value) : "–");

export function rate(value) {
  if (!Number.isFinite(value)) return "–";
  return `${value > 0 && value < 10 ? value.toFixed(1) : short.format(Math.round(value))}/s`;
}

export function bytes(value) {
  if (!Number.isFinite(value) || value < 0) return "–";
  const units = ["B", "KB", "MB", "GB", "TB"];
  let i = 0;
  let n = value;
  while (n >= 1000 && i < units.length - 1) {
    n /= 1000;
    i += 1;
  }
  return `${i === 0 ? n : n.toFixed(n < 10 ? 1 : 0)} ${units[i]}`;
}

/** Milliseconds as 240 ms, 1.5 s, 3 min, 7 d. */
export function span(ms) {
  if (!Number.isFinite(ms)) return "–";
  if (ms < 0) return "for ever";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  for (const [size, unit] of [[86_400_000, "d"], [3_600_000, "h"], [60_000, "min"]]) {
    if (ms >= size) return `${Math.round((ms / size) * 10) / 10} ${unit}`;
  }
  return `${Math.round(ms / 100) / 10} s`;
}

const clock = (options) => new Intl.DateTimeFormat("en-GB", { hour12: false, ...options });
const time = clock({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = clock({ year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** An instant, by day only when it is not today. */
export function instant(value, now = Date.now()) {
  const at = new Date(value);
  if (Number.isNaN(at.getTime())) return String(value ?? "–");
  return at.toDateString() === new Date(now).toDateString() ? time.format(at) : day.format(at);
}

export const exact = (value) => day.format(new Date(value));

/** The text, or its beginning and an ellipsis. */
export const clip = (text, most) => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);
