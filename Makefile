# What a newcomer needs is Go and make; 'make test' fetches the rest itself.

GO ?= go
# Only the race detector and the bench's kernel need a C compiler.
export CGO_ENABLED := 0

# Exact, so that the same commit always gets the same verdict.
GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.12.2
# TypeScript and axe-core, at fixed versions.
PAGE_TOOLS := gateway/hub/web/node_modules
# For each fuzz target.
FUZZTIME ?= 20s
# How long the radios of 'make chaos' talk.
CHAOS ?= 10m
# Boards, as Debian calls them.
ARCHS := arm64 armhf amd64 riscv64
# Commands the tests use, with their Debian packages where named differently.
TOOLS := redis-server redis-sentinel chromium firefox-esr node:nodejs promtool:prometheus arecord:alsa-utils ip:iproute2 systemd-analyze:systemd pulseaudio pactl:pulseaudio-utils qemu-aarch64-static:qemu-user-static /usr/aarch64-linux-gnu/lib/libc.so.6:libc6-arm64-cross espeak-ng

# Clients and networks of other people.
INTEROP := redis-server chromium firefox-esr ip:iproute2 nft:nftables nginx caddy turnserver:coturn ffmpeg certutil:libnss3-tools \
	/usr/lib/x86_64-linux-gnu/girepository-1.0/GstWebRTC-1.0.typelib:gir1.2-gst-plugins-bad-1.0 \
	/usr/lib/python3/dist-packages/gi/__init__.py:python3-gi \
	/usr/lib/x86_64-linux-gnu/gstreamer-1.0/libgstnice.so:gstreamer1.0-nice \
	/usr/lib/x86_64-linux-gnu/gstreamer-1.0/libgstwebrtc.so:gstreamer1.0-plugins-bad \
	/usr/lib/x86_64-linux-gnu/gstreamer-1.0/libgstlevel.so:gstreamer1.0-plugins-good \
	/usr/lib/x86_64-linux-gnu/gstreamer-1.0/libgstopus.so:gstreamer1.0-plugins-base

# Packages whose tests take minutes each.
SLOW := /boards$$|/chaos$$|/processes$$|/link/livekit|/link/compare$$
# Those that need root or an idle machine, or measure: each has a target of its own.
APART := /talkgate/interop$$|/hubcost$$|/emulated$$

# How many listen in 'make hub-cost'.
HUB_MEMBERS ?= 50,500

.PHONY: fleet hub-cost emulated help demo build test slow interop check hil race bench lint fuzz chaos failures compare cross arm64-kernel reproducible deb deb-test appliance clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## three virtual radios, a hub and Redis in one process; open the page it prints
	@echo "building first: several minutes where nothing is cached"
	$(GO) build -o build/talkgate-demo ./cmd/talkgate-demo
	@build/talkgate-demo

build: ## build/talkgate, for this machine
	$(GO) build -o build/talkgate ./cmd/talkgate

test: $(PAGE_TOOLS) ## the tests, on a real Redis and in real browsers; installs what they need if it may
	@echo "building first: several minutes where nothing is cached"
	.ci/needs.sh $(TOOLS)
	.ci/test.sh test $$($(GO) list ./... | grep -v -E '$(SLOW)|$(APART)')

# One package after the other: several processes beside LiveKit's servers are too slow
# for its own deadlines.
slow: ## the tests that make newcomers wait: boards that start in qemu, real LiveKit servers, several processes
	.ci/needs.sh $(TOOLS)
	.ci/test.sh slow -p 1 $$($(GO) list ./... | grep -E '$(SLOW)')

check: lint test slow ## all that CI runs; 'make hil' beside it wants an idle machine

hil: ## the bench: kernel lines, sound cards and USB radio interfaces, on a kernel of their own; builds it once a machine
	.ci/needs.sh redis-server arecord:alsa-utils ip:iproute2
	.ci/test.sh hil -tags hil -count 1 ./hal/hil

arm64-kernel: ## sound on Debian's arm64 kernel, in qemu-system-aarch64
	hal/hil/arm64.sh

race: $(PAGE_TOOLS) ## the tests under the race detector; needs a C compiler
	.ci/needs.sh gcc $(TOOLS)
	CGO_ENABLED=1 .ci/test.sh race -race ./...

