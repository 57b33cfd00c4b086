#!/usr/bin/env bash
# Raw objects of edge sizes by every way, files of odd names, and two makers or fetchers of one
# store.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fetching.sh"

mib=1048576
store=$scratch/store
raw_make() { "$PENSTOCK" make --form raw --from "file:$1" --store "$2" --json 2>"$scratch/err"; }
root_of() { sed -n 's/.*"root":"\([^"]*\)".*/\1/p'; }

sizes=(0 1 $((mib - 1)) $mib $((mib + 1)) $((2 * mib)))
roots=()
for size in "${sizes[@]}"; do
	head -c "$size" /dev/urandom >"$scratch/$size"
	roots+=("$(raw_make "$scratch/$size" "$store" | root_of)")
done
start_listen "$store" || { skip 'no serve --listen'; finish; }
ways=("--from $peer" "--from dir:$store" "--from dir:$store --from $peer")
if start_serve "$store"; then
	ways+=("--from $url" "--from $url --from $peer")
else
	skip 'no HTTP front'
fi
for i in "${!sizes[@]}"; do
	for way in "${ways[@]}"; do
		rm -rf "$scratch/got"
		# shellcheck disable=SC2086
		fetch $way --root "${roots[i]}" --form raw --store "$scratch/got" --json
		wants 0 $? "${sizes[i]} bytes by ${way//"$scratch/"/}"
		cmp -s "$scratch/${sizes[i]}" "$scratch/got/raw/${roots[i]}"
		said $? '  all of them'
		left=$(cd "$scratch/got" && find raw .penstock/partial -type f 2>"$scratch/err")
		expect "raw/${roots[i]}" "$left" '  and nothing else is left'
	done
	"$PENSTOCK" verify part "$scratch/got/raw/${roots[i]}" >"$scratch/out" 2>&1
	said $? '  which verify part proves'
done

# Names of files are the system's, whatever is in them.
odd=('a b' '-n' "quote's" '"twice"' 'back\slash' '$HOME' '*' $'new\nline' $'\xff\xfe' 'ümlaut' \
	'%s%n' 'file:x' 'raw' "$(printf 'x%.0s' $(seq 255))")
mkdir -p "$scratch/odd"
for name in "${odd[@]}"; do
	printf '%s' "$name" >"$scratch/odd/$name"
	root=$(raw_make "$scratch/odd/$name" "$scratch/odd store" | root_of)
	[ -n "$root" ] && cmp -s "$scratch/odd/$name" "$scratch/odd store/raw/$root"
	result $? "a file of the name $(printf %q "${name:0:20}")" || cat "$scratch/err"
done
root=$(cd "$scratch/odd" && "$PENSTOCK" make --form raw --from file:-n --json \
	--store "$scratch/odd store" 2>"$scratch/err" | root_of)
[ -n "$root" ]
result $? 'one that looks like a flag'
rm -rf "$scratch/got"
fetch --from "dir:$scratch/odd store" --root "$root" --form raw --store "$scratch/got"
wants 0 $? 'a directory with a space in its name is a source'
fetch --from "dir:$scratch/odd store" --root "not/../a root" --form raw --store "$scratch/got"
wants 2 $? 'what is no root is refused'

# One process at a time writes to a store; the other is told who does.
head -c $((24 * mib)) /dev/urandom >"$scratch/large"
large=$(raw_make "$scratch/large" "$scratch/other" | root_of)
start_listen "$scratch/other" --rate 8MiB
rm -rf "$scratch/got"
"$PENSTOCK" fetch --from "$peer" --root "$large" --form raw --store "$scratch/got" \
	>"$scratch/first" 2>&1 &
fetching=$!
until [ -e "$scratch/got/.penstock/partial/$large" ] || ! kill -0 $fetching 2>"$scratch/err"; do
	sleep 0.02
done
kill -STOP $fetching
fetch --from "dir:$store" --root "${roots[1]}" --form raw --store "$scratch/got"
wants 9 $? 'another object at the same time into the same store is refused'
grep -q "$fetching" "$scratch/out"
said $? '  and told who writes'
fetch --from "dir:$scratch/other" --root "$large" --form raw --store "$scratch/got"
wants 9 $? 'and so is the same object'
raw_make "$scratch/1" "$scratch/got" >"$scratch/out"
expect 9 $? 'and making one'
fetch --from "dir:$store" --root "${roots[1]}" --form raw --store "$scratch/elsewhere"
wants 0 $? 'another store takes it'
kill -CONT $fetching
wait $fetching
expect 0 $? 'the first ends'
cmp -s "$scratch/large" "$scratch/got/raw/$large"
result $? '  whole'
fetch --from "dir:$store" --root "${roots[1]}" --form raw --store "$scratch/got"
wants 0 $? 'then the store takes the other'

# Two makers at once: each has one, or is refused.
for i in 1 2; do
	raw_make "$scratch/$mib" "$scratch/both" >"$scratch/make.$i" &
	makers[i]=$!
done
codes=
for i in 1 2; do
	wait "${makers[i]}"
	codes+=" $?"
done
case $codes in ' 0 0' | ' 0 9' | ' 9 0') true ;; *) false ;; esac
result $? "two makers of one object end well, or are refused ($codes)"
cmp -s "$scratch/$mib" "$scratch/both/raw/${roots[3]}"
result $? '  and it is there'
finish
