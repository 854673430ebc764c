# limpid. `make help` prints the targets; each is one line with two hashes below.

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS   += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help build flows image firmware demo lab test check lint fmt unit unit-race race vm powercuts fuzz soak bench clean FORCE

# Where Go and the network tools live on machines whose PATH leaves them out (sudo, plain users).
export PATH := $(PATH):/usr/local/go/bin:/usr/local/sbin:/usr/sbin:/sbin
# One static binary: no C, so no C compiler and no libc to match.
export CGO_ENABLED := 0

# git refuses a checkout of somebody else (sudo make) unless told that it is meant.
VERSION  := $(shell git -c safe.directory=$(CURDIR) describe --tags --always --dirty 2>/dev/null || echo unknown)
# The time of all files in an image: that of the commit, so that two builds of it are equal bit for bit.
export SOURCE_DATE_EPOCH ?= $(shell git -c safe.directory=$(CURDIR) log -1 --format=%ct 2>/dev/null)
FUZZTIME ?= 60s
BENCH    ?= -vm -profile proxy,gate
# How long `make soak` lasts, and how many connections it holds. SOAKFLAGS=-vm runs it on a 6.12 kernel.
SOAK        ?= 10m
CONNECTIONS ?= 7500
# How often `make powercuts` pulls the plug.
UPDATE_CUTS   ?= 50
SETTINGS_CUTS ?= 200

REPORT := .tools/testreport
# Tests look at the kernel, which Go's test cache knows nothing of.
GOTEST := -count=1
# Everything that needs no lab: what is left of the module without test/.
UNIT    = $$(go list ./... | grep -v '^limpid/test\(/\|$$\)')
# Labs in which limpid itself is built with the race detector. Their times say nothing then, so tests of times are not among them.
RACED   = ./test/wire ./test/scenarios ./test/clients
# What boots virtual machines, two at a time: each waits as much as it computes, and nothing in one depends on another's
# times. The labs on this kernel run one by one.
MACHINES = ./test/vm/... ./test/wirevm/... ./test/medium/... ./test/firmware/...
LABS     = $$(go list ./test/... | grep -vE '^limpid/test/(vm|wirevm|medium|firmware)(/|$$)')
# Tests of the wire that tell of flows remembered by sets of nft, as kernels without programs at the ports do.
WITHSETS = Arming|Bypass|ArrivalOfLimpid|Cut|Full|Slots|StillHolds|Reset|LegThat|Replies|Path|LastSegment|ComeBack|DoctorCounts
# Hidden folders hold caches and tools, but for .ci.
GOFILES = $$(find * .ci -name '*.go')

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

build: ## Build ./limpid, one static binary
	@.ci/deps build
	go build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)' -o limpid ./appliance

flows: ## Compile interceptor/flows/flows.c to flows.o, which git keeps: building limpid needs no C compiler
	@.ci/deps flows
	@.ci/flows

image: build ## Make out/limpid.img, a disk image with Debian's kernel; IMAGEFLAGS='-h' lists its options
	@.ci/deps image
	@go run ./image -profile dev -version $(VERSION) -o out/limpid.img -slot out/limpid.slot $(IMAGEFLAGS)

demo: ## Boot the disk image in QEMU with real traffic through it, until Ctrl-C; DEMO_ONCE=1 ends by itself (root)
	@.ci/root demo
	@.ci/deps demo
	@go build -o out/demo ./test/demo
	@VERSION=$(VERSION) DEMO_ONCE=$(DEMO_ONCE) out/demo box

lab: ## The same without a machine: limpid as a program between network namespaces (root)
	@.ci/root lab
	@.ci/deps lab
	@go build -o out/demo ./test/demo
	@DEMO_ONCE=$(DEMO_ONCE) out/demo lab

test: ## Everything: install what is missing, check, lab and VM tests, one run of both demos, fuzzing (root)
	@.ci/root test
	@rm -rf out/report
	@.ci/deps test
	@$(MAKE) check unit-race
	@$(REPORT) run -v -record out/report/test.json -- $(GOTEST) -p 1 -timeout 20m $(LABS)
	@LIMPID_FLOW_MEMORY=sets $(REPORT) run -v -record out/report/sets.json -- $(GOTEST) -timeout 10m -run '$(WITHSETS)' ./test/wire
	@$(REPORT) run -v -record out/report/machines.json -- $(GOTEST) -p 2 -timeout 30m $(MACHINES)
	@$(MAKE) lab DEMO_ONCE=1
	@$(MAKE) demo DEMO_ONCE=1
	@$(MAKE) fuzz
	@$(REPORT) sum -allow .ci/skips.allow out/report

