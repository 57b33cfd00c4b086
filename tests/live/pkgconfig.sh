#!/usr/bin/env bash
# Install into a scratch prefix and build a stranger's program with nothing but pkg-config.
set -u
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0
result() {
	if [ "$1" -eq 0 ]; then
		passed=$((passed + 1))
		echo "ok   $2"
	else
		failed=$((failed + 1))
		echo "FAIL $2"
	fi
}

meson install -C "$PEN_BUILD" --no-rebuild --destdir "$scratch" >"$scratch/log" 2>&1
result $? 'installs into a scratch prefix' || cat "$scratch/log"
pc=$(find "$scratch" -name penstock.pc)
prefix=$scratch$(sed -n 's/^prefix=//p' "$pc")
PKG_CONFIG_PATH=$(dirname "$pc"):$(pkg-config --variable pc_path pkg-config)
export PKG_CONFIG_PATH
config() {
	pkg-config --define-variable=prefix="$prefix" "$@" penstock
}

cat >"$scratch/main.c" <<'END'
#include <stdio.h>
#include <penstock/engine.h>
int main(void)
{
	struct pen_proof proof = {0};
	struct pen_part_id id = {.k = 0, .n = 1}; /* the empty state */
	static const uint8_t content[5] = {0};
	int err = pen_proof_check(&proof, &id, (struct pen_bytes){content, 5}, NULL);
	pen_proof_fini(&proof);
	printf("%s by %s\n", err ? pen_err_text(err) : "proved", pen_version());
	return err ? 1 : 0;
}
END
version=$(config --modversion)
flags=
[ "${PEN_SANITIZE:-none}" = none ] || flags=-fsanitize=$PEN_SANITIZE
lib=$(dirname "$(find "$scratch" -name 'libpenstock.so')")

${CC:-cc} -Wall -Werror $flags $(config --cflags) "$scratch/main.c" -o "$scratch/shared" \
	$(config --libs)
result $? 'compiles and links against the shared library'
LD_LIBRARY_PATH=$lib "$scratch/shared" | grep -qx "proved by $version"
result $? 'proves the empty part with the shared library'

# Only libpenstock is taken from its archive; what it needs stays shared, because Debian's curl has
# no complete static closure.
needs=$(config --print-requires-private | sed 's/ .*//')
libs="$(config --libs | sed 's/-lpenstock/-l:libpenstock.a/') $(pkg-config --libs $needs)"
${CC:-cc} -Wall -Werror $flags $(config --cflags) "$scratch/main.c" -o "$scratch/static" $libs
result $? 'compiles and links against the static library'
"$scratch/static" | grep -qx "proved by $version"
result $? 'proves the empty part with the static library'

for header in $(cd "$prefix/include/penstock" && find . -name '*.h' | sed 's|^\./||'); do
	echo "#include <penstock/$header>"
done >"$scratch/all.c"
echo 'int all_headers;' >>"$scratch/all.c"
${CC:-cc} -Wall -Werror $(config --cflags) -c "$scratch/all.c" -o "$scratch/all.o"
result $? 'every installed header compiles'

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
