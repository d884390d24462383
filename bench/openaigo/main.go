// Command openaigo reads streams with the Go SDK of OpenAI.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
)

func main() {
	client := openai.NewClient(option.WithBaseURL(os.Args[1]), option.WithAPIKey("sk-bench"), option.WithMaxRetries(0))
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		stream := client.Responses.NewStreaming(context.Background(), responses.ResponseNewParams{
			Model: in.Text(),
			Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("x")},
		})
		events := 0
		for stream.Next() {
			if stream.Current().Type != "" {
				events++
			}
		}
		if err := stream.Err(); err != nil {
			fmt.Fprintln(os.Stderr, "openaigo:", err)
			os.Exit(1)
		}
		fmt.Println("done", events)
	}
}
