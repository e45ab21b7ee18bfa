import { GraphView } from "../graph/view.js";
import { Panel } from "../graph/panel.js";
import { h, show, table } from "../lib/dom.js";
import { compact, number, rate } from "../lib/format.js";
import { badge } from "../lib/state.js";
import { href } from "../router.js";

/** #/graph/<pipeline>/<node>/<tab>/<more> */
export function overview(store) {
  const strip = h("div", { className: "strip" });
  const problems = h("div", {});
  const tabs = h("nav", { className: "chips", "aria-label": "Pipelines" });
  const holder = h("div", { className: "graph-holder" });
  const list = h("div", {});
  let route = { args: [] };
  let name;
  let view;
  const zoom = (factor) => view?.fit(factor === 0 ? 1 : Math.min(2, Math.max(0.5, view.zoom * factor)));
  const tools = h("div", { className: "row tools" }, tabs,
    h("span", { className: "grow" }),
    h("button", { type: "button", onclick: () => zoom(1 / 1.2), "aria-label": "Smaller" }, "−"),
    h("button", { type: "button", onclick: () => zoom(0), "aria-label": "Fit the window" }, "Fit"),
    h("button", { type: "button", onclick: () => zoom(1.2), "aria-label": "Larger" }, "+"));
  const go = (...args) => { location.hash = href("graph", args); };
  const panel = new Panel({
    onClose() {
      const id = panel.node?.id;
      go(name);
      if (id) view?.focus(id);
    },
    onTab: (tab) => go(name, panel.node.id, tab),
    onHighlight: (ids) => view?.highlight(ids),
  });
  const element = h("div", { className: "overview" },
    h("div", { className: "main" }, strip, problems, tools, holder,
      h("p", { className: "quiet legend" }, "Boxes: sources, transforms, sinks, dashboards. Rounded: streams, with records a second and offsets. Thick lines flow; dotted lines are lookups. A line's number is its rate, or what its reader has still to read."),
      h("details", { className: "card", open: window.innerHeight > 700 }, h("summary", {}, "As a table"), list)),
    panel.element);
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && panel.node) panel.onClose();
  });

  function draw(graphs) {
    const graph = graphs.find((g) => g.name === route.args[0]) ?? graphs[0];
    if (!graph) {
      show(holder, h("p", { className: "quiet" }, store.known ? "There is no pipeline." : "Loading …"));
      return;
    }
    if (graph.name !== name) {
      name = graph.name;
      view = new GraphView(name, (node) => go(name, node.id));
      show(holder, view.svg);
    }
    show(tabs, graphs.length > 1 ? graphs.map((g) => h("a", { href: href("graph", [g.name]), "aria-current": g === graph ? "page" : null }, g.name)) : []);
    view.update(graph);
    summary(graph);
    show(list, table(`Components of ${graph.name}`, ["Name", "Type", "State", { text: "Rate", figure: true }, { text: "Lag", figure: true }, "Message"],
      graph.nodes.map((n) => [h("a", { href: href("graph", [name, n.id]), "data-key": `row ${n.id}` }, n.name), n.type, badge(n.state),
        n.rate === undefined ? "" : rate(n.rate), n.lag === undefined ? "" : number(n.lag), n.message ?? ""])));
    panel.nodes = graph.nodes;
    const wanted = graph.nodes.find((n) => n.id === route.args[1]);
    if (wanted) panel.update(wanted);
  }

  function summary(graph) {
    const components = graph.nodes.filter((n) => ["source", "transform", "sink"].includes(n.type));
    const failed = components.filter((n) => n.state === "failed");
    const sum = (list, of) => list.reduce((all, n) => all + (n[of] ?? 0), 0);
    const sources = new Set(graph.edges.filter((e) => e.from.startsWith("source:")).map((e) => e.to));
    const tile = (text, value, title) => h("div", { className: "tile", title }, h("div", { className: "value" }, value), h("div", { className: "quiet" }, text));
    show(strip,
      tile("State", badge(failed.length ? "failed" : graph.ready ? "ready" : "waiting", failed.length ? `${failed.length} failed` : graph.drained ? "drained" : graph.ready ? "ready" : "waiting")),
      tile("Components ready", `${components.filter((n) => ["ready", "ended"].includes(n.state)).length} of ${components.length}`),
      tile("In", rate(sum(graph.nodes.filter((n) => sources.has(n.id)), "rate")), "Offsets a second of the sources' streams"),
      tile("Lag", compact(sum(components, "lag")), "Records that transforms and sinks have still to read"),
      tile("Late", compact(sum(components, "late")), "Since the job started; they are in the late topics"),
      tile("Dead", compact(sum(components, "dead")), "Since the job started; they are in the dead letters"));
    const wrong = [...(graph.problems ?? []), ...components.filter((n) => n.message && n.state !== "ready" && n.state !== "ended").map((n) => ({ node: n }))];
    show(problems, wrong.length ? h("ul", { className: `problems ${failed.length ? "bad" : ""}`, "aria-label": "What is not as it should be" }, wrong.map((w) => (w.node
      ? h("li", {}, badge(w.node.state), " ", h("a", { href: href("graph", [graph.name, w.node.id]), "data-key": `problem ${w.node.id}` }, w.node.name), `: ${w.node.message}`)
      : h("li", {}, badge("failed", "problem"), ` ${w}`)))) : []);
  }

  // As much room as there is, whatever took or gave it: the window, the panel, a scroll bar.
  const room = new ResizeObserver(() => requestAnimationFrame(() => view?.fit()));
  room.observe(holder);
  const off = store.subscribe(draw);
  return {
    element,
    title: "Graph",
    everyMs: 2000,
    update(next, moved) {
      route = next;
      draw(store.graphs);
      const [, id, tab, more] = route.args;
      const node = store.graphs.find((g) => g.name === name)?.nodes.find((n) => n.id === id);
      view?.select(node?.id ?? null);
      if (node) panel.open(name, node, tab, more, moved);
      else panel.close();
      // What was opened by its link before the graph was there.
      if (id && !node && store.graphs.length === 0) store.once(() => this.update(route, moved));
    },
    close() {
      off();
      room.disconnect();
    },
  };
}
