import * as api from "../lib/api.js";
import { h, show, table } from "../lib/dom.js";
import { bytes, instant, number, rate, span } from "../lib/format.js";
import { badge } from "../lib/state.js";
import { href } from "../router.js";
import { downstream, touched, upstream } from "./lineage.js";

const TABS = {
  source: ["Summary", "Config", "Log"],
  transform: ["Summary", "SQL", "Config", "Log"],
  sink: ["Summary", "Config", "Log"],
  stream: ["Schema", "Records", "Partitions", "Lineage"],
  dashboard: ["Summary"],
};

const pairs = (list) => h("dl", { className: "pairs" }, list.filter(([, v]) => v !== null && v !== undefined && v !== "")
  .map(([k, v]) => [h("dt", {}, k), h("dd", {}, v)]));

const problem = (error) => h("p", { className: "problem", role: "alert" }, error.message);

/** A value of a record as text. */
export const cell = (value) => (value === null || value === undefined
  ? h("span", { className: "quiet" }, "null")
  : typeof value === "object" ? h("code", {}, JSON.stringify(value)) : String(value));

/** Records as a table: a column for each field. */
export function recordTable(answer, caption) {
  const fields = [];
  const headers = [];
  for (const record of answer.records) {
    if (record.value && typeof record.value === "object" && !Array.isArray(record.value)) {
      for (const field of Object.keys(record.value)) if (!fields.includes(field)) fields.push(field);
    }
    for (const header of Object.keys(record.headers ?? {})) {
      if (!header.startsWith("__debezium") && !headers.includes(header)) headers.push(header);
    }
  }
  const plain = fields.length === 0;
  // A key that is a part of every value need not be shown twice.
  const keyed = answer.records.some((r) => r.key !== null
    && !(r.value && typeof r.key === "object" && Object.entries(r.key).every(([f, v]) => r.value[f] === v)));
  const key = (r) => cell(r.key && typeof r.key === "object" ? Object.values(r.key).join(" | ") : r.key);
  return h("div", { className: "records" }, table(caption,
    ["Written", "Partition:offset", ...headers, ...(keyed ? ["Key"] : []), ...(plain ? ["Value"] : fields)],
    answer.records.map((r) => [
      instant(r.at), `${r.partition}:${r.offset}`, ...headers.map((x) => r.headers?.[x] ?? ""), ...(keyed ? [key(r)] : []),
      ...(plain ? [cell(r.value)] : r.value === null ? [h("em", {}, "deleted"), ...fields.slice(1).map(() => "")]
        : fields.map((f) => cell(typeof r.value === "object" ? r.value[f] : r.value))),
    ]), "No record yet."));
}

/** The side panel of a node: what it is, what it holds, how it is configured, what it logs. */
export class Panel {
  constructor({ onClose, onTab, onHighlight, onNode }) {
    Object.assign(this, { onClose, onTab, onHighlight, onNode });
    this.body = h("div", { className: "panel-body", id: "panel-body", role: "tabpanel", tabindex: "0" });
    this.head = h("div", { className: "panel-head" });
    this.tabs = h("div", { className: "tabs", role: "tablist", "aria-label": "What to show" });
    this.tabs.addEventListener("keydown", (event) => this.key(event));
    this.element = h("aside", { className: "panel", "aria-label": "Details", hidden: true }, this.head, this.tabs, this.body);
  }

  /** Opens for a node, or shows another tab of it. */
  open(pipeline, node, tab, more, focus) {
    const same = this.node?.id === node.id;
    Object.assign(this, { pipeline, node, more });
    this.tab = TABS[node.type].find((t) => t.toLowerCase() === tab) ?? TABS[node.type][0];
    this.element.hidden = false;
    if (!same || !this.head.firstChild) {
      this.title = h("h2", { tabindex: "-1" }, node.name);
      this.facts = h("div", { className: "quiet" });
      show(this.head,
        h("div", {}, this.title, this.facts),
        h("button", { type: "button", className: "plain", "aria-label": "Close details", onclick: () => this.onClose() }, "✕"));
    }
    const inTabs = this.tabs.contains(document.activeElement);
    show(this.tabs, TABS[node.type].map((t) => h("button", {
      type: "button", role: "tab", "aria-selected": String(t === this.tab), "aria-controls": "panel-body",
      tabindex: t === this.tab ? 0 : -1, onclick: () => this.onTab(t.toLowerCase()),
    }, t)));
    if (inTabs) this.tabs.querySelector("[aria-selected=true]").focus();
    this.update(node);
    if (focus && !same) this.title.focus();
    this.load();
  }

