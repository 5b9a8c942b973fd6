#!/bin/sh
# apt-repository.sh DIR SUITE KEY DEB ...: adds packages to a suite of the apt
# repository in DIR, which is made if need be, and signs it with a GnuPG key.
# Packages that were added before stay: they are the way back.
set -eu
[ $# -ge 4 ] || { echo "usage: apt-repository.sh DIR SUITE KEY DEB ..." >&2; exit 2; }
dir=$1 suite=$2 key=$3
shift 3

pool=pool/$suite/main/t/talkgate
mkdir -p "$dir/$pool"
cp "$@" "$dir/$pool/"
cd "$dir"

new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
for arch in amd64 arm64 armhf; do
	mkdir -p "$new/main/binary-$arch"
	apt-ftparchive --arch "$arch" packages "$pool" >"$new/main/binary-$arch/Packages"
	gzip -9nk "$new/main/binary-$arch/Packages"
done
release=$(apt-ftparchive -o APT::FTPArchive::Release::Origin=talkgate -o APT::FTPArchive::Release::Label=talkgate \
	-o APT::FTPArchive::Release::Suite="$suite" -o APT::FTPArchive::Release::Codename="$suite" \
	-o APT::FTPArchive::Release::Architectures='amd64 arm64 armhf' -o APT::FTPArchive::Release::Components=main \
	release "$new")
printf '%s\n' "$release" >"$new/Release"
gpg --batch --yes --local-user "$key" --clearsign --output "$new/InRelease" "$new/Release"
gpg --batch --yes --local-user "$key" --armor --detach-sign --output "$new/Release.gpg" "$new/Release"
chmod -R a+rX "$new"

# Whoever reads meanwhile gets the old suite or the new one.
mkdir -p dists
old=$(mktemp -d)
trap 'rm -rf "$new" "$old"' EXIT
[ ! -e "dists/$suite" ] || mv "dists/$suite" "$old"
mv "$new" "dists/$suite"
