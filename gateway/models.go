package gateway

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// listedModel is a model as the OpenAI API lists it.
type listedModel struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

// models serves GET /v1/models: each model that can be used and is meant for people,
// once. It does not wait for the network.
func (s *Server) models(w http.ResponseWriter, r *http.Request) {
	data, seen := []listedModel{}, map[string]bool{}
	for _, m := range s.cfg.Engine.Models(r.Context(), false).Models {
		if m.Available && !m.Hidden && !seen[m.ID] {
			seen[m.ID] = true
			data = append(data, listedModel{m.ID, "model", 0, "openai"})
		}
	}
	text, _ := json.Marshal(map[string]any{"object": "list", "data": data}) // strings and numbers
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = w.Write(text)
}
