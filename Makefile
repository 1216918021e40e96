# The project's commands. `make` lists them.

GO     ?= go
TOOLS  := -modfile=bench/tools/go.mod
TOOL   := $(GO) tool $(TOOLS)
# All of staticcheck's but ST1003: initialisms and underscores in names are a
# matter of sense, as test names such as TestReader_SplitAtEveryByte show.
CHECKS := all,-ST1003
GOFILES = $(shell git ls-files --cached --others --exclude-standard '*.go')

.PHONY: help build run allocs test check lint-packages format docs fuzz torture siege rolling soak bench bench-full profile clean

help: ## List the commands.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

build: ## Build bin/gannet, one static binary.
	CGO_ENABLED=0 $(GO) build -trimpath -pgo=profiles/gannet.pgo -ldflags '-s -w' -o bin/gannet ./cmd/gannet

run: build ## Build and serve, with a console, and a page to try it on.
	@echo
	@echo '  sockets   ws://localhost:3000/ws'
	@echo '  console   http://localhost:3001'
	@echo '  chat page http://localhost:3001/demo/'
	@echo
	@bin/gannet serve --demo --client-publish --drain-period=-1s

# What hot paths allocate may not rise. The race detector allocates itself.
allocs:
	$(GO) test -run Alloc ./codec ./shard ./bus ./core ./core/auth ./core/condition ./core/poll

test: allocs ## Run all tests with the race detector, and the allocation tests without it.
	CHROMIUM=$$(bench/tools/chromium.sh) && export CHROMIUM && \
	REDIS_SERVER=$$(bus/testdata/redis.sh) && export REDIS_SERVER && \
	$(GO) test -race -shuffle=on -timeout 8m ./core/siege ./cmd/gannet ./... # the longest first
	cd bench/peers && $(GO) test ./...

check: allocs ## Format, vet, staticcheck, allocations, the rules of the layout, and the README's figures.
	@test -z "$$($(TOOL) gofumpt -l $(GOFILES))" || { $(TOOL) gofumpt -l $(GOFILES); echo 'run make format'; exit 1; }
	$(GO) vet ./... && $(GO) vet -tags torture ./core ./bus/redis
	cd bench/peers && $(GO) vet ./...
	$(TOOL) staticcheck -checks $(CHECKS) ./...
	$(GO) mod verify
	$(GO) test ./cmd/gannet -run 'TestLayout|TestDocs'
	$(GO) test ./bench/readme

# Files outside the module do not count for go test's cache.
lint-packages: ## Check the files to run it with: image, Compose, systemd, Kubernetes, Prometheus, Grafana.
	HAPROXY=$$(profiles/lint/haproxy.sh) && export HAPROXY && cd profiles/lint && $(GO) vet ./... && $(GO) test -count=1 ./...

format: ## Format the code.
	$(TOOL) gofumpt -w $(GOFILES)

docs: ## Write the reference pages of settings and metrics.
	$(GO) test ./cmd/gannet -run TestDocs -update

FUZZTIME ?= 60s
fuzz: ## Run every fuzz target for FUZZTIME.
	bench/tools/fuzz.sh $(FUZZTIME)

TIMES ?= 5
torture: build ## Throw a gigabyte of random and mutated bytes at a server; take Redis away for long and often.
	$(GO) test -tags torture -run TestTorture -timeout 30m -v ./core
	REDIS_SERVER=$$(bus/testdata/redis.sh) && export REDIS_SERVER && \
	$(GO) test -tags torture -race -shuffle=on -count=$(TIMES) -timeout 60m ./bus/redis && \
	$(GO) test -race -shuffle=on -count=$(TIMES) -timeout 30m -run TestCluster ./core

siege: ## Attack a server in every way that is known, beside a thousand clients that behave.
	@mkdir -p bin
	GANNET_SIEGE=full GANNET_SIEGE_TABLE=$(CURDIR)/bin/siege.md $(GO) test -run TestSiege -timeout 60m -v ./core/siege

ROLLING ?= 5000
rolling: ## Restart three nodes one after another under ROLLING clients, with publishers going.
	REDIS_SERVER=$$(bus/testdata/redis.sh) && export REDIS_SERVER && \
	GANNET_ROLLING=$(ROLLING) $(GO) test -run TestRollingRestart -count=1 -timeout 10m -v ./cmd/gannet

SOAK ?= 20m
soak: ## Keep a server under steady mixed load for SOAK.
	GANNET_SIEGE=full GANNET_SOAK=$(SOAK) $(GO) test -run TestSoak -timeout 120m -v ./core/siege

bench: build ## Measure in ten minutes: servers on other libraries, this one, and a bare write loop.
	REDIS_SERVER=$$(bus/testdata/redis.sh) && export REDIS_SERVER && bench/tools/figures.sh quick

bench-full: build ## Measure everything in an hour, and write the README's figures. ONLY="echo storm" measures less.
	REDIS_SERVER=$$(bus/testdata/redis.sh) && export REDIS_SERVER && bench/tools/figures.sh full
	$(GO) run ./bench/readme bin/bench-full

profile: build ## Measure where a server spends its time, for the compiler: profiles/gannet.pgo.
	bench/tools/profile.sh

clean: ## Remove what was built.
	rm -rf bin