  close() {
    this.element.hidden = true;
    this.node = null;
    this.onHighlight(null);
  }

  /** New numbers of the same node. */
  update(node) {
    if (this.node?.id !== node.id) return;
    this.node = node;
    if (this.tab === "Summary" && Date.now() - this.loadedAt > 2500) this.load();
    show(this.facts, badge(node.state), h("span", {}, ` ${node.type}${node.kind ? `, ${node.kind}` : ""} `),
      node.type === "stream" ? h("span", {}, `${rate(node.rate)}, ${number(node.records)} offsets`) : null,
      node.lag !== undefined ? h("span", {}, `lag ${number(node.lag)}`) : null,
      node.message ? h("p", { className: node.state === "failed" ? "problem" : "" }, node.message) : null);
  }

  key(event) {
    const all = TABS[this.node.type];
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    this.onTab(all[(all.indexOf(this.tab) + step + all.length) % all.length].toLowerCase());
  }

  async load() {
    const { node, tab } = this;
    const what = `${node.id}/${tab}/${this.more ?? ""}`;
    if (this.loaded !== what) show(this.body, h("p", { className: "quiet" }, "Loading …"));
    this.loaded = what;
    this.loadedAt = Date.now();
    if (tab !== "Lineage") this.onHighlight(null);
    let content;
    try {
      content = await this[`show${tab}`](node);
    } catch (error) {
      content = error.status === 404
        ? h("p", { className: "quiet" }, "Nothing is known of it yet: the pipeline is starting.")
        : problem(error);
    }
    if (this.loaded === what) show(this.body, content);
  }

  again() {
    return h("button", { type: "button", "data-key": "again", onclick: () => this.load() }, "Read again");
  }

  goto(id, text) {
    return h("a", { href: href("graph", [this.pipeline, id]) }, text);
  }

  component(node) {
    return api.get("pipelines", this.pipeline, "components", node.name);
  }

  async showSummary(node) {
    if (node.type === "dashboard") {
      return h("p", {}, h("a", { href: href("dashboards", [node.dashboard]) }, "Open this dashboard"));
    }
    const of = await this.component(node);
    const connector = of.connector;
    const query = of.query;
    return [
      of.waiting && h("p", {}, `Waits: ${of.waiting}`),
      pairs([
        ["Streams", of.streams.map((name) => [this.goto(`stream:${name}`, name), " "])],
        ["Reads", of.reads?.map((r) => [this.goto(`stream:${r.stream}`, r.stream), ` (${r.role}: ${r.columns.join(", ")}) `])],
        ["From", of.spec.from && this.goto(`stream:${of.spec.from}`, of.spec.from)],
        ["Index", of.index],
        ["Connector", connector?.name],
        ["Class", connector?.class],
        ["Late records", of.late && h("a", { href: href("dead", [of.late]) }, of.late)],
        ["Dead letters", of.dead && h("a", { href: href("dead", [of.dead]) }, of.dead)],
      ]),
      connector && [h("h3", {}, "Connector and tasks"), tasks(connector)],
      query && [h("h3", {}, "Query"), pairs([
        ["State", badge(query.state)], ["Cause", query.cause], ["Last batch", `${query.batchId}, took ${span(query.batchMs)}`],
        ["Rows in", rate(query.inputRowsPerSecond)], ["Rows processed", rate(query.processedRowsPerSecond)],
        ["Rows written", number(query.rowsWritten)], ["State rows", number(query.stateRows)],
        ["Late", number(query.late)], ["Dead", number(query.dead)], ["Progress", query.progress && instant(query.progress)],
      ])],
    ];
  }

