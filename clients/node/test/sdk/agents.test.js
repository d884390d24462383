// @openai/agents and LangChain.js over signalbox.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ChatOpenAI } from "@langchain/openai";
import { tool as langchainTool } from "@langchain/core/tools";
import * as agents from "@openai/agents";
import OpenAI from "openai";
import { z } from "zod";
import { baseURL, signalboxAgents, signalboxFetch } from "../../index.js";
import { counted, model } from "./shared.js";

test("an agent: a run, a stream, a tool", async (t) => {
  const { options, posts } = counted();
  const runner = signalboxAgents(agents, OpenAI, options);
  t.after(() => runner.close());
  const agent = new agents.Agent({ name: "a", model, instructions: "Answer." });
  assert.equal((await runner.run(agent, "What is 2+2?")).finalOutput, "2 + 2 = 4.");
  const streamed = await runner.run(agent, "What is 2+2?", { stream: true });
  for await (const _ of streamed);
  await streamed.completed;
  assert.equal(streamed.finalOutput, "2 + 2 = 4.");
  assert.equal(posts(), 2);
});

test("an agent calls a tool, once, and answers", async (t) => {
  const { options, posts } = counted("tool-call");
  const runner = signalboxAgents(agents, OpenAI, options);
  t.after(() => runner.close());
  let calls = 0;
  const weather = agents.tool({ name: "weather", description: "w", parameters: z.object({}), execute: async () => `sunny ${calls++}` });
  const agent = new agents.Agent({ name: "a", model, tools: [weather] });
  const first = await runner.run(agent, "Weather?");
  assert.notEqual(first.finalOutput, "");
  assert.deepEqual([calls, posts()], [1, 2]);
  const streamed = await runner.run(agent, [...first.history, { role: "user", content: "And tomorrow?" }], { stream: true });
  for await (const _ of streamed);
  await streamed.completed;
  assert.deepEqual([calls, posts()], [1, 3], "a stream does not ask for ever");
});

test("LangChain: text, a stream, a tool, previous_response_id", async (t) => {
  const { options, posts } = counted();
  const fetch = signalboxFetch({ ...options, onUnsupported: "drop" });
  t.after(() => fetch.close());
  const chat = new ChatOpenAI({ model, apiKey: "signalbox", useResponsesApi: true, configuration: { baseURL, fetch } });
  const first = await chat.invoke("What is 2+2?");
  assert.equal(first.text, "2 + 2 = 4.");
  let text = "";
  for await (const chunk of await chat.stream("What is 2+2?")) text += chunk.text;
  assert.equal(text, "2 + 2 = 4.");
  const again = await chat.invoke("What is 2+2?", { previous_response_id: first.response_metadata.id });
  assert.equal(again.text, "2 + 2 = 4.");
  assert.ok(options.last.adjustments.some((a) => a.field === "previous_response_id" && a.action === "expanded"));
  assert.equal(posts(), 3);
});

test("LangChain calls a tool", async (t) => {
  const { options } = counted("tool-call");
  const fetch = signalboxFetch({ ...options, onUnsupported: "drop" });
  t.after(() => fetch.close());
  const weather = langchainTool(async () => "sunny", { name: "weather", description: "w", schema: z.object({}) });
  const chat = new ChatOpenAI({ model, apiKey: "signalbox", useResponsesApi: true, configuration: { baseURL, fetch } }).bindTools([weather]);
  const answer = await chat.invoke("Weather?");
  assert.equal(answer.tool_calls[0].name, "weather");
});
