// Reads streams with the Node SDK of OpenAI.
import { createInterface } from "node:readline";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.argv[2], apiKey: "sk-bench", maxRetries: 0 });
for await (const model of createInterface({ input: process.stdin })) {
  let events = 0;
  for await (const event of await client.responses.create({ model, input: "x", stream: true })) if (event.type) events++;
  console.log("done", events);
}
