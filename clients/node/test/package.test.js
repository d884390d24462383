// What npm packs, and what the README shows.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { command } from "./simulated.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path) => readFileSync(join(root, path), "utf8");

// A project in which the package is installed as npm packs it.
const home = mkdtempSync(join(tmpdir(), "signalbox-"));
const installed = join(home, "node_modules", "signalbox-rpc");
after(() => rmSync(home, { recursive: true }));
before(() => {
  rmSync(join(root, "protocol.d.ts"), { force: true }); // npm pack makes it
  execFileSync("npm", ["pack", "--silent", root], { cwd: home, stdio: "ignore" });
  const tarball = readdirSync(home).find((name) => name.endsWith(".tgz"));
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", join(home, tarball), "-C", installed, "--strip-components=1"]);
});

test("the package has the types of the schema", () => {
  const types = readFileSync(join(installed, "protocol.d.ts"), "utf8");
  assert.equal(types, read("../../protocol/schema/signalbox.ts"));
});

test("the snippets of the README, as they stand", () => {
  // The signalbox on the PATH has the simulator in place of OpenAI.
  const simulated = join(home, "signalbox");
  writeFileSync(simulated, `#!/bin/sh\nexec '${command}' "$@" --simulate\n`);
  chmodSync(simulated, 0o755);
  const env = { ...process.env, SIGNALBOX_BIN: "", PATH: home + delimiter + process.env.PATH };

  // Those of the SDKs run where these are installed: test/sdk.
  const snippets = [...read("README.md").matchAll(/^```js\n(.*?)^```$/gms)].map(([, text]) => text).filter((text) => /import \{ start/.test(text));
  const printed = snippets.map((text, i) => {
    const file = join(home, `snippet${i}.mjs`);
    writeFileSync(file, text);
    return execFileSync(process.execPath, [file], { env, encoding: "utf8", timeout: 60_000 });
  });
  assert.equal(printed.length, 2);
  assert.equal(printed[0], "2 + 2 = 4.\ngpt-5.2-codex over chatgpt\n");
  assert.match(printed[1], /^http:\/\/127\.0\.0\.1:\d+\/codex\/device \w{4}-\w{5}\nauthenticated\n$/);
});
