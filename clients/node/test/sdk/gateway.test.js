// Unmodified SDKs over the gateway, with the settings that it prints.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { command, freePort } from "../simulated.js";

const home = mkdtempSync(join(tmpdir(), "signalbox-"));
const env = { ...process.env, HOME: home, CODEX_HOME: join(home, "codex") };
let gateway, listen;
before(async () => {
  listen = `--listen=127.0.0.1:${await freePort()}`;
  gateway = spawn(command, ["gateway", "--simulate", listen], { env, stdio: ["ignore", "pipe", "inherit"] });
  await once(gateway.stdout, "data");
  symlinkSync(fileURLToPath(new URL("node_modules", import.meta.url)), join(home, "node_modules"));
});
after(async () => {
  gateway.kill();
  await once(gateway, "exit");
  rmSync(home, { recursive: true });
});

for (const host of ["openai-node", "ai-sdk"]) {
  test(host, () => {
    const file = join(home, `${host}.mjs`);
    writeFileSync(file, execFileSync(command, ["gateway", "--print", host, listen], { env, encoding: "utf8" }));
    const printed = execFileSync(process.execPath, [file], { env, encoding: "utf8", timeout: 60_000, stdio: ["ignore", "pipe", "ignore"] });
    assert.equal(printed, "2 + 2 = 4.\n");
  });
}
