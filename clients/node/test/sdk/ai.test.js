// The AI SDK over signalbox.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createOpenAI } from "@ai-sdk/openai";
import { generateObject, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";
import { signalboxProvider } from "../../index.js";
import { counted, model } from "./shared.js";

function provider(t, simulate, more) {
  const { options, posts } = counted(simulate, more);
  const openai = signalboxProvider(createOpenAI, options);
  t.after(() => openai.close());
  return { openai, posts, options };
}

test("text, and a stream", async (t) => {
  const { openai, posts } = provider(t);
  const { text, response } = await generateText({ model: openai(model), prompt: "What is 2+2?" });
  assert.equal(text, "2 + 2 = 4.");
  assert.equal(response.headers["x-signalbox-route"], "chatgpt");
  let streamed = "";
  for await (const part of streamText({ model: openai(model), prompt: "What is 2+2?" }).textStream) streamed += part;
  assert.equal(streamed, "2 + 2 = 4.");
  assert.equal(posts(), 2);
});

test("structured output", async (t) => {
  const { openai } = provider(t);
  const { object } = await generateObject({ model: openai(model), schema: z.object({ n: z.number() }), prompt: "x" });
  assert.equal(typeof object.n, "number");
});

test("tool loops over three turns, with no setting", async (t) => {
  const { openai, posts, options } = provider(t, "tool-call");
  const tools = { weather: tool({ description: "the weather", inputSchema: z.object({}), execute: async () => "sunny" }) };
  const messages = [];
  for (const content of ["Weather?", "And tomorrow?", "And then?"]) {
    messages.push({ role: "user", content });
    const { steps, text, response } = await generateText({ model: openai(model), messages, tools, stopWhen: stepCountIs(3) });
    assert.equal(steps.length, 2);
    assert.notEqual(text, "");
    messages.push(...response.messages);
    assert.ok(options.last.adjustments.some((a) => a.action === "expanded"), "item_reference");
  }
  assert.equal(posts(), 6);
});

test("an abort", async (t) => {
  const { openai } = provider(t, "slow");
  await assert.rejects(generateText({ model: openai(model), prompt: "x", abortSignal: AbortSignal.timeout(300) }));
});

// It asks three times whatever x-should-retry says; a usage limit costs one request.
for (const [scenario, status, says, requests] of [["usage-limit", 429, /usage limit/, 1], ["logged-out", 401, /signalbox login/, 0], ["forbidden", 403, /./, 1]]) {
  test(`error: ${scenario}`, async (t) => {
    const { openai, posts } = provider(t, scenario);
    await assert.rejects(generateText({ model: openai(model), prompt: "x" }), (error) => {
      const last = error.lastError ?? error;
      assert.equal(last.statusCode, status, last.message);
      assert.match(last.message, says);
      return true;
    });
    assert.equal(posts(), requests);
  });
}

test("an error in a stream is an error, not a short answer", async (t) => {
  for (const scenario of ["cut", "error-event", "no-terminal"]) {
    const { openai } = provider(t, scenario);
    let failed = false;
    for await (const part of streamText({ model: openai(model), prompt: "x", onError() {} }).fullStream) failed ||= part.type === "error";
    assert.ok(failed, scenario);
  }
});
