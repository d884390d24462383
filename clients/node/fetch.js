// A fetch for SDKs: what they would send to OpenAI goes to signalbox over its pipe.
import { findBinary } from "./binary.js";
import { start } from "./index.js";
import { EventStream } from "./eventstream.js";
import { failureReply, headersOf, localReply, refusalOf, reply } from "./reply.js";

/** The base URL that SDKs are given. Nobody resolves it. */
export const baseURL = "http://signalbox.invalid/v1";

const passed = ["traceparent", "tracestate", "x-client-request-id", "idempotency-key"];

/**
 * Returns a fetch that sends POST …/responses and GET …/models through signalbox, which
 * it spawns at the first request and again after its end. Any other path is answered
 * with 404, without a network call. `close()` ends the process.
 */
export function signalboxFetch(options = {}) {
  const { route, onUnsupported = "refuse", memory = true, expectModel, onEvidence, maxQueueBytes = 64 << 20, simulate, ...spawning } = options;
  const meta = { fillOutput: true, memory, onUnsupported };
  if (route) meta.route = route;
  if (expectModel) meta.expect = { model: expectModel };
  const refused = new Refusals();
  let box; // a promise of the running process
  let running;

  function process() {
    if (!box || running?.hasEnded) {
      running = undefined;
      const args = spawning.args ?? ["serve", ...(simulate ? [simulate === true ? "--simulate" : `--simulate=${simulate}`] : [])];
      box = (async () => (running = await start({ ...spawning, args, command: spawning.command ?? findBinary(spawning.env) })))();
      box.catch(() => (box = undefined));
    }
    return box;
  }

  async function create(text, init, signal) {
    const known = refused.find(text);
    if (known) return known;
    const parsed = parse(text);
    if (!parsed) return localReply(400, "invalid_request_error", "The body must be a JSON object.");
    let signalbox;
    try {
      signalbox = await process();
    } catch (error) {
      return localReply(424, "signalbox_unavailable", sentence(error));
    }
    const headers = {};
    const given = headersOf(init);
    for (const name of passed) if (given.get(name)) headers[name] = given.get(name);
    const params = withMeta(text, parsed, { ...meta, ...(Object.keys(headers).length && { headers }), ...parsed._meta });
    const evidence = (value, response) => onEvidence?.(value, response);
    try {
      if (parsed.stream === true) return await new EventStream(signalbox, params, { signal, maxQueueBytes, evidence }).response();
      const whole = await signalbox.whole(params, { signal });
      evidence(whole.result.evidence);
      return reply(200, whole.started, whole.result.evidence, "application/json", whole.response);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (parsed.stream !== true) evidence(error.data?.evidence); // a stream has told it
      const answer = refusalOf(error);
      refused.note(text, error, answer);
      return failureReply(answer);
    }
  }

  async function fetch(input, init = {}) {
    const request = typeof input === "object" && !(input instanceof URL) ? input : undefined;
    const url = new URL(request?.url ?? input);
    const method = (init.method ?? request?.method ?? "GET").toUpperCase();
    const signal = init.signal ?? request?.signal;
    signal?.throwIfAborted();
    if (method === "POST" && url.pathname.endsWith("/responses")) {
      const body = init.body ?? request?.body;
      const text = typeof body === "string" ? body : await new Response(body).text();
      return create(text, { headers: init.headers ?? request?.headers }, signal);
    }
    if (method === "GET" && url.pathname.endsWith("/models")) {
      try {
        const { models } = await (await process()).request("models/list", {}, { signal });
        const ids = [...new Set(models.filter((m) => m.available && !m.hidden).map((m) => m.id))];
        return reply(200, undefined, undefined, "application/json", JSON.stringify({ object: "list", data: ids.map((id) => ({ id, object: "model", created: 0, owned_by: "openai" })) }));
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        return error.data ? failureReply(refusalOf(error)) : localReply(424, "signalbox_unavailable", sentence(error));
      }
    }
    return localReply(404, "unknown_url", `signalbox does not serve ${method} ${url.pathname}: it speaks the Responses API, POST /responses and GET /models.`);
  }

  /** The running process, which is started if there is none. */
  fetch.signalbox = process;
  fetch.close = async () => {
    const current = box;
    box = undefined;
    await (await current?.catch(() => undefined))?.close();
  };
  return fetch;
}

/** What an error says, as a sentence. */
function sentence(error) {
  if (error?.code === "ENOENT") return "signalbox was not found: put the program on the PATH, or set SIGNALBOX_BIN to its path.";
  const text = String(error?.message ?? error);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function parse(text) {
  try {
    const value = JSON.parse(text);
    return value && typeof value === "object" && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The params, every byte of the body as the SDK has written it but for `_meta`. */
function withMeta(text, parsed, meta) {
  if (parsed._meta !== undefined) {
    const { _meta, ...rest } = parsed;
    return JSON.stringify({ _meta: meta, ...rest });
  }
  const brace = text.indexOf("{") + 1;
  return `${text.slice(0, brace)}"_meta":${JSON.stringify(meta)}${Object.keys(parsed).length ? "," : ""}${text.slice(brace)}`;
}

/**
 * The AI SDK takes no notice of x-should-retry and asks again at once. A request that
 * ran into a usage limit is answered here when it comes again within a minute, if the
 * limit has not ended by then.
 */
class Refusals {
  #known = new Map();

  find(text) {
    const known = this.#known.get(text);
    if (known && Date.now() < known.until) return failureReply({ ...known.answer, local: true });
    this.#known.delete(text);
    return undefined;
  }

  note(text, error, answer) {
    const resets = Date.parse(error.data?.resetsAt ?? "");
    if (error.data?.reason !== "usage_limit" || !(resets > Date.now())) return;
    if (this.#known.size >= 16) this.#known.delete(this.#known.keys().next().value);
    this.#known.set(text, { answer, until: Math.min(resets, Date.now() + 60_000) });
  }
}
