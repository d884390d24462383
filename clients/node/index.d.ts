import type {
  AuthStatus, AuthStatusParams, CreateParams, CreateResult, ErrorData, Evidence, InitializeResult, Methods, RouteChoice,
  ServerNotifications, Started, UnsupportedPolicy,
} from "./protocol.js";

export type * from "./protocol.js";

export interface StartOptions {
  /**
   * The program; by default what findBinary returns. A list is a program with all its
   * arguments, such as ["ssh", "-T", "host", "signalbox", "serve"]; `args` is then not used.
   */
  command?: string | readonly string[];
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
  readonly hasEnded: boolean;
  readonly pid: number | undefined;
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

/** The path of the program: $SIGNALBOX_BIN, the platform package, the PATH. Throws when there is none. */
export function findBinary(env?: NodeJS.ProcessEnv): string;

export interface FetchOptions extends Omit<StartOptions, "onNotification"> {
  /** The route of models that are not pinned to one. */
  route?: RouteChoice;
  /** What becomes of parameters that the route does not take; by default "refuse", and "drop" in the helpers. */
  onUnsupported?: UnsupportedPolicy;
  /** Whether conversations are remembered, so that `previous_response_id` and references work; by default true. */
  memory?: boolean;
  /** The model that must answer; another one is an error. */
  expectModel?: string;
  /** Called once for each request that was made, with what proves who answered. */
  onEvidence?: (evidence: Evidence | undefined) => void;
  /** How many bytes of one stream may wait to be read; by default 64 MiB. Past it the stream is cancelled. */
  maxQueueBytes?: number;
  /** The built-in simulator: true, or a scenario. */
  simulate?: boolean | string;
}

/** A fetch for SDKs, and the end of its process. */
export interface SignalboxFetch {
  (input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** The running process, which is started if there is none. */
  signalbox(): Promise<Signalbox>;
  close(): Promise<void>;
}

/** What SDKs are given as their base URL; nobody resolves it. */
export const baseURL: string;

/** Returns a fetch that sends POST …/responses and GET …/models through signalbox. */
export function signalboxFetch(options?: FetchOptions): SignalboxFetch;

export interface HelperOptions extends FetchOptions {
  /** One that exists already, in place of a new one. */
  fetch?: SignalboxFetch;
  /** What else the SDK takes. */
  [option: string]: unknown;
}

interface Closes {
  /** Ends signalbox. */
  close(): Promise<void>;
}

/** A client of the `openai` package. */
export function signalboxOpenAI<C>(OpenAI: new (options?: any) => C, options?: HelperOptions): C & Closes;

/** A provider of the AI SDK; `createOpenAI` is that of `@ai-sdk/openai`. */
export function signalboxProvider<P>(createOpenAI: (options?: any) => P, options?: HelperOptions): P & Closes;

/** A Runner of `@openai/agents`; `OpenAI` is that of `openai`. `runner` holds options of the Runner. */
export function signalboxAgents<R>(
  agents: { Runner: new (options?: any) => R; OpenAIProvider: new (options?: any) => any },
  OpenAI: new (options?: any) => unknown,
  options?: HelperOptions & { runner?: object },
): R & Closes;