check: lint unit ## Format, vet, lint and the unit tests: what to run before a commit (root)

unit: $(REPORT)
	@.ci/root check
	@.ci/deps check
	@$(REPORT) run -record out/report/unit.json -- $(GOTEST) -timeout 3m $(UNIT)
	@cd .ci/tools && go test ./...

# The race detector is C, and slows what it watches some ten times.
unit-race: $(REPORT)
	@CGO_ENABLED=1 $(REPORT) run -- -race $(GOTEST) -timeout 10m $(UNIT)

race: $(REPORT) ## Unit tests, the wire's, scenarios and clients under the race detector (root; some 15 minutes)
	@.ci/root race
	@.ci/deps race
	@$(MAKE) unit-race
	@LIMPID_RACE=1 $(REPORT) run -v -- $(GOTEST) -p 1 -timeout 30m $(RACED)

lint: .tools/golangci-lint ## gofmt, go vet, golangci-lint, proof that the import rules bite, and that flows.o is made of flows.c
	@.ci/deps lint
	@unformatted=$$(gofmt -l $(GOFILES)); \
	 [ -z "$$unformatted" ] || { echo "not gofmt'ed (run make fmt):" >&2; echo "$$unformatted" >&2; exit 1; }
	@go vet ./...
	@go vet -tags testimage ./appliance/...
	@.tools/golangci-lint run ./...
	@cd .ci/tools && ../../.tools/golangci-lint run -c ../../.golangci.yml ./...
	@.ci/lint-rules-test
	@.ci/fuzz-test
	@.ci/flows check
	@.ci/tracked

fmt: ## Format every Go file
	@gofmt -w $(GOFILES)

vm: $(REPORT) ## Only the tests on a 6.12 kernel in a virtual machine: broute, mirrored handshake, VLANs (root)
	@.ci/root vm
	@.ci/deps vm
	@$(REPORT) run -v -record out/report/vm.json -- $(GOTEST) -p 1 -timeout 20m ./test/vm/... ./test/wirevm/...

powercuts: ## Cut the power UPDATE_CUTS (50) times in updates, SETTINGS_CUTS (200) times while settings are written (root; an hour)
	@.ci/root test
	@.ci/deps test
	@LIMPID_SETTINGS_CUTS=$(SETTINGS_CUTS) go test $(GOTEST) -v -timeout 30m -run '^TestSettingsWhole$$' ./test/firmware/poweron
	@LIMPID_UPDATE_CUTS=$(UPDATE_CUTS) go test $(GOTEST) -v -timeout 3h -run '^TestUpdate$$' ./test/firmware/falls

fuzz: ## Run each fuzz target for FUZZTIME (60s), two at a time
	@.ci/deps build
	@.ci/fuzz $(FUZZTIME)

soak: ## Compare every byte on CONNECTIONS (7500) for SOAK (10m), and look for leaks (root)
	@.ci/root soak
	@.ci/deps soak
	@go build -o out/soak ./test/soak
	@out/soak -connections $(CONNECTIONS) -for $(SOAK) $(SOAKFLAGS)

bench: ## Measure limpid beside HAProxy, Traffic Server and Squid; flags in BENCH='-h' (root, a quarter of an hour)
	@.ci/root bench
	@.ci/deps bench
	@go run ./test/bench $(BENCH)

# Buildroot's files are kept in .cache, for the next time. BUILDROOT=DIR builds with other sources of it.
firmware: ## Build the disk image with Buildroot: out/limpid-firmware.img (needs a network; takes long the first time)
	@.ci/deps firmware
	@.ci/firmware $(BUILDROOT)
	@go run ./image -profile buildroot -from out/firmware/images -version $(VERSION) -limit 24 -o out/limpid-firmware.img

clean: ## Remove what make has built, tools too
	rm -rf limpid .tools .cache out

# The tools are built from .ci/tools/go.mod, which pins them apart from the product's own dependencies. Building
# golangci-lint takes some minutes the first time; after that only when its version changes.
.tools/golangci-lint: .ci/tools/go.mod .ci/tools/go.sum
	@.ci/deps build
	@echo "building golangci-lint, once: this takes some minutes"
	@cd .ci/tools && go build -trimpath -buildvcs=false -o ../../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

# Go's own cache knows whether there is anything to do.
$(REPORT): FORCE
	@.ci/deps build
	@cd .ci/tools && go build -trimpath -buildvcs=false -o ../../$@ ./testreport
FORCE:
