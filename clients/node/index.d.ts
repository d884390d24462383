import type {
  AuthStatus, AuthStatusParams, CreateParams, CreateResult, ErrorData, InitializeResult, Methods, ServerNotifications, Started,
} from "./protocol.js";

export type * from "./protocol.js";

export interface StartOptions {
  /** The program; by default $SIGNALBOX_BIN, else `signalbox` on the PATH. */
  command?: string;
  /** By default `["serve"]`. */
  args?: string[];
  /** By default the environment of this process. */
  env?: NodeJS.ProcessEnv;
  clientInfo?: { name: string; version: string };
  /** Every notification, in the order of the pipe. */
  onNotification?: <N extends keyof ServerNotifications>(method: N, params: ServerNotifications[N]) => void;
  /** Shows the page of a login in a browser; false, or an error: signalbox tries it itself. */
  showDocument?: (uri: string) => unknown;
}

/** Spawns signalbox and initializes it. */
export function start(options?: StartOptions): Promise<Signalbox>;

export interface CallOptions {
  /** Cancels the request, which then rejects with -32800. */
  signal?: AbortSignal;
}

export interface Signalbox {
  /** What it said to initialize. */
  readonly server: InitializeResult;
  /** Its exit code, once it has ended. */
  readonly exited: Promise<number | null>;
  /** The result of any method; rejects with a SignalboxError. */
  request<M extends keyof Methods>(method: M, params?: Methods[M]["params"], options?: CallOptions): Promise<Methods[M]["result"]>;
  notify(method: string, params?: object): void;
  /** Who the user is and which routes can be used. */
  status(params?: AuthStatusParams): Promise<AuthStatus>;
  /** Streams a response. Leaving the loop early cancels it. */
  create(body: CreateParams, options?: CallOptions): ResponseStream;
  /** One whole response, without events. */
  respond(body: CreateParams, options?: CallOptions): Promise<CreateResult>;
  /** Ends the process and resolves with its exit code; SIGKILL comes only after `timeoutMs`, by default 37,000. */
  close(options?: { timeoutMs?: number }): Promise<number | null>;
}

/** An event of the Responses API, as the upstream sent it. */
export type ResponseEvent = { type: string; [member: string]: any };

export interface ResponseStream extends AsyncIterable<ResponseEvent> {
  /** The upstream has answered with 2xx; rejects if it never does. */
  readonly started: Promise<Started>;
  /** How it ended, with evidence and usage; rejects with a SignalboxError. */
  readonly result: Promise<CreateResult>;
  /** Ends it: `result` then resolves with the status "cancelled". */
  cancel(): Promise<{ status: string }>;
}

export class SignalboxError extends Error {
  readonly code: number;
  readonly data: ErrorData;
}
