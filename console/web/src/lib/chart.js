import * as vega from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { compile } from "vega-lite";
import { h } from "./dom.js";
import { isEmpty, resolveData } from "./search.js";

function theme() {
  const root = getComputedStyle(document.documentElement);
  const color = (name) => root.getPropertyValue(name).trim();
  const ink = color("--ink-2");
  const axis = { labelColor: ink, titleColor: ink, gridColor: color("--line"), domainColor: color("--line"), tickColor: color("--line") };
  const text = { labelColor: ink, titleColor: ink };
  return {
    background: null,
    font: "system-ui, sans-serif",
    view: { stroke: null },
    axis,
    legend: text,
    header: text,
    title: { color: color("--ink"), subtitleColor: ink },
    text: { color: color("--ink") },
    range: { category: ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7", "--c8"].map(color) },
    mark: { color: color("--c1") },
  };
}

function merged(base, over) {
  if (over === undefined) return base;
  if (!base || !over || typeof base !== "object" || typeof over !== "object" || Array.isArray(over)) return over;
  const out = { ...base };
  for (const [key, value] of Object.entries(over)) out[key] = merged(base[key], value);
  return out;
}

/** Values under the pointer, as text in a box of our own: Vega's would need its own style sheet. */
const box = h("div", { className: "tooltip", role: "status", hidden: true });
function tooltip(handler, event, item, value) {
  if (value === null || value === undefined || value === "") {
    box.hidden = true;
    return;
  }
  const rows = typeof value === "object" ? Object.entries(value).filter(([, v]) => typeof v !== "object") : [["", value]];
  box.replaceChildren(...rows.map(([name, v]) => h("div", {}, name && h("span", { className: "quiet" }, `${name} `), String(v))));
  if (!box.isConnected) document.body.append(box);
  box.hidden = false;
  const { innerWidth, innerHeight } = window;
  box.style.left = `${Math.min(event.clientX + 14, innerWidth - box.offsetWidth - 8)}px`;
  box.style.top = `${Math.min(event.clientY + 14, innerHeight - box.offsetHeight - 8)}px`;
}

/** One panel: a Vega or Vega-Lite spec of a Kibana saved object, drawn again whenever its data have changed. */
export class Chart {
  constructor(element, spec, ask, context) {
    this.element = element;
    this.spec = spec;
    this.ask = ask;
    this.context = context;
    this.drawn = "";
  }

  /** Asks and draws; answers whether there was nothing to draw, and what the answers warn of. */
  async refresh(range) {
    const answers = [];
    const spec = await resolveData(this.spec, range, async (index, body) => {
      const answer = await this.ask(index, body);
      answers.push(answer);
      return answer;
    }, this.context);
    await this.draw(spec);
    return {
      empty: answers.length > 0 && answers.every(isEmpty),
      warning: answers.some((a) => a.timed_out || a._shards?.failed > 0)
        ? "Elasticsearch answered for a part of the data only."
        : "",
    };
  }

  async draw(spec) {
    const size = { width: this.element.clientWidth, height: this.element.clientHeight };
    if (size.width === 0) return;
    const colors = theme();
    const state = JSON.stringify([spec, size, colors]);
    if (state === this.drawn) return;
    const view = new vega.View(vega.parse(...this.compiled(spec, size, colors), { ast: true }), {
      expr: expressionInterpreter,
      renderer: "svg",
      container: this.element,
      hover: true,
      logLevel: vega.Error,
      tooltip,
    });
    await view.runAsync();
    this.view?.finalize();
    this.view = view;
    this.drawn = state;
  }

  compiled(spec, size, colors) {
    const config = merged(colors, spec.config);
    if (/\/vega\/v\d/.test(spec.$schema ?? "")) {
      return [{ ...size, autosize: { type: "fit", contains: "padding" }, ...spec }, config];
    }
    const composed = spec.hconcat || spec.vconcat || spec.concat || spec.facet || spec.repeat
      || spec.encoding?.row || spec.encoding?.column || spec.encoding?.facet;
    const fit = composed ? {} : { ...size, autosize: { type: "fit", contains: "padding" } };
    try {
      return [compile({ ...fit, ...spec, config }, { logger: vega.logger(vega.Error) }).spec, null];
    } catch (error) {
      throw new Error(`its Vega-Lite spec can not be compiled: ${error.message}`);
    }
  }

  close() {
    this.view?.finalize();
  }
}

/** Hides what a chart that is gone was showing. */
export const noTooltip = () => {
  box.hidden = true;
};
