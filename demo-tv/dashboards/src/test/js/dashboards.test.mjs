// The saved objects of demo-tv: what Kibana would refuse, and what would draw nothing.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
// The page's own vega and vega-lite: what compiles here is what the page draws.
const page = createRequire(here("../../console/web/package.json"));
const load = async (name) => {
  try {
    return await import(page.resolve(name));
  } catch (e) {
    throw new Error(`${name} is not installed: ./mvnw -pl console generate-resources does that (${e.message})`);
  }
};
const vega = await load("vega");
const { compile } = await load("vega-lite");

const text = readFileSync(here("tv.ndjson"), "utf8");
const objects = text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
const byId = new Map(objects.map((o) => [`${o.type}/${o.id}`, o]));
const ofType = (type) => objects.filter((o) => o.type === type);
const state = (visualization) => JSON.parse(visualization.attributes.visState);
const spec = (visualization) => JSON.parse(state(visualization).params.spec);
const drawn = () => ofType("visualization").filter((v) => state(v).type === "vega");
const panels = (dashboard) => JSON.parse(dashboard.attributes.panelsJSON);

/** Every node of a JSON tree. */
function* nodes(node) {
  if (node === null || typeof node !== "object") return;
  yield node;
  for (const child of Object.values(node)) yield* nodes(child);
}
const searches = (s) => [...nodes(s)].filter((n) => n.url && typeof n.url === "object").map((n) => n.url);

test("the file is what its sources make", () => {
  execFileSync(process.execPath, [here("build.mjs"), "--check"], { stdio: "inherit" });
});

test("a dashboard has at least eight panels, one of them a map", () => {
  const audience = byId.get("dashboard/tv-audience");
  const shown = panels(audience).map((p) => byId.get(`visualization/${audience.references.find((r) => r.name === p.panelRefName).id}`));
  const specs = shown.filter((v) => drawn().includes(v)).map(spec);
  assert.ok(specs.length >= 8);
  assert.equal(shown.filter((v) => state(v).type === "markdown" && state(v).params.markdown).length, 1);
  assert.equal(specs.filter((s) => JSON.stringify(s).includes('"geoshape"')).length, 1);
});

// What Kibana's schemas allow; it refuses others in dashboards.
const KEYS = {
  "index-pattern": ["title", "name", "timeFieldName", "fieldFormatMap", "runtimeFieldMap", "sourceFilters", "fields"],
  visualization: ["title", "description", "version", "uiStateJSON", "visState", "kibanaSavedObjectMeta"],
  dashboard: ["title", "description", "version", "timeRestore", "timeFrom", "timeTo", "refreshInterval", "optionsJSON", "panelsJSON", "kibanaSavedObjectMeta"],
};

test("objects are of known types, with allowed attributes, each once", () => {
  assert.equal(byId.size, objects.length);
  for (const o of objects) {
    assert.deepEqual(Object.keys(o).sort(), ["attributes", "coreMigrationVersion", "id", "managed", "references", "type", "typeMigrationVersion"]);
    assert.ok(KEYS[o.type], `${o.type}/${o.id}`);
    assert.deepEqual(Object.keys(o.attributes).filter((k) => !KEYS[o.type].includes(k)), [], `${o.type}/${o.id}`);
    for (const [key, value] of Object.entries(o.attributes)) {
      if (/(JSON|visState|Map|sourceFilters|fields)$/.test(key)) JSON.parse(value);
    }
  }
});

test("every reference resolves, every panel by both of its names, every object is used", () => {
  const used = new Set();
  for (const o of objects) {
    for (const r of o.references) {
      assert.ok(byId.has(`${r.type}/${r.id}`), `${o.type}/${o.id}: ${r.name} leads to no ${r.type}/${r.id}`);
      used.add(`${r.type}/${r.id}`);
    }
  }
  for (const dashboard of ofType("dashboard")) {
    const names = new Map(dashboard.references.map((r) => [r.name, r.id]));
    assert.equal(names.size, 2 * panels(dashboard).length);
    for (const p of panels(dashboard)) {
      assert.equal(p.panelIndex, p.gridData.i);
      assert.ok(names.has(p.panelRefName), `${dashboard.id}: ${p.panelRefName}`);
      assert.equal(names.get(`${p.panelIndex}:${p.panelRefName}`), names.get(p.panelRefName));
    }
  }
  assert.deepEqual(ofType("visualization").map((v) => `visualization/${v.id}`).filter((id) => !used.has(id)), []);
});

test("panels lie within 48 columns and on no other panel", () => {
  for (const dashboard of ofType("dashboard")) {
    const taken = new Set();
    for (const { gridData: g } of panels(dashboard)) {
      assert.ok(g.x >= 0 && g.x + g.w <= 48);
      for (let x = g.x; x < g.x + g.w; x++) {
        for (let y = g.y; y < g.y + g.h; y++) {
          assert.ok(!taken.has(`${x},${y}`), `${dashboard.id}: panel ${g.i} at ${x},${y}`);
          taken.add(`${x},${y}`);
        }
      }
    }
    // No gaps either.
    assert.equal(taken.size % 48, 0, dashboard.id);
  }
});

