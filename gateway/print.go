package gateway

import (
	"slices"
	"strings"
)

// settings are what a program is told, with @BASE@, @ROOT@ (the base without /v1),
// @HOST@ (its host and port) and @TOKEN@, a file, in place of values.
func settings() map[string]string {
	return map[string]string{
		"curl": `curl -sS --no-buffer @CURL@@ROOT@/v1/responses \
  -H "Authorization: Bearer $(cat '@TOKEN@')" -H 'Content-Type: application/json' \
  -d '{"model":"gpt-5.2-codex","input":"What is 2+2?","stream":true}'
`,
		"env": `export OPENAI_BASE_URL='@BASE@'
export OPENAI_API_KEY="$(cat '@TOKEN@')"
`,
		"openai-python": `from pathlib import Path
from openai import OpenAI

client = OpenAI(base_url="@BASE@", api_key=Path("@TOKEN@").read_text().strip())
print(client.responses.create(model="gpt-5.2-codex", input="What is 2+2?").output_text)
`,
		"openai-node": `import { readFileSync } from "node:fs";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: "@BASE@", apiKey: readFileSync("@TOKEN@", "utf8").trim() });
console.log((await client.responses.create({ model: "gpt-5.2-codex", input: "What is 2+2?" })).output_text);
`,
		"ai-sdk": `import { readFileSync } from "node:fs";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText } from "ai";

const openai = createOpenAI({ baseURL: "@BASE@", apiKey: readFileSync("@TOKEN@", "utf8").trim() });
console.log((await generateText({ model: openai("gpt-5.2-codex"), prompt: "What is 2+2?" })).text);
`,
		"llm": `# extra-openai-models.yaml in the folder of: llm logs path
- model_id: signalbox
  model_name: gpt-5.2-codex
  api_base: "@BASE@"
  api_key_name: signalbox
  responses: true
# and once: llm keys set signalbox --value "$(cat '@TOKEN@')"
`,
		"zed": `// settings.json; the key is asked for, or in SIGNALBOX_API_KEY: cat '@TOKEN@'
{"language_models": {"openai_compatible": {"signalbox": {
  "api_url": "@BASE@",
  "available_models": [{"name": "gpt-5.2-codex", "max_tokens": 272000, "capabilities": {"chat_completions": false, "tools": true, "images": true}}]
}}}}
`,
		"vscode": `// Language Models: Add > Custom Endpoint; the API key is the content of @TOKEN@
{"apiType": "responses", "models": [{"id": "gpt-5.2-codex", "name": "gpt-5.2-codex", "url": "@BASE@/responses", "toolCalling": true, "vision": true, "maxInputTokens": 272000, "maxOutputTokens": 64000}]}
`,
		"codecompanion": `require("codecompanion").setup({
  adapters = { http = { signalbox = function()
    return require("codecompanion.adapters").extend("openai_responses", {
      url = "@BASE@/responses",
      env = { api_key = "cmd:cat '@TOKEN@'" },
      schema = { model = { default = "gpt-5.2-codex" } },
    })
  end } },
})
`,
		"avante": `providers = { signalbox = {
  __inherited_from = "openai",
  endpoint = "@BASE@",
  model = "gpt-5.2-codex",
  api_key_name = "cmd:cat @TOKEN@",
  use_response_api = true,
} }
`,
		"gptel": `(gptel-make-openai-responses "signalbox"
  :protocol "http" :host "@HOST@" :endpoint "/v1/responses" :stream t
  :key (lambda () (with-temp-buffer (insert-file-contents "@TOKEN@") (string-trim (buffer-string))))
  :models '(gpt-5.2-codex))
`,
		"continue": `# config.yaml
models:
  - name: signalbox
    provider: openai
    model: gpt-5.2-codex
    apiBase: @BASE@/
    apiKey: ${{ secrets.SIGNALBOX }}   # the content of @TOKEN@
    useResponsesApi: true
`,
		"litellm": `import litellm
from pathlib import Path

print(litellm.responses(model="openai/gpt-5.2-codex", api_base="@BASE@",
                        api_key=Path("@TOKEN@").read_text().strip(), input="What is 2+2?").output_text)
`,
		"aider": `export OPENAI_API_BASE='@BASE@'
export OPENAI_API_KEY="$(cat '@TOKEN@')"
aider --model openai/responses/gpt-5.2-codex
`,
		"dify":      "Model provider OpenAI: API base @ROOT@, API key = the content of @TOKEN@, API protocol: responses\n",
		"n8n":       "Credential OpenAI: base URL @BASE@, API key = the content of @TOKEN@; OpenAI Chat Model node: switch on \"Use Responses API\"\n",
		"librechat": "# librechat.yaml, endpoints.custom; the key is the content of @TOKEN@\n- name: signalbox\n  baseURL: @BASE@\n  apiKey: \"${SIGNALBOX_TOKEN}\"\n  models: { default: [gpt-5.2-codex] }\n  addParams: { useResponsesApi: true }\n",
	}
}

// Hosts returns the names of the programs that [Settings] knows.
func Hosts() []string {
	var names []string
	for name := range settings() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Settings returns what a program is told to use the gateway at place, whose token is in
// a file; false for a program that is not known. The token itself is not in it.
func Settings(host string, place Place, tokenFile string) (string, bool) {
	text, known := settings()[host]
	if !known {
		return "", false
	}
	root := strings.TrimSuffix(place.BaseURL, "/v1")
	socket := ""
	if place.Socket != "" {
		socket = "--unix-socket '" + place.Socket + "' "
	}
	return strings.NewReplacer("@CURL@", socket, "@BASE@", place.BaseURL, "@ROOT@", root, "@TOKEN@", tokenFile, "@HOST@", strings.TrimPrefix(root, "http://")).Replace(text), true
}
