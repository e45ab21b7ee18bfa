// Kibana's way to say "ask Elasticsearch" inside a Vega-Lite spec, answered here:
// https://www.elastic.co/guide/en/kibana/8.19/vega.html (data.url as an object, %context%, %timefield%, %autointerval%).

const STEPS = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10800, 43200, 86400];

/** The whole-second interval that cuts the range into at most `buckets` parts. */
export function autoInterval(range, buckets) {
  const seconds = (range.to - range.from) / 1000 / Math.max(1, buckets);
  return `${STEPS.find((step) => step >= seconds) ?? STEPS.at(-1)}s`;
}

function substitute(node, range) {
  if (Array.isArray(node)) return node.map((item) => substitute(item, range));
  if (node === null || typeof node !== "object") return node;
  if ("%autointerval%" in node) {
    const n = node["%autointerval%"];
    return autoInterval(range, typeof n === "number" ? n : 50);
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, substitute(value, range)]));
}

/** The `_search` body for a data.url object over a time range ({from, to} in ms). */
export function searchBody(url, range) {
  const body = substitute(url.body ?? {}, range);
  const field = url["%timefield%"];
  if (!field && !url["%context%"]) return body;
  if (body.query) throw new Error("%timefield% and %context% do not go with a query of one's own");
  const filter = field
    ? [{ range: { [field]: { gte: new Date(range.from).toISOString(), lt: new Date(range.to).toISOString() } } }]
    : [];
  return { ...body, query: { bool: { filter } } };
}

/** A copy of the spec whose searches are replaced with their answers; `ask(index, body)` does the asking. */
export async function resolveData(spec, range, ask) {
  if (Array.isArray(spec)) return Promise.all(spec.map((item) => resolveData(item, range, ask)));
  if (spec === null || typeof spec !== "object") return spec;
  const entries = await Promise.all(
    Object.entries(spec).map(async ([key, value]) => {
      if (key === "data" && value && typeof value.url === "object") {
        const { url, ...rest } = value;
        return [key, { ...rest, values: await ask(url.index, searchBody(url, range)) }];
      }
      return [key, await resolveData(value, range, ask)];
    }),
  );
  return Object.fromEntries(entries);
}
