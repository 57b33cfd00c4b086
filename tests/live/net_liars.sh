#!/usr/bin/env bash
# Servers that lie, are damaged, have no time or are not there, beside one that is honest, and
# alone: what is right arrives as long as somebody sends it; who lied is named, and nobody else.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/wires.sh"
wires_open
liar=$PEN_BUILD/tests/live/live_liar

make_state "$scratch/store" 20000 12 || finish
raw_object 12000000 || exit 1

# serve_lie WORD PORT STORE: the same server, but that it lies.
serve_lie() {
	local honest=$PENSTOCK lie=$1
	printf '#!/bin/sh\nshift\nPEN_LIE=%s exec %s "$@"\n' "$lie" "$liar" >"$scratch/lie.$lie"
	chmod +x "$scratch/lie.$lie"
	shift
	PENSTOCK=$scratch/lie.$lie
	serve_far "$@" --index "$scratch/index.$lie.$1"
	local code=$?
	PENSTOCK=$honest
	return $code
}

# same STORE NAME: all 12 parts are here, byte for byte as in STORE.
same() {
	local part count=0
	for part in "$1"/chain_id=*/*/*/*/state_part_*; do
		cmp -s "$part" "$got"/chain_id=*/*/*/*/"$(basename "$part")" &&
			count=$((count + 1))
	done
	[ "$code" = 0 ] && [ $count = 12 ]
	tell $? "$2: $count parts after $took_ms ms"
}
state() {
	rm -rf "$got"
	fetch --root "$root" --of 12 "$@"
}
object() {
	rm -rf "$got"
	fetch --root "$object" --form raw "$@"
}

# named NAME PORT...: of the servers, those at these ports are said to have lied, and no others.
named() {
	local name=$1 wanted found
	shift
	wanted=$(for port in "$@"; do echo "$server4:$port"; done | sort)
	found=$(sed -n 's/^\([0-9.]*:[0-9]*\): .*it lied, and was banned.*/\1/p' "$scratch/out" |
		sort)
	[ "$wanted" = "$found" ]
	tell $? "  $name"
}

# said CODE PATTERN NAME: how it ended, and the sentence.
said() {
	[ "$1" = "$code" ]
	tell $? "$3: exit $code"
	grep -Eq "$2" "$scratch/out"
	tell $? "  and says why"
}

# The honest ones are so slow that the others are needed, and heard.
serve_far 7070 "$scratch/store" --index "$scratch/index.honest" --rate 1MiB || exit 1
serve_far 7071 "$scratch/raw" --rate 4MiB || exit 1
serve_lie bytes 7072 "$scratch/store" || exit 1
serve_lie bytes 7073 "$scratch/raw" || exit 1
serve_lie busy 7074 "$scratch/store" || exit 1

state --from $server4:7072 --from $server4:7070
same "$scratch/store" 'a state, from a liar and an honest server'
named 'the liar is named, the honest one is not' 7072
state --from $server4:7072 --from $server4:7070 --from $server4:7074 --from 10.77.2.9:7070
same "$scratch/store" 'and beside one that is busy for ever, and one that is not there'
named 'neither of which lied' 7072
object --from $server4:7073 --from $server4:7071
whole 'an object, from a liar and an honest server'
named 'and the liar is named' 7073
state --from $server4:7072 --stall 8
said 4 'proof|prove' 'a liar alone'
object --from $server4:7073 --stall 8
said 4 'proof|prove' 'and of an object'
state --from $server4:7074 --stall 8
said 6 'busy' 'a server alone that is busy for ever'

# A store that lost parts of it after it was proved: one is gone, one is short, one has a wrong bit.
cp -r "$scratch/store" "$scratch/rotten"
serve_far 7075 "$scratch/rotten" || exit 1
cd "$scratch"/rotten/chain_id=*/*/*/* || exit 1
rm state_part_000003_of_000012
truncate -s -1000 state_part_000004_of_000012
printf 'x' | dd of=state_part_000005_of_000012 bs=1 seek=2000 conv=notrunc status=none
cd - >/dev/null || exit 1
state --from $server4:7075 --from $server4:7070
same "$scratch/store" 'a damaged store and a good one'
state --from $server4:7075 --stall 8
said 3 'no server|nobody|not' 'the damaged one alone'
expect 9 "$(find "$got" -name 'state_part_*' | wc -l)" '  and what is good arrived'
finish
