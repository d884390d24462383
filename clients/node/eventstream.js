// A streamed response as an SDK reads it: server-sent events.
import { errorObject, reply } from "./reply.js";

const typeFirst = /^\{"type":"([^"\\]+)"/;

/** One streamed request. `response()` resolves when the upstream has answered. */
export class EventStream {
  #queue = [];
  #bytes = 0;
  #last = ""; // the last event
  #failed = false; // an event has said so
  #over = false;
  #error;
  #wake = () => {};

  constructor(box, params, { signal, maxQueueBytes, evidence }) {
    this.evidence = evidence;
    this.maxQueueBytes = maxQueueBytes;
    this.call = box.events(params, { signal, onEvent: (raw) => this.#take(raw) });
    // The process may hang: an abort does not wait for its answer.
    const abort = () => {
      this.#queue = [];
      this.#over = true;
      this.#wake();
    };
    signal?.addEventListener("abort", abort, { once: true });
    const end = (error) => {
      signal?.removeEventListener("abort", abort);
      this.#error ??= error;
      this.#over = true;
      this.#wake();
    };
    this.call.result.then((result) => {
      evidence(result.evidence);
      end();
    }, (error) => {
      evidence(error.data?.evidence);
      end(error);
    });
  }

  async response() {
    const started = await this.call.started;
    const body = new ReadableStream(
      {
        pull: (controller) => this.#pull(controller),
        cancel: () => this.call.cancel(),
      },
      { highWaterMark: 0 },
    );
    return reply(200, started, started.evidence, "text/event-stream; charset=utf-8", body);
  }

  /** Takes an event, as it came. The pipe is always read: what the SDK has not read waits here. */
  #take(raw) {
    if (this.#over) return;
    this.#queue.push(this.#block(raw));
    this.#last = raw;
    this.#bytes += raw.length;
    if (this.#bytes > this.maxQueueBytes) {
      this.#error = new Error(`more than ${this.maxQueueBytes} bytes of the response were not read; it was cancelled`);
      this.#over = true;
      this.call.cancel();
    }
    this.#wake();
  }

  #block(raw) {
    let type = typeFirst.exec(raw)?.[1];
    if (type === undefined) type = JSON.parse(raw)?.type;
    if (type === "error") raw = this.#completed(raw);
    if (type === "error" || type === "response.failed") this.#failed = true;
    const data = raw.includes("\n") ? raw.replaceAll("\n", "\ndata: ") : raw;
    return typeof type === "string" && /^[!-~]+$/.test(type) ? `event: ${type}\ndata: ${data}\n\n` : `data: ${data}\n\n`;
  }

  /** An error event with all that SDKs need of one. */
  #completed(raw) {
    const event = JSON.parse(raw);
    const of = (name, fallback) => event[name] ?? event.error?.[name] ?? fallback;
    const object = { message: of("message", "The upstream reported an error."), type: event.error?.type ?? "server_error", param: of("param", null), code: of("code", null) };
    const whole = { sequence_number: this.#next(), ...object, ...event, type: "error" };
    whole.error ??= object;
    return JSON.stringify(whole);
  }

  #next() {
    const number = /"sequence_number":\s*(\d+)/.exec(this.#last)?.[1];
    return number === undefined ? 0 : Number(number) + 1;
  }

  async #pull(controller) {
    while (this.#queue.length === 0 && !this.#over) await new Promise((resolve) => (this.#wake = resolve));
    if (this.#queue.length > 0) {
      const text = this.#queue.length === 1 ? this.#queue[0] : this.#queue.join("");
      this.#queue = [];
      this.#bytes = 0;
      return controller.enqueue(Buffer.from(text));
    }
    const cancelled = this.call.signal?.aborted;
    if (cancelled) return controller.error(this.call.signal.reason);
    if (this.#error && !this.#failed) {
      const object = errorObject(this.#error);
      const event = { type: "error", sequence_number: this.#next(), code: object.code, message: object.message, param: object.param, error: object };
      controller.enqueue(Buffer.from(`event: error\ndata: ${JSON.stringify(event)}\n\n`));
    }
    controller.close();
  }
}