  async showSQL(node) {
    const of = await this.component(node);
    return of.sql
      ? h("pre", { className: "code" }, of.sql)
      : [h("p", {}, "Intervals, from:"), h("pre", { className: "code" }, JSON.stringify(of.spec.intervals, null, 2))];
  }

  async showConfig(node) {
    const of = await this.component(node);
    return [
      h("h3", {}, "In the Pipeline"), h("pre", { className: "code" }, yaml(of.spec)),
      of.connector && [h("h3", {}, "Connector"), pairs(Object.entries(of.connector.config))],
      of.template && [h("h3", {}, "Index template"), h("pre", { className: "code" }, JSON.stringify(of.template, null, 2))],
      h("p", { className: "quiet" }, "Secrets are references here, and everywhere."),
    ];
  }

  async showLog(node) {
    const whole = this.more === "whole";
    const of = await api.log(this.pipeline, node.name, whole);
    const lines = of.lines ?? [];
    return [
      h("p", { className: "row" }, h("span", { className: "quiet" }, `${lines.length} lines of service ${of.service}${whole ? "" : `, about ${node.name} only`} `),
        this.again(),
        h("a", { href: href("graph", [this.pipeline, node.id, "log", ...(whole ? [] : ["whole"])]), "data-key": "whole" }, whole ? "Only of this component" : "The whole log")),
      lines.length ? h("pre", { className: "log", tabindex: "0" }, lines.join("\n")) : h("p", { className: "quiet" }, "It has logged nothing."),
    ];
  }

  async showSchema(node) {
    const of = await api.get("pipelines", this.pipeline, "streams", node.name);
    return [
      pairs([
        ["Topic", h("a", { href: href("topics", [of.topic]) }, of.topic)], ["Kind", of.kind], ["Record", of.record], ["Doc", of.doc],
        ["Key", of.key.join(", ") || "none: topic, partition and offset identify a record"],
        ["Partition by", of.partitionBy.join(", ")],
        ["Event time", of.eventTime && `${of.eventTime.field}, out of order by ${of.eventTime.outOfOrder ?? "0s"}`],
        ["Ends", of.bounded ? "yes" : "no"],
        ["Written by", this.owner(of.component)],
        ["Read by", of.readers.map((name) => [this.owner(name), " "])],
      ]),
      table(`Fields of ${node.name}`, ["Field", "Type", "Nullable", "", "Doc"], of.fields.map((f) => [
        h("a", { href: href("graph", [this.pipeline, node.id, "lineage", f.name]), title: `Lineage of ${f.name}` }, f.name),
        f.type, f.nullable ? "yes" : "no",
        [of.key.includes(f.name) && h("span", { className: "chip" }, "key"), of.partitionBy.includes(f.name) && h("span", { className: "chip" }, "partition"),
          of.eventTime?.field === f.name && h("span", { className: "chip" }, "event time")].filter(Boolean),
        f.doc ?? "",
      ]), "Its schema is not known yet."),
    ];
  }

  owner(name) {
    const node = this.nodes?.find((n) => n.name === name && n.type !== "stream");
    return node ? this.goto(node.id, name) : name;
  }

  async showRecords(node) {
    const answer = await api.records(node.topic, 20);
    return [
      h("p", { className: "row" }, h("span", { className: "quiet" }, `The newest ${answer.records.length}, read just now; nothing is committed. `), this.again()),
      recordTable(answer, `Last records of ${node.name}`),
    ];
  }

  async showPartitions(node) {
    const of = (await api.get("topics")).find((t) => t.name === node.topic);
    if (!of?.exists) return h("p", { className: "quiet" }, "The topic does not exist yet.");
    return partitions(of);
  }

