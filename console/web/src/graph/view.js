import { s } from "../lib/dom.js";
import { clip, compact, rate, span } from "../lib/format.js";
import { sign, tone } from "../lib/state.js";
import { layout, neighbour, path } from "./layout.js";

const GLYPHS = {
  source: "M2 4.5C2 3 4.7 2 8 2s6 1 6 2.5v7C14 13 11.3 14 8 14s-6-1-6-2.5zM2 4.5C2 6 4.7 7 8 7s6-1 6-2.5",
  transform: "M2 3h5l2 5 2-5h3M2 13h5l2-5M9 8l2 5h3",
  sink: "M8 2v8M5 7l3 3 3-3M2 11v3h12v-3",
  dashboard: "M2 2h12v12H2zM5 11V8M8 11V5M11 11V7",
};
const NAMES = { source: "Source", stream: "Stream", transform: "Transform", sink: "Sink", dashboard: "Dashboard" };

/** What a node says of itself in its last line. */
export function figures(node) {
  if (node.type === "stream") return `${rate(node.rate)} · ${compact(node.records)}`;
  const parts = [];
  if (node.lag !== undefined) parts.push(`lag ${compact(node.lag)}`);
  if (node.batchMs > 0) parts.push(span(node.batchMs));
  if (node.late > 0) parts.push(`late ${compact(node.late)}`);
  if (node.dead > 0) parts.push(`dead ${compact(node.dead)}`);
  return parts.join(" · ");
}

/** As much of it as a box has room for; what is wrong comes first. */
function shortly(node) {
  const parts = [];
  if (node.dead > 0) parts.push(`dead ${compact(node.dead)}`);
  if (node.late > 0) parts.push(`late ${compact(node.late)}`);
  if (node.lag !== undefined) parts.push(`lag ${compact(node.lag)}`);
  if (node.batchMs > 0) parts.push(span(node.batchMs));
  while (parts.length > 1 && parts.join(" · ").length > 15) parts.pop();
  return parts.join(" · ") || node.kind;
}

export const label = (node) =>
  [
    `${NAMES[node.type]} ${node.name}`, node.kind, node.state,
    node.type === "stream" ? `${rate(node.rate)}, ${compact(node.records)} offsets` : figures(node).replaceAll(" · ", ", "),
    node.message,
  ].filter(Boolean).join(", ");

/** The pipeline as SVG; numbers change in place, and it is laid out again only when its shape changes. */
export class GraphView {
  constructor(name, onOpen) {
    this.onOpen = onOpen;
    this.svg = s("svg", { className: "graph", role: "group", "aria-label": `Pipeline ${name} as a graph. Arrow keys move, Enter opens.` });
    this.svg.addEventListener("keydown", (event) => this.key(event));
    this.svg.addEventListener("click", (event) => {
      const node = event.target.closest("[data-id]");
      if (node) this.open(node.dataset.id);
    });
    this.shape = "";
    this.zoom = 1;
    this.selected = null;
    this.marked = null;
  }

  update(graph) {
    this.graph = graph;
    const shape = JSON.stringify([graph.nodes.map((n) => n.id), graph.edges.map((e) => [e.from, e.to, e.role])]);
    if (shape !== this.shape) {
      this.shape = shape;
      this.build();
    }
    graph.nodes.forEach((node) => this.figuresOf(node));
    graph.edges.forEach((edge) => this.flow(edge));
    this.mark();
  }

  build() {
    const focused = this.svg.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    this.places = layout(this.graph.nodes, this.graph.edges);
    const { width, height, nodes, edges } = this.places;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.nodes = new Map();
    this.edges = new Map();
    const lines = s("g", { className: "edges", "aria-hidden": "true" });
    for (const edge of this.graph.edges) {
      const id = `${edge.from}>${edge.to}`;
      const points = edges.get(id);
      if (!points) continue;
      const middle = { x: (points[0].x + points.at(-1).x) / 2, y: points.length > 2 ? points[Math.floor(points.length / 2)].y : (points[0].y + points.at(-1).y) / 2 };
      const last = points.at(-1);
      const line = s("path", { className: `edge ${edge.role}`, d: path(points) });
      const text = s("text", { className: "flow", x: middle.x, y: middle.y - 5, "text-anchor": "middle" });
      const group = s("g", {}, line, s("path", { className: "arrow", d: `M${last.x - 6},${last.y - 4}L${last.x},${last.y}L${last.x - 6},${last.y + 4}` }), text);
      lines.append(group);
      this.edges.set(id, { group, line, text });
    }
    const boxes = s("g", {});
    const order = [...this.graph.nodes].sort((a, b) => nodes.get(a.id).x - nodes.get(b.id).x || nodes.get(a.id).y - nodes.get(b.id).y);
    order.forEach((node, i) => boxes.append(this.box(node, nodes.get(node.id), i === 0)));
    this.order = order;
    this.svg.replaceChildren(lines, boxes);
    this.fit();
    if (focused) this.focus(focused);
  }

