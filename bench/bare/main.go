// Command bare is what everything is compared with: net/http and a loop that
// only splits lines. It reads a model from each line of stdin, asks for a stream
// and answers with the number of data lines.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

func main() {
	url := os.Args[1] + "/responses"
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 2000
	transport.TLSHandshakeTimeout = time.Minute
	client := &http.Client{Transport: transport}
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		// "MODEL" or "N MODEL": N streams at the same time.
		model, n := in.Text(), 1
		if count, rest, ok := strings.Cut(in.Text(), " "); ok {
			model = rest
			_, _ = fmt.Sscan(count, &n)
		}
		var all sync.WaitGroup
		counts := make([]int, n)
		for i := range n {
			all.Go(func() { counts[i] = read(client, url, model) })
		}
		all.Wait()
		sum := 0
		for _, c := range counts {
			sum += c
		}
		fmt.Println("done", sum)
	}
}

func read(client *http.Client, url, model string) (events int) {
	body := fmt.Sprintf(`{"model":%q,"input":"x","stream":true}`, model)
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	lines := bufio.NewReaderSize(res.Body, 32<<10)
	long := false // in the middle of a line that is longer than the buffer
	for {
		line, err := lines.ReadSlice('\n')
		if !long && bytes.HasPrefix(line, []byte("data:")) {
			events++
		}
		long = err == bufio.ErrBufferFull
		if err == io.EOF {
			return events
		}
		if err != nil && !long {
			fatal(err)
		}
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "bare:", err)
	os.Exit(1)
}