  async showLineage(node) {
    const lineage = await api.get("pipelines", this.pipeline, "lineage");
    const columns = lineage.streams[node.name]?.columns ?? [];
    if (columns.length === 0) return h("p", { className: "quiet" }, "Its columns are not known yet.");
    const column = columns.includes(this.more) ? this.more : columns[0];
    const up = upstream(lineage, node.name, column);
    const down = downstream(lineage, node.name, column);
    this.onHighlight(touched(lineage, up, down));
    const link = (c) => h("a", { href: href("graph", [this.pipeline, `stream:${c.stream}`, "lineage", c.column]) }, `${c.stream}.${c.column}`);
    const ups = (c) => h("li", {}, link(c), c.transform && h("span", { className: "quiet" }, ` by ${c.transform}`),
      c.origin && h("span", { className: "quiet" }, ` ${c.origin}`), c.from.length > 0 && h("ul", {}, c.from.map(ups)));
    const downs = (c) => h("li", {}, link(c),
      c.sinks.map(({ sink, index }) => h("span", { className: "quiet" }, ` → index ${index} (${sink})`)),
      c.decides && h("span", { className: "quiet" }, ` decides about rows of ${c.decides.join(", ")}`),
      c.to.length > 0 && h("ul", {}, c.to.map(downs)));
    return [
      h("label", {}, "Column ", h("select", {
        "data-key": "column",
        onchange: (event) => { location.hash = href("graph", [this.pipeline, node.id, "lineage", event.target.value]); },
      }, columns.map((c) => h("option", { selected: c === column }, c)))),
      h("h3", {}, "Made from"), h("ul", { className: "tree" }, ups(up)),
      up.rows?.length > 0 && h("p", { className: "quiet" }, `Joins, filters and groups of ${up.transform} also read: ${up.rows.map((c) => `${c.stream}.${c.column}`).join(", ")}.`),
      h("h3", {}, "Goes to"), h("ul", { className: "tree" }, downs(down)),
    ];
  }
}

export const tasks = (connector) => [
  connector.trace && h("pre", { className: "log problem" }, connector.trace),
  table(`Tasks of ${connector.name}`, ["Task", "State", "Worker"], connector.tasks.map((t) => [String(t.id), badge(t.state), t.worker]), "No task yet."),
  connector.tasks.filter((t) => t.trace).map((t) => h("details", { open: true }, h("summary", {}, `Why task ${t.id} failed`), h("pre", { className: "log problem", tabindex: "0" }, t.trace))),
];

export const partitions = (topic) => [
  pairs([["Topic", topic.name], ["Replicas", String(topic.replicas)], ["Cleanup", topic.cleanup],
    ["Retention", topic.cleanup === "compact" ? "the newest of each key, for ever" : span(topic.retentionMs)], ["Size", bytes(topic.bytes)]]),
  table(`Partitions of ${topic.name}`, ["Partition", { text: "First offset", figure: true }, { text: "Next offset", figure: true }, { text: "Offsets", figure: true }, { text: "Size", figure: true }],
    topic.partitions.map((p) => [String(p.id), number(p.start), number(p.end), number(p.end - p.start), bytes(p.bytes)])),
];

/** A plain object as YAML: enough for what a Pipeline holds. */
export function yaml(value, indent = "") {
  const scalar = (v) => (typeof v === "string" && (v === "" || /[:#{}[\],&*?|<>=!%@`"'\n]|^\s|\s$|^(true|false|null|on|off|yes|no)$|^[\d.+-]+$/i.test(v)) ? JSON.stringify(v) : String(v));
  if (Array.isArray(value)) {
    return value.every((v) => v === null || typeof v !== "object")
      ? `${indent}[${value.map(scalar).join(", ")}]`
      : value.map((v) => `${indent}- ${yaml(v, `${indent}  `).trimStart()}`).join("\n");
  }
  if (value && typeof value === "object") {
    return Object.entries(value).map(([k, v]) => {
      if (v && typeof v === "object") {
        const inner = yaml(v, `${indent}  `);
        return Array.isArray(v) && inner.trimStart().startsWith("[") ? `${indent}${k}: ${inner.trimStart()}` : `${indent}${k}:\n${inner}`;
      }
      return `${indent}${k}: ${scalar(v)}`;
    }).join("\n");
  }
  return indent + scalar(value);
}
