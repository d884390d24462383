// Command hello is the least that a server on stdin and stdout can do.
package main

import (
	"bufio"
	"fmt"
	"os"
)

func main() {
	for s := bufio.NewScanner(os.Stdin); s.Scan(); {
		fmt.Println(`{"jsonrpc":"2.0","id":1,"result":{}}`)
	}
}
