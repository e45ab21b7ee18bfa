// Kibana's date math, as far as dashboards use it: now, now-15m, now/d, now-1d/d, or an ISO instant.

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

function floor(ms, unit) {
  const at = new Date(ms);
  if (unit === "y") return new Date(at.getFullYear(), 0, 1).getTime();
  if (unit === "M") return new Date(at.getFullYear(), at.getMonth(), 1).getTime();
  if (unit === "w" || unit === "d") {
    const back = unit === "w" ? (at.getDay() + 6) % 7 : 0;
    return new Date(at.getFullYear(), at.getMonth(), at.getDate() - back).getTime();
  }
  return Math.floor(ms / UNITS[unit]) * UNITS[unit];
}

function move(ms, n, unit) {
  if (unit === "M" || unit === "y") {
    const at = new Date(ms);
    if (unit === "M") at.setMonth(at.getMonth() + n);
    else at.setFullYear(at.getFullYear() + n);
    return at.getTime();
  }
  if (unit === "d" || unit === "w") {
    const at = new Date(ms);
    at.setDate(at.getDate() + n * (unit === "w" ? 7 : 1));
    return at.getTime();
  }
  return ms + n * UNITS[unit];
}

/** The instant that a text means, in ms; `up` rounds /d to the end of the day. */
export function resolve(text, now, up = false) {
  const math = /^now((?:[+-]\d+[smhdwMy])*)(?:\/([smhdwMy]))?$/.exec(text ?? "");
  if (!math) {
    const at = Date.parse(text);
    if (Number.isNaN(at)) throw new Error(`'${text}' is no time: expected such as now-1h, or 2026-01-31T12:00:00Z`);
    return at;
  }
  let at = now;
  for (const [, n, unit] of math[1].matchAll(/([+-]\d+)([smhdwMy])/g)) at = move(at, Number(n), unit);
  if (!math[2]) return at;
  const start = floor(at, math[2]);
  return up ? move(start, 1, math[2]) : start;
}

export const PRESETS = [
  ["now-5m", "now", "Last 5 minutes"],
  ["now-15m", "now", "Last 15 minutes"],
  ["now-1h", "now", "Last hour"],
  ["now-4h", "now", "Last 4 hours"],
  ["now-24h", "now", "Last 24 hours"],
  ["now/d", "now/d", "Today"],
];

export const REFRESHES = [[0, "Off"], [5000, "5 s"], [10_000, "10 s"], [30_000, "30 s"], [60_000, "1 min"]];

/**
 * The range in ms. What ends now ends at the next multiple of `stepMs`: pages that look at the same
 * ask the same, and are answered once.
 */
export function range(from, to, now, stepMs = 1000) {
  const step = Math.max(1000, stepMs);
  const end = Math.ceil(now / step) * step;
  const out = { from: resolve(from, end), to: resolve(to, end, true) };
  if (out.from >= out.to) throw new Error("the range's end is not after its beginning");
  return out;
}

/** What `<input type=datetime-local>` takes, in the browser's zone. */
export function local(ms) {
  const at = new Date(ms);
  const two = (n) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
