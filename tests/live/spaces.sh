# spaces: network namespaces of a test, PREFIX<process>-<letter>. They go with the test, or with the
# next one if the test was killed. Sourced after lib.sh.
at() { ip netns exec "$@"; }

# spaces_close PREFIX: those of this test, and of tests whose process is gone.
spaces_close() {
	local name owner
	for name in $(ip netns list 2>/dev/null | sed -n "s/^\($1[0-9]*-[a-z]\)\b.*/\1/p"); do
		owner=${name#"$1"}
		owner=${owner%-*}
		if [ "$owner" = $$ ] || ! kill -0 "$owner" 2>/dev/null; then
			ip netns del "$name"
		fi
	done
}

# spaces_open PREFIX TOOL... -- NAME...: make namespaces; or say why not, and end: without root, or
# without one of the tools.
spaces_open() {
	local prefix=$1 missing='' name
	shift
	[ "$(id -u)" = 0 ] || missing='network namespaces need root'
	for (( ; ; )); do
		name=$1
		shift
		[ "$name" != -- ] || break
		command -v "$name" >"$scratch/tool" || missing="no $name (tools/packages)"
	done
	# shellcheck disable=SC2064
	trap "cleanup; spaces_close $prefix" EXIT
	spaces_close "$prefix"
	[ -n "$missing" ] || ip netns add "$1" 2>"$scratch/err" ||
		missing="no network namespaces: $(cat "$scratch/err")"
	if [ -n "$missing" ]; then
		skip "$missing"
		echo "$missing"
		exit 77
	fi
	for name in "${@:2}"; do
		ip netns add "$name" || exit 1
	done
}
