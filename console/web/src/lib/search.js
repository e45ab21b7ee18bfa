// Kibana's way to say "ask Elasticsearch" inside a Vega or Vega-Lite spec, answered here:
// https://www.elastic.co/guide/en/kibana/8.19/vega.html (data.url as an object, %context%, %timefield%, %autointerval%, %timefilter%).

const STEPS = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10800, 43200, 86400];
const UNITS = { s: 1000, second: 1000, m: 60_000, minute: 60_000, h: 3_600_000, hour: 3_600_000, d: 86_400_000, day: 86_400_000, w: 604_800_000, week: 604_800_000 };

/** The whole-second interval that cuts the range into at most `buckets` parts. */
export function autoInterval(range, buckets) {
  const seconds = (range.to - range.from) / 1000 / Math.max(1, buckets);
  return `${STEPS.find((step) => step >= seconds) ?? STEPS.at(-1)}s`;
}

const iso = (ms) => new Date(ms).toISOString();

function timeFilter(node, range) {
  const shift = (node.shift ?? 0) * (UNITS[node.unit ?? "minute"] ?? 60_000);
  if (node["%timefilter%"] === "min") return range.from + shift;
  if (node["%timefilter%"] === "max") return range.to + shift;
  return { gte: iso(range.from + shift), lt: iso(range.to + shift), format: "strict_date_optional_time" };
}

function substitute(node, range, context) {
  if (Array.isArray(node)) {
    return node.flatMap((item) => {
      const clause = /^%dashboard_context-(must|filter|must_not)_clause%$/.exec(item);
      return clause ? contextClauses(context)[clause[1]] : [substitute(item, range, context)];
    });
  }
  if (node === "%dashboard_context-must_clause%") return { match_all: {} };
  if (node === null || typeof node !== "object") return node;
  if ("%autointerval%" in node) {
    const n = node["%autointerval%"];
    return autoInterval(range, typeof n === "number" ? n : 50);
  }
  if ("%timefilter%" in node) return timeFilter(node, range);
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, substitute(value, range, context)]));
}

/** A dashboard's filters and query as clauses of a bool query. */
export function contextClauses({ query, filters } = {}) {
  const out = { must: [], filter: [], must_not: [] };
  for (const filter of filters ?? []) {
    const meta = filter.meta ?? {};
    if (meta.disabled) continue;
    const clause = filter.query ?? (filter.range ? { range: filter.range } : filter.exists ? { exists: filter.exists } : null);
    if (!clause) throw new Error(`a filter of the dashboard is not understood here: ${JSON.stringify(filter).slice(0, 200)}`);
    out[meta.negate ? "must_not" : "filter"].push(clause);
  }
  if (query?.query) {
    if (query.language !== "lucene" && typeof query.query === "string") {
      throw new Error("the dashboard has a query in KQL, which only Kibana understands: write it as a filter, or in Lucene's syntax");
    }
    out.must.push(typeof query.query === "string" ? { query_string: { query: query.query } } : query.query);
  }
  return out;
}

/** The `_search` body for a data.url object over a time range ({from, to} in ms). */
export function searchBody(url, range, context = {}) {
  const body = substitute(url.body ?? {}, range, context);
  const field = url["%timefield%"];
  const wanted = url["%context%"];
  if (!field && !wanted) return body;
  if (body.query) throw new Error("%timefield% and %context% do not go with a query of one's own");
  const clauses = wanted ? contextClauses(context) : { must: [], filter: [], must_not: [] };
  if (field) clauses.filter.push({ range: { [field]: { gte: iso(range.from), lt: iso(range.to) } } });
  const bool = Object.fromEntries(Object.entries(clauses).filter(([, list]) => list.length > 0));
  return { ...body, query: { bool: { ...bool, filter: clauses.filter } } };
}

function checked(url) {
  const type = url["%type%"] ?? "elasticsearch";
  if (type !== "elasticsearch") throw new Error(`data of type '${type}' comes from the internet and is not loaded here: put it into the spec`);
  if (typeof url.index !== "string") throw new Error("data.url names no index");
  return url;
}

/**
 * A copy of the spec whose searches are replaced with their answers; `ask(index, body)` does the asking.
 * Works for Vega-Lite's data at any depth and for Vega's list of data.
 */
export async function resolveData(spec, range, ask, context = {}) {
  if (Array.isArray(spec)) return Promise.all(spec.map((item) => resolveData(item, range, ask, context)));
  if (spec === null || typeof spec !== "object") return spec;
  if (typeof spec.url === "object" && spec.url !== null && !Array.isArray(spec.url) && ("index" in spec.url || "body" in spec.url || "%type%" in spec.url)) {
    const { url, ...rest } = spec;
    return { ...rest, values: await ask(checked(url).index, searchBody(url, range, context)) };
  }
  const entries = await Promise.all(
    Object.entries(spec).map(async ([key, value]) => [key, key === "values" ? value : await resolveData(value, range, ask, context)]),
  );
  return Object.fromEntries(entries);
}

/** Whether an answer of Elasticsearch has nothing in it to draw. */
export function isEmpty(answer) {
  const total = answer?.hits?.total?.value ?? answer?.hits?.total;
  if (typeof total === "number") return total === 0;
  const aggregations = Object.values(answer?.aggregations ?? {});
  return aggregations.length > 0 && aggregations.every((a) => Array.isArray(a.buckets) && a.buckets.length === 0);
}
