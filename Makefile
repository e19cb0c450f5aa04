# Process Manager. `make` alone lists what can be asked for.
#
# What a continuous integration run does is .ci/run; it calls the targets below
# and nothing else, so that a laptop and the pipeline cannot disagree.
#
#   VERSION=v1.2.3        version written into the binaries (default: git describe)
#   PM_REQUIRE_ALL=1      a test that this machine cannot run is a failure
#   FUZZTIME=30s          time for each fuzz target
#   IMAGE=name:tag        name of the image that is built
#   PLATFORMS=…           of the image: linux/amd64, linux/arm64 or both, with a comma
#   BUILD_IMAGE=…         image with Go and a shell that compiles the image

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

VERSION     ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
REVISION    ?= $(shell git rev-parse --short HEAD 2>/dev/null)
FUZZTIME    ?= 30s
IMAGE       ?= processmanager:dev
BUILD_IMAGE ?= golang:1.26
MANIFEST    ?= deploy/examples/quickstart.yaml

export IMAGE PLATFORMS BUILD_IMAGE VERSION REVISION PM_REQUIRE_ALL

# -race is the only thing here that needs a C compiler; the binaries never do.
GOTEST      := go test -race -shuffle=on
BINARIES    := ./cmd/processmanager ./cmd/pmclient ./cmd/kubectl-pm
LDFLAGS     := -s -w -X main.version=$(VERSION) -X main.revision=$(REVISION)

##@ Build

.PHONY: build
build: ## static binaries ./processmanager, ./pmclient and ./kubectl-pm
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o ./ $(BINARIES)

.PHONY: plugins
plugins: ## kubectl-pm for Linux, macOS and Windows, in dist
	for p in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64; do \
		o=$${p%/*}; a=$${p#*/}; e=; [ $$o != windows ] || e=.exe; \
		CGO_ENABLED=0 GOOS=$$o GOARCH=$$a go build -trimpath -ldflags '$(LDFLAGS)' -o dist/kubectl-pm-$$o-$$a$$e ./cmd/kubectl-pm || exit 1; \
	done

.PHONY: run
run: build ## run the quickstart manifest here, in the foreground (MANIFEST=…)
	@deploy/sh/run $(MANIFEST)

.PHONY: image
image: ## the container image, from scratch (IMAGE=…, PLATFORMS=…)
	deploy/sh/image

.PHONY: generate
generate: ## everything that is generated: clients, schema, tables
	go generate ./...

.PHONY: clean
clean: ## remove what the targets here have made
	rm -rf processmanager pmclient kubectl-pm bin dist coverage.out coverage.html

##@ Check

.PHONY: check
check: lint drift allocs test ## all that must be green before a merge

.PHONY: test
test: ## every test that this machine can run; the others are named
	@$(MAKE) --no-print-directory --keep-going test-parts

.PHONY: test-parts
test-parts: build test-race chart-test e2e # one that fails does not keep the others from being run

.PHONY: test-unit
test-unit: ## Go tests without the race detector: fast, no C compiler
	go test -shuffle=on ./...

.PHONY: test-race
test-race: ## Go tests with the race detector, and a list of what was skipped
	$(GOTEST) -json ./... | go run ./deploy/testreport -allow deploy/testreport/skips.txt

.PHONY: e2e
e2e: ## the image under docker, and Pods under podman
	deploy/sh/e2e

.PHONY: image-test
image-test: ## of e2e, what needs docker only
	deploy/sh/e2e -skip '^TestPod'

.PHONY: pod-test
pod-test: ## of e2e, the Pods of deploy/examples/pods
	deploy/sh/e2e -run '^TestPod'

.PHONY: chart-test
chart-test: ## the Helm chart and the kustomize base, against the types of Kubernetes
	@deploy/sh/tool helm version >/dev/null
	@deploy/sh/tool kustomize version >/dev/null
	go test -tags e2e -count=1 -json -run '^Test(Chart|Kustomize)' ./deploy | go run ./deploy/testreport

.PHONY: uml
uml: ## the tests that need a kernel of their own: limits, rights, clocks
	deploy/uml/ring

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME
	deploy/sh/fuzz $(FUZZTIME)

.PHONY: golden
golden: ## rewrite the golden files; review the difference like code
	deploy/sh/golden

.PHONY: cover
cover: ## statement coverage of all packages, as coverage.html
	go test -coverprofile=coverage.out -coverpkg=./... ./...
	go tool cover -html=coverage.out -o coverage.html
	go tool cover -func=coverage.out | tail -n 1

.PHONY: bench
bench: build ## hot paths, then the whole program against its peers (BENCH_FLAGS=…)
	go test -run '^$$' -bench . -benchmem ./...
	go run ./supervisor/bench $(BENCH_FLAGS)

.PHONY: bench-plot
bench-plot: ## how the numbers grow from 10 to 3000 processes: growth.svg and growth.jsonl (needs gnuplot)
	go run ./supervisor/bench -n 10,100,1000,3000 -runs 3 -peers floor,ours \
		-scenarios boot,restart,footprint,list,scrape,pressed,shutdown -plot growth.svg -json growth.jsonl $(BENCH_FLAGS)

.PHONY: allocs
allocs: ## fail when a hot path allocates more than deploy/allocs/allocs.txt says
	go run ./deploy/allocs

.PHONY: allocs-update
allocs-update: ## write that file anew; review the difference like code
	go run ./deploy/allocs -update

.PHONY: lint
lint: ## golangci-lint at its pinned version, go fix, shellcheck
	deploy/sh/lint

.PHONY: fmt
fmt: ## format and modernize the Go files
	deploy/sh/lint -fix

.PHONY: drift
drift: ## fail when generated files or go.mod are not up to date
	deploy/sh/drift

##@ Help

.PHONY: help
help: ## this list
	@awk 'BEGIN { FS = ":.*## "; print "make TARGET" } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z0-9-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
