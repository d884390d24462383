# The four commands of a contributor: build, demo, test, check; and bench, fuzz.
GO ?= go
TOOLS := $(CURDIR)/.tools
STATICCHECK := $(TOOLS)/staticcheck
RACE ?= -race
COUNT ?= 6
FUZZTIME ?= 60s

SOAK_KILLS ?= 1000
VULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.1.4

.PHONY: build demo test test-short test-clients test-python python-wheel check bench bench-parts fuzz soak vuln man install release release-verify test-wine clean

PREFIX ?= /usr/local

build: go-is-there
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o signalbox ./cmd/signalbox

.PHONY: go-is-there
go-is-there:
	@command -v '$(GO)' >/dev/null || { echo "Go 1.26 or newer is missing: install it, or a package of a release (README.md, Install)." >&2; exit 1; }

demo: build
	./signalbox demo

# The tests run the real binary over real pipes and real HTTP on loopback, and
# through the clients of other languages and editors, side by side.
test:
	@GO='$(GO)' RACE='$(RACE)' .ci/test

# The daily loop: the Go tests without the race detector, and without those that
# take long. Less than a minute.
test-short:
	$(GO) test -short ./...

# The Python package with the real SDKs and frameworks, in a virtual environment
# that is kept in the user's cache.
test-python: build
	SIGNALBOX_BIN=$(CURDIR)/signalbox clients/python/test.sh

# A wheel for this platform, with the binary inside, in clients/python/dist.
python-wheel: build
	SIGNALBOX_BIN=$(CURDIR)/signalbox clients/python/wheel.sh

# Editors and languages with their own JSON-RPC clients; what is not installed is
# skipped with a line that says so.
test-clients: build
	clients/test.sh

check: $(STATICCHECK)
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "gofmt would change: $$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags soak,wine ./e2e
	GOOS=darwin $(GO) vet ./...
	GOOS=windows $(GO) build ./...
	$(STATICCHECK) ./...
	cd bench && $(GO) vet ./...

# Not a dependency of the module: its users' module graphs stay small.
$(STATICCHECK):
	GOBIN=$(TOOLS) $(GO) install honnef.co/go/tools/cmd/staticcheck@v0.8.2

# Side by side with other programs, in one run of interleaved rounds; those of npm
# are measured when they are installed (cd bench/node && npm ci). docs/performance.md
# says what the tables mean.
bench:
	cd bench && $(GO) run . $(BENCHFLAGS)

# The parts, six runs each, so that benchstat can compare two files of this output.
bench-parts:
	$(GO) test -run '^$$' -bench . -benchmem -count $(COUNT) ./internal/rawjson ./rpc/... ./engine

# Every fuzz target for FUZZTIME; a crasher is kept under testdata/fuzz of its
# package. Without -fuzzminimizetime one interesting input may be made smaller for
# a minute, in which nothing is tried. "context deadline exceeded" alone is a race
# at the end of FUZZTIME in the coordinator of go test, and no finding.
fuzz:
	@failed=0; log=$$(mktemp); trap 'rm -f "$$log"' EXIT; \
	for target in $$(grep -rno --include='*_test.go' '^func Fuzz[A-Za-z]*' . | sed 's|/[^/]*:[0-9]*:func |:|'); do \
		echo "== $$target"; \
		$(GO) test "$${target%:*}" -run '^$$' -fuzz "^$${target#*:}$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5s >"$$log" 2>&1 && { tail -n 3 "$$log"; continue; }; \
		cat "$$log"; \
		grep -q '^    context deadline exceeded' "$$log" && ! grep -q 'Failing input written' "$$log" || failed=1; \
	done; exit $$failed

# SOAK_KILLS processes killed in the middle of refreshes, exchanges, logins and
# logouts: about four minutes for 1,000.
soak:
	SOAK_KILLS=$(SOAK_KILLS) $(GO) test -tags soak -count 1 -timeout 6h -v -run '^TestSoak' ./e2e

# The manual pages, one for each command.
man:
	$(GO) run ./packaging/man dist/man

# The binary with completion and manual pages, below DESTDIR and PREFIX. What is not
# built yet is built first: `make build && sudo make install` builds nothing as root.
install:
	@packaging/install '$(DESTDIR)$(PREFIX)'

# The program for Windows under Wine, as a host and a person would use it: a minute and
# a half. Skipped with a line where wine64 or the compiler of mingw is missing.
test-wine: go-is-there
	$(GO) test -tags wine -count 1 -v -run '^TestWine$$' ./e2e

# Every file of a release of what is committed, in dist; docs/releasing.md. VERSION is
# by default that of the tag, SIGNALBOX_SIGNING_KEY a minisign key without a password.
release: go-is-there
	packaging/tools $(TOOLS)
	$(GO) run ./packaging/release -tools $(TOOLS) -out dist $(if $(VERSION),-version $(VERSION))

# Installs what is in dist and can run here into empty places, and asks it.
release-verify:
	packaging/verify dist

# Known vulnerabilities in what the binary is built from. It asks the database of
# the Go project: run it every night, where the network allows it.
vuln:
	$(GO) run $(VULNCHECK) ./...

clean:
	rm -rf signalbox dist $(TOOLS)
