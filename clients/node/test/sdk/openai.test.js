// openai-node over signalbox.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { signalboxFetch, signalboxOpenAI } from "../../index.js";
import { counted, model } from "./shared.js";

/** A client for a scenario, which ends with the test. */
function client(t, simulate, more) {
  const { options, posts } = counted(simulate, more);
  const openai = signalboxOpenAI(OpenAI, options);
  t.after(() => openai.close());
  return { openai, posts, options };
}

test("text, and who answered", async (t) => {
  const { openai, posts } = client(t);
  const { data, response, request_id } = await openai.responses.create({ model, input: "What is 2+2?" }).withResponse();
  assert.equal(data.output_text, "2 + 2 = 4.");
  assert.equal(response.headers.get("x-signalbox-route"), "chatgpt");
  assert.equal(JSON.parse(response.headers.get("x-signalbox-evidence")).effective_model, model);
  assert.ok(request_id);
  assert.equal(posts(), 1);
});

test("a stream, its helper, and both routes", async (t) => {
  const { openai, posts } = client(t);
  for (const name of [model, "gpt-5.2-pro"]) {
    let text = "";
    for await (const event of await openai.responses.create({ model: name, input: "What is 2+2?", stream: true })) {
      if (event.type === "response.output_text.delta") text += event.delta;
    }
    assert.equal(text, "2 + 2 = 4.");
  }
  const final = await openai.responses.stream({ model, input: "What is 2+2?" }).finalResponse();
  assert.equal(final.output_text, "2 + 2 = 4.");
  assert.equal(posts(), 3);
});

test("structured output", async (t) => {
  const { openai } = client(t);
  const parsed = await openai.responses.parse({ model, input: "x", text: { format: zodTextFormat(z.object({ n: z.number() }), "answer") } });
  assert.equal(typeof parsed.output_parsed.n, "number");
});

test("tools over three turns by previous_response_id", async (t) => {
  const { openai, posts, options } = client(t, "tool-call");
  const tools = [{ type: "function", name: "weather", parameters: { type: "object", properties: {}, additionalProperties: false }, strict: true }];
  let response;
  response = await openai.responses.create({ model, input: "Weather?", tools });
  const call = response.output.find((item) => item.type === "function_call");
  const output = { type: "function_call_output", call_id: call.call_id, output: "sunny" };
  for (const input of [[output], "And tomorrow?"]) {
    response = await openai.responses.create({ model, previous_response_id: response.id, input, tools });
    assert.ok(options.last.adjustments.some((a) => a.action === "expanded"));
    assert.notEqual(response.output_text, "");
  }
  assert.equal(posts(), 3);
});

test("models", async (t) => {
  const { openai } = client(t);
  const ids = [];
  for await (const m of openai.models.list()) ids.push(m.id);
  assert.ok(ids.includes(model));
  assert.equal(new Set(ids).size, ids.length);
});

test("leaving a loop cancels, and so does a signal", async (t) => {
  const { openai, options } = client(t, "slow");
  const stream = await openai.responses.create({ model, input: "x", stream: true });
  for await (const event of stream) {
    if (event.type === "response.created") break;
  }
  const abort = new AbortController();
  const pending = openai.responses.create({ model, input: "x" }, { signal: abort.signal });
  setTimeout(() => abort.abort(), 300);
  await assert.rejects(pending, OpenAI.APIUserAbortError);
  await assert.rejects(openai.responses.create({ model, input: "x" }, { timeout: 300, maxRetries: 0 }), OpenAI.APIConnectionTimeoutError);
  assert.ok(options.last);
});

// Every row: the class, the words that it has, and how often the upstream was asked.
for (const [scenario, kind, says, requests] of [
  ["usage-limit", "RateLimitError", /usage limit.*Wait for the reset/, 1],
  ["logged-out", "AuthenticationError", /signalbox login/, 0],
  ["server-error", "InternalServerError", /./, 5],
  ["bad-request", "BadRequestError", /./, 1],
  ["forbidden", "PermissionDeniedError", /./, 1],
  ["not-found", "NotFoundError", /./, 1],
  ["unauthorized", "AuthenticationError", /./, 2],
  ["mismatch", "InternalServerError", /model/, 1],
]) {
  test(`error: ${scenario}`, async (t) => {
    for (const stream of [false, true]) {
      const { openai, posts } = client(t, scenario, scenario === "mismatch" ? { expectModel: model } : {});
      await assert.rejects(openai.responses.create({ model, input: "Hello.", stream }), (error) => {
        assert.ok(error instanceof OpenAI[kind], `${error.constructor.name}: ${error.message}`);
        assert.match(error.message, says);
        return true;
      });
      assert.equal(posts(), requests, `stream: ${stream}`);
    }
  });
}

test("an error in a stream", async (t) => {
  for (const scenario of ["cut", "error-event", "no-terminal"]) {
    const { openai } = client(t, scenario);
    const stream = await openai.responses.create({ model, input: "Hello.", stream: true });
    await assert.rejects(async () => {
      for await (const _ of stream);
    }, OpenAI.APIError, scenario);
  }
});

test("what is wrong with the process is said in the SDK's own error", async (t) => {
  const missing = new OpenAI({ apiKey: "x", baseURL: "http://signalbox.invalid/v1", fetch: signalboxFetch({ env: { PATH: "/nonexistent" } }) });
  await assert.rejects(missing.responses.create({ model, input: "x" }), (error) => error instanceof OpenAI.APIError && /signalbox was not found: put the program on the PATH/.test(error.message));
  const wrong = client(t, "nonsense");
  await assert.rejects(wrong.openai.responses.create({ model, input: "x" }), OpenAI.APIError);

  const fetch = signalboxFetch(counted("slow").options);
  t.after(() => fetch.close());
  const openai = new OpenAI({ apiKey: "x", baseURL: "http://signalbox.invalid/v1", fetch });
  const stream = await openai.responses.create({ model, input: "x", stream: true });
  const { pid } = await fetch.signalbox();
  await assert.rejects(async () => {
    for await (const event of stream) {
      if (event.type === "response.created") process.kill(pid, "SIGKILL");
    }
  }, (error) => error instanceof OpenAI.APIError && /signalbox has ended/.test(error.message));
  assert.equal((await openai.responses.create({ model, input: "What is 2+2?" })).output_text, "2 + 2 = 4.", "a new process");
});

test("other paths are answered here", async (t) => {
  const { openai, posts } = client(t);
  await assert.rejects(openai.chat.completions.create({ model, messages: [] }), (error) => error instanceof OpenAI.NotFoundError && /Responses API/.test(error.message));
  await assert.rejects(openai.responses.retrieve("resp_1"), OpenAI.NotFoundError);
  assert.equal(posts(), 0);
});
