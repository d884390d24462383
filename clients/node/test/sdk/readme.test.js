// The SDK snippets of the README, as they stand, over the packed tarball.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { command } from "../simulated.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("the snippets of the SDKs", (t) => {
  const home = mkdtempSync(join(tmpdir(), "signalbox-"));
  t.after(() => rmSync(home, { recursive: true }));
  const modules = join(home, "node_modules");
  mkdirSync(modules);
  for (const name of readdirSync(join(root, "test/sdk/node_modules"))) symlinkSync(join(root, "test/sdk/node_modules", name), join(modules, name));
  execFileSync("npm", ["pack", "--silent", root], { cwd: home, stdio: "ignore" });
  mkdirSync(join(modules, "signalbox-rpc"));
  execFileSync("tar", ["-xzf", join(home, readdirSync(home).find((name) => name.endsWith(".tgz"))), "-C", join(modules, "signalbox-rpc"), "--strip-components=1"]);
  const simulated = join(home, "signalbox");
  writeFileSync(simulated, `#!/bin/sh\nexec '${command}' "$@" --simulate\n`);
  chmodSync(simulated, 0o755);
  const snippets = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/^```js\n(.*?)^```$/gms)].map(([, text]) => text).filter((text) => !/import \{ start/.test(text));
  assert.equal(snippets.length, 4);
  for (const [i, text] of snippets.entries()) {
    const file = join(home, `snippet${i}.mjs`);
    writeFileSync(file, text);
    const printed = execFileSync(process.execPath, [file], { env: { ...process.env, SIGNALBOX_BIN: simulated }, encoding: "utf8", timeout: 60_000, stdio: ["ignore", "pipe", "ignore"] });
    assert.equal(printed, "2 + 2 = 4.\n", text);
  }
});
