# The targets people type. They need Go, git and make; race needs a C compiler as well.

GO ?= go
FUZZTIME ?= 20s
SEEDS ?= 200
FROM ?= 0
COUNT ?= 1
SWAGGER ?= https://api.dingconnect.com/swagger/docs/v1

.PHONY: all generate check-generate test race lint cover fuzz chaos bench spec drift compat release demo pictures

all: generate lint test

generate: ## write gen/ from api/openapi
	$(GO) generate ./...

check-generate: generate ## fail if the committed code is not what the generator writes
	git diff --exit-code -- gen
	test -z "$$(git status --porcelain -- gen)"

test: ## the README's test command
	$(GO) test ./...

race:
	$(GO) test -race ./...

lint:
	test -z "$$(gofmt -l $$(git ls-files '*.go'))"
	$(GO) vet ./...
	$(GO) run honnef.co/go/tools/cmd/staticcheck ./...

cover: ## coverage of the packages that money depends on
	.ci/cover

fuzz: ## every fuzz target in turn, FUZZTIME each
	@for package in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
	    echo "$$package $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x $$package || exit 1; \
	  done; \
	done

chaos: ## money moves at most once, under SEEDS seeds of faults and crashes, from FROM on; CHAOS_SEED=n runs one again
	CHAOS_SEEDS=$(SEEDS) CHAOS_FROM=$(FROM) $(GO) test ./chaos -run '^TestWeather$$' -count=1 -timeout 0 -v

bench: ## what reading, looking up and loading cost; COUNT=10 for benchstat (docs/performance.md)
	$(GO) test -run '^$$' -bench . -benchmem -count $(COUNT) ./money ./facade/ding ./facade/ding/catalogue ./contract

spec: ## write api/openapi/ding.yaml anew: make spec SWAGGER=file-or-URL
	$(GO) run ./internal/specsync -source "$(SWAGGER)" -overlay api/openapi/ding.overlay.yaml -out api/openapi/ding.yaml
	$(GO) generate ./...

drift: ## what the live Swagger changed against api/openapi/ding.yaml, in words: make drift SWAGGER=file-or-URL JSON=1
	@program=$$(mktemp) && trap 'rm -f "$$program"' EXIT && $(GO) build -o "$$program" ./internal/specsync && \
	  "$$program" -drift $(if $(JSON),-json) -source "$(SWAGGER)" -overlay api/openapi/ding.overlay.yaml -out api/openapi/ding.yaml

compat: ## what changed in the exported API since the last release; fails if the CHANGELOG hides a break
	$(GO) run ./internal/release compat

release: ## a release commit and tag of what is unreleased, locally: make release VERSION=v0.2.0
	$(GO) run ./internal/release prepare "$(VERSION)"

pictures: ## the README's pictures of the sandbox's page, taken by Chromium
	AIRTIME_PICTURES=$(CURDIR)/docs/images $(GO) test ./sandbox/page -run '^TestThePage' -count=1

demo:
	$(GO) run ./cmd/airtime demo
