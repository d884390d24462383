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
  const flag = simulate === true ? "--simulate" : simulate && `--simulate=${simulate}`;
  const simulated = (list) => (flag ? [...list, flag] : list);
  const refused = new Refusals();
  let box; // a promise of the running process
  let running;

  function process() {
    if (!box || running?.hasEnded) {
      running = undefined;
      box = (async () => {
        const { command = findBinary(spawning.env), args = ["serve"] } = spawning;
        const program = Array.isArray(command) ? { command: simulated(command) } : { command, args: simulated(args) };
        const onNotification = (method) => method === "auth/changed" && refused.clear();
        return (running = await start({ ...spawning, ...program, onNotification }));
      })();
      box.catch(() => (box = undefined));
    }
    return box;
  }

  async function create(text, init, signal) {
    const evidence = (value) => onEvidence?.(value);
    const known = refused.find(text);
    if (known) {
      evidence(known.data.evidence);
      return failureReply({ ...refusalOf(known), local: true });
    }
    const parsed = parse(text);
    if (!parsed) return localReply(400, "invalid_request_error", "The body must be a JSON object.");
    if (parsed._meta !== undefined && !isObject(parsed._meta)) return localReply(400, "invalid_request_error", "_meta must be a JSON object.");
    let signalbox;
    try {
      signalbox = await unlessAborted(process(), signal);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      return localReply(424, "signalbox_unavailable", sentence(error, simulate));
    }
    const headers = {};
    const given = headersOf(init);
    for (const name of passed) if (given.get(name)) headers[name] = given.get(name);
    const params = withMeta(text, parsed, { ...meta, ...(Object.keys(headers).length && { headers }), ...parsed._meta, streamId: undefined, events: undefined });
    try {
      if (parsed.stream === true) return await unlessAborted(new EventStream(signalbox, params, { signal, maxQueueBytes, evidence }).response(), signal);
      const answered = signalbox.whole(params, { signal });
      answered.then(({ result }) => evidence(result.evidence), (error) => evidence(error.data?.evidence));
      const whole = await unlessAborted(answered, signal);
      return reply(200, whole.started, whole.result.evidence, "application/json", whole.response);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      refused.note(text, error);
      return failureReply(refusalOf(error));
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
        const { models } = await unlessAborted(process().then((box) => box.request("models/list", {}, { signal })), signal);
        const ids = [...new Set(models.filter((m) => m.available && !m.hidden).map((m) => m.id))];
        return reply(200, undefined, undefined, "application/json", JSON.stringify({ object: "list", data: ids.map((id) => ({ id, object: "model", created: 0, owned_by: "openai" })) }));
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        return error.data ? failureReply(refusalOf(error)) : localReply(424, "signalbox_unavailable", sentence(error, simulate));
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

/** The promise, or the reason of the signal as soon as it is aborted: a process that hangs holds up nobody. */
function unlessAborted(promise, signal) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}

/** What is wrong with the process, and what to do. */
function sentence(error, simulate) {
  if (error?.code === "ENOENT") return `${error.path ?? "signalbox"} was not found: set command to a program that exists.`;
  if (error?.code === "EACCES") return `${error.path ?? "signalbox"} cannot be run: set command to a program that can.`;
  // 2 is a wrong flag, and of ours only this one has a value of the caller's.
  if (error?.exitCode === 2 && typeof simulate === "string") return `signalbox knows no scenario ${JSON.stringify(simulate)}: "signalbox serve --simulate=list" prints those that there are.`;
  if (error?.exitCode !== undefined) return `${error.message}: what it wrote to stderr says why.`;
  const text = String(error?.message ?? error);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function parse(text) {
  try {
    const value = JSON.parse(text);
    return isObject(value) ? value : undefined;
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

  /** The error that the request ran into, as it is now: nothing was sent, and the evidence says so. */
  find(text) {
    const known = this.#known.get(text);
    if (!known || Date.now() >= known.until) {
      this.#known.delete(text);
      return undefined;
    }
    const { message, data } = known.error;
    const adjustments = [...(data.evidence?.adjustments ?? []), { field: "request", action: "answered_locally", reason: "usage_limit" }];
    const evidence = { ...data.evidence, attempts: [], upstream_request_id: null, adjustments };
    return { message, data: { ...data, headers: {}, retryAfterMs: known.resets - Date.now(), evidence } };
  }

  note(text, error) {
    const resets = Date.parse(error.data?.resetsAt ?? "");
    if (error.data?.reason !== "usage_limit" || !(resets > Date.now())) return;
    if (this.#known.size >= 16) this.#known.delete(this.#known.keys().next().value);
    this.#known.set(text, { error, resets, until: Math.min(resets, Date.now() + 60_000) });
  }

  /** Forgets them: another login has limits of its own. */
  clear() {
    this.#known.clear();
  }
}
