#!/bin/sh
# build.sh ARCH ...: dist/talkgate_VERSION_ARCH.deb of what cross.sh made. The
# same commit always gives the same bytes.
set -eu
cd "$(dirname "$0")/../.."
go=${GO:-go}
# The newest whose dependencies can be had from the module proxy.
nfpm=github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.41.0

stage=dist/stage
rm -rf $stage
mkdir -p $stage/man
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
$go test -count 1 -run '^TestManualPages$' ./cmd/talkgate -man "$PWD/$stage/man" >/dev/null
gzip -9n $stage/man/*.1
for shell in bash zsh fish; do $go run ./cmd/talkgate completion $shell >$stage/completion.$shell; done

VERSION=$(systemd/version.sh)
export VERSION
for arch in "$@"; do
	# A binary with oto is linked dynamically, and loads ALSA's library only when it is
	# to play with it.
	DEPENDS='' SUGGESTS=''
	if head -c 4096 "dist/$arch/talkgate" | grep -aq /ld-linux; then
		DEPENDS='libc6' SUGGESTS='libasound2 | libasound2t64, '
	fi
	{
		printf 'talkgate (%s) stable; urgency=medium\n\n' "$VERSION"
		printf '  * Built from commit %s.\n\n' "$(git rev-parse HEAD)"
		printf ' -- The talkgate authors <talkgate@users.noreply.github.com>  %s\n' "$(git log -1 --format=%cD)"
	} | gzip -9n >$stage/changelog.gz
	gzip -9nc docs/install.md >$stage/install.md.gz
	sed "s/@ARCH@/$arch/; s/@DEPENDS@/$DEPENDS/; s/@SUGGESTS@/$SUGGESTS/" systemd/deb/nfpm.yaml >$stage/nfpm.yaml
	env -u GOOS -u GOARCH CGO_ENABLED=0 $go run $nfpm package --config $stage/nfpm.yaml --packager deb \
		--target "dist/talkgate_${VERSION}_$arch.deb"
done
