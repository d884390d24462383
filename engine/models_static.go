package engine

import (
	"strings"

	"github.com/signalbox-dev/signalbox/protocol"
)

// staticModels takes the place of the list of a backend that has not been heard: the
// pinned models, and those that the client version which we declare knows of. It
// is data for a picker, no promise: the backend decides.
var staticModels = map[protocol.RouteName][]listed{
	protocol.RouteChatGPT: {
		codexModel("gpt-5.2-codex", "GPT-5.2-Codex", "low", "medium", "high", "xhigh"),
		codexModel("gpt-6.1-sol", "GPT-6.1 Sol", "low", "medium", "high", "xhigh", "max"),
		codexModel("gpt-6-astra", "GPT-6 Astra", "low", "medium", "high", "xhigh", "max"),
		codexModel("gpt-6-sol", "GPT-6 Sol", "low", "medium", "high", "xhigh", "max"),
		codexModel("gpt-6-luna", "GPT-6 Luna", "low", "medium", "high", "xhigh", "max"),
		codexModel("gpt-5.6-sol", "GPT-5.6 Sol", "low", "medium", "high", "xhigh", "max"),
		codexModel("gpt-6.1-terra", "GPT-6.1 Terra", "low", "medium", "high", "xhigh", "max"),
		codexModel("gpt-5.6-terra", "GPT-5.6 Terra", "low", "medium", "high", "xhigh", "max"),
		codexModel("gpt-5.6-luna", "GPT-5.6 Luna", "low", "medium", "high", "xhigh", "max"),
		codexModel("gpt-5.5", "GPT-5.5", "low", "medium", "high", "xhigh"),
	},
	protocol.RoutePlatform: {
		describe("gpt-5.2-pro"),
		describe("gpt-5.2"),
		describe("gpt-5.5"),
		describe("gpt-5.5-pro"),
	},
}

// codexModel is a model of the ChatGPT backend.
func codexModel(id, name string, efforts ...string) listed {
	yes := true
	return listed{
		id: id, name: name, contextWindow: 272_000,
		modalities: []string{"text", "image"}, efforts: efforts, toolCalling: &yes,
	}
}

// describe returns what the id of a Platform model says: the list holds ids only.
func describe(id string) listed {
	m := listed{id: id, hidden: !servesResponses(id)}
	if matches("gpt-5.2-pro", id) || matches("gpt-5.2-pro-YYYY-MM-DD", id) {
		yes := true
		m.name, m.contextWindow, m.maxOutput = "GPT-5.2 pro", 400_000, 128_000
		m.modalities, m.toolCalling = []string{"text", "image"}, &yes
		m.efforts = []string{"medium", "high", "xhigh"}
	}
	return m
}

// servesResponses reports whether a Platform model can be asked over the
// Responses API, as far as its id says. The list also holds models for speech,
// images, embeddings and moderation.
func servesResponses(id string) bool {
	for _, prefix := range []string{
		"text-embedding-", "text-moderation-", "omni-moderation-", "whisper-", "tts-", "dall-e-", "gpt-image-",
		"chatgpt-image-", "sora-", "babbage-", "davinci-", "gpt-audio", "gpt-realtime", "gpt-3.5-turbo-instruct",
	} {
		if strings.HasPrefix(id, prefix) {
			return false
		}
	}
	for _, part := range []string{"-realtime", "-audio", "-transcribe", "-tts", "-search-preview", "-search-api"} {
		if strings.Contains(id, part) {
			return false
		}
	}
	return true
}
