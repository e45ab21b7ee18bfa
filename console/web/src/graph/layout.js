import * as dagre from "@dagrejs/dagre";

// Streams are smaller than what makes and reads them: the eye finds the steps first.
export const SIZES = {
  source: [152, 56], transform: [152, 56], sink: [152, 56], dashboard: [152, 56], stream: [140, 42],
};

/** Left to right in layers: nodes with x, y (their middles), width, height; edges with the points of their way. */
export function layout(nodes, edges) {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", ranksep: 38, nodesep: 14, edgesep: 8, marginx: 12, marginy: 12 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) {
    const [width, height] = SIZES[node.type];
    graph.setNode(node.id, { width, height });
  }
  for (const edge of edges) {
    if (graph.hasNode(edge.from) && graph.hasNode(edge.to)) graph.setEdge(edge.from, edge.to, { weight: edge.role === "lookup" ? 1 : 4 });
  }
  dagre.layout(graph);
  const size = graph.graph();
  return {
    width: Math.ceil(size.width || 0),
    height: Math.ceil(size.height || 0),
    nodes: new Map(nodes.map((node) => [node.id, graph.node(node.id)])),
    edges: new Map(edges.filter((e) => graph.hasEdge(e.from, e.to)).map((e) => [`${e.from}>${e.to}`, way(graph, e)])),
  };
}

/** From the middle of one's right side to the middle of the other's left side. */
function way(graph, { from, to }) {
  const a = graph.node(from);
  const b = graph.node(to);
  const between = graph.edge(from, to).points.slice(1, -1).filter((p) => p.x > a.x + a.width / 2 && p.x < b.x - b.width / 2);
  const bends = between.length > 1 ? between : [];
  return [{ x: a.x + a.width / 2, y: a.y }, ...bends, { x: b.x - b.width / 2, y: b.y }];
}

/** A smooth line through the points. */
export function path(points) {
  const f = (n) => Math.round(n * 10) / 10;
  let d = `M${f(points[0].x)},${f(points[0].y)}`;
  for (let i = 1; i < points.length; i += 1) {
    const a = points[i - 1];
    const b = points[i];
    const middle = (a.x + b.x) / 2;
    d += `C${f(middle)},${f(a.y)} ${f(middle)},${f(b.y)} ${f(b.x)},${f(b.y)}`;
  }
  return d;
}

/** Where the arrow keys lead from a node. */
export function neighbour(id, key, nodes, edges, places) {
  const at = places.get(id);
  const near = (ids) => ids
    .filter((other) => places.has(other))
    .sort((a, b) => Math.abs(places.get(a).y - at.y) - Math.abs(places.get(b).y - at.y))[0];
  if (key === "ArrowRight") return near(edges.filter((e) => e.from === id).map((e) => e.to));
  if (key === "ArrowLeft") return near(edges.filter((e) => e.to === id).map((e) => e.from));
  const ids = nodes.map((n) => n.id);
  if (key === "Home") return ids[0];
  if (key === "End") return ids.at(-1);
  const column = ids.filter((other) => Math.abs(places.get(other).x - at.x) < 60).sort((a, b) => places.get(a).y - places.get(b).y);
  const next = column.indexOf(id) + (key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0);
  return column[next];
}
