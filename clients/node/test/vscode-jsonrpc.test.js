// vscode-jsonrpc, used as vscode-languageclient uses it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import {
  CancellationTokenSource, createMessageConnection, ResponseError, StreamMessageReader, StreamMessageWriter,
} from "vscode-jsonrpc/node";
import { command, freePort, simulate, codex, textOf } from "./simulated.js";

async function open(t, scenario) {
  const child = spawn(command, simulate(scenario), { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  t.after(() => child.kill("SIGKILL"));
  const problems = [];
  const logger = { error: (m) => problems.push(m), warn: (m) => problems.push(m), info() {}, log() {} };
  const box = createMessageConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin), logger);
  box.onError(([error]) => problems.push(error.message));
  const notes = [];
  for (const name of ["responses/started", "responses/event", "responses/completed", "auth/loginPrompt", "auth/changed", "auth/loginCompleted"]) {
    box.onNotification(name, (params) => notes.push([name, params]));
  }
  box.listen();
  const hello = await box.sendRequest("initialize", {
    processId: process.pid,
    clientInfo: { name: "Visual Studio Code", version: "1.106.0" },
    locale: "en", rootPath: null, rootUri: null, trace: "off", workspaceFolders: null,
    capabilities: {
      window: { workDoneProgress: true, showDocument: { support: true }, showMessage: {} },
      general: { positionEncodings: ["utf-16"] },
    },
    initializationOptions: { editorInfo: { name: "vscode" } },
  });
  await box.sendNotification("initialized", {});
  await box.sendNotification("$/setTrace", { value: "off" });
  await box.sendNotification("workspace/didChangeConfiguration", { settings: {} });
  const close = async () => {
    const begun = performance.now();
    assert.equal(await box.sendRequest("shutdown"), null);
    await box.sendNotification("exit");
    assert.deepEqual(await exited, [0, null]);
    assert.ok(performance.now() - begun < 2000, "the client would have killed it");
    assert.deepEqual(problems, []);
    box.dispose();
  };
  return { box, hello, notes, close };
}

test("initialize, status, shutdown", async (t) => {
  const { box, hello, close } = await open(t);
  assert.equal(hello.capabilities.framing, "lsp");
  assert.ok(hello.ignoredOptions.includes("locale")); // rootUri is null here, so it is absent
  const status = await box.sendRequest("auth/status", {});
  assert.equal(status.state, "authenticated");
  assert.deepEqual(await box.sendRequest("ping"), {});
  await close();
});

test("a stream", async (t) => {
  const { box, notes, close } = await open(t);
  const result = await box.sendRequest("responses/create", { ...codex, stream: true, _meta: { streamId: "one" } });
  assert.equal(result.status, "completed");
  assert.deepEqual(notes.map(([, params]) => params.seq), notes.map((_, i) => i));
  assert.ok(notes.every(([, params]) => params.streamId === "one"));
  assert.deepEqual([notes[0][0], notes.at(-1)[0]], ["responses/started", "responses/completed"]);
  assert.equal(textOf(notes.slice(1, -1).map(([, params]) => params.event)), "2 + 2 = 4.");
  await close();
});

test("a cancelled token", async (t) => {
  const { box, notes, close } = await open(t, "slow");
  const source = new CancellationTokenSource();
  const answer = box.sendRequest("responses/create", { ...codex, stream: true }, source.token);
  box.onNotification("responses/started", () => source.cancel());
  await assert.rejects(answer, (error) => {
    assert.ok(error instanceof ResponseError);
    assert.equal(error.code, -32800);
    assert.equal(error.data.kind, "cancelled");
    return true;
  });
  assert.equal(notes.at(-1)[1].status, "cancelled");
  await close();
});

test("shutdown while a stream runs", async (t) => {
  const { box, close } = await open(t, "slow");
  const answer = assert.rejects(box.sendRequest("responses/create", { ...codex, stream: true }), { code: -32800 });
  await box.sendRequest("ping");
  await close();
  await answer;
});

test("a login prompt, in a window of the editor", async (t) => {
  const { box, notes, close } = await open(t, "logged-out");
  const shown = new Promise((resolve) =>
    box.onRequest("window/showDocument", (params) => {
      resolve(params);
      return { success: true };
    }));
  const login = box.sendRequest("auth/login", { method: "browser", ports: [await freePort()] });
  const { uri, external } = await shown;
  assert.equal(external, true);
  // The simulated user agrees at once: its answer sends the browser back to us.
  assert.equal((await fetch(uri)).status, 200);
  const { status, auth } = await login;
  assert.equal(status, "succeeded");
  assert.equal(auth.state, "authenticated");
  assert.deepEqual(notes.map(([name]) => name), ["auth/loginPrompt", "auth/changed", "auth/loginCompleted"]);
  // What is shown is a page of our own, which sends its first visitor on.
  assert.match(uri, /^http:\/\/127\.0\.0\.1:\d+\/start\//);
  assert.notEqual(notes[0][1].authUrl, uri);
  await close();
});
