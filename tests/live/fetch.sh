#!/usr/bin/env bash
# Our own protocol between two processes, over the kernel's UDP: a raw object and a state, whole.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fetching.sh"

raw_object 5300000
start_listen "$scratch/raw" || { skip 'no serve --listen'; finish; }
expect 600 "$(stat -c %a "$scratch/raw/.penstock/identity")" 'only its owner may read the identity'
identity=$(sha256sum <"$scratch/raw/.penstock/identity")
fetch --from "$peer" --root "$object" --form raw --store "$scratch/got"
expect 0 $? 'a raw object is fetched'
cmp -s "$scratch/bytes" "$scratch/got/raw/$object"
result $? 'and lies in the store as it is'
"$PENSTOCK" verify store "$scratch/got" >"$scratch/out" 2>&1
expect 0 $? 'verify store proves it'
fetch --from "$peer" --root "$object" --form raw --store "$scratch/got"
expect 0 $? 'a second time there is nothing to do'
fetch --from "$peer" --root "$small_root" --form raw --store "$scratch/other"
expect 3 $? 'what the server has not got'
kill -TERM "$server"
wait "$server"
expect 0 $? 'the server ends when told to'
fetch --from "$peer" --root "$object" --form raw --store "$scratch/other" --stall 8
code=$?
[ $code -eq 5 ] || [ $code -eq 6 ]
result $? "a server that is gone is waited for and given up ($code)"
start_listen "$scratch/raw"
expect "$identity" "$(sha256sum <"$scratch/raw/.penstock/identity")" 'it is the same peer again'
stop

# A server that is killed in the middle and comes back is asked for the rest.
raw_object 300000000
start_listen "$scratch/raw"
sleep 3 # it proves what is new before it offers it
"$PENSTOCK" fetch --from "$peer" --root "$object" --form raw --store "$scratch/got" \
	2>"$scratch/said" &
fetching=$!
for _ in $(seq 400); do
	came=$(du -sm "$scratch/got/.penstock/partial" 2>/dev/null | cut -f 1)
	[ "${came:-0}" -lt 30 ] || break
	sleep 0.01
done
stop
kill -0 $fetching 2>/dev/null
result $? 'the kill falls into the transfer'
"$PENSTOCK" serve --listen "$peer" --store "$scratch/raw" 2>"$scratch/err" &
server=$!
wait $fetching
expect 0 $? 'a server is killed and comes back, and the object is whole'
cmp -s "$scratch/bytes" "$scratch/got/raw/$object"
result $? 'byte for byte, after it'
stop
rm -rf "$scratch/bytes" "$scratch/raw" "$scratch/got"

make_state "$scratch/store" 20000 12 || finish
start_listen "$scratch/store"
one=$peer first=$server
start_listen "$scratch/store" --index "$scratch/index"
fetch --from "$one" --from "$peer" --root "$root" --of 12 --store "$scratch/parts"
expect 0 $? 'the parts of a state are fetched from two servers'
grep -q ' 12 parts, ' "$scratch/out"
result $? 'all of them'
"$PENSTOCK" verify store "$scratch/parts" >"$scratch/out" 2>&1
expect 0 $? 'verify store proves them'
same=0
for part in "$scratch"/store/chain_id=*/*/*/*/state_part_*; do
	cmp -s "$part" "$scratch"/parts/chain_id=*/*/*/*/"$(basename "$part")" && same=$((same + 1))
done
expect 12 $same 'byte for byte'
rm -f "$scratch"/parts/chain_id=*/*/*/*/state_part_00000[3-6]_of_000012
fetch --from "$one" --root "$root" --of 12 --parts 3-5 --store "$scratch/parts"
expect 0 $? 'only what is asked for and missing'
grep -q ' 3 parts, ' "$scratch/out"
result $? 'three of them'
"$PENSTOCK" serve --listen "$one" --store "$scratch/store" >"$scratch/out" 2>&1
expect 9 $? 'a port that is busy'
grep -q "udp $one: Address already in use" "$scratch/out"
result $? 'is named'
chmod 644 "$scratch/parts/.penstock/identity"
fetch --from "$one" --root "$root" --of 12 --store "$scratch/parts"
expect 9 $? 'an identity that others may read is no secret'
chmod 600 "$scratch/parts/.penstock/identity"
kill -9 "$first" "$server" 2>/dev/null
wait "$first" "$server" 2>/dev/null
for flags in "--from :7070 --root $root --of 12" "--from $peer --root $root --form some" \
	"--from $peer --root $object --form raw --of 2" "--from a:b --root $root --of 12"; do
	# shellcheck disable=SC2086
	fetch $flags --store "$scratch/other"
	expect 2 $? "refused: $flags"
done
finish
