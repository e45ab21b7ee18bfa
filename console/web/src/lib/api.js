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
  try {
    return await answer(await fetch(path, { ...options, signal: AbortSignal.timeout(DEADLINE_MS) }), path);
  } catch (error) {
    if (error.name === "TimeoutError") throw new Error("no answer within 12 s");
    // What fetch throws when nobody is there.
    if (error instanceof TypeError) throw new Error("Millrace does not answer: is it still running?");
    throw error;
  }
}

const waiting = [];
let running = 0;

/** Some at a time: the deadline of the last of many begins when it is sent, and other questions come in between. */
async function inTurn(call) {
  if (running >= 4) await new Promise((turn) => { waiting.push(turn); });
  running += 1;
  try {
    return await call();
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

/** GET /api/<parts joined>. */
export const get = (...parts) => send(`/api/${parts.map(encodeURIComponent).join("/")}`);

export const records = (topic, limit) => send(`/api/topics/${encodeURIComponent(topic)}/records?limit=${limit}`);

export const log = (pipeline, component, whole) =>
  send(`/api/pipelines/${encodeURIComponent(pipeline)}/components/${encodeURIComponent(component)}/log?whole=${whole}`);

export const search = (index, body) =>
  inTurn(() => send(`/api/search/${encodeURIComponent(index)}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  }));

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
