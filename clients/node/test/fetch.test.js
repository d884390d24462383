// The fetch by itself: what it takes, what it passes on, and what goes wrong.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { baseURL, findBinary, signalboxFetch } from "../index.js";
import { codex, command } from "./simulated.js";

function simulated(t, options = {}) {
  const fetch = signalboxFetch({ command, simulate: true, ...options });
  t.after(() => fetch.close());
  return fetch;
}
const post = (body) => ({ method: "POST", body: JSON.stringify(body) });
const responses = `${baseURL}/responses`;

test("every form of a request", async (t) => {
  const fetch = simulated(t);
  const body = JSON.stringify(codex);
  const forms = [
    [responses, { method: "POST", body }],
    [new URL(responses), { method: "post", body: new TextEncoder().encode(body) }],
    [new Request(responses, { method: "POST", body })],
    [responses, { method: "POST", body: new Blob([body]).stream(), duplex: "half" }],
  ];
  for (const [input, init] of forms) {
    const response = await fetch(input, init);
    assert.equal(response.status, 200);
    assert.equal((await response.json()).status, "completed");
  }
});

test("events and whole responses have the bytes that came", async (t) => {
  const raw = `{"type":"response.output_text.delta","sequence_number":1.0,"delta":"\\u00fc \\" ü"}`;
  const folder = mkdtempSync(join(tmpdir(), "signalbox-"));
  t.after(() => rmSync(folder, { recursive: true }));
  // A signalbox that says what it is told to.
  const stub = join(folder, "stub.mjs");
  writeFileSync(stub, `
    let text = "";
    const send = (body) => process.stdout.write("Content-Length: " + Buffer.byteLength(body) + "\\r\\n\\r\\n" + body);
    process.stdin.on("data", (chunk) => {
      text += chunk;
      for (let m; (m = /^Content-Length: (\\d+)\\r\\n\\r\\n/.exec(text)) && text.length >= m[0].length + +m[1]; text = text.slice(m[0].length + +m[1])) {
        const { id, method, params } = JSON.parse(text.slice(m[0].length, m[0].length + +m[1]));
        const head = (name) => '{"jsonrpc":"2.0","method":"responses/' + name + '","params":{"streamId":"' + params._meta?.streamId + '","requestId":' + id + ',"seq":0';
        if (method === "responses/create" && params.stream) {
          send(head("started") + ',"status":200,"headers":{},"evidence":{}}}');
          send(head("event") + ',"event":' + ${JSON.stringify(raw)} + "}}");
          send(head("event") + ',"event":{"type":"error","message":"it broke"}}}');
        }
        if (id !== undefined) send('{"jsonrpc":"2.0","id":' + id + ',"result":' + (method === "responses/create" ? '{"status":"completed","evidence":{"x":"a,\\\\"response\\\\":{"},"response":{"n":1.0,"u":"\\\\u00fc"}}' : "{}") + "}");
      }
    });`);
  const fetch = signalboxFetch({ command: [process.execPath, stub] });
  t.after(async () => (await fetch.signalbox()).close({ timeoutMs: 100 }));
  const stream = await (await fetch(responses, post({ ...codex, stream: true }))).text();
  const event = `event: response.output_text.delta\ndata: ${raw}\n\n`;
  assert.equal(stream.slice(0, event.length), event);
  // SDKs need more of an error event than upstreams give: it is completed, and its number is the next.
  const [, failure] = /^event: error\ndata: (.*)\n\n$/.exec(stream.slice(event.length));
  const { error, ...rest } = JSON.parse(failure);
  assert.deepEqual(error, { message: "it broke", type: "server_error", param: null, code: null });
  assert.deepEqual([rest.sequence_number, rest.message, rest.code], [2, "it broke", null]);
  const whole = await (await fetch(responses, post(codex))).text();
  assert.equal(whole, '{"n":1.0,"u":"\\u00fc"}');
});

test("a stream that nobody reads is cancelled, with a reason", async (t) => {
  const fetch = simulated(t, { maxQueueBytes: 2000 });
  const response = await fetch(responses, post({ ...codex, stream: true }));
  await new Promise((resolve) => setTimeout(resolve, 500));
  const text = await response.text();
  assert.match(text, /event: error\ndata: .*more than 2000 bytes of the response were not read; it was cancelled/);
});

