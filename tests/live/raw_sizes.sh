#!/usr/bin/env bash
# A raw object of which servers name different sizes: it arrives as long as one of them is honest,
# who lied is named, and nobody else; and who lies alone is no reason to wait for ever.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fetching.sh"
liar=$PEN_BUILD/tests/live/live_liar

raw_object 5300000
start_listen "$scratch/raw" || { skip 'no serve --listen'; finish; }
honest=$peer
honest_server=$server

# lie_begin BYTES: a server that says the object has so many; sets lying and server.
lie_begin() {
	local program=$PENSTOCK
	printf '#!/bin/sh\nshift\nPEN_LIE=size PEN_LIE_BYTES=%s exec %s "$@"\n' "$1" "$liar" \
		>"$scratch/lie.$1"
	chmod +x "$scratch/lie.$1"
	PENSTOCK=$scratch/lie.$1
	start_listen "$scratch/raw" --index "$scratch/index.$1"
	PENSTOCK=$program
	lying=$peer
}

# named NAME [SERVER...]: these are said to have lied, and no others.
named() {
	local name=$1 wanted found
	shift
	wanted=$(printf '%s\n' "$@" | sort)
	found=$(sed -n 's/^\(127[0-9.]*:[0-9]*\): .*it lied, and was banned.*/\1/p' \
		"$scratch/out" | sort)
	[ "$wanted" = "$found" ]
	said $? "  $name"
}

# late SERVER FLAG...: a fetch that does not hear this server until it has tried another size, or
# for two seconds if it tries none.
late() {
	local stopped=$1 tries=0
	shift
	kill -STOP "$stopped"
	: >"$scratch/out"
	rm -rf "$scratch/got"
	fetch --root "$object" --form raw --store "$scratch/got" --log-level debug "$@" &
	fetching=$!
	until grep -q '^try the object' "$scratch/out" || [ $((tries += 1)) -gt 40 ]; do
		sleep 0.05
	done
	kill -CONT "$stopped"
	wait $fetching
	code=$?
}

whole() {
	[ "$code" = 0 ] && cmp -s "$scratch/bytes" "$scratch/got/raw/$object"
	said $? "$1"
}

# alone CODE BYTES NAME: nobody else has it: how it ends, soon, and that it says why.
alone() {
	local begun
	begun=$(now_ms)
	rm -rf "$scratch/got"
	fetch --root "$object" --form raw --store "$scratch/got" --from "$lying" --stall 20
	wants "$1" $? "  who is alone and says $2: $3"
	[ $(($(now_ms) - begun)) -lt 15000 ] &&
		{ [ "$1" = 0 ] || grep -q '^penstock fetch: ' "$scratch/out"; }
	said $? '    soon, and in a sentence'
}

# Fewer blocks, more, so many that they would fill memory, none at all, more than there can be, and
# as many with another end. Of the first two a page of digests comes, and is no proof; the others
# have none, and it is not known why.
for lie in 2000000 9000000 1099511627776 0 2199023255552 5300001; do
	lie_begin "$lie" || finish
	late "$honest_server" --from "$lying" --from "$honest"
	whole "the first to answer says $lie bytes"
	case $lie in
	2000000 | 9000000)
		named 'it is named, and no other' "$lying"
		alone 4 "$lie" 'it fails its proof'
		;;
	5300001)
		named 'nobody is named'
		alone 0 "$lie" 'the last block says where the end is'
		cmp -s "$scratch/bytes" "$scratch/got/raw/$object"
		said $? '    and the object is right'
		;;
	*)
		named 'nobody is named'
		alone 3 "$lie" 'nobody has it'
		;;
	esac
	stop
done

# Several, each with a size of its own, all of them first.
liars=()
for lie in 2000000 5300001 3000000 9000000; do
	lie_begin "$lie" || finish
	liars+=(--from "$lying")
	eval "liar_$lie=$lying"
done
late "$honest_server" "${liars[@]}" --from "$honest"
whole 'four liars are first'
! grep -q "^$honest: .*\(lied\|failed\)" "$scratch/out"
said $? '  nothing is said against who is honest'
fetch --root "$object" --form raw --store "$scratch/liars" "${liars[@]}" --stall 20
wants 0 $? 'four liars alone, one of whom sends the right bytes'
finish
