// Makes tv.ndjson (Kibana's saved objects) from what is under src/main, where the specs can be read and edited.
//   node build.mjs           writes it
//   node build.mjs --check   fails if it is not what would be written
import { readFileSync, writeFileSync } from "node:fs";

const here = new URL("./", import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(`src/main/${name}`, here), "utf8"));
const source = read("dashboards.json");

/** Puts in place of {"$file": name} the JSON in that file, and of {"$ref": name} the encoding of that name. */
function resolve(node) {
  if (Array.isArray(node)) return node.map(resolve);
  if (node === null || typeof node !== "object") return node;
  if (node.$file) return read(node.$file);
  if (node.$ref) {
    if (!source.encodings[node.$ref]) throw new Error(`no encoding '${node.$ref}' in dashboards.json`);
    return source.encodings[node.$ref];
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, resolve(value)]));
}

const NO_SEARCH = { searchSourceJSON: JSON.stringify({ query: { query: "", language: "kuery" }, filter: [] }) };

// The lowest versions that fit: Kibana migrates lower ones up and refuses those above what it knows.
const object = (type, id, typeMigrationVersion, attributes, references = []) =>
  ({ type, id, attributes, references, coreMigrationVersion: "8.8.0", typeMigrationVersion, managed: false });

const dataView = ({ id, title, timeFieldName }) =>
  object("index-pattern", id, "8.0.0", {
    title, name: title, timeFieldName, fieldFormatMap: "{}", runtimeFieldMap: "{}", sourceFilters: "[]", fields: "[]",
  });

/** What a panel shows: a Vega-Lite spec, or a text. */
function shown(title, { spec, markdown }) {
  if (markdown) {
    return { title, type: "markdown", params: { fontSize: 12, openLinksInNewTab: false, markdown: markdown.join("\n") }, aggs: [] };
  }
  const full = { $schema: "https://vega.github.io/schema/vega-lite/v5.json", ...resolve(spec) };
  return { title, type: "vega", params: { spec: JSON.stringify(full) }, aggs: [] };
}

function visualization(name) {
  const { title, description, ...panel } = read(`panels/${name}.json`);
  return object("visualization", `tv-${name}`, "8.5.0", {
    title,
    description,
    version: 1,
    uiStateJSON: "{}",
    visState: JSON.stringify(shown(title, panel)),
    kibanaSavedObjectMeta: NO_SEARCH,
  });
}

function dashboard({ id, title, description, panels }) {
  const panelsJSON = panels.map(({ x, y, w, h }, i) => ({
    version: "8.8.0",
    type: "visualization",
    gridData: { x, y, w, h, i: String(i + 1) },
    panelIndex: String(i + 1),
    embeddableConfig: { enhancements: {} },
    panelRefName: `panel_${i + 1}`,
  }));
  // Kibana looks a panel up by the first name, OpenSearch Dashboards by the second.
  const references = panels.flatMap(({ panel }, i) =>
    [`${i + 1}:panel_${i + 1}`, `panel_${i + 1}`].map((name) => ({ name, type: "visualization", id: `tv-${panel}` })));
  return object("dashboard", id, "8.9.0", {
    title,
    description,
    version: 1,
    timeRestore: true,
    timeFrom: "now-1h",
    timeTo: "now",
    refreshInterval: { pause: false, value: 10000 },
    optionsJSON: JSON.stringify({ useMargins: true, syncColors: false, syncCursor: true, syncTooltips: false, hidePanelTitles: false }),
    panelsJSON: JSON.stringify(panelsJSON),
    kibanaSavedObjectMeta: NO_SEARCH,
  }, references);
}

const names = [...new Set(source.dashboards.flatMap((d) => d.panels.map((p) => p.panel)))];
const lines = [...source.dataViews.map(dataView), ...names.map(visualization), ...source.dashboards.map(dashboard)];
const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
const out = new URL("tv.ndjson", here);
if (process.argv.includes("--check")) {
  if (readFileSync(out, "utf8") !== text) {
    console.error("demo-tv/dashboards/tv.ndjson is not what src/main makes: run node demo-tv/dashboards/build.mjs");
    process.exit(1);
  }
} else {
  writeFileSync(out, text);
}
