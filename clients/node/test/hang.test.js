// The fetch over a process that hangs, does not start, or is not the one that was meant.
import assert from "node:assert/strict";
import { test } from "node:test";
import { baseURL, signalboxFetch } from "../index.js";
import { codex, command } from "./simulated.js";

const responses = `${baseURL}/responses`;
const post = (body, more) => ({ method: "POST", body: JSON.stringify(body), ...more });
const soon = () => AbortSignal.timeout(200);

/** A fetch whose process has been stopped, as a broken link to another machine would have it. */
async function frozen(t, prepare = () => {}) {
  const fetch = signalboxFetch({ command, simulate: "slow" });
  const { pid } = await fetch.signalbox();
  t.after(async () => {
    process.kill(pid, "SIGCONT");
    await fetch.close();
  });
  const prepared = await prepare(fetch);
  process.kill(pid, "SIGSTOP");
  return { fetch, prepared };
}

test("an abort does not wait for a process that hangs", { timeout: 60_000 }, async (t) => {
  const { fetch } = await frozen(t);
  const aborted = { name: "TimeoutError" };
  await assert.rejects(fetch(responses, post(codex, { signal: soon() })), aborted);
  await assert.rejects(fetch(responses, post({ ...codex, stream: true }, { signal: soon() })), aborted);
  await assert.rejects(fetch(`${baseURL}/models`, { signal: soon() }), aborted);
});

test("nor does that of a stream that has begun", { timeout: 60_000 }, async (t) => {
  const abort = new AbortController();
  const { prepared: reader } = await frozen(t, async (fetch) => {
    const response = await fetch(responses, post({ ...codex, stream: true }, { signal: abort.signal }));
    const reader = response.body.getReader();
    await reader.read();
    return reader;
  });
  setTimeout(() => abort.abort(), 200);
  await assert.rejects(async () => {
    while (!(await reader.read()).done);
  }, { name: "AbortError" });
});

test("nor one while the process starts", { timeout: 60_000 }, async () => {
  const script = "process.stdin.on('end', () => process.exit()).resume(); setTimeout(() => process.exit(), 3000)"; // says nothing
  const fetch = signalboxFetch({ command: [process.execPath, "-e", script] });
  await assert.rejects(fetch(responses, post(codex, { signal: soon() })), { name: "TimeoutError" });
});

test("simulate is in force beside command and args", async (t) => {
  for (const options of [{ command: [command, "serve"] }, { command, args: ["serve", "--log-level=error"] }]) {
    const fetch = signalboxFetch({ ...options, simulate: true, env: { PATH: process.env.PATH, HOME: "/nonexistent" } });
    t.after(() => fetch.close());
    const response = await fetch(responses, post(codex));
    assert.equal(response.status, 200, await response.text());
    assert.match(JSON.parse(response.headers.get("x-signalbox-evidence")).base_url, /^http:\/\/127\.0\.0\.1:/);
  }
});

test("a process that does not start says what to do", async () => {
  for (const [options, says] of [
    [{ command: "/nonexistent/signalbox" }, /^\/nonexistent\/signalbox was not found: set command to /],
    [{ command: ["signalbox-nonexistent", "host"] }, /^signalbox-nonexistent was not found: set command to /],
    [{ command: "/" }, /^\/ cannot be run: set command to /],
    [{ command, simulate: "nonsense" }, /no scenario "nonsense": "signalbox serve --simulate=list" prints/],
    [{ command: [process.execPath, "-e", "process.exit(3)"] }, /ended with code 3: what it wrote to stderr says why\.$/],
  ]) {
    const response = await signalboxFetch(options)(responses, post(codex));
    assert.equal(response.status, 424);
    assert.equal(response.headers.get("x-should-retry"), "false");
    assert.match((await response.json()).error.message, says);
  }
});
