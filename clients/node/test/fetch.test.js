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
        }
        if (id !== undefined) send('{"jsonrpc":"2.0","id":' + id + ',"result":' + (method === "responses/create" ? '{"status":"completed","evidence":{"x":"a,\\\\"response\\\\":{"},"response":{"n":1.0,"u":"\\\\u00fc"}}' : "{}") + "}");
      }
    });`);
  const fetch = signalboxFetch({ command: [process.execPath, stub] });
  t.after(async () => (await fetch.signalbox()).close({ timeoutMs: 100 }));
  const stream = await (await fetch(responses, post({ ...codex, stream: true }))).text();
  assert.equal(stream, `event: response.output_text.delta\ndata: ${raw}\n\n`);
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
