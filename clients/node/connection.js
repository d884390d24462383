// JSON-RPC 2.0 with Content-Length headers on a pair of streams: what the
// Language Server Protocol calls its base protocol. No dependency.

/** The error of a reply: `code`, and `data` with `kind`, `reason`, `action`, … */
export class SignalboxError extends Error {
  constructor({ code, message, data }) {
    super(message);
    this.name = "SignalboxError";
    this.code = code;
    this.data = data ?? {};
  }
}

const CRLF2 = Buffer.from("\r\n\r\n");

/** How a notification with an event begins; signalbox writes it always so. */
const eventHead = '{"jsonrpc":"2.0","method":"responses/event","params":{"streamId":"';
const eventMember = ',"event":';

/**
 * Cuts frames out of chunks and calls `onMessage` with each message and its text. A
 * frame with an event of a stream that `onEvent` wants is not parsed: the event is cut
 * out of it as it came.
 */
export class FrameReader {
  #chunks = [];
  #length = 0;
  #body = -1; // the length of the body that is awaited, or -1 for headers

  constructor(onMessage, onEvent = () => false) {
    this.onMessage = onMessage;
    this.onEvent = onEvent;
  }

  #take(text) {
    if (text.startsWith(eventHead)) {
      const id = text.slice(eventHead.length, text.indexOf('"', eventHead.length));
      const at = text.indexOf(eventMember, eventHead.length + id.length);
      if (at > 0 && text.endsWith("}}") && this.onEvent(id, text.slice(at + eventMember.length, -2))) return;
    }
    this.onMessage(JSON.parse(text), text);
  }

  push(chunk) {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    // A large body is put together once, not again with each of its chunks.
    if (this.#body >= 0 && this.#length < this.#body) return;
    let data = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#length);
    for (;;) {
      if (this.#body < 0) {
        const end = data.indexOf(CRLF2);
        if (end < 0) break;
        const match = /content-length: *(\d+)/i.exec(data.toString("latin1", 0, end));
        if (!match) throw new Error("a header without Content-Length");
        this.#body = Number(match[1]);
        data = data.subarray(end + CRLF2.length);
      }
      if (data.length < this.#body) break;
      const text = data.toString("utf8", 0, this.#body);
      data = data.subarray(this.#body);
      this.#body = -1;
      this.#take(text);
    }
    this.#chunks = data.length ? [data] : [];
    this.#length = data.length;
  }
}

/** Requests out, replies and notifications in. */
export class Connection {
  #out;
  #pending = new Map();
  #nextId = 0;
  #closed;

  /**
   * @param input readable stream of frames
   * @param output writable stream for frames
   * @param onNotification called with (method, params), in the order of the pipe
   * @param onRequest called with (method, params), answers with a result or a promise of one
   * @param onEvent called with (streamId, event as text); true: the event is taken
   */
  constructor(input, output, onNotification, onRequest, onEvent) {
    this.#out = output;
    const reader = new FrameReader((message, text) => {
      if (message.method !== undefined) {
        if (message.id === undefined) return onNotification(message.method, message.params);
        return void this.#answer(message, onRequest);
      }
      const waiting = this.#pending.get(message.id);
      this.#pending.delete(message.id);
      if (message.error) waiting?.reject(new SignalboxError(message.error));
      else waiting?.resolve(waiting.wantsText ? { result: message.result, text } : message.result);
    }, onEvent);
    input.on("data", (chunk) => {
      try {
        reader.push(chunk);
      } catch (error) {
        this.close(error);
        input.destroy();
      }
    });
    input.on("error", (error) => this.close(error));
    output.on("error", (error) => this.close(error));
  }

  async #answer({ id, method, params }, onRequest) {
    try {
      this.#send({ id, result: await onRequest(method, params) });
    } catch (error) {
      this.#send({ id, error: { code: error.code ?? -32603, message: String(error.message ?? error) } });
    }
  }

  #send(message) {
    this.#write(JSON.stringify({ jsonrpc: "2.0", ...message }));
  }

  #write(text) {
    const body = Buffer.from(text);
    this.#out.write(Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`), body]));
  }

  /**
   * Sends a request; an aborted `signal` cancels it, and it then rejects with -32800.
   * `params` may be JSON text; with `wantsText` the answer is `{result, text}`, the
   * text being that of the whole reply.
   */
  request(method, params, { signal, wantsText } = {}) {
    if (this.#closed) return Promise.reject(this.#closed);
    if (signal?.aborted) return Promise.reject(signal.reason);
    const id = this.#nextId++;
    const cancel = () => this.notify("$/cancelRequest", { id });
    signal?.addEventListener("abort", cancel, { once: true });
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, wantsText });
      if (typeof params === "string") this.#write(`{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${params}}`);
      else this.#send({ id, method, params });
    }).finally(() => signal?.removeEventListener("abort", cancel));
  }

  notify(method, params) {
    if (!this.#closed) this.#send({ method, params });
  }

  /** Ends every request that has no answer with `error`. */
  close(error) {
    if (this.#closed) return;
    this.#closed = error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
