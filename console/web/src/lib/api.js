const DEADLINE_MS = 12_000;

async function answer(response, path) {
  if (response.ok) return response.json();
  const text = (await response.text()).slice(0, 2000);
  throw Object.assign(new Error(reason(text) || `${path}: ${response.status}`), { status: response.status });
}

/** What Elasticsearch or the server say, in one line. */
function reason(text) {
  try {
    const { error } = JSON.parse(text);
    const cause = error?.root_cause?.[0] ?? error;
    return cause?.reason ? `${cause.type}: ${cause.reason}` : text;
  } catch {
    return text;
  }
}

async function send(path, options) {
  let response;
  try {
    response = await fetch(path, { ...options, signal: AbortSignal.timeout(DEADLINE_MS) });
  } catch (error) {
    throw new Error(error.name === "TimeoutError" ? "no answer within 12 s" : "Millrace does not answer: is it still running?");
  }
  return answer(response, path);
}

/** GET /api/<parts joined>. */
export const get = (...parts) => send(`/api/${parts.map(encodeURIComponent).join("/")}`);

export const records = (topic, limit) => send(`/api/topics/${encodeURIComponent(topic)}/records?limit=${limit}`);

export const log = (pipeline, component, whole) =>
  send(`/api/pipelines/${encodeURIComponent(pipeline)}/components/${encodeURIComponent(component)}/log?whole=${whole}`);

export const search = (index, body) =>
  send(`/api/search/${encodeURIComponent(index)}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

/** Calls again and again while the page is seen; the next call waits for the one before. */
export function poll(call, everyMs) {
  let timer;
  let stopped = false;
  let running = false;
  const turn = async () => {
    clearTimeout(timer);
    if (stopped || running || document.hidden) return;
    running = true;
    try {
      await call();
    } finally {
      running = false;
      if (!stopped && everyMs > 0) timer = setTimeout(turn, everyMs);
    }
  };
  document.addEventListener("visibilitychange", turn);
  turn();
  return {
    now: turn,
    stop() {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", turn);
    },
  };
}
