import { Chart } from "./chart.js";

const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en");
const REFRESH_STATUS_MS = 2000;
const REFRESH_CHARTS_MS = 5000;

async function json(path, options) {
  const response = await fetch(path, options);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

const ask = (index, body) =>
  json(`/api/search/${encodeURIComponent(index)}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined && text !== null) node.textContent = text;
  return node;
}

function rows(tableId, items, cells) {
  $(tableId).tBodies[0].replaceChildren(
    ...items.map((item) => {
      const row = element("tr");
      row.append(...cells(item));
      return row;
    }),
  );
}

const state = (text) => {
  const cell = element("td");
  cell.append(element("span", `state ${String(text).toLowerCase()}`, text));
  return cell;
};
const figure = (value) => element("td", "figure", value === null || value === undefined ? "–" : number.format(Math.round(value)));

function showStatus(status) {
  rows("services", status.services ?? [], (s) => [
    element("th", "", s.name),
    state(s.state),
    element("td", "quiet", s.endpoint ?? ""),
    element("td", "quiet", s.restarts ? `${s.restarts} restarts` : ""),
  ]);
  const pipelines = status.pipelines ?? [];
  $("title").textContent = pipelines.map((p) => p.name).join(", ") || "Millrace";
  rows("components", pipelines.flatMap((p) => p.components ?? []), (c) => [
    element("th", "", c.name),
    element("td", "quiet", c.kind),
    state(c.state),
    figure(c.lag),
    element("td", "quiet message", c.message ?? ""),
  ]);
  rows("streams", pipelines.flatMap((p) => p.streams ?? []), (s) => [
    element("th", "", s.name),
    element("td", "quiet", s.kind ?? ""),
    figure(s.records),
    figure(s.rate),
  ]);
}

async function statusLoop() {
  try {
    showStatus(await json("/api/status"));
    $("alert").hidden = true;
  } catch (error) {
    $("alert").textContent = `Millrace does not answer: ${error.message}`;
    $("alert").hidden = false;
  }
  setTimeout(statusLoop, REFRESH_STATUS_MS);
}

function range() {
  const minutes = Number($("range").value);
  const to = Date.now();
  return { from: minutes ? to - minutes * 60_000 : 0, to: minutes ? to : to + 30 * 86_400_000 };
}

async function dashboards() {
  const charts = [];
  for (const dashboard of await json("/api/dashboards")) {
    const section = element("section", "dashboard");
    section.append(element("h2", "", dashboard.title));
    const grid = element("div", "grid");
    for (const panel of dashboard.panels) {
      const card = element("figure", "panel");
      // Kibana's grid has 48 columns, and rows of 20 px.
      card.style.gridColumn = `span ${panel.w}`;
      card.style.setProperty("--rows", panel.h);
      card.append(element("figcaption", "", panel.title));
      const canvas = element("div", "chart");
      const problem = element("p", "problem");
      problem.hidden = true;
      card.append(canvas, problem);
      grid.append(card);
      charts.push({ chart: new Chart(canvas, panel.spec, ask), problem });
    }
    section.append(grid);
    $("dashboards").append(section);
  }
  const refresh = async () => {
    const now = range();
    await Promise.all(
      charts.map(async ({ chart, problem }) => {
        try {
          await chart.refresh(now);
          problem.hidden = true;
        } catch (error) {
          problem.textContent = error.message;
          problem.hidden = false;
        }
      }),
    );
  };
  let timer;
  const loop = async () => {
    clearTimeout(timer);
    if (!document.hidden) await refresh();
    timer = setTimeout(loop, REFRESH_CHARTS_MS);
  };
  $("range").addEventListener("change", loop);
  document.addEventListener("visibilitychange", loop);
  loop();
}

statusLoop();
dashboards().catch((error) => {
  $("alert").textContent = `Dashboards: ${error.message}`;
  $("alert").hidden = false;
});
