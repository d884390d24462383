// Command plain is the same server as it is written when nothing is measured:
// jsonrpc2 with its own codec and Notify, go-sse, encoding/json.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	"github.com/sourcegraph/jsonrpc2"
	"github.com/tmaxmax/go-sse"
)

type server struct{ url string }

type pipe struct{}

func (pipe) Read(p []byte) (int, error)  { return os.Stdin.Read(p) }
func (pipe) Write(p []byte) (int, error) { return os.Stdout.Write(p) }
func (pipe) Close() error                { return nil }

func main() {
	stream := jsonrpc2.NewBufferedStream(pipe{}, jsonrpc2.VSCodeObjectCodec{})
	conn := jsonrpc2.NewConn(context.Background(), stream, jsonrpc2.AsyncHandler(jsonrpc2.HandlerWithError(server{os.Args[1]}.handle)))
	<-conn.DisconnectNotify()
}

type event struct {
	StreamID  string          `json:"streamId"`
	RequestID any             `json:"requestId"`
	Seq       int             `json:"seq"`
	Event     json.RawMessage `json:"event"`
}

func (s server) handle(ctx context.Context, conn *jsonrpc2.Conn, req *jsonrpc2.Request) (any, error) {
	if req.Method != "responses/create" {
		return struct{}{}, nil
	}
	res, err := http.Post(s.url+"/responses", "application/json", bytes.NewReader(*req.Params))
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	id := fmt.Sprint(req.ID)
	note := event{StreamID: id, RequestID: req.ID}
	for message, err := range sse.Read(res.Body, &sse.ReadConfig{MaxEventSize: 64 << 20}) {
		if err != nil {
			return nil, err
		}
		var kind struct {
			Type string `json:"type"`
		}
		note.Event = json.RawMessage(message.Data)
		if err := json.Unmarshal(note.Event, &kind); err != nil {
			return nil, err
		}
		note.Seq++
		if err := conn.Notify(ctx, "responses/event", note); err != nil {
			return nil, err
		}
		if kind.Type == "response.completed" {
			break
		}
	}
	note.Seq++
	note.Event = nil
	if err := conn.Notify(ctx, "responses/completed", note); err != nil {
		return nil, err
	}
	return map[string]string{"streamId": id, "status": "completed"}, nil
}
