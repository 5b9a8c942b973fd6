#!/bin/sh
# cross.sh ARCH ...: dist/ARCH/talkgate for each of Debian's amd64, arm64, armhf
# and riscv64, stripped. The binary of armhf runs on ARMv6, a Raspberry Pi Zero or
# 1, too. The same commit always gives the same bytes. Only Go is needed.
set -eu
cd "$(dirname "$0")/.."

for arch in "$@"; do
	case $arch in
	amd64 | arm64 | riscv64) goarch=$arch ;;
	armhf) goarch=arm ;;
	*) echo "cross.sh: expected amd64, arm64, armhf or riscv64, found $arch" >&2; exit 2 ;;
	esac
	mkdir -p "dist/$arch"
	CGO_ENABLED=0 GOOS=linux GOARCH=$goarch GOARM=6 \
		${GO:-go} build -trimpath -buildvcs=true -ldflags '-s -w' -o "dist/$arch/talkgate" ./cmd/talkgate
	printf '%-7s %s %s\n' "$arch" "$(du -h --apparent-size "dist/$arch/talkgate" | cut -f1)" "$(systemd/version.sh)"
done
