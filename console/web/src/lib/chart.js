import * as vega from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { compile } from "vega-lite";
import { resolveData } from "./search.js";

const ROOT = getComputedStyle(document.documentElement);
const color = (name) => ROOT.getPropertyValue(name).trim();

function theme() {
  const ink = color("--ink-2");
  const axis = { labelColor: ink, titleColor: ink, gridColor: color("--line"), domainColor: color("--line"), tickColor: color("--line") };
  return {
    background: null,
    font: "system-ui, sans-serif",
    view: { stroke: null },
    axis,
    legend: { labelColor: ink, titleColor: ink },
    range: { category: ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7", "--c8"].map(color) },
    mark: { color: color("--c1") },
  };
}

/** One panel: a Vega-Lite spec of a Kibana saved object, drawn again whenever its data have changed. */
export class Chart {
  constructor(element, spec, ask) {
    this.element = element;
    this.spec = spec;
    this.ask = ask;
    this.drawn = "";
  }

  async refresh(range) {
    const spec = await resolveData(this.spec, range, this.ask);
    const size = { width: this.element.clientWidth, height: this.element.clientHeight };
    if (size.width === 0) return;
    const state = JSON.stringify([spec, size]);
    if (state === this.drawn) return;
    const { spec: compiled } = compile({
      ...spec,
      ...(spec.hconcat || spec.vconcat || spec.facet ? {} : { width: size.width, height: size.height }),
      autosize: { type: "fit", contains: "padding" },
      config: { ...theme(), ...spec.config },
    }, { logger: vega.logger(vega.Error) });
    const view = new vega.View(vega.parse(compiled, null, { ast: true }), {
      expr: expressionInterpreter,
      renderer: "svg",
      container: this.element,
      hover: true,
      logLevel: vega.Error,
    });
    await view.runAsync();
    this.view?.finalize();
    this.view = view;
    this.drawn = state;
  }
}
