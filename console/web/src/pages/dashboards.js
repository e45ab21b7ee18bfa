import * as api from "../lib/api.js";
import { Chart, noTooltip } from "../lib/chart.js";
import { h, show } from "../lib/dom.js";
import { exact, instant } from "../lib/format.js";
import { markdown } from "../lib/markdown.js";
import { local, PRESETS, range, REFRESHES, resolve } from "../lib/time.js";
import { href } from "../router.js";

/** #/dashboards/<id>?from=now-1h&to=now&refresh=10000 */
export function dashboards() {
  const tabs = h("nav", { className: "chips", "aria-label": "Dashboards" });
  const message = h("p", { className: "problem", role: "alert", hidden: true });
  const when = h("span", { className: "quiet", role: "status" });
  const grid = h("div", { className: "grid" });
  const presets = h("select", { id: "range" }, PRESETS.map(([from, to, text]) => h("option", { value: `${from} ${to}` }, text)), h("option", { value: "absolute" }, "From … to …"));
  const from = h("input", { type: "datetime-local", step: 1, id: "from" });
  const to = h("input", { type: "datetime-local", step: 1, id: "to" });
  const absolute = h("form", { className: "row", hidden: true },
    h("label", {}, "From ", from), h("label", {}, "To ", to), h("button", { type: "submit" }, "Apply"));
  const refresh = h("select", { id: "refresh" }, REFRESHES.map(([ms, text]) => h("option", { value: ms }, text)));
  const heading = h("h1", {}, "Dashboards");
  const element = h("div", { className: "page wide" },
    h("div", { className: "row" }, heading, tabs, h("span", { className: "grow" }),
      h("label", {}, "Range ", presets), absolute,
      h("label", {}, "Refresh ", refresh),
      h("button", { type: "button", onclick: () => turn() }, "Refresh now"), when),
    message, grid);

  let all = null;
  let current = null;
  let route = { args: [], query: {} };
  let settings = {};
  let panels = [];
  let loop = null;
  let turns = 0;

  const problem = (text) => {
    message.textContent = text;
    message.hidden = !text;
  };

  async function load() {
    try {
      const answer = await api.get("dashboards");
      all = answer.dashboards;
      problem(answer.problems.join("; "));
    } catch (error) {
      problem(error.message);
      return;
    }
    apply();
  }

  function apply() {
    if (!all) return;
    const wanted = all.find((d) => d.id === route.args[0]) ?? all[0];
    if (!wanted) {
      show(grid, h("p", { className: "quiet" }, "The pipelines have no dashboards: list some under spec.dashboards."));
      return;
    }
    show(tabs, all.length > 1 ? all.map((d) => h("a", { href: href("dashboards", [d.id], route.query), "aria-current": d === wanted ? "page" : null, "data-key": d.id }, d.title)) : []);
    settings = {
      from: route.query.from ?? wanted.from ?? "now-1h",
      to: route.query.to ?? wanted.to ?? "now",
      refresh: Number(route.query.refresh ?? wanted.refreshMs ?? 10_000),
    };
    controls();
    if (wanted !== current) build(wanted);
    loop?.stop();
    loop = api.poll(turn, settings.refresh);
  }

  function controls() {
    const name = `${settings.from} ${settings.to}`;
    let preset = PRESETS.find(([f, t]) => `${f} ${t}` === name);
    if (!preset && /^now/.test(settings.from)) {
      // Such as now-6h, which a saved dashboard may well begin with.
      [...presets.options].filter((o) => o.dataset.own).forEach((o) => o.remove());
      presets.prepend(h("option", { value: name, "data-own": true }, `${settings.from} to ${settings.to}`));
      preset = [settings.from];
    }
    presets.value = preset ? name : "absolute";
    absolute.hidden = Boolean(preset);
    const now = Date.now();
    try {
      from.value = local(resolve(settings.from, now));
      to.value = local(resolve(settings.to, now, true));
    } catch (error) {
      problem(error.message);
    }
    if (![...refresh.options].some((o) => Number(o.value) === settings.refresh)) refresh.append(h("option", { value: settings.refresh }, `${settings.refresh / 1000} s`));
    refresh.value = String(settings.refresh);
  }

  const go = (change) => {
    location.hash = href("dashboards", [current?.id ?? all?.[0]?.id ?? ""], { from: settings.from, to: settings.to, refresh: settings.refresh, ...change });
  };
  presets.addEventListener("change", () => {
    if (presets.value === "absolute") {
      absolute.hidden = false;
      from.focus();
    } else {
      const [f, t] = presets.value.split(" ");
      go({ from: f, to: t });
    }
  });
  absolute.addEventListener("submit", (event) => {
    event.preventDefault();
    if (from.value && to.value) go({ from: new Date(from.value).toISOString(), to: new Date(to.value).toISOString() });
  });
  refresh.addEventListener("change", () => go({ refresh: refresh.value }));

  function build(dashboard) {
    panels.forEach((p) => p.chart?.close());
    noTooltip();
    current = dashboard;
    heading.textContent = dashboard.title;
    const ordered = [...dashboard.panels].sort((a, b) => a.y - b.y || a.x - b.x);
    panels = ordered.map((panel) => card(panel, dashboard));
    show(grid, panels.map((p) => p.card));
  }

  function card(panel, dashboard) {
    const note = h("p", { className: "note", hidden: true });
    const canvas = h("div", { className: "chart" });
    const figure = h("figure", { className: "panel-card", "aria-label": panel.title, title: panel.description || null },
      panel.title && !panel.hideTitle && h("figcaption", {}, panel.title), canvas, note);
    // Kibana's grid: 48 columns, and rows of a fixed height.
    figure.style.setProperty("--column", `${panel.x + 1} / span ${panel.w}`);
    figure.style.setProperty("--row", `${panel.y + 1} / span ${panel.h}`);
    figure.style.setProperty("--rows", panel.h);
    const out = { card: figure, note };
    if (panel.type === "markdown") canvas.append(markdown(panel.markdown));
    else if (panel.type === "vega") out.chart = new Chart(canvas, panel.spec, api.search, { query: dashboard.query, filters: dashboard.filters });
    else say(out, panel.problem, "problem");
    if (panel.type === "markdown") canvas.classList.add("text");
    return out;
  }

  function say({ card: figure, note }, text, kind) {
    note.textContent = text;
    note.hidden = !text;
    note.className = `note ${kind}`;
    figure.classList.toggle("blank", kind === "empty" || kind === "problem");
  }

  async function turn() {
    turns += 1;
    const mine = turns;
    let span;
    try {
      span = range(settings.from, settings.to, Date.now(), settings.refresh);
    } catch (error) {
      problem(error.message);
      return;
    }
    await Promise.all(panels.filter((p) => p.chart).map(async (panel) => {
      try {
        const { empty, warning } = await panel.chart.refresh(span);
        if (mine !== turns) return;
        say(panel, empty ? `No data from ${exact(span.from)} to ${exact(span.to)}.` : warning, empty ? "empty" : "warning");
      } catch (error) {
        if (mine === turns) say(panel, `Not drawn: ${error.message}`, "problem");
      }
    }));
    when.textContent = `as of ${instant(Date.now())}${settings.refresh ? "" : ", not refreshed by itself"}`;
    element.dataset.turns = String(turns);
  }

  const redraw = () => current && turn();
  let resizing;
  const resized = () => {
    clearTimeout(resizing);
    resizing = setTimeout(redraw, 200);
  };
  window.addEventListener("resize", resized);
  load();
  return {
    element,
    title: "Dashboards",
    update(next) {
      route = next;
      apply();
    },
    recolor: redraw,
    close() {
      loop?.stop();
      panels.forEach((p) => p.chart?.close());
      noTooltip();
      window.removeEventListener("resize", resized);
    },
  };
}
