#!/bin/sh
# version.sh: the version of this checkout, as Debian writes one: that of a tag
# v1.2.3, or 0.0.0~ with time and hash of the commit, which grows as time does.
set -eu
cd "$(dirname "$0")/.."

if tag=$(git describe --exact-match --match 'v[0-9]*' 2>/dev/null); then
	version=${tag#v}
else
	version=0.0.0~$(TZ=UTC git log -1 --date=format-local:%Y%m%d%H%M%S --format=%cd).$(git rev-parse --short=12 HEAD)
fi
[ -z "$(git status --porcelain)" ] || version=$version+changed
echo "$version"
