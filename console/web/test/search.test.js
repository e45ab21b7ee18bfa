import assert from "node:assert/strict";
import { test } from "node:test";
import { autoInterval, resolveData, searchBody } from "../src/search.js";

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
