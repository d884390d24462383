// What the tests share: a signalbox with the built-in simulator.
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

/** The binary under test: $SIGNALBOX_BIN, else the one of `make build`. */
export const command = process.env.SIGNALBOX_BIN || fileURLToPath(new URL("../../../signalbox", import.meta.url));

/** The arguments for a scenario of the simulator. */
export const simulate = (scenario) => ["serve", scenario ? `--simulate=${scenario}` : "--simulate"];

export const codex = { model: "gpt-5.2-codex", input: "What is 2+2?" };

/** The text of the deltas in a list of events. */
export const textOf = (events) =>
  events.map((e) => (e.type === "response.output_text.delta" ? e.delta : "")).join("");

/** A port of loopback that nobody listens on. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
