import assert from "node:assert/strict";
import { test } from "node:test";
import { layout, neighbour, path } from "../src/graph/layout.js";
import { downstream, touched, upstream } from "../src/graph/lineage.js";
import { bytes, rate, span } from "../src/lib/format.js";
import { parse as markdown } from "../src/lib/markdown.js";
import { range, resolve } from "../src/lib/time.js";
import { href, parse } from "../src/router.js";

const nodes = [
  { id: "source:db", type: "source", name: "db" }, { id: "stream:users", type: "stream", name: "users" },
  { id: "source:events", type: "source", name: "events" }, { id: "stream:events", type: "stream", name: "events" },
  { id: "transform:views", type: "transform", name: "views" }, { id: "stream:views", type: "stream", name: "views" },
  { id: "sink:views", type: "sink", name: "views" },
];
const edges = [
  ["source:db", "stream:users"], ["source:events", "stream:events"], ["stream:events", "transform:views", "drives"],
  ["stream:users", "transform:views", "lookup"], ["transform:views", "stream:views"], ["stream:views", "sink:views", "drives"],
].map(([from, to, role = "writes"]) => ({ from, to, role }));

test("the graph runs from left to right, and nothing lies on anything else", () => {
  const { nodes: places, edges: ways, width } = layout(nodes, edges);
  for (const { from, to } of edges) {
    assert.ok(places.get(from).x < places.get(to).x, `${from} is left of ${to}`);
    const points = ways.get(`${from}>${to}`);
    assert.equal(points[0].x, places.get(from).x + places.get(from).width / 2);
    assert.match(path(points), /^M[\d.,]+C/);
  }
  const all = [...places.values()];
  all.forEach((a, i) => all.slice(i + 1).forEach((b) => assert.ok(
    Math.abs(a.x - b.x) >= (a.width + b.width) / 2 || Math.abs(a.y - b.y) >= (a.height + b.height) / 2)));
  assert.ok(width > 600);
});

test("arrow keys follow the lines and the columns", () => {
  const { nodes: places } = layout(nodes, edges);
  assert.equal(neighbour("stream:events", "ArrowRight", nodes, edges, places), "transform:views");
  assert.equal(neighbour("stream:views", "ArrowLeft", nodes, edges, places), "transform:views");
  const [upper, lower] = ["stream:users", "stream:events"].sort((a, b) => places.get(a).y - places.get(b).y);
  assert.equal(neighbour(upper, "ArrowDown", nodes, edges, places), lower);
  assert.equal(neighbour(lower, "ArrowUp", nodes, edges, places), upper);
  assert.equal(neighbour(upper, "ArrowUp", nodes, edges, places), undefined);
});

const lineage = {
  streams: {
    users: { component: "db", columns: ["id", "age"], table: "tv.users" }, events: { component: "events", columns: ["id", "at"] },
    views: { component: "views", columns: ["group", "n"] }, totals: { component: "totals", columns: ["sum"] },
  },
  transforms: {
    views: { from: { group: [{ stream: "users", column: "age" }], n: [] }, rows: [{ stream: "users", column: "id" }] },
    totals: { from: { sum: [{ stream: "views", column: "group" }] }, rows: [] },
  },
  sinks: { out: { stream: "totals", index: "i" } },
};

test("a column is followed to its source and to its sinks", () => {
  const up = upstream(lineage, "totals", "sum");
  assert.equal(up.from[0].from[0].column, "age");
  assert.match(up.from[0].from[0].origin, /table users \(db\)/);
  const down = downstream(lineage, "users", "age");
  assert.equal(down.to[0].to[0].sinks[0].index, "i");
  assert.deepEqual(downstream(lineage, "users", "id").decides, ["views"]);
  assert.match(upstream(lineage, "views", "n").origin, /constant/);
  assert.ok(touched(lineage, up, down).has("sink:out"));
  assert.ok(touched(lineage, up, down).has("source:db"));
});

test("times are Kibana's", () => {
  const now = new Date(2026, 4, 6, 15, 30, 7).getTime();
  assert.equal(resolve("now-1h", now), now - 3_600_000);
  assert.equal(resolve("now/d", now), new Date(2026, 4, 6).getTime());
  assert.equal(resolve("now/d", now, true), new Date(2026, 4, 7).getTime());
  assert.equal(resolve("now-1d/d", now), new Date(2026, 4, 5).getTime());
  assert.equal(resolve("2026-05-06T00:00:00Z", now), Date.UTC(2026, 4, 6));
  assert.throws(() => resolve("yesterday", now), /'yesterday' is no time/);
});

test("pages that look at the same moment ask for the same range", () => {
  const a = range("now-15m", "now", 1_000_000_001, 5000);
  assert.deepEqual(a, range("now-15m", "now", 1_000_004_999, 5000));
  assert.equal(a.to % 5000, 0);
  assert.equal(a.to - a.from, 900_000);
  assert.throws(() => range("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", 0), /not after/);
});

test("a place is its link", () => {
  const link = href("graph", ["tv", "stream:show_views", "lineage", "a b"], { x: "1/2" });
  assert.equal(link, "#/graph/tv/stream:show_views/lineage/a%20b?x=1%2F2");
  assert.deepEqual(parse(link), { page: "graph", args: ["tv", "stream:show_views", "lineage", "a b"], query: { x: "1/2" } });
  assert.equal(parse("").page, "graph");
});

test("markdown is text, and links lead to pages only", () => {
  assert.deepEqual(markdown("# Hi\n\na **b** `c`\n- x\n- y"), [
    ["h3", {}, ["Hi"]],
    ["p", {}, ["a ", ["strong", {}, ["b"]], " ", ["code", {}, ["c"]]]],
    ["ul", {}, [["li", {}, ["x"]], ["li", {}, ["y"]]]],
  ]);
  assert.equal(markdown("[x](javascript:alert(1))")[0][2].flat(9).join("").includes("href"), false);
  assert.equal(markdown("[x](https://example.org)")[0][2][0][1].href, "https://example.org");
});

test("figures are short", () => {
  assert.equal(rate(3.25), "3.3/s");
  assert.equal(bytes(131315), "131 KB");
  assert.equal(span(604_800_000), "7 d");
  assert.equal(span(240), "240 ms");
});