test("searches are bounded, follow the time range, and ask the indices of the data views", () => {
  const views = new Map(ofType("index-pattern").map((v) => [v.attributes.title, v.attributes.timeFieldName]));
  for (const v of drawn()) {
    for (const url of searches(spec(v))) {
      assert.equal(url["%timefield%"], views.get(url.index), v.id);
      assert.equal(url["%context%"], true, v.id);
      assert.equal(url.body.size, 0, v.id);
      assert.equal(url.body.query, undefined, v.id);
      for (const n of nodes(url.body)) {
        if (n.terms?.field) assert.ok(n.terms.size >= 1 && n.terms.size <= 100, `${v.id}: terms of ${n.terms.field}`);
        if (n.date_histogram) assert.deepEqual(n.date_histogram.fixed_interval, { "%autointerval%": 60 }, v.id);
      }
    }
  }
});

test("nothing is set that the place where it is drawn decides", () => {
  for (const v of drawn()) {
    const s = spec(v);
    assert.equal(s.$schema, "https://vega.github.io/schema/vega-lite/v5.json", v.id);
    for (const key of ["width", "height", "background", "autosize", "config"]) assert.equal(s[key], undefined, `${v.id}: ${key}`);
    assert.ok(s.description && v.attributes.title, v.id);
  }
});

// ---- drawn, with an answer such as Elasticsearch gives

const VALUES = {
  region: ["north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"],
  age_group: ["0-17", "18-29", "30-44", "45-59", "60+"],
  gender: ["female", "male"],
  plan: ["basic", "family", "premium"],
  complete: [1, 0],
  genre: ["comedy", "documentary", "drama", "kids", "news", "sports"],
};
const START = Date.UTC(2026, 0, 1, 20);

function answer(aggs, empty) {
  return Object.fromEntries(Object.entries(aggs).map(([name, { aggs: inner, ...how }]) => {
    const [kind, { field }] = Object.entries(how)[0];
    if (kind === "sum" || kind === "cardinality") return [name, { value: empty ? 0 : 1800 + 60 * name.length }];
    const keys = kind === "date_histogram" ? [0, 1, 2].map((n) => START + n * 60_000) : VALUES[field] ?? ["a", "b", "c"];
    return [name, { buckets: empty ? [] : keys.map((key) => ({ key, doc_count: 1, ...answer(inner ?? {}, empty) })) }];
  }));
}

function answered(node, empty) {
  if (Array.isArray(node)) return node.map((n) => answered(n, empty));
  if (node === null || typeof node !== "object") return node;
  if (node.url && typeof node.url === "object") {
    const { url, ...rest } = node;
    return { ...rest, values: { aggregations: answer(url.body.aggs, empty) } };
  }
  return Object.fromEntries(Object.entries(node).map(([k, v]) => [k, answered(v, empty)]));
}

async function draw(visualization, empty) {
  const said = [];
  const logger = { level() { return this; }, info() { return this; }, debug() { return this; },
    warn(...a) { said.push(a.join(" ")); return this; }, error(...a) { said.push(a.join(" ")); return this; } };
  const full = { ...answered(spec(visualization), empty), width: 600, height: 300, autosize: { type: "fit", contains: "padding" } };
  const { spec: compiled } = compile(full, { logger });
  const svg = await new vega.View(vega.parse(compiled), { renderer: "none", logger }).toSVG();
  return { svg, said };
}

for (const v of drawn()) {
  test(`${v.id} compiles without a warning and draws marks`, async () => {
    const { svg, said } = await draw(v, false);
    assert.deepEqual(said, []);
    assert.ok(!svg.includes("NaN"), svg);
    const marks = svg.match(/aria-roledescription="(bar|rect mark|geoshape|area mark|line mark|text mark)"/g) ?? [];
    assert.ok(marks.length >= 3, `${marks.length} marks in ${svg}`);
  });
  test(`${v.id} draws an empty frame when there are no data`, async () => {
    assert.match((await draw(v, true)).svg, /^<svg/);
  });
}

// Of a bar from one time to another vega-lite takes time for its length, unless it is told which way it stands.
test("what is said to be stacked is", () => {
  let stacked = 0;
  for (const v of drawn()) {
    for (const unit of nodes(spec(v))) {
      if (!unit.mark || !(unit.encoding?.y?.stack ?? unit.encoding?.x?.stack)) continue;
      const made = compile({ ...unit, data: { values: [] } }, { logger: vega.logger(vega.Error) }).spec;
      assert.ok([...nodes(made.marks)].some((n) => n.field?.endsWith?.("_start")), `${v.id}: nothing stands on what is below it`);
      stacked++;
    }
  }
  assert.ok(stacked > 5, `${stacked} stacked panels`);
});
