#!/usr/bin/env bash
# What goes wrong most: serve, fetch and sync end with the exit code of its class, and a sentence
# that names it and what to do ("; "), over IPv4 and over IPv6. All rows run beside each other.
. "$(dirname "$0")/lib.sh"

other=5nKPtqbvGRdhKc3DoTLeGV9DDVAXsmf2gRwXNJdWfFRJ
make_state "$scratch/store" 4000 6 || finish
"$PENSTOCK" serve --store "$scratch/store" --listen 127.0.0.1:0 --listen '[::1]:0' \
	2>"$scratch/log" &
wait_line "$scratch/log" 'udp \[::1\]:' && wait_line "$scratch/log" 'udp 127' || finish
v4=$(sed -n 's/.*udp \(127[^ ]*\) .*/\1/p' "$scratch/log" | head -n 1)
v6=$(sed -n 's/.*udp \(\[::1\][^ ]*\) .*/\1/p' "$scratch/log" | head -n 1)
: >"$scratch/file"
mkdir "$scratch/closed" "$scratch/rows"
chmod 711 "$scratch"
chmod 555 "$scratch/closed"
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)

# row CODE WORDS NAME COMMAND...: begun here, judged by rows.
codes=() patterns=() names=() pids=()
row() {
	local i=${#codes[@]}
	codes+=("$1") patterns+=("$2") names+=("$3")
	timeout 100 "${@:4}" >"$scratch/rows/$i" 2>&1 </dev/null &
	pids+=($!)
}
# rows: the last line of each is its sentence.
rows() {
	local i sentence
	for i in "${!codes[@]}"; do
		wait "${pids[i]}"
		expect "${codes[i]}" $? "${names[i]}"
		sentence=$(tail -n 1 "$scratch/rows/$i")
		[[ $sentence = "penstock "*": "*"${patterns[i]}"* ]] &&
			[[ ${codes[i]} = 2 || $sentence = *"; "* ]]
		said=$?
		result $said '  which says so, and what to do'
		[ $said -eq 0 ] || cat "$scratch/rows/$i"
	done
	codes=() patterns=() names=() pids=()
}
fetch_row() {
	row "$1" "$2" "fetch: $3" "$PENSTOCK" fetch --store "$scratch/f$RANDOM$RANDOM" "${@:4}"
}
sync_row() {
	row "$1" "$2" "sync: $3" "$PENSTOCK" sync --shard s7.v3 --db "$scratch/d$RANDOM$RANDOM" \
		"${@:4}"
}
serve_row() {
	row "$1" "$2" "serve: $3" "$PENSTOCK" serve --store "$scratch/store" \
		--index "$scratch/i$RANDOM$RANDOM" "${@:4}"
}

for at in 127.0.0.1 '[::1]'; do
	there=$v4
	[ "$at" = 127.0.0.1 ] || there=$v6
	gone='no answer: it is not served there, or UDP does not get through'
	fetch_row 6 "$at:1: $gone" "nobody at $at" --from "$at:1" --root "$root"
	fetch_row 6 "never answered: raw object $root;" "nobody at $at, raw form" --from "$at:1" \
		--root "$root" --form raw
	sync_row 6 "$at:1: $gone" "nobody at $at" --from "$at:1" --root "$root"
	fetch_row 3 "has no part of $other" "wrong root at $at" --from "$there" --root $other
	fetch_row 3 "no server has it: raw object $other" "no such raw object at $at" \
		--from "$there" --root $other --form raw
	sync_row 3 "has no part of $other" "wrong root at $at" --from "$there" --root $other
	fetch_row 3 'in 6 parts, not in 7' "another N at $at" --from "$there" --root "$root" --of 7
	sync_row 3 'in 6 parts, not in 7' "another N at $at" --from "$there" --root "$root" --of 7
	fetch_row 2 'no part 6 of 6' "no such part at $at" --from "$there" --root "$root" --parts 6
	serve_row 9 'Address already in use' "port busy at $at" --listen "$there"
done
serve_row 9 'Cannot assign requested address' 'no such address' --listen 192.0.2.1:0
serve_row 9 'Cannot assign requested address' 'no such address, IPv6' --listen '[2001:db8::1]:0'
fetch_row 6 'cannot find the address' 'no such host' --from nowhere.invalid --root "$root"
sync_row 6 'cannot find the address' 'no such host' --from nowhere.invalid --root "$root"
row 9 'Not a directory' 'fetch: the store is a file' "$PENSTOCK" fetch --from "$v4" \
	--root "$root" --store "$scratch/file"
row 9 'not a directory' 'sync: the database is a file' "$PENSTOCK" sync --from "$v4" \
	--root "$root" --shard s7.v3 --db "$scratch/file"
row 9 'No such file' 'serve: no store' "$PENSTOCK" serve --store "$scratch/nowhere" --listen 0
rows

if [ "$(id -u)" = 0 ] && command -v setpriv >"$scratch/found"; then
	row 9 'Permission denied' 'fetch: no permission' "${nobody[@]}" "$PENSTOCK" fetch \
		--from "$v4" --root "$root" --store "$scratch/closed/store"
	row 9 'Permission denied' 'sync: no permission' "${nobody[@]}" "$PENSTOCK" sync \
		--from "$v6" --root "$root" --shard s7.v3 --db "$scratch/closed/db"
	rows
else
	skip 'no permission: no way to be another user'
fi

mkdir "$scratch/tiny"
if mount -t tmpfs -o size=600k tmpfs "$scratch/tiny" 2>"$scratch/err"; then
	row 8 'No space left' 'fetch: a full disk' "$PENSTOCK" fetch --from "$v6" --root "$root" \
		--store "$scratch/tiny/store" --form nearcore
	rows
	rm -rf "$scratch/tiny/store"
	row 8 'No space left' 'sync: a full disk' "$PENSTOCK" sync --from "$v4" --root "$root" \
		--shard s7.v3 --db "$scratch/tiny/db"
	rows
else
	skip 'a full disk: no privilege to mount a small tmpfs'
fi
finish
