import assert from "node:assert/strict";
import { test } from "node:test";
import { start, SignalboxError } from "../index.js";
import { command, freePort, simulate, codex, textOf } from "./simulated.js";

const open = (t, scenario, more) => {
  const box = start({ command, args: simulate(scenario), ...more });
  t.after(async () => assert.equal(await (await box).close(), 0));
  return box;
};

test("status", async (t) => {
  const box = await open(t);
  assert.equal(box.server.serverInfo.name, "signalbox");
  const { state, routes } = await box.status();
  assert.equal(state, "authenticated");
  assert.deepEqual(routes.map((r) => [r.route, r.available]), [["chatgpt", true], ["platform", true]]);
});

test("a stream", async (t) => {
  const box = await open(t);
  const stream = box.create(codex);
  const events = [];
  for await (const event of stream) events.push(event);
  assert.equal(textOf(events), "2 + 2 = 4.");
  assert.equal((await stream.started).status, 200);
  const { status, evidence } = await stream.result;
  assert.equal(status, "completed");
  assert.equal(evidence.effective_model, "gpt-5.2-codex");
});

test("streams at the same time keep apart", async (t) => {
  const box = await open(t);
  const text = async (model) => {
    const events = [];
    for await (const event of box.create({ ...codex, model })) events.push(event);
    return textOf(events);
  };
  const models = Array.from({ length: 20 }, (_, i) => ["gpt-5.2-codex", "gpt-5.2-pro"][i % 2]);
  assert.deepEqual(await Promise.all(models.map(text)), models.map(() => "2 + 2 = 4."));
});

test("a whole response", async (t) => {
  const box = await open(t);
  const { response } = await box.respond(codex);
  assert.equal(response.output.at(-1).content[0].text, "2 + 2 = 4.");
});

test("leaving the loop cancels the stream", async (t) => {
  const box = await open(t, "slow");
  const stream = box.create(codex);
  for await (const event of stream) {
    assert.equal(event.type, "response.created");
    break;
  }
  assert.equal((await stream.result).status, "cancelled");
});

test("cancel() ends the loop", async (t) => {
  const box = await open(t, "slow");
  const stream = box.create(codex);
  await stream.started;
  assert.deepEqual(await stream.cancel(), { status: "cancelling" });
  for await (const _ of stream);
  assert.equal((await stream.result).status, "cancelled");
  assert.deepEqual(await stream.cancel(), { status: "notFound" });
});

test("an aborted signal rejects with -32800", async (t) => {
  const box = await open(t, "slow");
  const abort = new AbortController();
  const stream = box.create(codex, { signal: abort.signal });
  await stream.started;
  abort.abort();
  await assert.rejects(stream.result, { name: "SignalboxError", code: -32800 });
});

test("an error has its kind and evidence", async (t) => {
  const box = await open(t, "usage-limit");
  await assert.rejects(
    async () => { for await (const _ of box.create(codex)); },
    (error) => {
      assert.ok(error instanceof SignalboxError);
      assert.equal(error.code, 1103);
      assert.equal(error.data.kind, "rate_limited");
      assert.equal(error.data.reason, "usage_limit");
      assert.equal(error.data.evidence.requested_model, "gpt-5.2-codex");
      return true;
    },
  );
});

test("a message of a megabyte", async (t) => {
  const box = await open(t);
  const long = "ä".repeat(500_000);
  await assert.rejects(box.request("no/" + long), { code: -32601 });
  assert.deepEqual(await box.request("ping"), {});
});

test("a login with a code", async (t) => {
  const seen = [];
  const box = await open(t, "logged-out", { onNotification: (method, params) => {
    if (method.startsWith("auth/")) seen.push([method, params]);
  } });
  await assert.rejects(box.respond(codex), (error) => error.data.kind === "login_required");
  seen.length = 0;
  const { status, auth } = await box.request("auth/login", { method: "device" });
  assert.equal(status, "succeeded");
  assert.equal(auth.state, "authenticated");
  assert.deepEqual(seen.map(([method]) => method), ["auth/loginPrompt", "auth/changed", "auth/loginCompleted"]);
  assert.match(seen[0][1].userCode, /^\w{4}-\w{5}$/);
  assert.equal((await box.respond(codex)).status, "completed");
});

test("a login in the browser", async (t) => {
  const shown = [];
  const box = await open(t, "logged-out", {
    showDocument(uri) {
      shown.push(uri);
      fetch(uri).then((page) => page.text()); // the simulated user agrees at once
    },
  });
  const { status } = await box.request("auth/login", { method: "browser", ports: [await freePort()] });
  assert.equal(status, "succeeded");
  assert.equal(shown.length, 1);
  assert.equal((await box.status()).state, "authenticated");
});

test("what is not there", async () => {
  await assert.rejects(start({ command: "/nonexistent/signalbox" }), { code: "ENOENT" });
});

test("the process ends by itself", async () => {
  const box = await start({ command, args: simulate("slow") });
  const { result } = box.create(codex);
  process.kill((await box.request("server/diagnostics")).pid, "SIGKILL");
  await assert.rejects(result, /signalbox has ended/);
  await assert.rejects(box.request("ping"), /signalbox has ended/);
  assert.equal(await box.close(), null);
});