test("what is wrong is one sentence, and costs nothing", async (t) => {
  const fetch = simulated(t);
  for (const [input, init, status, says] of [
    [`${baseURL}/chat/completions`, post({}), 404, /speaks the Responses API/],
    [`${responses}/resp_1`, {}, 404, /does not serve GET/],
    [responses, { method: "POST", body: "{" }, 400, /must be a JSON object/],
    [responses, { method: "POST", body: "[]" }, 400, /must be a JSON object/],
    [responses, post({ input: "x" }), 400, /"model"/],
    [responses, post({ ...codex, previous_response_id: "resp_unknown" }), 400, /remembers/],
  ]) {
    const response = await fetch(input, init);
    const { error } = await response.json();
    assert.equal(response.status, status);
    assert.match(error.message, says);
    assert.equal(response.headers.get("x-should-retry"), "false");
  }
  const missing = await signalboxFetch({ env: { PATH: "/nonexistent" } })(responses, post(codex));
  assert.equal(missing.status, 424);
  assert.match((await missing.json()).error.message, /^signalbox was not found: .*SIGNALBOX_BIN/);
  await assert.rejects(fetch(responses, { ...post(codex), signal: AbortSignal.abort() }), { name: "AbortError" });
});

test("_meta of a body counts, but for what the fetch needs", async (t) => {
  const fetch = simulated(t);
  const whole = await fetch(responses, post({ ...codex, _meta: { streamId: "mine", route: "chatgpt" } }));
  assert.equal((await whole.json()).status, "completed");
  const stream = await fetch(responses, post({ ...codex, stream: true, _meta: { events: "none" } }));
  assert.match(await stream.text(), /event: response\.completed\n/);
  const refused = await fetch(responses, post({ ...codex, _meta: "chatgpt" }));
  assert.equal(refused.status, 400);
  assert.match((await refused.json()).error.message, /_meta must be a JSON object/);
});

test("a usage limit is not asked about twice, and the evidence says so", async (t) => {
  const told = [];
  const fetch = simulated(t, { simulate: "usage-limit", onEvidence: (evidence) => told.push(evidence) });
  const ask = async (body = codex) => {
    const response = await fetch(responses, post(body));
    assert.equal(response.status, 429);
    return { headers: response.headers, error: (await response.json()).error };
  };
  const [first, second] = [await ask(), await ask()];
  assert.deepEqual(second.error, first.error);
  assert.deepEqual(told.map(({ attempts }) => attempts.length), [1, 0]);
  assert.equal(told[1].adjustments.at(-1).action, "answered_locally");
  assert.equal(second.headers.get("x-signalbox-local"), "usage_limit");
  assert.equal(second.headers.get("x-request-id"), null, "that of another request");
  assert.deepEqual(JSON.parse(second.headers.get("x-signalbox-evidence")).attempts, []);
  await ask({ ...codex, input: "another" });
  assert.equal(told[2].attempts.length, 1);
  // Another login has limits of its own.
  await (await fetch.signalbox()).request("auth/logout", { revoke: false });
  const after = await fetch(responses, post(codex));
  assert.equal(after.status, 401, "it is asked again");
});

test("the program: $SIGNALBOX_BIN, then the PATH", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "signalbox-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "signalbox");
  writeFileSync(path, "#!/bin/sh\n");
  assert.throws(() => findBinary({ PATH: folder }), /was not found/, "it cannot be run");
  chmodSync(path, 0o755);
  assert.equal(findBinary({ PATH: `/nonexistent:${folder}` }), path);
  assert.equal(findBinary({ SIGNALBOX_BIN: path, PATH: "" }), path);
  assert.throws(() => findBinary({ SIGNALBOX_BIN: folder }), /SIGNALBOX_BIN names no program/);
});

test("an open stream does not keep its process", () => {
  const code = `import { signalboxFetch } from "${new URL("../index.js", import.meta.url)}";
    const fetch = signalboxFetch({ command: ${JSON.stringify(command)}, simulate: "idle" });
    const response = await fetch("${responses}", ${JSON.stringify(post({ ...codex, stream: true }))});
    await response.body.cancel();
    await fetch.close();
    console.log("closed");`;
  const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8", timeout: 60_000 });
  assert.deepEqual([status, stdout], [0, "closed\n"]);
});