bench: ## each figure beside its baseline, as a ratio
	.ci/needs.sh redis-server
	$(GO) test -run '^$$' -bench . -timeout 30m ./...

fleet: ## a fleet of 1000 gateways in one process: what it costs, where a bad configuration stops, Redis lost in mid-rollout
	.ci/needs.sh redis-server
	$(GO) test -v -count 1 -timeout 30m -run 'Cost|Canaries|MidRollout' ./gateway/fleet -gateways 1000

lint: $(PAGE_TOOLS) ## golangci-lint, at a fixed version, go vet for 32-bit boards, and the types of the pages
	$(GO) run $(GOLANGCI) run ./...
	GOARCH=arm $(GO) vet -tags hil ./...
	npm run --silent --prefix gateway/hub/web types

# The pages need nothing of it: it is what judges them.
$(PAGE_TOOLS): gateway/hub/web/package-lock.json
	.ci/needs.sh npm
	npm ci --silent --no-audit --no-fund --prefix gateway/hub/web
	@touch $@

fuzz: ## every fuzz target, FUZZTIME each (20s)
	.ci/fuzz.sh $(FUZZTIME)

chaos: ## kill, stop, revoke and cut off three radios that talk, for CHAOS (10m), and count what nobody may hear: the table in docs/attacks.md
	.ci/needs.sh redis-server
	$(GO) test -count=1 -timeout 1h -v ./cmd/talkgate/chaos -chaos $(CHAOS) -table ../../../docs/attacks.md

failures: ## the table of Redis failures in docs/redis.md, measured anew
	.ci/needs.sh redis-server redis-sentinel
	$(GO) test -count=1 -timeout 20m -run '^TestFailures$$' ./state/redis -failures ../../docs/redis.md

interop: ## the table of docs/interop.md: browsers, GStreamer and ffmpeg on a hub, over NATs, proxies and relays; needs root
	.ci/needs.sh $(INTEROP)
	$(GO) test -v -count 1 -timeout 10m -run '^Test(Interop|Uplinks)$$' ./cmd/talkgate/interop -table ../../../docs/interop.md

hub-cost: ## what a hub's process costs a member and a packet, beside the hub of an earlier commit, which it builds; ten minutes
	.ci/needs.sh redis-server
	$(GO) test -v -count 1 -timeout 30m ./cmd/talkgate/hubcost -members $(HUB_MEMBERS)

emulated: ## the selftest with the instructions of ARMv6, arm64 and riscv64, in qemu; wants an idle machine
	.ci/needs.sh redis-server qemu-aarch64-static:qemu-user-static
	$(GO) test -v -count 1 -timeout 20m ./cmd/talkgate-demo/emulated

compare: ## the table of links in docs/livekit.md, measured anew; builds livekit-server once a machine
	.ci/needs.sh redis-server
	$(GO) test -count=1 -timeout 30m -run '^TestEveryLinkBehavesAlike$$' ./gateway/link/compare -table ../../../docs/livekit.md

cross: ## dist/ARCH/talkgate for each of arm64, armhf, amd64 and riscv64, stripped; the same commit gives the same bytes
	systemd/cross.sh $(ARCHS)

reproducible: ## make one binary twice, in two places, and compare
	systemd/reproducible.sh amd64

deb: cross ## dist/talkgate_VERSION_ARCH.deb of each
	systemd/deb/build.sh $(ARCHS)

deb-test: deb ## judge the packages; install, upgrade, remove, purge and update one in Debians of their own, 11 to 13
	.ci/needs.sh lintian debootstrap apt-ftparchive:apt-utils gpg
	systemd/deb/test.sh
	systemd/deb/updates.sh

.PHONY: docs-test
docs-test: ## run the commands of README.md and docs/install.md, word for word, in a fresh Debian
	.ci/needs.sh debootstrap ip:iproute2
	systemd/cross.sh $$(dpkg --print-architecture)
	systemd/deb/build.sh $$(dpkg --print-architecture)
	systemd/deb/docs.sh

appliance: ## boot the package under systemd, on a kernel of its own with lines and a card; press, kill, hang, upgrade it
	.ci/needs.sh debootstrap mke2fs:e2fsprogs
	systemd/cross.sh $$(dpkg --print-architecture)
	systemd/deb/build.sh $$(dpkg --print-architecture)
	systemd/appliance/test.sh

clean: ## remove what the other targets made
	rm -rf build dist
