// Columns up to their sources and down to the sinks, from /api/pipelines/<p>/lineage.

const name = (c) => `${c.stream}.${c.column}`;

/** What a column is made from: {stream, column, origin, rows, from: [...]}, to the sources. */
export function upstream(lineage, stream, column, seen = new Set()) {
  const node = { stream, column, from: [] };
  const component = lineage.streams[stream]?.component;
  const made = lineage.transforms[component];
  if (!made) {
    const { table } = lineage.streams[stream] ?? {};
    node.origin = table ? `column of table ${table.split(".").at(-1)} (${component})` : `made by source ${component}`;
    return node;
  }
  if (seen.has(name(node))) return node;
  const inner = new Set(seen).add(name(node));
  const from = made.from[column];
  if (!from) node.origin = "not known: the transform is not planned yet";
  else if (from.length === 0) node.origin = "from no column: a constant or a count of rows";
  else node.from = from.map((c) => upstream(lineage, c.stream, c.column, inner));
  node.transform = component;
  node.rows = made.rows;
  return node;
}

/** What is made from a column: {stream, column, to: [...], sinks: [{sink, index}]}. */
export function downstream(lineage, stream, column, seen = new Set()) {
  const node = { stream, column, to: [], sinks: [] };
  if (seen.has(name(node))) return node;
  const inner = new Set(seen).add(name(node));
  for (const [transform, made] of Object.entries(lineage.transforms)) {
    for (const [output, from] of Object.entries(made.from)) {
      if (from.some((c) => c.stream === stream && c.column === column)) node.to.push(downstream(lineage, transform, output, inner));
    }
    if (made.rows.some((c) => c.stream === stream && c.column === column)) (node.decides ??= []).push(transform);
  }
  for (const [sink, of] of Object.entries(lineage.sinks)) {
    if (of.stream === stream) node.sinks.push({ sink, index: of.index });
  }
  return node;
}

/** Ids of the graph's nodes that a column's values pass through. */
export function touched(lineage, up, down) {
  const ids = new Set();
  const add = (node) => {
    ids.add(`stream:${node.stream}`);
    const component = lineage.streams[node.stream]?.component;
    ids.add(`${lineage.transforms[component] ? "transform" : "source"}:${component}`);
    (node.from ?? []).forEach(add);
    (node.to ?? []).forEach(add);
    (node.sinks ?? []).forEach(({ sink }) => ids.add(`sink:${sink}`));
  };
  add(up);
  add(down);
  return ids;
}
