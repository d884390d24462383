# The four commands of a contributor: build, demo, test, check; and bench.
GO ?= go
TOOLS := $(CURDIR)/.tools
STATICCHECK := $(TOOLS)/staticcheck
RACE ?= -race
COUNT ?= 6

.PHONY: build demo test check bench clean

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o signalbox ./cmd/signalbox

demo: build
	./signalbox demo

# The tests run the real binary over real pipes and real HTTP on loopback.
test:
	$(GO) test $(RACE) ./...

check: $(STATICCHECK)
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "gofmt would change: $$unformatted"; exit 1; fi
	$(GO) vet ./...
	GOOS=darwin $(GO) vet ./...
	GOOS=windows $(GO) build ./...
	$(STATICCHECK) ./...

# Not a dependency of the module: its users' module graphs stay small.
$(STATICCHECK):
	GOBIN=$(TOOLS) $(GO) install honnef.co/go/tools/cmd/staticcheck@v0.8.2

# Six runs each, so that benchstat can compare two files of this output.
bench:
	$(GO) test -run '^$$' -bench . -benchmem -count $(COUNT) ./internal/rawjson ./rpc/... ./engine ./cmd/signalbox

clean:
	rm -rf signalbox $(TOOLS)
