#!/bin/sh
# cross.sh ARCH ...: dist/ARCH/talkgate for each of Debian's amd64, arm64 and
# armhf (ARMv7), stripped. The same commit always gives the same bytes. Real sound
# needs C: each architecture's compiler and libasound2, which are installed where
# that is permitted.
set -eu
cd "$(dirname "$0")/.."

# A linker that packs the relocations of a position-independent executable for ARM,
# too: without it each port has 3 MiB more of them in memory.
lld=/usr/lib/llvm-19/bin

# Prints compiler and pkg-config directory of an architecture.
tools() {
	case $1 in
	amd64) echo x86_64-linux-gnu ;;
	arm64) echo aarch64-linux-gnu ;;
	armhf) echo arm-linux-gnueabihf ;;
	*) echo "cross.sh: expected amd64, arm64 or armhf, found $1" >&2; exit 2 ;;
	esac
}

needs=
for arch in "$@"; do
	triplet=$(tools "$arch")
	command -v "$triplet-gcc" >/dev/null || needs="$needs gcc-$(echo "$triplet" | tr _ -) libc6-dev-$arch-cross"
	[ -e "/usr/lib/$triplet/pkgconfig/alsa.pc" ] || needs="$needs libasound2-dev:$arch"
done
command -v pkg-config >/dev/null || needs="$needs pkg-config"
[ -e $lld/ld.lld ] || needs="$needs lld-19"
if [ -n "$needs" ]; then
	echo "installing$needs" >&2
	sudo=
	[ "$(id -u)" = 0 ] || sudo='sudo -n'
	for arch in "$@"; do $sudo dpkg --add-architecture "$arch"; done
	# One index that a mirror is just renewing need not be one that is needed.
	$sudo apt-get update -qq || echo "cross.sh: not every package index is up to date" >&2
	# $needs and $sudo are lists of words.
	DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $needs >/dev/null
fi

for arch in "$@"; do
	triplet=$(tools "$arch")
	goarch=${arch%hf} # armhf is arm
	mkdir -p "dist/$arch"
	CGO_ENABLED=1 GOOS=linux GOARCH=$goarch GOARM=7 CC=$triplet-gcc PKG_CONFIG_LIBDIR=/usr/lib/$triplet/pkgconfig \
		CGO_CFLAGS='-O2 -g0 -fstack-protector-strong' \
		${GO:-go} build -trimpath -buildvcs=true -buildmode=pie -ldflags '-s -w -extldflags "-fuse-ld=lld -B'$lld' -Wl,-z,relro,-z,now,-z,pack-relative-relocs"' \
		-o "dist/$arch/talkgate" ./cmd/talkgate
	printf '%-6s %s %s\n' "$arch" "$(du -h --apparent-size "dist/$arch/talkgate" | cut -f1)" "$(systemd/version.sh)"
done
