#!/bin/sh
# Fetches livekit-client.umd.js, as it is checked in, with its licence: needs npm.
set -eu
cd "$(dirname "$0")"
version=2.5.0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent livekit-client@$version >/dev/null && tar -xzf livekit-client-$version.tgz)
# The map of the sources is not served.
sed '/^\/\/# sourceMappingURL/d' "$work/package/dist/livekit-client.umd.js" >livekit-client.umd.js
cp "$work/package/LICENSE" livekit-client.LICENSE
