import { h, s } from "./dom.js";

// A state is a word with a sign: nobody needs to tell colours apart.
const SIGNS = {
  good: "M3 8.5l3.2 3.2L13 4.8",
  wait: "M8 3.5V8l3 2",
  bad: "M4 4l8 8M12 4l-8 8",
  rest: "M5.5 4v8M10.5 4v8",
  none: "M4 8h8",
};

const OF = {
  ready: "good", running: "good", flowing: "good", ok: "good",
  waiting: "wait", starting: "wait", unassigned: "wait", restarting: "wait", stopping: "wait",
  failed: "bad", conflict: "bad", absent: "bad", problem: "bad",
  paused: "rest", stopped: "rest", ended: "rest",
};

export const tone = (state) => OF[String(state).toLowerCase()] ?? "none";

/** The sign of a state as SVG, 16 by 16. */
export function sign(state) {
  const of = tone(state);
  return s("g", { className: `sign ${of}` },
    s("circle", { cx: 8, cy: 8, r: 7.2 }),
    s("path", { d: SIGNS[of] }));
}

/** Sign and word. */
export const badge = (state, text = state) =>
  h("span", { className: `badge ${tone(state)}` },
    s("svg", { viewBox: "0 0 16 16", width: 14, height: 14, "aria-hidden": "true" }, sign(state)),
    String(text));
