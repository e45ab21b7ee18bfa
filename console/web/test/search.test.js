import assert from "node:assert/strict";
import { test } from "node:test";
import { autoInterval, contextClauses, isEmpty, resolveData, searchBody } from "../src/lib/search.js";

const range = { from: 0, to: 3_600_000 };

test("the dashboard's time range becomes a filter", () => {
  const body = searchBody({ index: "tv", "%timefield%": "at", body: { size: 0 } }, range);
  assert.deepEqual(body, {
    size: 0,
    query: { bool: { filter: [{ range: { at: { gte: "1970-01-01T00:00:00.000Z", lt: "1970-01-01T01:00:00.000Z" } } }] } },
  });
});

test("a query of one's own does not go with the time range", () => {
  assert.throws(() => searchBody({ "%timefield%": "at", body: { query: { match_all: {} } } }, range), /query of one's own/);
});

test("intervals follow the range", () => {
  assert.equal(autoInterval(range, 60), "60s");
  assert.equal(autoInterval({ from: 0, to: 86_400_000 }, 60), "1800s");
  const body = searchBody({ body: { aggs: { t: { date_histogram: { field: "at", fixed_interval: { "%autointerval%": 60 } } } } } }, range);
  assert.equal(body.aggs.t.date_histogram.fixed_interval, "60s");
});

test("searches are answered at any depth, inline data stay", async () => {
  const spec = {
    layer: [{ data: { url: { index: "a", body: {} }, format: { property: "x" } } }],
    transform: [{ from: { data: { url: { index: "b" } } } }],
    data: { values: [1] },
  };
  const asked = [];
  const resolved = await resolveData(spec, range, async (index) => (asked.push(index), { x: index }));
  assert.deepEqual(asked.sort(), ["a", "b"]);
  assert.deepEqual(resolved.layer[0].data, { format: { property: "x" }, values: { x: "a" } });
  assert.deepEqual(resolved.data, { values: [1] });
});

test("a dashboard's filters and Lucene query go along with %context%", () => {
  const context = {
    query: { language: "lucene", query: "genre:news" },
    filters: [
      { meta: {}, query: { term: { region: "north" } } },
      { meta: { negate: true }, query: { term: { plan: "basic" } } },
      { meta: { disabled: true }, query: { term: { x: 1 } } },
    ],
  };
  const body = searchBody({ index: "tv", "%context%": true, "%timefield%": "at", body: { size: 0 } }, range, context);
  assert.deepEqual(body.query.bool.must, [{ query_string: { query: "genre:news" } }]);
  assert.deepEqual(body.query.bool.must_not, [{ term: { plan: "basic" } }]);
  assert.deepEqual(body.query.bool.filter[0], { term: { region: "north" } });
  assert.ok(body.query.bool.filter[1].range.at);
  assert.throws(() => contextClauses({ query: { language: "kuery", query: "a: b" } }), /KQL/);
});

test("%timefilter% stands for the range, its ends, and shifted ones", () => {
  const body = searchBody({
    body: { query: { bool: { filter: ["%dashboard_context-filter_clause%", { range: { at: { "%timefilter%": true } } }] } },
      aggs: { t: { date_histogram: { extended_bounds: { min: { "%timefilter%": "min" }, max: { "%timefilter%": "max", shift: -1, unit: "minute" } } } } } },
  }, range, { filters: [{ query: { term: { a: 1 } } }] });
  assert.deepEqual(body.query.bool.filter[0], { term: { a: 1 } });
  assert.equal(body.query.bool.filter[1].range.at.gte, "1970-01-01T00:00:00.000Z");
  assert.deepEqual(body.aggs.t.date_histogram.extended_bounds, { min: 0, max: 3_540_000 });
});

test("Vega's list of data is answered too, and what needs the internet is refused", async () => {
  const resolved = await resolveData({ data: [{ name: "a", url: { index: "i", body: {} } }, { name: "b", values: [{ url: { index: "no" } }] }] }, range, async () => 7);
  assert.equal(resolved.data[0].values, 7);
  assert.equal(resolved.data[0].name, "a");
  assert.deepEqual(resolved.data[1].values, [{ url: { index: "no" } }]);
  await assert.rejects(resolveData({ data: { url: { "%type%": "emsfile", name: "x" } } }, range, async () => 0), /internet/);
});

test("an answer without hits is empty", () => {
  assert.ok(isEmpty({ hits: { total: { value: 0 } }, aggregations: {} }));
  assert.ok(!isEmpty({ hits: { total: { value: 3 } } }));
  assert.ok(isEmpty({ aggregations: { a: { buckets: [] } } }));
});
