import * as api from "./lib/api.js";
import { show } from "./lib/dom.js";
import { badge } from "./lib/state.js";
import { dashboards } from "./pages/dashboards.js";
import { overview } from "./pages/overview.js";
import { connectors, dead, jobs, services, topics } from "./pages/tables.js";
import { parse } from "./router.js";
import { theme } from "./theme.js";

const PAGES = { graph: overview, dashboards, topics, connectors, jobs, dead, services };
const $ = (id) => document.getElementById(id);

/** The graph as it was last told, for the header and the first page. */
const store = {
  graphs: [],
  listeners: new Set(),
  waiting: [],
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  },
  once(listener) {
    this.waiting.push(listener);
  },
  set(graphs) {
    this.graphs = graphs;
    this.known = true;
    this.listeners.forEach((listener) => listener(graphs));
    this.waiting.splice(0).forEach((listener) => listener());
  },
};

let page = null;
let shown = "";
let loop = null;

async function observe() {
  try {
    const { pipelines } = await api.get("graph");
    $("alert").hidden = true;
    const failed = pipelines.flatMap((p) => p.nodes).filter((n) => n.state === "failed").length;
    const ready = pipelines.length > 0 && pipelines.every((p) => p.ready);
    show($("state"), badge(failed ? "failed" : ready ? "ready" : "waiting", failed ? `${failed} failed` : ready ? "ready" : "not ready yet"));
    $("pipelines").textContent = pipelines.map((p) => p.name).join(", ");
    store.set(pipelines);
  } catch (error) {
    $("alert").textContent = error.message;
    $("alert").hidden = false;
    show($("state"), badge("failed", "no answer"));
  }
}

function route() {
  const to = parse(location.hash);
  const name = PAGES[to.page] ? to.page : "graph";
  if (name !== shown) {
    page?.close();
    page = PAGES[name](store);
    shown = name;
    show($("main"), page.element);
    document.title = `${page.title} · Millrace`;
    for (const link of $("nav").querySelectorAll("a")) {
      if (link.hash === `#/${name}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    loop?.stop();
    loop = api.poll(observe, page.everyMs ?? 5000);
    page.update(to, false);
  } else {
    page.update(to, true);
  }
}

theme($("theme"), () => page?.recolor?.());
$("skip").addEventListener("click", (event) => {
  event.preventDefault();
  $("main").focus();
});
window.addEventListener("hashchange", route);
route();
