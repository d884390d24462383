// Answers as the OpenAI API gives them (docs/reference.md: Errors).

const statuses = {
  parse_error: 400, invalid_request: 400, method_not_found: 400, invalid_params: 400, internal_error: 500, not_initialized: 400,
  cancelled: 499, busy: 503, login_required: 401, credential_mismatch: 403, credential_store: 500, auth_unavailable: 502,
  login_failed: 403, exchange_failed: 403, unsupported_parameter: 400, rate_limited: 429, upstream_unavailable: 502,
  stream_broken: 502, response_failed: 502, model_mismatch: 502,
};

function statusOf({ kind, reason, httpStatus }) {
  if (kind === "upstream_rejected") return httpStatus >= 400 && httpStatus <= 599 ? httpStatus : 400;
  if ((kind === "auth_unavailable" || kind === "upstream_unavailable") && reason === "timeout") return 504;
  return statuses[kind] ?? 500;
}

/** The `error` member of a body: code, type and param are the upstream's where it gave them. */
export function errorObject(error) {
  const { kind, reason, action, upstream = {}, field } = error.data ?? {};
  let message = String(error.message ?? error);
  if (upstream.message && !message.includes(upstream.message)) message += ` (${upstream.message})`;
  if (action) message += ` ${action.replace(/[.`]+$/, "").replaceAll("`", "")}.`;
  return {
    message,
    type: upstream.type || kind || "signalbox_error",
    param: upstream.param ?? field ?? null,
    code: upstream.code || (reason === "context_length" ? "context_length_exceeded" : reason) || kind || "process_ended",
  };
}

/** What an SDK is answered about an error. Only what waits for moments may be tried again. */
export function refusalOf(error) {
  const data = error.data;
  // Without data the process has ended: nobody knows whether the request was served.
  if (!data) return { status: 424, object: errorObject(error), headers: { "x-should-retry": "false" } };
  const again = data.retryable && (data.kind === "busy" || (data.kind === "rate_limited" && (data.reason === "requests" || data.reason === "tokens")));
  const headers = { ...upstreamHeaders(data.headers), ...identity(data.evidence), "x-should-retry": String(Boolean(again)), "x-signalbox-kind": data.kind };
  delete headers["retry-after"];
  if (data.retryAfterMs > 0) {
    headers["retry-after-ms"] = String(data.retryAfterMs);
    headers["retry-after"] = String(Math.ceil(data.retryAfterMs / 1000));
  }
  return { status: statusOf(data), object: errorObject(error), headers };
}

export function failureReply({ status, object, headers, local }) {
  const all = { ...headers, "content-type": "application/json" };
  if (local) all["x-signalbox-local"] = "usage_limit"; // nothing was sent
  return new Response(JSON.stringify({ error: object }), { status, headers: printable(all) });
}

/** An answer that signalbox was not asked for. */
export function localReply(status, code, message) {
  return failureReply({ status, object: { message, type: "invalid_request_error", param: null, code }, headers: { "x-should-retry": "false" } });
}

export function reply(status, started, evidence, contentType, body) {
  const headers = { ...upstreamHeaders(started?.headers), ...identity(evidence), "content-type": contentType };
  return new Response(body, { status, headers: printable(headers) });
}

function upstreamHeaders(headers = {}) {
  return Object.fromEntries(Object.entries(headers).filter(([name, value]) => typeof value === "string" && name !== "x-codex-turn-state"));
}

function identity(evidence) {
  if (!evidence) return {};
  const headers = { "x-signalbox-evidence": JSON.stringify(evidence) };
  if (evidence.upstream_request_id) headers["x-request-id"] = evidence.upstream_request_id;
  if (evidence.route) headers["x-signalbox-route"] = evidence.route;
  if (evidence.effective_model) headers["x-signalbox-model"] = evidence.effective_model;
  if (evidence.credential_source) headers["x-signalbox-credential"] = evidence.credential_source;
  return headers;
}

/** Header values are ASCII without control characters. */
function printable(headers) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value).replace(/[^ -~]/g, "?")]));
}

/** The headers of a request, in whatever form. */
export function headersOf({ headers } = {}) {
  return headers instanceof Headers ? headers : new Headers(headers ?? {});
}
