// What has to be done before a program of a run, as a fixed script. Nothing is ever interpolated into it: values come as positional parameters.

/**
 * Joins control groups, then becomes the program. $1 descriptors to close, $2… cgroup.procs files, `--`, the program. Exit 125 when a group cannot
 * be joined. Needs bash where a descriptor to close has more than one digit.
 */
export const JOIN = `
for n in $1; do eval "exec $n>&-"; done
shift
while [ "$1" != -- ]; do echo 0 >"$1" || exit 125; shift; done
shift
ulimit -c 0
umask 022
exec "$@"
`;