  box(node, { x, y, width, height }, first) {
    const stream = node.type === "stream";
    const shape = s("rect", { className: "shape", width, height, rx: stream ? height / 2 : 8 });
    const state = s("g", { transform: `translate(${stream ? 13 : 12},${stream ? 14 : height - 21}) scale(.85)` });
    const word = s("text", { className: "word", x: stream ? 34 : 29, y: stream ? 33 : height - 11 });
    const more = s("text", { className: "more", x: width - 10, y: height - 11, "text-anchor": "end" });
    const title = s("title", {});
    const group = s("g", {
      className: `node ${node.type}`, transform: `translate(${x - width / 2},${y - height / 2})`,
      role: "button", tabindex: first ? 0 : -1, "data-id": node.id,
    },
    title, shape,
    !stream && s("rect", { className: "bar", x: node.type === "sink" || node.type === "dashboard" ? width - 5 : 0, width: 5, height, rx: 2 }),
    !stream && s("path", { className: "glyph", d: GLYPHS[node.type], transform: "translate(12,10)" }),
    s("text", { className: "name", x: 33, y: stream ? 18 : 22 }, clip(node.name, 15)),
    state, word, more);
    this.nodes.set(node.id, { group, state, word, more, title });
    return group;
  }

  figuresOf(node) {
    const parts = this.nodes.get(node.id);
    const said = JSON.stringify(node);
    if (!parts || parts.said === said) return;
    parts.said = said;
    parts.group.setAttribute("class", `node ${node.type} is-${tone(node.state)}`);
    parts.group.setAttribute("aria-label", label(node));
    parts.title.textContent = label(node);
    parts.state.replaceChildren(sign(node.state));
    const stream = node.type === "stream";
    parts.word.textContent = stream ? clip(node.state === "waiting" ? node.state : `${node.state === "flowing" ? "" : `${node.state} · `}${node.rate > 0 ? figures(node) : compact(node.records)}`, 18) : node.state;
    parts.more.textContent = stream ? "" : clip(shortly(node), 16);
  }

  flow(edge) {
    const parts = this.edges.get(`${edge.from}>${edge.to}`);
    if (!parts) return;
    const flowing = edge.rate > 0 && edge.role !== "lookup";
    parts.line.classList.toggle("flowing", flowing);
    parts.line.style.strokeWidth = flowing ? 1.5 + Math.min(3.5, Math.log10(1 + edge.rate)) : 1.5;
    const lag = edge.lag > 1000 ? `lag ${compact(edge.lag)}` : "";
    parts.text.textContent = edge.role === "drives" ? lag || (edge.rate > 0 ? rate(edge.rate) : "") : edge.role === "lookup" && lag ? lag : "";
    parts.text.classList.toggle("behind", edge.lag > 1000);
  }

  /** Shows only these nodes at full strength; null: all. */
  highlight(ids) {
    this.marked = ids;
    this.mark();
  }

  select(id) {
    if (id !== this.selected) this.reveal(id);
    this.selected = id;
    this.mark();
  }

  /** Brings a node into the middle of what is seen, once the panel has taken its room. */
  reveal(id) {
    const at = this.places?.nodes.get(id);
    if (!at) return;
    requestAnimationFrame(() => {
      const holder = this.svg.parentElement;
      if (!holder) return;
      this.fit();
      const scale = this.svg.clientWidth / this.places.width;
      if (at.x * scale < holder.scrollLeft + 80 || at.x * scale > holder.scrollLeft + holder.clientWidth - 80) {
        holder.scrollLeft = at.x * scale - holder.clientWidth / 2;
      }
    });
  }

  mark() {
    for (const [id, { group }] of this.nodes ?? []) {
      group.classList.toggle("selected", id === this.selected);
      group.classList.toggle("dim", Boolean(this.marked) && !this.marked.has(id));
      group.setAttribute("aria-expanded", String(id === this.selected));
    }
    for (const [id, { group, line }] of this.edges ?? []) {
      const [from, to] = id.split(">");
      group.classList.toggle("dim", Boolean(this.marked) && !(this.marked.has(from) && this.marked.has(to)));
      line.classList.toggle("near", !this.marked && (from === this.selected || to === this.selected));
    }
  }

  /** As wide as there is room, but never so small that it can not be read. */
  fit(zoom = this.zoom) {
    this.zoom = zoom;
    const room = this.svg.parentElement?.clientWidth ?? this.places.width;
    const scale = Math.max(0.72, Math.min(1.15, (room - 10) / this.places.width)) * zoom;
    this.svg.setAttribute("width", Math.round(this.places.width * scale));
    this.svg.setAttribute("height", Math.round(this.places.height * scale));
  }

  key(event) {
    const id = event.target.closest("[data-id]")?.dataset.id;
    if (!id) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.open(id);
      return;
    }
    const to = neighbour(id, event.key, this.order, this.graph.edges, this.places.nodes);
    if (to) {
      event.preventDefault();
      this.focus(to);
    }
  }

  focus(id) {
    const next = this.nodes.get(id)?.group;
    if (!next) return;
    for (const { group } of this.nodes.values()) group.setAttribute("tabindex", -1);
    next.setAttribute("tabindex", 0);
    next.focus();
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  open(id) {
    this.onOpen(this.graph.nodes.find((n) => n.id === id));
  }
}
