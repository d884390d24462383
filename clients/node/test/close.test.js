// close() while a refreshed login is not saved yet.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { start } from "../index.js";
import { command, simulate } from "./simulated.js";

/** The auth.json of the simulated login, without the issuer that it came from. */
async function login() {
  const box = await start({ command, args: simulate() });
  const auth = JSON.parse(readFileSync((await box.status()).file.path));
  await box.close();
  delete auth.tokens.oauth_provenance;
  return auth;
}

test("a refreshed login is saved, however late the issuer answers", async (t) => {
  const auth = await login();
  const home = mkdtempSync(join(tmpdir(), "signalbox-"));
  t.after(() => rmSync(home, { recursive: true }));
  writeFileSync(join(home, "auth.json"), JSON.stringify(auth), { mode: 0o600 });

  const { id_token, access_token } = auth.tokens;
  const renewed = JSON.stringify({ id_token, access_token, refresh_token: "rt_signalbox-canary.2" });
  const issuer = createServer((_, answer) => {
    setTimeout(() => answer.setHeader("content-type", "application/json").end(renewed), 6000);
  }).listen(0, "127.0.0.1");
  t.after(() => issuer.close());
  await once(issuer, "listening");

  const CODEX_REFRESH_TOKEN_URL_OVERRIDE = `http://127.0.0.1:${issuer.address().port}/oauth/token`;
  const box = await start({ command, env: { ...process.env, CODEX_HOME: home, CODEX_REFRESH_TOKEN_URL_OVERRIDE } });
  const cancelled = assert.rejects(box.request("auth/refresh"), { code: -32800 });
  await once(issuer, "request");
  assert.equal(await box.close(), 0);
  await cancelled;
  assert.equal(JSON.parse(readFileSync(join(home, "auth.json"))).tokens.refresh_token, "rt_signalbox-canary.2");
});

test("a process that hangs is killed in the end", async () => {
  const box = await start({ command, args: simulate() });
  process.kill((await box.request("server/diagnostics")).pid, "SIGSTOP");
  assert.equal(await box.close({ timeoutMs: 200 }), null);
});
