#!/bin/sh
# Prints the path of the livekit-server of the tests, and builds it first if this
# machine does not have it yet: some minutes on two cores. It is kept outside the
# tree, under its version.
set -eu
version=v1.8.0
cache=${XDG_CACHE_HOME:-$HOME/.cache}/talkgate/livekit-server-$version
if [ -x "$cache/livekit-server" ]; then
	echo "$cache/livekit-server"
	exit
fi

# One build at a time, whoever else asks meanwhile waits for it.
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if ! [ -x "$cache/livekit-server" ]; then
	echo "livekittest: building livekit-server $version, once on this machine" >&2
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	go=${GO:-go}
	# With its own go.mod, whose dependencies are not ours.
	module=$(cd "$work" && $go mod download -json github.com/livekit/livekit-server@$version | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
	cp -R "$module" "$work/src"
	chmod -R u+w "$work/src"
	cd "$work/src"
	CGO_ENABLED=0 nice $go build -trimpath -ldflags '-s -w' -o "$cache/livekit-server.part" ./cmd/server >&2
	mv "$cache/livekit-server.part" "$cache/livekit-server"
fi
echo "$cache/livekit-server"
