#!/bin/sh
# Starts DLRN as an account that may use mock, with what it expects at fixed places: /usr/bin/mock, spectool, rpm's database where dnf looks for it.
# usage: dlrn.sh PLACES USER GROUP HOME PYTHONPATH ARGUMENTS…    as root, in a mount namespace of its own
set -eu
places=$1 user=$2 group=$3 home=$4 path=$5
shift 5
mount -t overlay -o "ro,lowerdir=$places/bin:/usr/bin" overlay /usr/bin
mount -t overlay -o "ro,lowerdir=$places/macros:/usr/lib/rpm/macros.d" overlay /usr/lib/rpm/macros.d
cd "$home"
exec setpriv --reuid "$user" --regid "$group" --init-groups -- env -i HOME="$home" PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
  PYTHONPATH="$path" PBR_VERSION=0 PYTHONDONTWRITEBYTECODE=1 \
  /usr/bin/python3 -c 'import sys; from dlrn.shell import main; sys.exit(main())' "$@"
