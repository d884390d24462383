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

/** Cuts frames out of chunks and calls `onMessage` with each message. */
export class FrameReader {
  #chunks = [];
  #length = 0;
  #body = -1; // the length of the body that is awaited, or -1 for headers

  constructor(onMessage) {
    this.onMessage = onMessage;
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
      this.onMessage(JSON.parse(text));
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
   */
  constructor(input, output, onNotification, onRequest) {
    this.#out = output;
    const reader = new FrameReader((message) => {
      if (message.method !== undefined) {
        if (message.id === undefined) return onNotification(message.method, message.params);
        return void this.#answer(message, onRequest);
      }
      const waiting = this.#pending.get(message.id);
      this.#pending.delete(message.id);
      if (message.error) waiting?.reject(new SignalboxError(message.error));
      else waiting?.resolve(message.result);
    });
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
    const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message }));
    this.#out.write(Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`), body]));
  }

  /** Sends a request; an aborted `signal` cancels it, and it then rejects with -32800. */
  request(method, params, { signal } = {}) {
    if (this.#closed) return Promise.reject(this.#closed);
    if (signal?.aborted) return Promise.reject(signal.reason);
    const id = this.#nextId++;
    const cancel = () => this.notify("$/cancelRequest", { id });
    signal?.addEventListener("abort", cancel, { once: true });
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#send({ id, method, params });
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
