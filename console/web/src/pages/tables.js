import * as api from "../lib/api.js";
import { h, show, table } from "../lib/dom.js";
import { bytes, instant, number, rate, span } from "../lib/format.js";
import { badge } from "../lib/state.js";
import { partitions, recordTable, tasks } from "../graph/panel.js";
import { href } from "../router.js";

/** A page that asks one question again and again, and shows the answer. */
function page(title, everyMs, ask, content) {
  const heading = h("h1", {}, title);
  const body = h("div", {}, h("p", { className: "quiet" }, "Loading …"));
  let route = { args: [], query: {} };
  let last;
  const turn = async () => {
    try {
      const asked = route;
      const answer = await ask(asked);
      // Somebody may have gone on in the meantime.
      if (asked !== route) return;
      last = answer;
      show(body, content(last, route));
    } catch (error) {
      show(body, h("p", { className: "problem", role: "alert" }, error.message));
    }
  };
  let loop;
  return {
    element: h("div", { className: "page" }, heading, body),
    title,
    update(next) {
      route = next;
      if (last) show(body, content(last, route));
      if (loop) turn();
      else loop = api.poll(turn, everyMs);
    },
    close: () => loop.stop(),
  };
}

const node = (pipeline, type, name) => h("a", { href: href("graph", [pipeline, `${type}:${name}`]) }, name);
const retention = (t) => (t.cleanup === "compact" ? "newest of each key" : span(t.retentionMs));

/** #/topics/<topic> */
export const topics = () => page("Topics", 5000, async (route) => {
  const all = await api.get("topics");
  const chosen = all.find((t) => t.name === route.args[0] && t.exists);
  return { all, records: chosen ? await api.records(chosen.name, 20) : null };
}, ({ all, records }, route) => {
  const chosen = all.find((t) => t.name === route.args[0]);
  const list = table("Topics", ["Topic", "Kind", "For", { text: "Partitions", figure: true }, { text: "Offsets", figure: true, title: "Between the first and the next: markers of transactions and what compaction took out count in" }, { text: "Size", figure: true }, "Kept"],
      all.map((t) => [
        h("a", { href: href("topics", [t.name]), "aria-current": t === chosen ? "true" : null, "data-key": t.name }, t.name),
        t.kind, t.stream ? node(t.pipeline, "stream", t.stream) : t.component,
        ...(t.exists ? [number(t.partitions.length), number(t.offsets), bytes(t.bytes), retention(t)] : ["–", "–", "–", "does not exist yet"]),
      ]), "No topic yet: the pipeline is starting.");
  return h("div", { className: "overview" }, h("div", { className: "main" }, list),
    chosen?.exists && h("aside", { className: "panel", "aria-label": chosen.name },
      h("div", { className: "panel-head" }, h("h2", {}, chosen.name), h("a", { href: href("topics"), "aria-label": "Close details", "data-key": "close" }, "Close")),
      h("div", { className: "panel-body" }, partitions(chosen),
        h("h3", {}, "Newest records"),
        records?.topic === chosen.name ? recordTable(records, `Newest records of ${chosen.name}`) : h("p", { className: "quiet" }, "Loading …"))));
});

export const connectors = () => page("Connectors", 3000, () => api.get("connectors"), (all) => [
  all.length === 0 && h("p", { className: "quiet" }, "No connector yet: the pipeline is starting."),
  all.map((c) => h("section", { className: "card" },
    h("h2", {}, c.name, " ", badge(c.state)),
    h("p", { className: "quiet" }, `${c.type ?? ""} ${c.class}, for `, node(c.pipeline, c.type === "sink" ? "sink" : "source", c.component)),
    tasks(c))),
]);

export const jobs = () => page("Jobs", 2000, () => api.get("jobs"), (all) => [
  all.length === 0 && h("p", { className: "quiet" }, "No job yet: the pipeline is starting."),
  all.map((job) => h("section", { className: "card" },
    h("h2", {}, job.pipeline, " ", badge(job.state)),
    table(`Queries of ${job.pipeline}`, ["Transform", "State", { text: "Batch", figure: true }, { text: "Batch took", figure: true }, { text: "Rows in", figure: true },
      { text: "Processed", figure: true }, { text: "Lag", figure: true }, { text: "State rows", figure: true }, { text: "Written", figure: true }, { text: "Late", figure: true }, { text: "Dead", figure: true }, "Progress", "Cause"],
    job.queries.map((q) => [
      node(job.pipeline, "transform", q.transform), badge(q.state), number(q.batchId), span(q.batchMs), rate(q.inputRowsPerSecond), rate(q.processedRowsPerSecond),
      number(Object.values(q.lag ?? {}).reduce((a, b) => a + b, 0)), number(q.stateRows), number(q.rowsWritten), number(q.late), number(q.dead),
      q.progress ? instant(q.progress) : "–", q.cause ?? "",
    ]), "Its queries have not started yet."))),
]);

/** #/dead/<topic> */
export const dead = () => page("Late and dead records", 5000, async (route) => {
  const all = (await api.get("topics")).filter((t) => t.kind === "late" || t.kind === "dead");
  const filled = all.filter((t) => t.exists && t.offsets > 0);
  const read = await Promise.all(filled.map((t) => api.records(t.name, 20)));
  return { all, read: new Map(read.map((r) => [r.topic, r])), wanted: route.args[0] };
}, ({ all, read }, route) => {
  const chosen = all.find((t) => t.name === route.args[0]) ?? all.find((t) => read.get(t.name)?.records.length > 0);
  const count = (t) => {
    const of = read.get(t.name);
    return !t.exists ? "–" : !of ? "0" : of.count !== undefined ? number(of.count) : `at most ${number(t.offsets)}`;
  };
  const records = chosen && read.get(chosen.name);
  return [
    h("p", { className: "quiet" }, "Nothing is dropped unseen: what came too late, and what could not be read or written, lies in a topic beside its stream, with the reason in its headers."),
    table("Late and dead topics", ["Topic", "Kind", "Of", { text: "Records", figure: true }, "Newest", "Its reason"],
      all.map((t) => {
        const newest = read.get(t.name)?.records[0];
        return [h("a", { href: href("dead", [t.name]), "aria-current": t === chosen ? "true" : null, "data-key": t.name }, t.name), t.kind, t.component, count(t),
          newest ? instant(newest.at) : "", newest?.headers?.["millrace.reason"] ?? newest?.headers?.["__connect.errors.exception.message"] ?? ""];
      }), "No such topic yet: the pipeline is starting."),
    chosen && h("section", { className: "card" }, h("h2", {}, chosen.name),
      records?.records.length ? recordTable(records, `Newest records of ${chosen.name}`) : h("p", { className: "quiet" }, "It is empty: nothing was set aside.")),
  ];
});

export const services = () => page("Services", 3000, () => api.get("status"), (status) => table("Services", ["Service", "State", "Endpoint", { text: "Process", figure: true }, { text: "Started in", figure: true }, { text: "Restarts", figure: true }, "Message"],
  (status.services ?? []).map((s) => [s.name, badge(s.state), s.endpoint ?? "", s.pid ? String(s.pid) : "–", span(s.elapsedMs), number(s.restarts), s.message ?? ""])));
