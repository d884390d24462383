// Compiled, not run: the types say what the module does.
import { start, SignalboxError, type Evidence, type Kind } from "../index.js";

const box = await start({ onNotification: (method, params) => console.log(method, params) });
const { state, routes } = await box.status();
const evidence: Evidence = (await box.respond({ model: "gpt-5.2-pro", input: "Hello." })).evidence;
const stream = box.create({ model: "gpt-5.2-codex", input: "Hello.", _meta: { onUnsupported: "drop" } });
for await (const event of stream) console.log(event.type);
const { rule } = await box.request("routes/resolve", { model: "gpt-5.2-codex" });
const pong: Record<string, never> = await box.request("ping");
console.log(state, routes[0].available, evidence.effective_model, rule, pong);
try {
  // @ts-expect-error: there is no such method
  await box.request("auth/states");
  // @ts-expect-error: a model is needed
  box.create({ input: "Hello." });
} catch (error) {
  const kind: Kind | undefined = error instanceof SignalboxError ? error.data.kind : undefined;
  console.log(kind);
}
