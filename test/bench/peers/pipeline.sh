#!/bin/sh
# One commit to an installable repository, as it would be written by hand: no jail, no limits, no database, no snapshots, nothing recorded.
# usage: pipeline.sh prepare BASE ROOTS                            makes the roots to build and to install in
#        pipeline.sh build BASE ROOTS UPSTREAM COMMIT SPEC REPOSITORY
# To be run as root in a mount namespace of its own.
set -eu
command=$1 base=$2 roots=$3
export LC_ALL=C.UTF-8 HOME="$roots/home"

install_into() {
  root=$1
  shift
  mkdir -p "$root/var/cache/dnf"
  mount --bind "$roots/cache" "$root/var/cache/dnf"
  dnf -q -y --installroot="$root" --releasever=12 --setopt=reposdir=/nonexistent --setopt=install_weak_deps=0 --setopt=tsflags=nodocs \
    --nogpgcheck --repofrompath="base,file://$base" --repo=base "$@"
}

if [ "$command" = prepare ]; then
  mkdir -p "$roots/home" "$roots/cache"
  echo '%_dbpath /var/lib/rpm' >"$roots/home/.rpmmacros"
  for root in build clean; do
    mkdir -p "$roots/$root/dev" "$roots/$root/proc"
    mknod -m 666 "$roots/$root/dev/null" c 1 3
  done
  install_into "$roots/build" install bash coreutils diffutils findutils grep gzip make patch rpm-build sed tar
  install_into "$roots/clean" install bash coreutils
  exit 0
fi

upstream=$4 commit=$5 spec=$6 repository=$7
name=$(basename "$spec" .spec)
work=$(mktemp -d /tmp/pipeline.XXXXXX)
trap 'umount -l "$work"; rmdir "$work"' EXIT
mount -t tmpfs -o mode=0755 pipeline "$work"
overlay() {
  mkdir -p "$work/$1/u" "$work/$1/w" "$work/$1/m"
  mount -t overlay -o "lowerdir=$roots/$1,upperdir=$work/$1/u,workdir=$work/$1/w" overlay "$work/$1/m"
}

# Source: a tarball of the commit, and a spec of that version.
version="1.0.0^$(git -C "$upstream" show -s --format=%ct "$commit").git$(echo "$commit" | cut -c1-7)"
overlay build
top="$work/build/m/root/rpmbuild"
mkdir -p "$top/SOURCES" "$top/SPECS"
git -C "$upstream" archive --prefix="$name-$version/" "$commit" | gzip -n >"$top/SOURCES/$name-$version.tar.gz"
sed "s/^Version:.*/Version: $version/" "$spec" >"$top/SPECS/$name.spec"

# Build requirements, build.
requirements=$(rpmspec -q --buildrequires "$top/SPECS/$name.spec")
install_into "$work/build/m" install $requirements
chroot "$work/build/m" rpmbuild --quiet -ba --define '_dbpath /var/lib/rpm' --define '_topdir /root/rpmbuild' "/root/rpmbuild/SPECS/$name.spec"

# Publish, and see whether it installs.
cp "$top"/RPMS/*/*.rpm "$top"/SRPMS/*.rpm "$repository"
createrepo_c --quiet --update "$repository"
overlay clean
install_into "$work/clean/m" --repofrompath="trunk,file://$repository" --repo=trunk --setopt=trunk.priority=1 --refresh install "$name = $version"
umount -l "$work/build/m/var/cache/dnf" "$work/clean/m/var/cache/dnf" "$work/build/m" "$work/clean/m"
