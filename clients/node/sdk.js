// The SDKs, set up so that their requests go through signalbox.
import { baseURL, signalboxFetch } from "./fetch.js";

const apiKey = "signalbox"; // SDKs want one; it goes nowhere

/** Splits what is for signalbox from what is for the SDK. */
function split({ route, onUnsupported = "drop", memory, expectModel, onEvidence, maxQueueBytes, simulate, command, args, env, clientInfo, showDocument, fetch, ...sdk }) {
  const ours = { route, onUnsupported, memory, expectModel, onEvidence, maxQueueBytes, simulate, command, args, env, clientInfo, showDocument };
  for (const name of Object.keys(ours)) if (ours[name] === undefined) delete ours[name];
  return { fetch: fetch ?? signalboxFetch(ours), sdk };
}

/** A client of the `openai` package. `client.close()` ends signalbox. */
export function signalboxOpenAI(OpenAI, options = {}) {
  const { fetch, sdk } = split(options);
  const client = new OpenAI({ ...sdk, apiKey, baseURL, fetch });
  client.close = () => fetch.close();
  return client;
}

/** A provider of the AI SDK: `createOpenAI` is that of `@ai-sdk/openai`. */
export function signalboxProvider(createOpenAI, options = {}) {
  const { fetch, sdk } = split(options);
  const provider = createOpenAI({ ...sdk, apiKey, baseURL, fetch });
  provider.close = () => fetch.close();
  return provider;
}

/**
 * A Runner of `@openai/agents`, whose module is the first argument, and `OpenAI` that of
 * `openai`. Tracing, which would go to OpenAI by itself, is off.
 */
export function signalboxAgents({ Runner, OpenAIProvider }, OpenAI, { runner, ...options } = {}) {
  const client = signalboxOpenAI(OpenAI, options);
  const made = new Runner({ ...runner, tracingDisabled: true, modelProvider: new OpenAIProvider({ openAIClient: client, useResponses: true }) });
  made.close = () => client.close();
  return made;
}
