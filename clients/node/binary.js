// Finds the signalbox program.
import { accessSync, constants, statSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";

const program = process.platform === "win32" ? "signalbox.exe" : "signalbox";

/** Whether a path is a program that can be run. */
function runs(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The program of the platform package beside this one, if it is installed. */
function packaged() {
  try {
    return createRequire(import.meta.url).resolve(`signalbox-rpc-${process.platform}-${process.arch}/bin/${program}`);
  } catch {
    return undefined;
  }
}

/**
 * The path of signalbox: $SIGNALBOX_BIN, else that of the platform package, else the
 * first on the PATH. Throws an error, one sentence, when there is none.
 */
export function findBinary(env = process.env) {
  if (env.SIGNALBOX_BIN) {
    if (runs(env.SIGNALBOX_BIN)) return env.SIGNALBOX_BIN;
    throw new Error(`SIGNALBOX_BIN names no program that can be run: ${env.SIGNALBOX_BIN}`);
  }
  const found = [packaged(), ...(env.PATH ?? "").split(delimiter).map((folder) => folder && join(folder, program))].find((path) => path && runs(path));
  if (found) return found;
  throw new Error("signalbox was not found: put the program on the PATH, or set SIGNALBOX_BIN to its path");
}
