import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { poll } from "../src/lib/api.js";

test("what is not seen asks nothing", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const listeners = new Set();
  const page = globalThis.document = {
    hidden: false,
    addEventListener: (_, listener) => listeners.add(listener),
    removeEventListener: (_, listener) => listeners.delete(listener),
  };
  const settle = async () => {
    for (let i = 0; i < 5; i += 1) await Promise.resolve();
  };
  let calls = 0;
  const loop = poll(async () => { calls += 1; }, 5000);
  await settle();
  assert.equal(calls, 1, "at once");
  mock.timers.tick(5000);
  await settle();
  assert.equal(calls, 2, "and again");
  page.hidden = true;
  mock.timers.tick(5000);
  await settle();
  mock.timers.tick(60_000);
  await settle();
  assert.equal(calls, 2, "not while it is hidden");
  page.hidden = false;
  listeners.forEach((listener) => listener());
  await settle();
  assert.equal(calls, 3, "at once when it is seen again");
  loop.stop();
  mock.timers.tick(60_000);
  await settle();
  assert.equal(calls, 3, "never after its end");
  assert.equal(listeners.size, 0);
  mock.timers.reset();
  delete globalThis.document;
});
