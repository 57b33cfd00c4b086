#!/usr/bin/env bash
# A raw object whose fetch is killed: the next one goes on with what was proved, which it proves
# once more, and fetches nothing of it again; whatever happened to the file meanwhile.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fetching.sh"
shopt -s nullglob

# 25 blocks, the last of them short, which take about two seconds.
bytes=25500000 blocks=25 mib=1048576
raw_object $bytes
start_listen "$scratch/raw" --rate 16MiB || { skip 'no serve --listen'; finish; }
got=$scratch/got
partial=$got/.penstock/partial/$object

# right: how many blocks of the kept file are as they should be.
right() {
	local i count=0
	for i in $(seq 0 $((blocks - 1))); do
		cmp -s <(tail -c +$((i * mib + 1)) "$scratch/bytes" | head -c $mib) \
			<(tail -c +$((i * mib + 1)) "$partial" 2>"$scratch/err" | head -c $mib) &&
			count=$((count + 1))
	done
	echo $count
}

# cut SIGNAL MIB: begin, and end it once the file has so many.
cut_at() {
	"$PENSTOCK" fetch --from "$peer" --root "$object" --form raw --store "$got" \
		>"$scratch/out" 2>&1 &
	fetching=$!
	until [ "$(du -sk "$partial" 2>"$scratch/err" | cut -f 1)0" -ge $(($2 * 10240)) ] ||
		! kill -0 $fetching 2>/dev/null; do
		sleep 0.02
	done
	kill "-$1" $fetching 2>/dev/null
	wait $fetching
	code=$?
}

# finish_from KEPT NAME: a fetch that ends, has so many blocks from before, and gets only the rest.
finish_from() {
	local wire most
	timeout 100 "$PENSTOCK" fetch --from "$peer" --root "$object" --form raw --store "$got" \
		--json >"$scratch/json" 2>"$scratch/out"
	wants 0 $? "$2: it ends"
	cmp -s "$scratch/bytes" "$got/raw/$object" && [ ! -e "$partial" ]
	said $? '  whole, under its name alone'
	grep -q "\"blocks\": $blocks, \"kept\": $1, " "$scratch/json"
	said $? "  $1 blocks are from before" || cat "$scratch/json"
	wire=$(sed 's/.*"wire_bytes": \([0-9]*\).*/\1/' "$scratch/json")
	most=$(((blocks - $1) * mib * 105 / 100 + 100000))
	[ "$wire" -le $most ]
	said $? "  and the others came once: $wire bytes, at most $most"
}

cut_at KILL 5
expect 137 $code 'killed with a fifth of it'
first=$(right)
[ "$first" -ge 3 ] && [ ! -e "$got/raw/$object" ]
result $? "  $first blocks are kept, and there is no object"
cut_at KILL 12
second=$(right)
[ "$second" -gt "$first" ]
result $? "killed again: $second blocks are kept"
cut_at TERM 18
expect 7 $code 'interrupted'
third=$(right)
[ "$third" -gt "$second" ]
result $? "  $third blocks are kept"
finish_from "$third" 'then it goes on'

# What a power cut, or somebody, may do to the file.
damage() {
	rm -rf "$got"
	cut_at KILL 12
	"$@"
	kept=$(right)
}
harm() { printf x | dd of="$partial" bs=1 seek=$((2 * mib + 77)) conv=notrunc 2>"$scratch/err"; }
zero() { dd if=/dev/zero of="$partial" bs=$mib seek=3 count=2 conv=notrunc 2>"$scratch/err"; }
tear() { truncate -s $((6 * mib + 1000)) "$partial"; }
empty() { : >"$partial"; }
gone() { rm "$partial"; }
for how in harm zero tear empty gone; do
	damage $how
	finish_from "$kept" "$how: of the rest"
done

# Larger than the object it cannot be, but by somebody's hand: nobody knows what that is for.
damage truncate -s 30000000 "$partial"
fetch --from "$peer" --root "$object" --form raw --store "$got"
wants 4 $? 'a file that became longer is no object'
grep -q 'fetch it again' "$scratch/out" && [ ! -e "$partial" ] && [ ! -e "$got/raw/$object" ]
said $? '  which it says, and removes it'
finish_from 0 'so that it begins again'

# Two at once.
rm -rf "$got"
"$PENSTOCK" fetch --from "$peer" --root "$object" --form raw --store "$got" >"$scratch/first" 2>&1 &
fetching=$!
until [ -s "$partial" ] || ! kill -0 $fetching 2>/dev/null; do sleep 0.02; done
fetch --from "$peer" --root "$object" --form raw --store "$got"
wants 9 $? 'a second fetch into the same store is refused'
grep -q "$fetching" "$scratch/out"
said $? '  and told who writes'
wait $fetching
expect 0 $? '  which ends'
cmp -s "$scratch/bytes" "$got/raw/$object"
result $? '  with the object'

# Those of other roots that nobody came back for.
mkdir -p "$got/.penstock/partial"
others=(8EhZRfDTYujfZoUZtZ3eSMB9gJyFo5zjscR12dEcaxGU GRqsQiLsteXhPiadvQ3Xkpuop5c87g35UyhpTB8LuMxv
	28dXfKSczkZrkaRUrxLpwxGmnxNtbz2Uw5Dt3zseFiir GKot5hBsd81kMupNCXHaqbhv3huEbxAFMLnpcX2hniwn
	11111111111111111111111111111111)
for i in 0 1 2 3 4; do
	: >"$got/.penstock/partial/${others[i]}"
	touch -d "2020-01-0$((i + 1))" "$got/.penstock/partial/${others[i]}"
done
rm "$got/raw/$object"
finish_from 0 'among what others left'
left=$(cd "$got/.penstock/partial" && echo *)
expect "$(printf '%s\n' "${others[@]:2}" | LC_ALL=C sort | xargs)" \
	"$(printf '%s\n' $left | LC_ALL=C sort | xargs)" '  the newest three stay'
finish
