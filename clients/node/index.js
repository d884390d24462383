// Spawn signalbox and talk to it. See README.md.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { findBinary } from "./binary.js";
import { Connection, SignalboxError } from "./connection.js";

export { findBinary, SignalboxError };
export { baseURL, signalboxFetch } from "./fetch.js";
export { signalboxAgents, signalboxOpenAI, signalboxProvider } from "./sdk.js";

/**
 * Spawns signalbox and initializes it. `command` is the program, or a list: a program
 * with its arguments, such as ["ssh", "-T", "host", "signalbox", "serve"].
 */
export async function start({
  command,
  args = ["serve"],
  env = process.env,
  clientInfo = { name: "node", version: process.versions.node },
  onNotification = () => {},
  showDocument,
} = {}) {
  // The process of a list may be on another machine, where our id means nothing.
  const [program, ...given] = Array.isArray(command) ? command : [command ?? findBinary(env), ...args];
  const processId = Array.isArray(command) ? null : process.pid;
  const child = spawn(program, given, { env, stdio: ["pipe", "pipe", "inherit"], windowsHide: true });
  await once(child, "spawn"); // or throws ENOENT
  const box = new Signalbox(child, onNotification, showDocument);
  const capabilities = { window: { showDocument: { support: Boolean(showDocument) } } };
  try {
    box.server = await box.request("initialize", { processId, clientInfo, capabilities });
  } catch (error) {
    child.kill();
    throw error;
  }
  box.notify("initialized", {});
  return box;
}

/** A running signalbox. */
class Signalbox {
  #child;
  #connection;
  #streams = new Map(); // streamId -> Stream
  #raw = new Map(); // streamId -> what takes the text of its events
  /** Whether the process has ended. */
  hasEnded = false;

  /** The id of the process. */
  get pid() {
    return this.#child.pid;
  }

  constructor(child, onNotification, showDocument) {
    this.#child = child;
    this.exited = once(child, "close").then(([code]) => {
      this.hasEnded = true;
      this.#connection.close(Object.assign(new Error(`signalbox has ended with code ${code}`), { exitCode: code }));
      return code;
    });
    const notified = (method, params) => {
      this.#streams.get(params?.streamId)?.take(method, params);
      onNotification(method, params);
    };
    const asked = async (method, { uri }) => {
      if (method !== "window/showDocument" || !showDocument) throw new SignalboxError({ code: -32601, message: "There is no such method." });
      return { success: (await showDocument(uri)) !== false };
    };
    const taken = (streamId, event) => {
      const take = this.#raw.get(streamId);
      take?.(event);
      return take !== undefined;
    };
    this.#connection = new Connection(child.stdout, child.stdin, notified, asked, taken);
  }

  /**
   * Streams a response: `params` is JSON text, and `onEvent` gets each event as text, as it
   * came. Returns `{started, result, cancel}`.
   */
  events(params, { signal, onEvent }) {
    const { streamId, text } = withStreamId(params);
    const stream = new Stream(() => this.request("responses/cancel", { streamId }).catch(() => {}));
    this.#streams.set(streamId, stream);
    this.#raw.set(streamId, onEvent);
    const result = this.request("responses/create", text, { signal }).finally(() => {
      this.#streams.delete(streamId);
      this.#raw.delete(streamId);
    });
    stream.finish(result);
    // What it ended with says more than that it had not started.
    const started = stream.started.catch(async (early) => {
      await result;
      throw early;
    });
    started.catch(() => {});
    return { started, result, signal, cancel: () => stream.cancel() };
  }

  /** A whole response: `params` is JSON text, and `response` of the answer its text, as it came. */
  async whole(params, { signal } = {}) {
    const { streamId, text } = withStreamId(params);
    let started;
    this.#streams.set(streamId, { take: (method, note) => method === "responses/started" && (started = note) });
    try {
      const { result, text: answer } = await this.request("responses/create", text, { signal, wantsText: true });
      const at = answer.indexOf(',"response":{');
      return { result, started, response: at < 0 ? JSON.stringify(result.response) : answer.slice(at + ',"response":'.length, -2) };
    } finally {
      this.#streams.delete(streamId);
    }
  }

  /** The result of any method; rejects with a SignalboxError. */
  request(method, params = {}, options) {
    return this.#connection.request(method, params, options);
  }

  notify(method, params) {
    this.#connection.notify(method, params);
  }

  /** Who the user is and which routes can be used. */
  status(params) {
    return this.request("auth/status", params);
  }

  /**
   * Streams a response: an async iterator of the upstream's events, as they came.
   * Leaving the loop early cancels the stream.
   */
  create(body, { signal } = {}) {
    const streamId = body._meta?.streamId ?? randomUUID();
    const stream = new Stream(() => this.request("responses/cancel", { streamId }));
    this.#streams.set(streamId, stream);
    const params = { ...body, stream: true, _meta: { ...body._meta, streamId } };
    stream.finish(this.request("responses/create", params, { signal }).finally(() => this.#streams.delete(streamId)));
    return stream;
  }

  /** One whole response, without events. */
  async respond(body, options) {
    return this.request("responses/create", { ...body, stream: false }, options);
  }

  /**
   * shutdown, exit, the end of stdin; resolves with the exit code. SIGTERM follows after
   * 2 s, SIGKILL after `timeoutMs`: a refreshed login may need 30 s until it is saved, and
   * only SIGKILL loses it.
   */
  async close({ timeoutMs = 37_000 } = {}) {
    const kill = (signal, ms) => setTimeout(() => this.#child.kill(signal), ms);
    const timers = [kill("SIGTERM", 2000), kill("SIGKILL", timeoutMs)];
    this.request("shutdown").catch(() => {}); // it may have ended by itself
    this.notify("exit");
    this.#child.stdin.end();
    const code = await this.exited;
    timers.forEach(clearTimeout);
    return code;
  }
}

/** The params, JSON text that begins with `_meta` or has one, with a stream id of our own. */
function withStreamId(params) {
  const streamId = randomUUID();
  const at = params.indexOf('"_meta":{') + '"_meta":{'.length;
  return { streamId, text: `${params.slice(0, at)}"streamId":"${streamId}"${params[at] === "}" ? "" : ","}${params.slice(at)}` };
}

/** The events of one response. `started` and `result` are promises; both may be ignored. */
class Stream {
  #events = [];
  #wake = () => {};
  #over = false;

  constructor(cancel) {
    this.cancel = cancel;
    this.started = new Promise((resolve, reject) => {
      this.onStarted = resolve;
      this.onFailed = reject;
    });
    this.started.catch(() => {});
  }

  take(method, params) {
    if (method === "responses/started") this.onStarted(params);
    else if (method === "responses/event") this.#events.push(params.event);
    else return;
    this.#wake();
  }

  finish(result) {
    this.result = result;
    const end = () => {
      this.#over = true;
      this.onFailed(new Error("the response ended before it had started"));
      this.#wake();
    };
    result.then(end, end);
  }

  async *[Symbol.asyncIterator]() {
    try {
      for (;;) {
        // The pipe is always read: what the loop has not come to waits here.
        while (this.#events.length > 0) yield* this.#events.splice(0);
        if (this.#over) break;
        await new Promise((resolve) => (this.#wake = resolve));
      }
      await this.result; // throws what the response ended with
    } finally {
      if (!this.#over) {
        this.result.catch(() => {});
        await this.cancel();
      }
    }
  }
}
